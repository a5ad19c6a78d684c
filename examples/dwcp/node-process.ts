/** A node as a process of its own: started, and ended gently or not. Knows no other node. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Version } from './wire/features.ts'

export interface NodeProcess {
  readonly id: string
  readonly version: Version
  readonly pid: number
  /** Of its endpoints. */
  readonly url: string
  readonly port: number
  /** SIGTERM: resolves when it has ended by itself. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
}
interface Listening {
  readonly port: number
  readonly adminPort?: number
}

/** `options`: of the node's command line, without those that are undefined. It listens when this resolves. */
export async function startNode(
  program: string,
  { id, version }: Pick<NodeProcess, 'id' | 'version'>,
  options: Readonly<Record<string, string | undefined>>,
): Promise<NodeProcess> {
  const given = Object.entries({ id, version, owner: String(process.pid), ...options })
  const words = given.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const { port, adminPort } = await firstLineOf(child, id)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = (signal: NodeJS.Signals) => (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return ended
  }
  const url = `http://127.0.0.1:${adminPort}`
  return { id, version, pid: child.pid ?? 0, url, port, stop: end('SIGTERM'), kill: end('SIGKILL') }
}

function firstLineOf(child: ChildProcessByStdio<null, Readable, Readable>, id: string): Promise<Listening> {
  let trouble = ''
  child.stderr.on('data', (bytes: Buffer) => (trouble = `${trouble}${bytes.toString()}`.slice(-2_000)))
  return new Promise((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => {
      child.stdout.resume()
      resolve(JSON.parse(line) as Listening)
    })
    child.once('exit', (code) => reject(new Error(`${id} ended with ${code}: ${trouble}`)))
  })
}
