/** Tells HAProxy how a route is shared, and keeps what it was told where the proxy finds it when it starts again. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Shares, TrafficWriter } from '../../core/ports/index.ts'
import { type FileWords, keepText, readIfThere } from '../../durable/index.ts'
import { mustBeWhole, namedIn, sameShares, weightsFor } from '../../traffic/index.ts'
import type { Settings, StickyRoute, WeightRoute } from './settings.ts'
import type { RuntimeSocket } from './socket.ts'
import { isSticky } from './split.ts'
import { readMap } from './tables.ts'
import { backendOf, type Server, type View } from './view.ts'

const folder = 'make the folder that the configuration of HAProxy names'
const mapWords: FileWords = { what: 'map', missing: folder }
const stateWords: FileWords = { what: 'state file', missing: folder }

/** The most that HAProxy takes as the weight of a server. */
export const mostWeight = 256

export function openControl(settings: Settings, socket: RuntimeSocket, view: View): TrafficWriter {
  const routeOf = (name: string) => namedIn(settings.routes, name, 'route')
  const keep = () => keepState(settings, socket)
  return {
    shares: async (name) => view.shares(name, routeOf(name)),
    sides: async (name) => view.sides(routeOf(name)),
    counts: async (name) => view.counts(routeOf(name)),
    shift: async (name, shares) => {
      const route = routeOf(name)
      mustBeWhole(name, shares, Object.keys(route.sides))
      if (isSticky(route)) await shiftMap(socket, name, route, shares)
      else {
        await shiftWeights(socket, view, name, route, shares)
        await keep()
      }
      return view.shares(name, route)
    },
    drain: async (name, side) => {
      await tellServers(socket, view, settings, name, side, 'drain', (server) => server.told === 'ready')
      await keep()
    },
    // What a person put into maintenance stays there.
    ready: async (name, side) => {
      await tellServers(socket, view, settings, name, side, 'ready', (server) => server.told === 'drain')
      await keep()
    },
  }
}

/** Weights that amount to the shares already are left as they are: a person may have chosen them. */
async function shiftWeights(
  socket: RuntimeSocket,
  view: View,
  name: string,
  route: WeightRoute,
  shares: Shares,
): Promise<void> {
  if (sameShares(await view.shares(name, route), shares)) return
  const members = await view.members(route)
  const configured = Object.fromEntries(
    Object.entries(members).map(([side, servers]) => [side, servers.map((each) => each.configured)]),
  )
  const weights = weightsFor(configured, shares, mostWeight)
  const changes = Object.entries(members)
    .flatMap(([side, servers]) => servers.map((server, index) => ({ server, to: weights[side]![index]! })))
    .filter(({ server, to }) => server.weight !== to)
    // What grows comes first: at no moment have all servers weight 0.
    .toSorted((a, b) => b.to - b.server.weight - (a.to - a.server.weight))
  if (changes.length > 0)
    await socket.tell(changes.map(({ server, to }) => `set server ${route.backend}/${server.name} weight ${to}`))
}

/** The file first: were the proxy started again between the two, it would have what was meant. */
async function shiftMap(socket: RuntimeSocket, name: string, route: StickyRoute, shares: Shares): Promise<void> {
  const { map, newer } = route.sticky
  const live = readMap(await socket.ask(`show map ${map}`))
  const limit = String(shares[newer])
  const entries = new Map([...live, [name, limit]])
  const text = [...entries].map(([key, value]) => `${key} ${value}\n`).join('')
  if ((await readIfThere(map, mapWords)) !== text) await keepText(map, text, mapWords)
  if (live.get(name) === limit) return
  await socket.tell([`${live.has(name) ? 'set' : 'add'} map ${map} ${name} ${limit}`])
}

async function tellServers(
  socket: RuntimeSocket,
  view: View,
  settings: Settings,
  name: string,
  side: string,
  state: 'drain' | 'ready',
  which: (server: Server) => boolean,
): Promise<void> {
  const route = namedIn(settings.routes, name, 'route')
  namedIn<unknown>(route.sides, side, 'side', ` of route "${name}"`)
  const servers = (await view.members(route))[side]!.filter(which)
  if (servers.length > 0)
    await socket.tell(servers.map((each) => `set server ${backendOf(route, side)}/${each.name} state ${state}`))
}

/** The lines of our backends in the state file are made anew; those of others stay what their keeper wrote. */
async function keepState(settings: Settings, socket: RuntimeSocket): Promise<void> {
  if (settings.stateFile === undefined) return
  const own = new Set(
    Object.values(settings.routes).flatMap((route) => Object.keys(route.sides).map((side) => backendOf(route, side))),
  )
  const [version, header, ...live] = linesOf(await socket.ask('show servers state'))
  if (version === undefined || header === undefined)
    throw new ChangeoverError('target.failed', 'HAProxy shows no state of servers', 'see `show servers state`')
  const isOwn = (line: string) => own.has(line.split(' ')[1] ?? '')
  const kept = linesOf(await readIfThere(settings.stateFile, stateWords))
  const others = kept[1] === header ? kept.slice(2).filter((line) => !isOwn(line)) : live.filter((line) => !isOwn(line))
  await keepText(settings.stateFile, `${[version, header, ...others, ...live.filter(isOwn)].join('\n')}\n`, stateWords)
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}
