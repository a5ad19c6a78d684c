/** The two clients at work: loops that do one thing after the other while their version is asked for. */
import { setTimeout as sleep } from 'node:timers/promises'
import { caller, type Failure } from './caller.ts'
import { v3Dialect, v4Dialect } from './dialect.ts'
import type { Ledger } from './ledger.ts'
import type { Presence } from './presence.ts'
import type { Stats } from './stats.ts'
import { worker } from './tasks.ts'

export interface CrewOptions {
  readonly gateway: string
  /** Where the v4 client goes; the gateway unless v4 is to be tried beside it. */
  readonly v4?: string
  /** Requests a second of both clients together. */
  readonly rate: number
  /** Rows of the fill. */
  readonly users: number
  readonly models: number
  /** The same seed asks the same things; 1 unless told otherwise. */
  readonly seed?: number
  /** Clients of different tags do not invent the same emails. */
  readonly tag?: string
}

export interface Crew {
  /** Loops in the middle of something. */
  busy(): number
  /** After what is under way. */
  stop(): Promise<void>
}

/** Loops of each client: so many of its requests may be under way at once. */
const loops = 6
const lookMs = 100

export function startCrew(
  given: CrewOptions,
  presence: Presence,
  ledger: Ledger,
  stats: Stats,
  failed: (failure: Failure) => void,
): Crew {
  let ended = false
  let busy = 0
  const rate = (): number => given.rate / (presence.v4Works && presence.v3Works ? 2 : 1)
  const turnedAway = presence.turnedAway.bind(presence)
  const v3 = caller({ client: 'v3', url: given.gateway, rate, stats, failed, turnedAway: () => false })
  const v4 = caller({ client: 'v4', url: given.v4 ?? given.gateway, rate, stats, failed, turnedAway })
  const asV3 = { dialect: v3Dialect, caller: v3 }
  const asV4 = { dialect: v4Dialect, caller: v4 }
  const ground = { ledger, users: given.users, models: given.models, tag: given.tag ?? 'a' }
  const seed = given.seed ?? 1
  const workV3 = worker({ ...ground, ...asV3, seed, other: () => (presence.v4Works ? asV4 : null) })
  const workV4 = worker({ ...ground, ...asV4, seed: seed + 1, other: () => asV3 })

  const loop = async (work: () => Promise<void>, on: () => boolean): Promise<void> => {
    while (!ended) {
      if (on()) {
        busy++
        await work().finally(() => busy--)
      } else await sleep(20)
    }
  }
  const look = async (): Promise<void> => {
    while (!ended) {
      if (presence.looking) presence.found(await v4.look('/api/v1/health'))
      await sleep(lookMs)
    }
  }
  const running = Promise.all([
    look(),
    ...Array.from({ length: loops }, () => loop(workV3, () => presence.v3Works)),
    ...Array.from({ length: loops }, () => loop(workV4, () => presence.v4Works)),
  ])
  const stop = async (): Promise<void> => {
    ended = true
    await running
    v3.close()
    v4.close()
  }
  return { busy: () => busy, stop }
}
