/** The command that a person types, on the plan of an example, and the journal that it writes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Event, openJournalAt, systemClock } from 'changeover'

const project = join(import.meta.dirname, '..', '..')

export interface Command {
  /** Kills what runs. */
  kill(): void
  /** Resolves with the exit code. */
  run(...words: readonly string[]): Promise<number>
  /** Of the last run; empty where there is none yet. */
  events(): Promise<readonly Event[]>
}

/** `out`: where its lines go. */
export function openCommand(given: {
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  readonly out: 'inherit' | 2
  /** The plan file; that of this folder unless said. */
  readonly plan?: string
}): Command {
  const main = join(project, 'dist', 'cli', 'main.js')
  const plan = given.plan ?? join(import.meta.dirname, 'changeover.config.ts')
  const running = new Set<ChildProcess>()
  return {
    kill: () => {
      for (const child of running) child.kill('SIGKILL')
    },
    run: (...words) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [main, '--file', plan, ...words], {
          cwd: given.home,
          env: given.env,
          stdio: ['ignore', given.out, 'inherit'],
        })
        child.once('error', reject)
        running.add(child)
        child.once('close', (code) => (running.delete(child), resolve(code ?? 1)))
      }),
    events: async () => {
      const journal = openJournalAt({ folder: join(given.home, 'changeover'), clock: systemClock })
      const [run] = await journal.runs()
      return run === undefined ? [] : journal.read(run)
    },
  }
}
