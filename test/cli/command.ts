/** The executable as a person uses it: a process in a folder, its streams and its exit code. For tests of the command line. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Running {
  readonly child: ChildProcess
  /** Resolves when what the process printed so far holds the text. */
  shows(text: string): Promise<void>
  readonly ended: Promise<Ended>
}

/** Names with their values; `undefined` takes one away. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface Place {
  readonly folder: string
  run(...words: string[]): Promise<Ended>
  start(...words: string[]): Running
  /** The same with more, or less, in the environment. */
  runWith(env: Environment): (...words: string[]) => Promise<Ended>
  /** On a terminal of 30 lines of 100 columns, made by `script`. Keys are sent with `type`. */
  onTerminal(...words: string[]): Running & { type(keys: string): void }
  /** As an editor does that replaces a file: who reads it meanwhile sees the old text or the new one, never a part. */
  write(file: string, text: string): void
  remove(): void
}

export function makePlace(env: Readonly<Record<string, string>> = {}): Place {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-cli-'))
  const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, DATABASE_URL: _url, ...kept } = process.env
  const surroundings = { ...kept, TERM: 'xterm-256color', ...env }
  const start = (command: string, words: readonly string[], input: 'ignore' | 'pipe', more = {}): Running =>
    watch(spawn(command, words, { cwd: folder, env: { ...surroundings, ...more }, stdio: [input, 'pipe', 'pipe'] }))
  return {
    folder,
    run: (...words) => start(process.execPath, [main, ...words], 'ignore').ended,
    runWith:
      (env) =>
      (...words) =>
        start(process.execPath, [main, ...words], 'ignore', env).ended,
    start: (...words) => start(process.execPath, [main, ...words], 'ignore'),
    onTerminal: (...words) => {
      const line = ['stty rows 30 cols 100;', 'exec', process.execPath, main, ...words].map(quoted).join(' ')
      const running = start('script', ['-qefc', line, '/dev/null'], 'pipe')
      return { ...running, type: (keys) => void running.child.stdin?.write(keys) }
    },
    write: (file, text) => {
      writeFileSync(`${folder}.draft`, text)
      renameSync(`${folder}.draft`, join(folder, file))
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function quoted(word: string): string {
  return /^[\w./;-]+$|^stty /.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

function watch(child: ChildProcess): Running {
  const seen = { out: '', err: '' }
  const waiting = new Set<() => void>()
  const take = (name: 'out' | 'err') => (text: string) => {
    seen[name] += text
    for (const look of waiting) look()
  }
  child.stdout?.setEncoding('utf8').on('data', take('out'))
  child.stderr?.setEncoding('utf8').on('data', take('err'))
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...seen })))
  const shows = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!`${seen.out}${seen.err}`.includes(text)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
      void ended.then(() => reject(new Error(`ended without showing "${text}": ${seen.out}${seen.err}`)))
    })
  return { child, shows, ended }
}
