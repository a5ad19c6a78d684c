/** What every program of the fleet does around its work: a first line when it listens, a clean end on SIGTERM, an end when its owner is gone. */
import { say } from '../neonhub/service/program.ts'

export { isProgram, options } from '../neonhub/service/program.ts'

export interface Running {
  readonly port: number
  stop(): Promise<void>
}

const endMs = 10_000

/** `more` stands in the first line too; `last` is said at the end. `owner`: the number of a process. */
export async function program<Made extends Running>(
  name: string,
  owner: string | undefined,
  start: () => Promise<Made>,
  more: (made: Made) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<void> {
  try {
    const running = await start()
    say('listening', { name, port: running.port, pid: process.pid, ...more(running) })
    let ending = false
    const end = (): void => {
      if (ending) return
      ending = true
      setTimeout(() => failed(name, new Error(`it did not end in ${endMs} ms`)), endMs).unref()
      running.stop().then(
        () => process.exit(0),
        (error: unknown) => failed(name, error),
      )
    }
    process.on('SIGTERM', end).on('SIGINT', end)
    // Killed as it may have been, the owner has said nothing: its programs must not outlive it.
    if (owner !== undefined) setInterval(() => isGone(Number(owner)) && process.exit(1), 500).unref()
  } catch (error) {
    failed(name, error)
  }
}

function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

function failed(name: string, error: unknown): never {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${JSON.stringify({ event: 'failed', name, message })}\n`)
  process.exit(1)
}
