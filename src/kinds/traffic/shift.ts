/** `traffic.shift`: a route is shared otherwise between its sides, at once or in steps. Rolled back, its shares are exactly those of before. */
import { z } from 'zod'
import { block, type Finding, risk } from '../../core/finding.ts'
import { defineKind } from '../../core/kind.ts'
import type { RouteFacts, Shares, TrafficTools } from '../../core/ports/index.ts'
import { sameShares, showShares, whole, wrongShares } from '../../traffic/index.ts'
import { suggestion } from '../../core/errors.ts'
import { capacity } from './capacity.ts'
import { allToStart, toLastGood, toStart } from './back.ts'
import { hold, progress, roles, tell } from './walk.ts'
import { placeOf, type Point, pointAfter, type ShiftAt, type ShiftWork, strange } from './work.ts'

const shares = z
  .record(z.string().min(1), z.int().min(0).max(whole))
  .refine((given) => sumOf(given) === whole, `shares are hundredths of a percent, ${whole} in all`)

const spec = z.strictObject({
  route: z.string().min(1),
  to: shares.describe('Hundredths of a percent by side, 10,000 in all. A side that is left out gets nothing.'),
  steps: z
    .array(
      z.strictObject({ to: shares, holdMs: z.int().min(0).describe('How long these shares stay, in milliseconds.') }),
    )
    .default([])
    .describe('Shares on the way, before `to`.'),
  holdMs: z
    .int()
    .min(0)
    .default(0)
    .describe('How long `to` is held before the step ends, in milliseconds: time for its guards.'),
  back: z
    .enum(['instant', 'stepped', 'drain-first'])
    .default('instant')
    .describe(
      'How it is rolled back: at once; by the same steps and holds; or at once, and then waiting until nothing is under way on the sides that had nothing.',
    ),
  serversUp: z
    .union([z.int().min(1), z.record(z.string().min(1), z.int().min(1))])
    .default(1)
    .describe('Servers of a side that must be up before it gets more: of every side, or by side, 1 for the others.'),
  drainMs: z.int().min(0).default(60_000).describe('The most that `drain-first` waits, in milliseconds.'),
  onFailure: z
    .enum(['back-one-step', 'to-zero'])
    .default('to-zero')
    .describe(
      'When a guard fails, or a side cannot take the next shares. `to-zero`: what the `onFailure` of the plan says; turned back, the route has its shares of before the step. `back-one-step`: the route gets the shares that were held last and found good, and the run is paused there; its guards begin anew and watch on, and turn it back when they fail again.',
    ),
})

export const trafficShift = defineKind({
  name: 'traffic.shift',
  summary:
    'Shares the requests of a route otherwise between its sides, at once or in steps, each told, read back and held.',
  roles,
  spec,
  example: {
    route: 'api',
    to: { v1: 0, v2: 10_000 },
    steps: [
      { to: { v1: 9900, v2: 100 }, holdMs: 60_000 },
      { to: { v1: 5000, v2: 5000 }, holdMs: 300_000 },
    ],
    back: 'instant',
  },

  plan(given, site) {
    const { routes } = site.facts.proxy
    const route = routes[given.route]
    const work: ShiftWork = {
      target: site.targets.proxy,
      route: given.route,
      way: route ? wayOf(given, route, site.tools.proxy) : [],
      back: given.back,
      serversUp: given.serversUp,
      drainMs: given.drainMs,
      onFailure: given.onFailure,
    }
    const findings = route ? doubts(work, route) : [noRoute(given.route, Object.keys(routes))]
    const last = work.way.at(-1)
    return {
      work,
      predicted:
        route && last ? { proxy: { routes: { ...routes, [given.route]: { ...route, shares: last.shares } } } } : {},
      preview: previewOf(work),
      undo: 'exact',
      findings,
    }
  },

  async check(work, at) {
    const seen = await at.on.proxy.shares(work.route)
    const sides = await at.on.proxy.sides(work.route)
    const found = work.way.slice(1).flatMap((point) => capacity(work, seen, point.shares, sides))
    return [...new Map(found.map((each) => [each.message, each])).values()]
  },

  async *apply(work, at, from) {
    const was = placeOf(from)
    const last = work.way.length - 1
    let seen = await at.on.proxy.shares(work.route)
    const here = pointAfter(work, seen, was)
    if (here === undefined) throw strange(work, seen, was.good ?? was.point)
    const first = Math.max(1, here, was.point)
    for (let point = first; point <= last; point++) {
      const held = point === was.point ? was.heldMs : 0
      const { shares: to, holdMs } = work.way[point]!
      const again = point === first ? toldAgain(was, here, seen) : ''
      yield* tell(work, at, seen, to, progress(work, point, held, `${again}${showShares(to)}`))
      yield* hold(work, at, point, held)
      if (point < last) {
        seen = await at.on.proxy.shares(work.route)
        if (!sameShares(seen, to)) throw strange(work, seen, point)
      } else yield progress(work, point, holdMs, showShares(to))
    }
  },

  async verify(work, at) {
    const seen = await at.on.proxy.shares(work.route)
    const meant = work.way.at(-1)!.shares
    if (sameShares(seen, meant)) return []
    return [
      block(
        'traffic.unequal',
        `route "${work.route}" of "${work.target}" has ${showShares(seen)}, not ${showShares(meant)}`,
        'find out who changed it, and put it back',
      ),
    ]
  },

  retreat(work, at, failed) {
    return work.onFailure === 'back-one-step' ? toLastGood(work, at, failed) : undefined
  },

  rollback: (work, at, from) => toStart(work, at, from),
  rollbackTogether: (works, at, from) => allToStart(works, at, from),
})

/** Why the shares of a point are told anew, before they are. */
function toldAgain(was: ShiftAt, here: number, seen: Shares): string {
  if (here >= was.point) return ''
  return here === was.good ? 'tried again: ' : `the proxy said ${showShares(seen)}: told again, `
}

function wayOf(given: z.output<typeof spec>, route: RouteFacts, tools: TrafficTools): readonly Point[] {
  const steps = [...given.steps, { to: given.to, holdMs: given.holdMs }]
  const points = steps.map(({ to, holdMs }) => {
    const asked = { ...Object.fromEntries(Object.keys(route.shares).map((side) => [side, 0])), ...to }
    const known = wrongShares(asked, Object.keys(route.shares)) === undefined
    return { asked, shares: known ? (tools.reach?.(route, asked) ?? asked) : asked, holdMs }
  })
  return [{ asked: route.shares, shares: route.shares, holdMs: 0 }, ...points]
}

/** Shares that cannot be, and shares that can only nearly be. */
function doubts(work: ShiftWork, route: RouteFacts): readonly Finding[] {
  return work.way.slice(1).flatMap(({ asked, shares: reached }) => {
    const wrong = wrongShares(asked, Object.keys(route.shares))
    if (wrong !== undefined)
      return [
        block(
          'traffic.unknown-side',
          `route "${work.route}" of "${work.target}": ${wrong}`,
          'give shares of sides that it has',
        ),
      ]
    return Object.keys(asked).flatMap((side) => missedShare(work, side, asked[side]!, reached[side]!))
  })
}

/** A share that is nothing, or all, where something was asked is not nearly the same. */
function missedShare(work: ShiftWork, side: string, asked: number, reached: number): readonly Finding[] {
  if (asked === reached) return []
  const what = `side "${side}" of route "${work.route}" cannot get ${asked / 100} %`
  if (reached === 0 || reached === whole)
    return [
      block(
        'traffic.share-lost',
        `${what}: the nearest that its servers' weights give is ${reached / 100} %`,
        'ask for a larger share, or make the route sticky: that one goes by hundredths of a percent',
      ),
    ]
  return Math.abs(asked - reached) < 50
    ? []
    : [
        risk(
          'traffic.share-near',
          `${what}: ${reached / 100} % is the nearest`,
          'ask for a share that its weights can give',
        ),
      ]
}

function noRoute(name: string, known: readonly string[]): Finding {
  const there = known.length === 0 ? 'there is none' : `there are ${known.map((each) => `"${each}"`).join(', ')}`
  return block(
    'traffic.unknown-route',
    `there is no route "${name}"${suggestion(name, known)}; ${there}`,
    'name a route of the target',
  )
}

function previewOf(work: ShiftWork): readonly string[] {
  const [start, ...points] = work.way
  if (!start) return [`shift route "${work.route}"`]
  const ways = {
    instant: 'at once',
    stepped: 'by the same steps',
    'drain-first': 'at once, and waits until nothing is under way',
  }
  return [
    `route "${work.route}" of "${work.target}" has ${showShares(start.shares)}`,
    ...points.map(
      ({ shares: to, holdMs }) => `shift to ${showShares(to)}${holdMs === 0 ? '' : `, hold for ${holdMs} ms`}`,
    ),
    `goes back ${ways[work.back]}`,
    ...(work.onFailure === 'back-one-step' ? ['held one step back, for a person, when a look at a step fails'] : []),
  ]
}

function sumOf(given: Shares): number {
  return Object.values(given).reduce((sum, each) => sum + each, 0)
}
