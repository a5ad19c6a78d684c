/** One side of a route: its servers, how many requests it takes at once, and what became of them. Decides no share. */
import type { Side } from '../core/ports/index.ts'
import type { SideSettings, Timeouts } from './config.ts'
import { createHistogram, type Histogram } from './histogram.ts'
import { openTurnstile } from './turnstile.ts'
import { openServer, type Server } from './upstream/index.ts'

/** Totals since the start of this process. `statuses` by their hundreds, 0 for those that never came. */
export interface SideTotals {
  requests: number
  failed: number
  /** The client went away before its answer was there; no failure of this side. */
  aborted: number
  retried: number
  readonly statuses: number[]
}

export interface SideRoom {
  readonly name: string
  readonly servers: readonly Server[]
  readonly totals: SideTotals
  readonly latency: Histogram
  drained: boolean
  /** Not drained, and a server is up. */
  readonly open: boolean
  readonly state: Side
  /** Calls `go` when there is room, at once or later. `refused` instead, when the queue is full or it took too long. A function that takes the place back. */
  enter(go: () => void, refused: (why: string) => void): () => void
  /** A request is over: the next one may go. */
  leave(): void
  /** A server that is up, the least busy; those of `tried` only when there is no other. */
  choose(tried: ReadonlySet<Server> | undefined): Server | undefined
  sweep(now: number): void
  close(): void
}

export interface SideOptions {
  readonly timeouts: Timeouts
  readonly queue: number
  readonly queueMs: number
  readonly startedAt: number
}

export function openSide(name: string, { upstreams, limit }: SideSettings, options: SideOptions): SideRoom {
  const servers = upstreams.map((url) => openServer(new URL(url), options.timeouts, options.startedAt))
  const totals: SideTotals = { requests: 0, failed: 0, aborted: 0, retried: 0, statuses: [0, 0, 0, 0, 0, 0] }
  const turnstile = openTurnstile(limit, options.queue, options.queueMs, options.startedAt)
  let turn = 0
  const side: SideRoom = {
    name,
    servers,
    totals,
    latency: createHistogram(),
    drained: false,
    get open() {
      return !side.drained && servers.some((server) => server.up)
    },
    get state() {
      const serversUp = side.drained ? 0 : servers.filter((server) => server.up).length
      const { inside, waiting } = turnstile
      return { serversUp, servers: servers.length, underWay: inside, waiting, limit }
    },
    enter: (go, refused) => turnstile.enter(go, refused),
    leave: () => turnstile.leave(),
    choose: (tried) => {
      turn += 1
      return best(servers, turn, tried)
    },
    sweep: (now) => {
      turnstile.sweep(now)
      for (const server of servers) server.sweep(now)
    },
    close: () => {
      for (const server of servers) server.close()
    },
  }
  return side
}

/** Up, not tried, not shunned, least busy; among equals by turns. */
function best(servers: readonly Server[], turn: number, tried: ReadonlySet<Server> | undefined): Server | undefined {
  let [chosen, score] = [undefined as Server | undefined, Infinity]
  for (let at = 0; at < servers.length; at++) {
    const server = servers[(turn + at) % servers.length]!
    if (!server.up) continue
    const own = server.busy + (server.willing ? 0 : 1e6) + (tried?.has(server) ? 1e9 : 0)
    if (own < score) [chosen, score] = [server, own]
  }
  return chosen
}
