/** A whole run of an example for its test: the command as a person types it, and what its page says of it. Judges nothing. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const project = join(import.meta.dirname, '..', '..')

/** `said`: all that it told people. `summary`: its last line. */
export interface WholeRun<Summary> {
  readonly code: number | null
  readonly said: string
  readonly summary: Summary
}

/** Less than the time that a test has for it, so that a run which hangs is ended and tells what it was at. */
const patienceMs = 330_000

/** The run of `examples/NAME`. Throws the end of what it said where it ended without a summary, or had to be ended. */
export async function wholeRun<Summary>(name: string, ...words: readonly string[]): Promise<WholeRun<Summary>> {
  const program = join(project, 'examples', name, 'run.ts')
  const args = ['--import', 'jiti/register', program, ...words, '--json']
  const child = spawn(process.execPath, args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, said] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const patience = setTimeout(() => child.kill('SIGTERM'), patienceMs)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(patience)
  if (out === '') throw new Error(endOf(said))
  return { code, said, summary: JSON.parse(out.trim().split('\n').at(-1)!) as Summary }
}

/** The exit code, and for one that is not 0 the end of what was said and the summary: `[0, '']` is what a test wants. */
export function ending({ code, said, summary }: WholeRun<unknown>): readonly [code: number | null, said: string] {
  return [code, code === 0 ? '' : `${endOf(said)}\n${JSON.stringify(summary)}`]
}

const endOf = (said: string): string => said.split('\n').slice(-40).join('\n')

/** The how-to page of an example, and the words behind each `npm run example:NAME --` on it. */
export function pageOf(name: string): { readonly text: string; readonly commands: readonly string[] } {
  const text = readFileSync(join(project, 'docs', 'how-to', `${name}.md`), 'utf8')
  const shown = new RegExp(`^npm run example:${name}(?: -- (.*?))?(?: +#.*)?$`, 'gm')
  return { text, commands: [...text.matchAll(shown)].map(([, words = '']) => words.trim()) }
}
