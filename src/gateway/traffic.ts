/** All routes with what is asked and told of them: shares, sides, counts. The control door and the clients' door meet here. */
import { ChangeoverError, suggestion } from '../core/errors.ts'
import type { Shares, Side, SideCount, TrafficFacts } from '../core/ports/index.ts'
import { type Settings, wrongShares } from './config.ts'
import { type Chance, openRoute, type RouteRoom, routeFinder } from './route.ts'
import type { SideRoom } from './side.ts'
import type { Kept, StateFile } from './state.ts'

type KeptRoute = Kept['routes'][string]

export interface Traffic {
  readonly id: string
  readonly routes: readonly RouteRoom[]
  readonly facts: TrafficFacts
  find(host: () => string, target: string): RouteRoom | undefined
  /** These throw `target.failed` for a name that is not there, or shares that are none. */
  shares(route: string): Shares
  sides(route: string): { readonly [side: string]: Side }
  counts(route: string): { readonly [side: string]: SideCount }
  route(name: string): RouteRoom
  /** Kept in the state file first, then in force: what was answered survives a crash. */
  shift(route: string, shares: Shares): Promise<Shares>
  drain(route: string, side: string, drained: boolean): Promise<void>
  /** Bars claims of the run below this one. */
  fence(run: string, claim: number): Promise<void>
  forget(run: string): Promise<void>
  /** The claim that bars this one, if one does. */
  barredBy(run: string, claim: number): number | undefined
  sweep(now: number): void
  close(): void
}

export function openTraffic(settings: Settings, state: StateFile, chance: Chance, startedAt: number): Traffic {
  const routes = Object.entries(settings.routes).map(([name, each]) =>
    openRoute(name, each, settings, chance, startedAt),
  )
  for (const route of routes) restore(route, state)
  const find = (name: string): RouteRoom => {
    const route = routes.find((each) => each.name === name)
    if (route !== undefined) return route
    const names = routes.map((each) => each.name)
    throw failed(`there is no route "${name}"${suggestion(name, names)}`, `routes are: ${names.join(', ')}`)
  }
  // What the other of the two is, is read when it is this one's turn to write.
  const keep = (route: RouteRoom, edit: (now: KeptRoute) => KeptRoute): Promise<void> =>
    state.change((kept) => {
      const now = kept.routes[route.name] ?? { shares: { ...route.shares }, drained: drainedOf(route) }
      return { ...kept, routes: { ...kept.routes, [route.name]: edit(now) } }
    })
  return {
    id: state.kept.id,
    routes,
    get facts() {
      return {
        routes: Object.fromEntries(
          routes.map((each) => [each.name, { sticky: each.settings.sticky !== undefined, shares: each.shares }]),
        ),
      }
    },
    find: routeFinder(routes),
    route: find,
    shares: (name) => find(name).shares,
    sides: (name) => bySide(find(name), (side) => side.state),
    counts: (name) => bySide(find(name), ({ totals }) => ({ requests: totals.requests, failed: totals.failed })),
    shift: async (name, shares) => {
      const route = find(name)
      const wrong = wrongShares(
        route.sides.map((side) => side.name),
        shares,
      )
      if (wrong !== undefined)
        throw failed(`the shares of route "${name}" cannot be changed: ${wrong}`, 'give shares of 10000 in all')
      await keep(route, (now) => ({ ...now, shares: { ...shares } }))
      route.setShares(shares)
      return route.shares
    },
    drain: async (name, sideName, drained) => {
      const route = find(name)
      const side = sideOf(route, sideName)
      await keep(route, (now) => {
        const others = now.drained.filter((each) => each !== sideName)
        return { ...now, drained: drained ? [...others, sideName] : others }
      })
      side.drained = drained
    },
    fence: (run, claim) =>
      state.change((kept) => ({
        ...kept,
        fences: newest({ ...kept.fences, [run]: Math.max(claim, kept.fences[run] ?? 0) }),
      })),
    forget: (run) =>
      state.change((kept) => ({
        ...kept,
        fences: Object.fromEntries(Object.entries(kept.fences).filter(([each]) => each !== run)),
      })),
    barredBy: (run, claim) => {
      const highest = state.kept.fences[run]
      return highest !== undefined && highest > claim ? highest : undefined
    },
    sweep: (now) => {
      for (const { sides } of routes) for (const side of sides) side.sweep(now)
    },
    close: () => {
      for (const { sides } of routes) for (const side of sides) side.close()
    },
  }
}

/** What was kept, where it still fits the sides there are; else the configuration's. */
function restore(route: RouteRoom, state: StateFile): void {
  const kept = state.kept.routes[route.name]
  const names = route.sides.map((side) => side.name)
  const fits = kept !== undefined && wrongShares(names, kept.shares) === undefined
  route.setShares(fits ? kept.shares : route.settings.shares)
  for (const side of route.sides) side.drained = fits && kept.drained.includes(side.name)
}

function drainedOf(route: RouteRoom): string[] {
  return route.sides.filter((side) => side.drained).map((side) => side.name)
}

function sideOf(route: RouteRoom, name: string): SideRoom {
  const side = route.side(name)
  if (side !== undefined) return side
  const names = route.sides.map((each) => each.name)
  throw failed(
    `route "${route.name}" has no side "${name}"${suggestion(name, names)}`,
    `its sides are: ${names.join(', ')}`,
  )
}

function bySide<T>(route: RouteRoom, of: (side: SideRoom) => T): { readonly [side: string]: T } {
  return Object.fromEntries(route.sides.map((side) => [side.name, of(side)]))
}

/** Runs come and go; the last hundred are enough. */
function newest(fences: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(fences).slice(-100))
}

function failed(message: string, help: string): ChangeoverError {
  return new ChangeoverError('target.failed', message, help)
}
