/** The ways back of a shift: to the shares of before, at once or point by point, and to the point that was good last. Knows nothing of the run that is turned or held. */
import type { Mark } from '../../core/kind.ts'
import { showShares } from '../../traffic/index.ts'
import { type At, emptied, hold, progress, tell } from './walk.ts'
import { goodBefore, placeOf, pointAfter, pointOf, type ShiftWork, strange } from './work.ts'

export async function* toStart(work: ShiftWork, at: At, from: Mark): AsyncGenerator<Mark> {
  const start = work.way[0]!.shares
  const seen = await at.on.proxy.shares(work.route)
  const here = pointOf(work, seen, placeOf(from).point)
  if (work.back === 'stepped' && here !== undefined && here > 1) yield* stepBack(work, at, here, from)
  const now = await at.on.proxy.shares(work.route)
  const foreign = here === undefined ? `${showShares(seen)} was none of this step's: ` : ''
  // Also when the proxy says so already: what it keeps for its next start may still be what was meant.
  yield* tell(work, at, now, start, back(work, 0, 0, `${foreign}back to ${showShares(start)}`))
  if (work.back !== 'drain-first') return
  const sides = Object.keys(start).filter((side) => start[side] === 0)
  const wait = { route: work.route, sides, withinMs: work.drainMs, pollMs: 200 }
  const left = yield* emptied(at, wait, (count) =>
    back(work, 0, 0, `${count} requests are under way on ${sides.join(', ')}`),
  )
  yield back(work, 0, 0, left === 0 ? 'nothing is under way any more' : `${left} requests are still under way`)
}

/** Several shifts, the newest first. Each route goes back as one way: places on it are counted from its start, so that they hold without the newest too. */
export async function* allToStart(works: readonly ShiftWork[], at: At, from: Mark): AsyncGenerator<Mark> {
  const entered = (from?.at as { readonly route?: string } | undefined)?.route
  for (const route of new Set(works.map((work) => work.route))) {
    const way = joined(works.filter((work) => work.route === route))
    for await (const mark of toStart(way, at, route === entered ? from : null))
      yield mark && { ...mark, at: { ...placeOf(mark), route } }
  }
}

/** From before the oldest to after the newest; it goes back as its most careful part does. */
function joined(works: readonly ShiftWork[]): ShiftWork {
  const [oldest, ...later] = works.toReversed() as [ShiftWork, ...ShiftWork[]]
  return {
    ...oldest,
    way: [...oldest.way, ...later.flatMap(({ way }) => way.slice(1))],
    back: (['stepped', 'drain-first'] as const).find((way) => works.some((work) => work.back === way)) ?? 'instant',
    drainMs: Math.max(...works.map(({ drainMs }) => drainMs)),
  }
}

/** The points between, from the one before `here` down to the first, each held as on the way there. */
async function* stepBack(work: ShiftWork, at: At, here: number, from: Mark): AsyncGenerator<Mark> {
  const was = placeOf(from)
  for (let point = from === null ? here - 1 : Math.min(here, was.point); point >= 1; point--) {
    const held = from !== null && point === was.point ? was.heldMs : 0
    const { shares: to, holdMs } = work.way[point]!
    const seen = await at.on.proxy.shares(work.route)
    yield* tell(work, at, seen, to, back(work, point, held, `back to ${showShares(to)}`))
    for await (const mark of hold(work, at, point, held)) yield back(work, point, placeOf(mark).heldMs, mark.note ?? '')
    yield back(work, point, holdMs, showShares(to))
  }
}

function back(work: ShiftWork, point: number, heldMs: number, note: string) {
  return { ...progress(work, point, heldMs, note), done: work.way.length - 1 - point }
}

/**
 * Judged bad: to the point that was good before. Not begun, since a side cannot take the next point: where the route is. The point that failed
 * stays in the mark: it is the one that is tried again.
 */
export async function* toLastGood(work: ShiftWork, at: At, failed: { readonly code: string }): AsyncGenerator<Mark> {
  const was = placeOf(at.applied)
  const seen = await at.on.proxy.shares(work.route)
  const here = pointAfter(work, seen, was)
  if (here === undefined) throw strange(work, seen, was.point)
  const good = failed.code === 'run.blocked' ? here : goodBefore(work, was.point)
  const to = work.way[good]!.shares
  const from = good < was.point ? `, back from ${showShares(work.way[was.point]!.shares)}` : ''
  const held = good < was.point ? 0 : was.heldMs
  const mark = progress(work, was.point, held, `route "${work.route}" is held at ${showShares(to)}${from}`)
  yield* tell(work, at, seen, to, { ...mark, at: { ...mark.at, good } })
}
