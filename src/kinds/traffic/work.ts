/** The way of a shift: the shares it starts from, those of every step, and where on it the proxy is. Pure. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Mark } from '../../core/kind.ts'
import type { Shares } from '../../core/ports/index.ts'
import { sameShares, showShares } from '../../traffic/index.ts'

/** `shares` are what the proxy will say, which is not always what was asked. Point 0 is where the route was before. */
export type Point = { readonly asked: Shares; readonly shares: Shares; readonly holdMs: number }

/** Servers of a side that must be up before it gets more: of every side, or by side (1 of those that are not named). */
export type ServersUp = number | { readonly [side: string]: number }

export type ShiftWork = {
  readonly target: string
  readonly route: string
  readonly way: readonly Point[]
  readonly back: 'instant' | 'stepped' | 'drain-first'
  readonly serversUp: ServersUp
  readonly drainMs: number
  /** What a failed look at a point leads to. */
  readonly onFailure: 'back-one-step' | 'to-zero'
}

/** `point` is the one that was begun, `heldMs` for how long it has been held since. `good` is the one that the route went back to when a look at `point` failed. */
export type ShiftAt = { readonly point: number; readonly heldMs: number; readonly good?: number }

export function placeOf(mark: Mark): ShiftAt {
  return (mark?.at ?? { point: 0, heldMs: 0 }) as ShiftAt
}

/** The last point before this one that was looked at and found good: one that was held, or the start. */
export function goodBefore(work: ShiftWork, point: number): number {
  return Math.max(
    0,
    work.way.slice(0, point).findLastIndex(({ holdMs }) => holdMs > 0),
  )
}

/** The point that the proxy is at, when `at` was the last mark: what it went back to there before all others with the same shares. */
export function pointAfter(work: ShiftWork, seen: Shares, { point, good }: ShiftAt): number | undefined {
  return good !== undefined && sameShares(work.way[good]!.shares, seen) ? good : pointOf(work, seen, point)
}

/** The point that the proxy is at: of several with the same shares the nearest from `meant` on, else the last before it. */
export function pointOf(work: ShiftWork, seen: Shares, meant: number): number | undefined {
  const at = work.way.flatMap((point, index) => (sameShares(point.shares, seen) ? [index] : []))
  return at.find((index) => index >= meant) ?? at.at(-1)
}

/** The shares are none that this step gives: somebody else steers the same route, or the proxy was started anew without them. */
export function strange(work: ShiftWork, seen: Shares, meant: number): ChangeoverError {
  const left = work.way[meant] ?? work.way[0]!
  return new ChangeoverError(
    'plan.stale',
    `the shares of route "${work.route}" of "${work.target}" are not what this step left: ${showShares(seen)}, not ${showShares(left.shares)}`,
    `find out who changed them; put them back and \`changeover resume\`, or \`changeover rollback\`, which sets ${showShares(work.way[0]!.shares)}`,
    { data: { seen, left: left.shares } },
  )
}

export function notTaken(work: ShiftWork, said: Shares, meant: Shares): ChangeoverError {
  return new ChangeoverError(
    'target.failed',
    `"${work.target}" was told ${showShares(meant)} for route "${work.route}", and says ${showShares(said)}`,
    'see whether somebody else steers the same route, or its servers were changed; then plan again',
    { data: { said, meant } },
  )
}
