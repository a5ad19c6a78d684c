/** One point of a shift: told, read back and held. The proxy is asked before anything is told, and again while it is held. */
import { ChangeoverError } from '../../core/errors.ts'
import { blocks } from '../../core/finding.ts'
import type { Progress, Writing } from '../../core/kind.ts'
import type { Shares } from '../../core/ports/index.ts'
import { sameShares, showShares } from '../../traffic/index.ts'
import { capacity } from './capacity.ts'
import { notTaken, pointOf, type ShiftWork, strange } from './work.ts'

export const roles = { proxy: 'traffic' } as const
export type At = Writing<typeof roles>

/** A held point is looked at so often, and a pause waits no longer. */
const lookEveryMs = 1000

/** Refuses when a side that gets more cannot take it. */
async function mustTake(work: ShiftWork, at: At, from: Shares, to: Shares): Promise<void> {
  const [first] = blocks(capacity(work, from, to, await at.on.proxy.sides(work.route)))
  if (first) throw new ChangeoverError('run.blocked', first.message, first.help, { data: first.data })
}

/** Yields before it tells, so that the journal knows what was meant when the proxy says otherwise. */
export async function* tell(
  work: ShiftWork,
  at: At,
  seen: Shares,
  to: Shares,
  mark: Progress,
): AsyncGenerator<Progress> {
  await mustTake(work, at, seen, to)
  yield mark
  const said = await at.on.proxy.shift(work.route, to)
  if (!sameShares(said, to)) throw notTaken(work, said, to)
}

/** Waits out what is left of a hold. A proxy that fell back to shares of before (it was started again) is told again; to others, somebody told it. */
export async function* hold(work: ShiftWork, at: At, point: number, heldMs: number): AsyncGenerator<Progress> {
  const { holdMs, shares } = work.way[point]!
  let held = heldMs
  while (held < holdMs) {
    const part = Math.min(lookEveryMs, holdMs - held)
    await at.clock.sleep(part, at.signal)
    held += part
    const seen = await at.on.proxy.shares(work.route)
    const fell = !sameShares(seen, shares)
    if (fell && pointOf(work, seen, point) === undefined) throw strange(work, seen, point)
    if (fell)
      yield* tell(work, at, seen, shares, progress(work, point, held, `the proxy said ${showShares(seen)}: told again`))
    else if (held < holdMs)
      yield progress(work, point, held, `${showShares(shares)}, held ${seconds(held)} of ${seconds(holdMs)}`)
  }
}

export function progress(work: ShiftWork, point: number, heldMs: number, note: string) {
  return { at: { point, heldMs }, done: point, of: work.way.length - 1, unit: 'steps', note }
}

/** Waits until nothing is under way on sides that get nothing any more, at most for the time it is given. A side that cannot be seen is not waited for. */
export async function* emptied(
  at: At,
  of: { readonly route: string; readonly sides: readonly string[]; readonly withinMs: number; readonly pollMs: number },
  mark: (left: number, waitedMs: number) => Progress,
): AsyncGenerator<Progress, number> {
  const start = at.clock.now()
  for (let waited = 0; ; waited = at.clock.now() - start) {
    const sides = await at.on.proxy.sides(of.route)
    const left = of.sides.reduce((sum, name) => sum + (sides[name]?.underWay ?? 0) + (sides[name]?.waiting ?? 0), 0)
    if (left === 0 || waited >= of.withinMs) return left
    yield mark(left, waited)
    await at.clock.sleep(Math.min(of.pollMs, of.withinMs - waited), at.signal)
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}
