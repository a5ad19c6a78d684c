/** One route at work: its sides, its shares, and where a request of it goes. Knows no socket of a client. */
import { own } from '../core/json.ts'
import type { Shares } from '../core/ports/index.ts'
import type { RouteSettings, Settings } from './config.ts'
import { openSide, type SideRoom } from './side.ts'
import { elsewhere, sideAt, type Split, splitOf } from './split.ts'

export interface RouteRoom {
  readonly name: string
  readonly settings: RouteSettings
  /** In the order of the configuration; the first is the base that takes what the others leave. */
  readonly sides: readonly SideRoom[]
  readonly shares: Shares
  /** Requests without the user's key on a sticky route. */
  unkeyed: number
  setShares(shares: Shares): void
  side(name: string): SideRoom | undefined
  /** The header whose value names the user, in lower case; undefined where none is needed. */
  readonly wanted: string | undefined
  /** The side for a request. `open` false: it can take nothing now, and no other may. */
  assign(request: { readonly target: string; readonly cookie: string; readonly wanted: string }): {
    readonly side: SideRoom
    readonly open: boolean
  }
}

export interface Chance {
  /** 0 up to 1. */
  random(): number
  bucketOf(flagKey: string, userKey: string): number
}

export function openRoute(
  name: string,
  settings: RouteSettings,
  all: Settings,
  chance: Chance,
  startedAt: number,
): RouteRoom {
  const names = Object.keys(settings.sides)
  const options = { timeouts: all.timeouts, queue: settings.queue, queueMs: settings.queueMs, startedAt }
  const sides = names.map((side) => openSide(side, settings.sides[side]!, options))
  let shares: Shares = {}
  let split: Split = { bounds: [] }
  const by = settings.sticky?.by
  const route: RouteRoom = {
    name,
    settings,
    sides,
    unkeyed: 0,
    get shares() {
      return shares
    },
    setShares: (next) => {
      shares = Object.fromEntries(names.map((side) => [side, own(next, side) ?? 0]))
      split = splitOf(names, shares)
    },
    side: (wanted) => sides.find((side) => side.name === wanted),
    wanted: by !== undefined && 'header' in by ? by.header.toLowerCase() : undefined,
    assign: (request) => {
      const bucket = bucketFor(route, request, chance)
      const at = sideAt(split, bucket)
      const side = sides[at] ?? sides[0]!
      if (side.open) return { side, open: true }
      // A drained side sends its users away in any case; one that is down only where that is wanted.
      const other = settings.failover || side.drained ? sides[elsewhere(sides, shares, bucket)] : undefined
      return other === undefined ? { side, open: false } : { side: other, open: true }
    },
  }
  return route
}

function bucketFor(
  route: RouteRoom,
  request: { readonly target: string; readonly cookie: string; readonly wanted: string },
  chance: Chance,
): number {
  const sticky = route.settings.sticky
  if (sticky === undefined) return chance.random() * 10_000
  const key =
    'cookie' in sticky.by
      ? cookieOf(request.cookie, sticky.by.cookie)
      : 'query' in sticky.by
        ? queryOf(request.target, sticky.by.query)
        : request.wanted
  if (key !== '') return chance.bucketOf(sticky.flag, key)
  route.unkeyed += 1
  return chance.random() * 10_000
}

/** The first cookie of that name, as it was sent. */
export function cookieOf(header: string, name: string): string {
  for (const part of header === '' ? [] : header.split(';')) {
    const equals = part.indexOf('=')
    if (equals > 0 && part.slice(0, equals).trim() === name)
      return part
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1')
  }
  return ''
}

export function queryOf(target: string, name: string): string {
  const at = target.indexOf('?')
  return at < 0 ? '' : (new URLSearchParams(target.slice(at + 1)).get(name) ?? '')
}

/** Finds routes by host and the longest path. Made once. */
export function routeFinder(
  routes: readonly RouteRoom[],
): (host: () => string, target: string) => RouteRoom | undefined {
  const ordered = [...routes].sort(
    (a, b) =>
      Number(b.settings.host !== undefined) - Number(a.settings.host !== undefined) ||
      b.settings.path.length - a.settings.path.length,
  )
  const only =
    ordered.length === 1 && ordered[0]!.settings.host === undefined && ordered[0]!.settings.path === '/'
      ? ordered[0]
      : undefined
  if (only !== undefined) return () => only
  return (host, target) => {
    const path = pathOf(target)
    const name = host().replace(/:\d+$/, '').toLowerCase()
    return ordered.find(
      ({ settings }) =>
        (settings.host === undefined || settings.host.toLowerCase() === name) && isBelow(path, settings.path),
    )
  }
}

export function pathOf(target: string): string {
  const query = target.search(/[?#]/)
  return query < 0 ? target : target.slice(0, query)
}

export function isBelow(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`)
}
