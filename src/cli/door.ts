/** What the commands see of the process: streams, place, environment, width. The one room that reads them. Light: `status` loads it. */
import { colour, type Paint, plain } from '../views/status.ts'

/** Options that every command knows. */
export interface Common {
  readonly file?: string
  readonly run?: string
  readonly json?: boolean
  readonly color?: boolean
}

/** What follows each command that is proposed, so that it can be copied as it stands. */
export function optionsOf(common: Common): string {
  const file = common.file === undefined ? '' : `-f ${common.file}`
  return [file, common.run === undefined ? '' : `--run ${common.run}`].filter((each) => each !== '').join(' ')
}

export interface Door {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly json: boolean
  readonly paint: Paint
  /** Whether a person sees the output, and whether one can be asked. */
  readonly live: boolean
  readonly asks: boolean
  width(): number
  height(): number
  now(): number
  /** Text as it is, colours aside: control characters of what is shown never reach the terminal. */
  out(text: string): void
  err(text: string): void
  /** Bytes of our own making, escapes and all: only for redrawing. */
  draw(text: string): void
}

export function processDoor(common: Common): Door {
  const { env, stdout, stderr, stdin } = process
  if (stdout.listenerCount('error') === 0) stdout.on('error', leaveWhenUnread)
  const live = stdout.isTTY && env['TERM'] !== 'dumb'
  return {
    cwd: process.cwd(),
    env,
    json: common.json === true,
    paint: wantsColour(common, live) ? colour : plain,
    live: live && !env['CI'],
    asks: stdout.isTTY && stdin.isTTY,
    width: () => (stdout.isTTY ? Math.max(40, stdout.columns || 80) : 100),
    height: () => stdout.rows || 24,
    now: () => Date.now(),
    out: (text) => void stdout.write(harmless(text)),
    err: (text) => void stderr.write(harmless(text)),
    draw: (text) => void stdout.write(text),
  }
}

/** Nobody reads any more (`changeover events | head`): a command that can end in order does so, any other is over. */
function leaveWhenUnread(error: Error): void {
  if ((error as { readonly code?: string }).code !== 'EPIPE') throw error
  if (!process.emit('SIGTERM')) process.exit(0)
}

/** `--no-color` wins over FORCE_COLOR, that over NO_COLOR (https://no-color.org), and that over what the terminal is. */
function wantsColour(common: Common, live: boolean): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none } = process.env
  if (common.color === false) return false
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false'
  return none === undefined || none === '' ? live : false
}

/** Colours stay; every other control character is shown as a picture of itself, so that data cannot steer the terminal. */
export function harmless(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/\u001b\[\d+m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (found) =>
    found.length > 1
      ? found
      : String.fromCodePoint(found === '\u007f' ? 0x2421 : 0x2400 + (found.charCodeAt(0) % 0x20)),
  )
}
