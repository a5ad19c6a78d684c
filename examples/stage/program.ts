/** What every program of an example does around its work: arguments, a first line when it listens, a clean end on SIGTERM. */
import { realpathSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { endWithOwner } from './owner.ts'

export interface Running {
  readonly port: number
  stop(): Promise<void>
}

/** Without `owner`, the number of a process, it is the environment's. `more` stands in the first line too. */
export interface Manner<Made> {
  readonly owner?: string | undefined
  readonly more?: (made: Made) => Readonly<Record<string, unknown>>
}

/** Who does not end by itself in this time is ended. */
const endMs = 10_000

/** True for the module that node was started with, also when it was named through a link. */
export function isProgram(filename: string): boolean {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === realpathSync(filename)
}

/** `--name value` pairs; a name that is not in `known` is an error. */
export function options<const Name extends string>(known: readonly Name[]): Readonly<Partial<Record<Name, string>>> {
  const shape = Object.fromEntries(known.map((name) => [name, { type: 'string' as const }]))
  return parseArgs({ options: shape, strict: true }).values as Partial<Record<Name, string>>
}

/** One line of JSON on standard output. */
export function say(event: string, more: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, at: new Date().toISOString(), ...more })}\n`)
}

/** Runs `start`, says where it listens, and calls `stop` once on SIGTERM or SIGINT, or when its owner is gone. */
export async function program<Made extends Running>(
  name: string,
  start: () => Promise<Made>,
  { owner, more }: Manner<Made> = {},
): Promise<void> {
  try {
    const running = await start()
    say('listening', { name, port: running.port, pid: process.pid, ...more?.(running) })
    let ending = false
    const end = (): void => {
      if (ending) return
      ending = true
      say('stopping', { name })
      setTimeout(() => failed(name, new Error(`it did not end in ${endMs} ms`)), endMs).unref()
      running.stop().then(
        () => process.exit(0),
        (error: unknown) => failed(name, error),
      )
    }
    process.on('SIGTERM', end).on('SIGINT', end)
    endWithOwner(end, owner)
  } catch (error) {
    failed(name, error)
  }
}

function failed(name: string, error: unknown): never {
  process.stderr.write(
    `${JSON.stringify({ event: 'failed', name, message: error instanceof Error ? error.message : String(error) })}\n`,
  )
  process.exit(1)
}
