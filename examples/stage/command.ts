/** The command that a person types, on the plan of an example, and the journal that it writes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Event, openJournalAt, systemClock } from 'changeover'

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

export interface Command {
  /** Kills what runs. */
  kill(): void
  /** Resolves with the exit code. */
  run(...words: readonly string[]): Promise<number>
  /** The same, with its lines for the caller alone. */
  says(...words: readonly string[]): Promise<{ readonly code: number; readonly said: string }>
  /** Of the last run; empty where there is none yet. */
  events(): Promise<readonly Event[]>
}

/** `home`: where its journal is. `out`: where its lines go. */
export function openCommand(given: {
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  readonly out: 'inherit' | 2
  readonly plan: string
}): Command {
  const running = new Set<ChildProcess>()
  const start = (words: readonly string[], out: 'inherit' | 'pipe' | 2): ChildProcess => {
    const child = spawn(process.execPath, [main, '--file', given.plan, ...words], {
      cwd: given.home,
      env: given.env,
      stdio: ['ignore', out, 'inherit'],
    })
    running.add(child)
    return child.once('close', () => running.delete(child))
  }
  return {
    kill: () => {
      for (const child of running) child.kill('SIGKILL')
    },
    run: (...words) => ended(start(words, given.out)),
    says: async (...words) => {
      const child = start(words, 'pipe')
      let said = ''
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
      return { code: await ended(child), said }
    },
    events: async () => {
      const journal = openJournalAt({ folder: join(given.home, 'changeover'), clock: systemClock })
      const [run] = await journal.runs()
      return run === undefined ? [] : journal.read(run)
    },
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}
