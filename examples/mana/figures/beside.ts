/** Programs of this example, each in a process of its own, for as long as something is measured: as they were built, or from their source. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import { nodeWords } from '../service-words.ts'

type Program = 'service' | 'peer' | 'load'

export interface Beside {
  readonly url: string
  stop(): Promise<void>
}

/** Ready when it says where it listens. */
export async function startBeside(
  program: Program,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Beside> {
  const child = launch(program, words, environment)
  const port = await new Promise<number>((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /"event":"listening".*"port":(\d+)/.exec(text)
      if (found) resolve(Number(found[1]))
    })
    child.once('exit', (code) => reject(new Error(`"${program}" ended with ${code}`)))
  })
  const stop = async () => {
    child.removeAllListeners('exit').kill('SIGTERM')
    await once(child, 'exit')
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}

/** All that it says, when it has ended. */
export async function said(program: Program, words: readonly string[]): Promise<string> {
  const child = launch(program, words, {})
  let text = ''
  child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`"${program}" ended with ${code}`)
  return text
}

function launch(program: Program, words: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const ending = extname(import.meta.filename)
  const reading = ending === '.ts' ? ['--import', 'jiti/register'] : []
  const file = join(import.meta.dirname, '..', `${program}${ending}`)
  // A node as those that the plan starts.
  const like = program === 'service' ? nodeWords : []
  return spawn(process.execPath, [...reading, ...like, file, ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}
