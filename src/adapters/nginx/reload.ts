/** nginx tested and told to read its configuration again; returns when none of the old workers takes requests any more. */
import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { ChangeoverError } from '../../core/errors.ts'
import type { Settings } from './settings.ts'

/** Throws `target.failed` with what nginx says of its configuration, or that it said nothing in time. */
export async function testConfiguration(settings: Settings): Promise<void> {
  const [program = 'nginx', ...args] = settings.command
  const [said, isLate] = await new Promise<readonly [said?: string, isLate?: boolean]>((resolve) => {
    execFile(program, [...args, '-t', '-q'], { timeout: settings.timeoutMs }, (error, _out, err) => {
      resolve(error ? [err.trim().split('\n')[0] || error.message, error.killed === true] : [])
    })
  })
  if (said === undefined) return
  if (isLate === true)
    throw new ChangeoverError(
      'target.failed',
      `nginx did not say in ${settings.timeoutMs} ms whether its configuration is right`,
      'give it longer with `timeoutMs` of the target; the old file is back',
    )
  throw new ChangeoverError(
    'target.failed',
    `nginx refuses its configuration: ${said}`,
    `run \`${[...settings.command, '-t'].join(' ')}\` and mend what it names; the old file is back`,
  )
}

/** Throws before nginx was told anything; `Unsure` after it was told and did not do it in time. */
export async function reload(settings: Settings): Promise<void> {
  const pid = await masterOf(settings)
  const old = await workersOf(pid)
  hangUp(settings, pid)
  if (old.length > 0) await replaced(settings, pid, old)
}

/** nginx was told to read its configuration, and it is not known what it runs. */
export class Unsure extends Error {
  readonly pid: number

  constructor(pid: number, ms: number) {
    super(`nginx did not take its new configuration in ${ms} ms`)
    this.pid = pid
  }
}

function hangUp(settings: Settings, pid: number): void {
  try {
    process.kill(pid, 'SIGHUP')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPERM')
      throw new ChangeoverError(
        'target.rights',
        `the account may not signal nginx (process ${pid})`,
        'run the tool as the account that runs nginx',
      )
    throw away(settings, `process ${pid} is gone`)
  }
}

/** After the old file was put back: what nginx reads last is that file, whatever it was about to read. Throws in any case, and says what is so now. */
export async function toldAgain(settings: Settings, { message, pid }: Unsure): Promise<never> {
  const log = 'read the error log of nginx'
  const back = await reload(settings).then(
    () => true,
    () => false,
  )
  if (back) throw new ChangeoverError('target.failed', `${message}; the old file is back, and runs again`, log)
  throw new ChangeoverError(
    'target.failed',
    `${message}; the old file is back, and nginx was told so, but it is not seen to run by it`,
    `${log}; when it answers again, \`kill -HUP ${pid}\` makes it run by the file that is there`,
  )
}

/** How far a start is from the moment that the system counts it from, in milliseconds. */
const tickMs = 50

/** Whether a worker that takes requests began after the file was written; undefined where this system does not tell. */
export async function runsBy(settings: Settings, path: string): Promise<boolean | undefined> {
  const pid = await masterOf(settings)
  const starts = await Promise.all((await workersOf(pid)).map(startOf))
  const known = starts.filter((each) => each !== undefined)
  const written = await stat(path).catch(() => undefined)
  if (known.length === 0 || !written) return undefined
  return known.some((start) => start + tickMs >= written.mtimeMs)
}

/** Milliseconds since 1970, from the ticks (a hundredth of a second) since the system began that Linux keeps for each process. */
async function startOf(pid: number): Promise<number | undefined> {
  const [uptime, line] = await Promise.all([
    readFile('/proc/uptime', 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
  ])
  // The name of the program stands in brackets, and may hold anything.
  const ticks = Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[19])
  const up = Number(uptime.split(' ')[0])
  if (line === '' || uptime === '' || Number.isNaN(ticks + up)) return undefined
  return Date.now() - up * 1000 + ticks * 10
}

async function replaced(settings: Settings, pid: number, old: readonly number[]): Promise<void> {
  const until = performance.now() + settings.timeoutMs
  for (;;) {
    const now = await workersOf(pid)
    const serving = await Promise.all(old.map(takesRequests))
    if (now.some((each) => !old.includes(each)) && !serving.includes(true)) return
    if (performance.now() > until) throw new Unsure(pid, settings.timeoutMs)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Workers that finish what they have say so in their title. */
async function takesRequests(pid: number): Promise<boolean> {
  const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return title !== '' && !title.includes('shutting down')
}

/** None where this system does not tell. */
async function workersOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.trim().split(/\s+/).filter(Boolean).map(Number)
}

export async function masterOf(settings: Settings): Promise<number> {
  const text = await readFile(settings.pidFile, 'utf8').catch(() => '')
  const pid = Number(text.trim())
  if (text.trim() === '' || !Number.isInteger(pid)) throw away(settings, `"${settings.pidFile}" names no process`)
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH')
      throw away(settings, `process ${pid} is gone`)
  }
  return pid
}

function away(settings: Settings, why: string): ChangeoverError {
  return new ChangeoverError(
    'target.unreachable',
    `nginx does not run: ${why}`,
    `start it, and see that "pidFile" of the target is its \`pid\` (${settings.pidFile})`,
  )
}
