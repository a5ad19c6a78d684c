/** What both syncs do, and how a peer is asked. */
import { Agent, get } from 'node:http'
import type { Block } from '../blocks.ts'

export interface SyncStatus {
  readonly state: 'idle' | 'syncing' | 'synced'
  /** The number of the last block that is held; -1 for none. */
  readonly current: number
  /** The highest that a peer has said. */
  readonly highest: number
}

export interface PeerView {
  readonly url: string
  readonly failures: number
}

export interface BlockSync {
  start(): void
  /** Resolves when nothing is under way. */
  stop(): Promise<void>
  status(): SyncStatus
  block(number: number): Block | null
  peers(): readonly PeerView[]
}

/** Asks a peer for JSON; throws where it does not answer 200 in time. */
export type Ask = <T>(url: string, signal: AbortSignal, patienceMs: number) => Promise<T>

/** Hears of each block in order, once. */
export type Taken = (block: Block) => void

export interface SyncOptions {
  readonly peers: readonly string[]
  readonly taken: Taken
  /** How long to wait before a peer is asked again for news, or after a failure. */
  readonly pollMs?: number
  readonly patienceMs?: number
  /** `ask` of this module unless given. */
  readonly ask?: Ask
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 })

export const ask: Ask = <T>(url: string, signal: AbortSignal, patienceMs: number): Promise<T> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent, signal, timeout: patienceMs }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode !== 200) return reject(new Error(`${url} answered ${answer.statusCode}`))
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as T)
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer in ${patienceMs} ms`)))
    request.on('error', reject)
  })

/** Resolves after the time, or at once when it is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
