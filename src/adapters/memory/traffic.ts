/** The traffic port in memory, for tests: a proxy that is a table of shares. */
import type { Target } from '../../core/kind.ts'
import type { RouteFacts, Shares, Side, SideCount, TrafficTools, TrafficWriter } from '../../core/ports/index.ts'
import { mustBeWhole, namedIn } from '../../traffic/index.ts'

export interface MemoryRoute {
  readonly shares: Shares
  readonly sticky?: boolean
  readonly drained?: readonly string[]
}

export interface MemoryTraffic extends Target<'traffic'> {
  readonly tools: TrafficTools
  /** Every shift there was, in order. */
  readonly shifts: readonly Shares[]
  /** What somebody else does. */
  meddle(route: string, shares: Shares): void
}

export interface MemoryTrafficOptions {
  /** What a side can do, asked anew each time; all that a side needs when it is left out, 'unknown' when the proxy cannot tell. */
  readonly side?: (route: string, side: string, share: number, asked: number) => Partial<Side> | 'unknown'
  readonly counts?: (route: string, side: string) => SideCount
}

const able: Side = { serversUp: 1, servers: 1, underWay: 0, waiting: 0, limit: null }

export function memoryTraffic(
  start: { readonly [route: string]: MemoryRoute },
  options: MemoryTrafficOptions = {},
): MemoryTraffic {
  const routes: { [route: string]: Required<MemoryRoute> } = {}
  for (const [name, route] of Object.entries(start)) routes[name] = { sticky: false, drained: [], ...route }
  const shifts: Shares[] = []
  const write = openMemory(routes, options, (shares) => shifts.push(shares))
  return {
    tools: { name: 'memory', sticky: true, step: 1 },
    shifts,
    meddle: (route, shares) => void (routes[route] = { ...namedIn(routes, route, 'route'), shares }),
    identity: async () => 'traffic:memory',
    observe: async () => ({ routes: structuredClone(routes) as { [route: string]: RouteFacts } }),
    read: write,
    write,
    fence: async () => undefined,
    close: async () => undefined,
  }
}

function openMemory(
  routes: { [route: string]: Required<MemoryRoute> },
  options: MemoryTrafficOptions,
  noted: (shares: Shares) => void,
): TrafficWriter {
  let asked = 0
  const set = (name: string, change: Partial<MemoryRoute>) =>
    void (routes[name] = { ...namedIn(routes, name, 'route'), ...change })
  const drainedWith = (name: string, side: string, drained: boolean) => {
    const route = namedIn(routes, name, 'route')
    namedIn(route.shares, side, 'side')
    const others = route.drained.filter((each) => each !== side)
    set(name, { drained: (drained ? [...others, side] : others).toSorted() })
  }
  return {
    shares: async (name) => namedIn(routes, name, 'route').shares,
    sides: async (name) => {
      asked += 1
      const { shares, drained } = namedIn(routes, name, 'route')
      const told = Object.entries(shares).flatMap(([side, share]) => {
        const said = options.side?.(name, side, share, asked) ?? {}
        const up = drained.includes(side) ? { serversUp: 0 } : {}
        return said === 'unknown' ? [] : [[side, { ...able, ...said, ...up }] as const]
      })
      return Object.fromEntries(told)
    },
    counts: async (name) =>
      Object.fromEntries(
        Object.keys(namedIn(routes, name, 'route').shares).map((side) => [
          side,
          options.counts?.(name, side) ?? { requests: 0, failed: 0 },
        ]),
      ),
    shift: async (name, shares) => {
      mustBeWhole(name, shares, Object.keys(namedIn(routes, name, 'route').shares))
      noted(shares)
      set(name, { shares: { ...shares } })
      return shares
    },
    drain: async (name, side) => drainedWith(name, side, true),
    ready: async (name, side) => drainedWith(name, side, false),
  }
}
