/** All routes with what is asked and told of them: shares, sides, counts. The control door and the clients' door meet here. */
import { ChangeoverError, suggestion } from '../core/errors.ts'
import { own } from '../core/json.ts'
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
  const named = (name: string): RouteRoom => {
    const route = routes.find((each) => each.name === name)
    if (route !== undefined) return route
    const names = routes.map((each) => each.name)
    throw failed(`there is no route "${name}"${suggestion(name, names)}`, `routes are: ${names.join(', ')}`)
  }
  return {
    id: state.kept.id,
    routes,
    get facts() {
      const facts = routes.map((route) => [
        route.name,
        { sticky: route.settings.sticky !== undefined, shares: route.shares, drained: drainedOf(route).toSorted() },
      ])
      return { routes: Object.fromEntries(facts) as TrafficFacts['routes'] }
    },
    find: routeFinder(routes),
    route: named,
    shares: (name) => named(name).shares,
    sides: (name) => bySide(named(name), (side) => side.state),
    counts: (name) => bySide(named(name), ({ totals }) => ({ requests: totals.requests, failed: totals.failed })),
    shift: (name, shares) => shift(named(name), shares, state),
    drain: (name, side, drained) => drain(named(name), side, drained, state),
    ...claims(state),
    sweep: (now) => {
      for (const { sides } of routes) for (const side of sides) side.sweep(now)
    },
    close: () => {
      for (const { sides } of routes) for (const side of sides) side.close()
    },
  }
}

async function shift(route: RouteRoom, shares: Shares, state: StateFile): Promise<Shares> {
  const names = route.sides.map((side) => side.name)
  const wrong = wrongShares(names, shares)
  if (wrong !== undefined)
    throw failed(`the shares of route "${route.name}" cannot be changed: ${wrong}`, 'give shares of 10000 in all')
  await keep(route, state, (now) => ({ ...now, shares: { ...shares } }))
  route.setShares(shares)
  return route.shares
}

async function drain(route: RouteRoom, name: string, drained: boolean, state: StateFile): Promise<void> {
  const side = sideOf(route, name)
  await keep(route, state, (now) => {
    const others = now.drained.filter((each) => each !== name)
    return { ...now, drained: drained ? [...others, name] : others }
  })
  side.drained = drained
}

/** What the other of the two is, shares or drained sides, is read when it is this one's turn to write. */
function keep(route: RouteRoom, state: StateFile, edit: (now: KeptRoute) => KeptRoute): Promise<void> {
  return state.change((kept) => {
    const now = own(kept.routes, route.name) ?? { shares: { ...route.shares }, drained: drainedOf(route) }
    return { ...kept, routes: { ...kept.routes, [route.name]: edit(now) } }
  })
}

function claims(state: StateFile): Pick<Traffic, 'fence' | 'forget' | 'barredBy'> {
  return {
    fence: (run, claim) =>
      state.change((kept) => {
        const highest = Math.max(claim, own(kept.fences, run) ?? 0)
        return { ...kept, fences: newest({ ...kept.fences, [run]: highest }) }
      }),
    forget: (run) =>
      state.change((kept) => {
        const others = Object.entries(kept.fences).filter(([each]) => each !== run)
        return { ...kept, fences: Object.fromEntries(others) }
      }),
    barredBy: (run, claim) => {
      const highest = own(state.kept.fences, run)
      return highest !== undefined && highest > claim ? highest : undefined
    },
  }
}

/** What was kept, where it still fits the sides there are; else the configuration's. */
function restore(route: RouteRoom, state: StateFile): void {
  const kept = own(state.kept.routes, route.name)
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
