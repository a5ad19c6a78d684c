/** `traffic.drain`: a side gets nothing new, and has finished what it had. Rolled back, it takes requests again. */
import { z } from 'zod'
import { ChangeoverError, suggestion } from '../../core/errors.ts'
import { block, type Finding, risk } from '../../core/finding.ts'
import { defineKind } from '../../core/kind.ts'
import type { RouteFacts } from '../../core/ports/index.ts'
import { passing } from './capacity.ts'
import { emptied, roles } from './walk.ts'

const spec = z.strictObject({
  route: z.string().min(1),
  side: z.string().min(1),
  withinMs: z.int().min(0).default(60_000).describe('How long what is under way may take, in milliseconds.'),
  pollMs: z.int().min(1).default(200).describe('Between two looks, in milliseconds.'),
  late: z
    .enum(['fail', 'go-on'])
    .default('fail')
    .describe('When something is still under way after that: the step fails, or goes on and says so.'),
})

type Work = {
  readonly target: string
  readonly route: string
  readonly side: string
  readonly withinMs: number
  readonly pollMs: number
  readonly late: 'fail' | 'go-on'
  /** Was so before the step: it stays so when the step is rolled back. */
  readonly was: boolean
}

export const trafficDrain = defineKind({
  name: 'traffic.drain',
  summary: 'Gives a side of a route nothing new, and waits until nothing is under way on it.',
  roles,
  spec,
  example: { route: 'api', side: 'v1', withinMs: 60_000 },

  plan(given, site) {
    const { routes } = site.facts.proxy
    const route = routes[given.route]
    const drained = route?.drained ?? []
    const { late, pollMs, side, withinMs } = given
    const was = drained.includes(side)
    const work: Work = { target: site.targets.proxy, route: given.route, side, withinMs, pollMs, late, was }
    const wrong = faults(work, route, Object.keys(routes))
    const after = route && { ...route, drained: [...new Set([...drained, side])].toSorted() }
    return {
      work,
      predicted: after && wrong.length === 0 ? { proxy: { routes: { ...routes, [given.route]: after } } } : {},
      preview: [
        was
          ? `side "${side}" of "${given.route}" is drained already`
          : `give side "${side}" of "${given.route}" nothing new`,
        `wait until nothing is under way there, at most ${withinMs} ms, then ${late === 'fail' ? 'fail' : 'go on'}`,
      ],
      undo: 'exact',
      findings: wrong,
    }
  },

  async check(work, at) {
    const sides = await at.on.proxy.sides(work.route)
    const shares = await at.on.proxy.shares(work.route)
    const others = Object.keys(shares).filter((side) => side !== work.side && shares[side]! > 0)
    const unseen = others.some((side) => sides[side] === undefined)
    if (unseen || others.some((side) => sides[side]!.serversUp > 0)) return []
    const left = `when side "${work.side}" of route "${work.route}" is drained, no server is left that takes requests`
    const help = 'start the servers of another side, and give it a share first'
    return [passing(block('traffic.side-down', left, help))]
  },

  async *apply(work, at) {
    yield { at: { drained: false }, note: `draining "${work.side}"` }
    await at.on.proxy.drain(work.route, work.side)
    const wait = { route: work.route, sides: [work.side], withinMs: work.withinMs, pollMs: work.pollMs }
    const left = yield* emptied(at, wait, (count) => ({
      at: { drained: true },
      note: `${count} requests are under way`,
    }))
    if (left > 0 && work.late === 'fail') throw late(work, left)
    yield {
      at: { drained: true },
      note: left === 0 ? 'nothing is under way any more' : `${left} requests are still under way`,
    }
  },

  async verify(work, at) {
    const side = (await at.on.proxy.sides(work.route))[work.side]
    const left = (side?.underWay ?? 0) + (side?.waiting ?? 0)
    if (left === 0) return []
    return [
      risk(
        'traffic.under-way',
        `${left} requests are under way on side "${work.side}"`,
        'see which they are before it is stopped',
      ),
    ]
  },

  async *rollback(work, at) {
    if (work.was) return
    yield { at: { ready: false }, note: `"${work.side}" takes requests again` }
    await at.on.proxy.ready(work.route, work.side)
  },
})

function faults(work: Work, route: RouteFacts | undefined, known: readonly string[]): readonly Finding[] {
  if (!route)
    return [
      block(
        'traffic.unknown-route',
        `there is no route "${work.route}"${suggestion(work.route, known)}`,
        'name a route of the target',
      ),
    ]
  const sides = Object.keys(route.shares)
  const share = route.shares[work.side]
  if (share === undefined)
    return [
      block(
        'traffic.unknown-side',
        `route "${work.route}" has no side "${work.side}"${suggestion(work.side, sides)}`,
        `name one of ${sides.map((each) => `"${each}"`).join(', ')}`,
      ),
    ]
  if (route.drained === undefined)
    return [
      block(
        'traffic.no-drain',
        `"${work.target}" cannot drain a side`,
        'shift its share to 0 with `traffic.shift` instead',
      ),
    ]
  if (share === 0 || !route.sticky) return []
  return [
    block(
      'traffic.users-there',
      `side "${work.side}" of sticky route "${work.route}" has ${share / 100} % of the users, and they would get no answer`,
      'put a `traffic.shift` before this step that gives the side nothing',
    ),
  ]
}

function late(work: Work, left: number): ChangeoverError {
  return new ChangeoverError(
    'target.failed',
    `${left} requests are still under way on side "${work.side}" of route "${work.route}" after ${work.withinMs} ms`,
    'see which they are, then `changeover resume`; or give the step more time, or `late: go-on`',
  )
}
