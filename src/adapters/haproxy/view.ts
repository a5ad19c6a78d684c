/** What HAProxy says of a route: its shares, its sides, its counts. Only asks. */
import { ChangeoverError } from '../../core/errors.ts'
import type { RouteFacts, Shares, Side, SideCount } from '../../core/ports/index.ts'
import { namedIn, sharesOfWeights, whole } from '../../traffic/index.ts'
import type { Route, StickyRoute } from './settings.ts'
import type { RuntimeSocket } from './socket.ts'
import { isSticky } from './split.ts'
import { type Line, readMap, readServerStates, readStatistics } from './tables.ts'

/** A server as its proxy sees it. `told`: what it was told by a person or this tool; a failed check is no order. */
export interface Server {
  readonly name: string
  readonly weight: number
  readonly configured: number
  readonly told: 'ready' | 'drain' | 'maint'
}

/** The servers of each side that belong to it. */
type Members = { readonly [side: string]: readonly Server[] }

export interface View {
  serversOf(backend: string): Promise<readonly Server[]>
  members(route: Route): Promise<Members>
  shares(name: string, route: Route): Promise<Shares>
  facts(name: string, route: Route): Promise<RouteFacts>
  sides(route: Route): Promise<{ readonly [side: string]: Side }>
  counts(route: Route): Promise<{ readonly [side: string]: SideCount }>
}

/** Bits of `srv_admin_state`: forced maintenance, and drained by the agent of a person or by the configuration. */
const forcedMaint = 0x01
const forcedDrain = 0x08

export function openView(socket: RuntimeSocket): View {
  const serversOf: View['serversOf'] = async (backend) =>
    readServerStates(await socket.ask(`show servers state ${backend}`)).map(serverOf)
  const members: View['members'] = async (route) => {
    const found: { [side: string]: readonly Server[] } = {}
    for (const [side, of] of Object.entries<string | readonly string[]>(route.sides)) {
      const servers = await serversOf(backendOf(route, side))
      found[side] = typeof of === 'string' ? servers : of.map((each) => serverNamed(servers, each, route))
    }
    return found
  }
  const shares: View['shares'] = async (name, route) => {
    if (isSticky(route)) return stickyShares(name, route, await socket.ask(`show map ${route.sticky.map}`))
    const of = await members(route)
    return sharesOfWeights(bySide(route, (side) => of[side]!.map((each) => each.weight)))
  }
  const statistics = async () => readStatistics(await socket.ask('show stat'))
  return {
    serversOf,
    members,
    shares,
    facts: async (name, route) => factsOf(route, await members(route), await shares(name, route)),
    sides: async (route) => {
      const lines = await statistics()
      return bySide(route, (side) => sideOf(serverLines(lines, route, side), backendLine(lines, route, side)))
    },
    counts: async (route) => {
      const lines = await statistics()
      return bySide(route, (side) => countOf(serverLines(lines, route, side)))
    },
  }
}

function factsOf(route: Route, members: Members, shares: Shares): RouteFacts {
  const idle = (side: string) => members[side]!.every((each) => each.told !== 'ready')
  const drained = Object.keys(route.sides).filter(idle).toSorted()
  if (isSticky(route)) return { sticky: true, shares, drained }
  const weights = bySide(route, (side) => members[side]!.map((each) => each.configured))
  return { sticky: false, shares, drained, weights }
}

export function backendOf(route: Route, side: string): string {
  return isSticky(route) ? namedIn(route.sides, side, 'side') : route.backend
}

/** The limit is the share of the newer side: users whose bucket is below it are there. No entry is no share, as in the configuration. */
function stickyShares(name: string, route: StickyRoute, text: string): Shares {
  const value = readMap(text).get(name) ?? '0'
  const limit = Number(value)
  if (!/^\d+$/.test(value) || limit > whole)
    throw new ChangeoverError(
      'target.failed',
      `the map "${route.sticky.map}" holds "${value}" for route "${name}", which is no share`,
      `set it right: \`set map ${route.sticky.map} ${name} 0\`, and the same in the file`,
    )
  return bySide(route, (side) => (side === route.sticky.newer ? limit : whole - limit))
}

function serverOf(line: Line): Server {
  const admin = Number(line['srv_admin_state'])
  const told = admin & forcedMaint ? 'maint' : admin & forcedDrain ? 'drain' : 'ready'
  return {
    name: line['srv_name'] ?? '',
    weight: Number(line['srv_uweight']),
    configured: Number(line['srv_iweight']),
    told,
  }
}

function serverNamed(servers: readonly Server[], name: string, route: Route): Server {
  const where = isSticky(route) ? '' : ` in backend "${route.backend}"`
  return namedIn(Object.fromEntries(servers.map((each) => [each.name, each])), name, 'server', where)
}

function serverLines(lines: readonly Line[], route: Route, side: string): readonly Line[] {
  const of = route.sides[side]!
  return lines.filter(
    (line) =>
      line['type'] === '2' &&
      line['pxname'] === backendOf(route, side) &&
      (typeof of === 'string' || of.includes(line['svname'] ?? '')),
  )
}

function backendLine(lines: readonly Line[], route: Route, side: string): Line | undefined {
  // Of a backend that several sides share, the queue before it belongs to none of them.
  return isSticky(route)
    ? lines.find((line) => line['type'] === '1' && line['pxname'] === route.sides[side])
    : undefined
}

function sideOf(servers: readonly Line[], backend: Line | undefined): Side {
  const up = servers.filter((each) => /^(UP|no check)/.test(each['status'] ?? ''))
  const limits = up.map((each) => number(each['slim']))
  return {
    serversUp: up.length,
    servers: servers.length,
    underWay: sum(servers, 'scur'),
    waiting: sum(servers, 'qcur') + number(backend?.['qcur']),
    limit: limits.some((each) => each === 0) ? null : limits.reduce((all, each) => all + each, 0),
  }
}

/** A server counts every try; `econ` and `eresp` are requests that no answer came to. */
function countOf(servers: readonly Line[]): SideCount {
  return {
    requests: sum(servers, 'stot') - sum(servers, 'wretr') - sum(servers, 'wredis'),
    failed: sum(servers, 'hrsp_5xx') + sum(servers, 'econ') + sum(servers, 'eresp'),
  }
}

function sum(lines: readonly Line[], column: string): number {
  return lines.reduce((all, line) => all + number(line[column]), 0)
}

function number(text: string | undefined): number {
  return Number(text ?? '') || 0
}

function bySide<T>(route: Route, of: (side: string) => T): { readonly [side: string]: T } {
  return Object.fromEntries(Object.keys(route.sides).map((side) => [side, of(side)]))
}
