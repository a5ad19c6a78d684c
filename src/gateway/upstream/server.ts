/** One server of a side: its connections, and whether it may be asked. Knows no route. */
import type { Connection } from './connection.ts'
import { openPool, type PoolOptions } from './pool.ts'

export interface Server {
  readonly url: URL
  /** As the checks of health have it; up until they say otherwise. */
  up: boolean
  /** False for a moment after it refused a connection: others are asked first. */
  readonly willing: boolean
  /** Requests under way. */
  readonly busy: number
  lend(repeatable: boolean): Connection
  refused(): void
  sweep(now: number): void
  close(): void
}

const shunMs = 1000

export function openServer(url: URL, options: PoolOptions, startedAt: number): Server {
  const pool = openPool(url, options, startedAt)
  let [now, shunnedUntil] = [startedAt, 0]
  return {
    url,
    up: true,
    get willing() {
      return now >= shunnedUntil
    },
    get busy() {
      return pool.busy
    },
    lend: (repeatable) => pool.lend(repeatable),
    refused: () => {
      shunnedUntil = now + shunMs
    },
    sweep: (at) => {
      now = at
      pool.sweep(at)
    },
    close: () => pool.close(),
  }
}
