/** What came to the sides of a route between two looks, and what is told when that is otherwise than their shares say. Pure. */
import type { Shares, SideCount } from '../../core/ports/index.ts'
import { addToSplit, shown, type Split, splitAlpha, splitChance } from '../../metrics/index.ts'

type Counts = { readonly [side: string]: SideCount }

/** What is told of a split that is another one than the shares say; undefined where it is not known to be. */
export function mismatch(split: Split | undefined): string | undefined {
  const by = split === undefined ? 1 : splitChance(split)
  if (split === undefined || by >= splitAlpha) return undefined
  const { shares, requests } = split
  const all = Object.values(requests).reduce((sum, each) => sum + each, 0)
  const sides = Object.entries(shares).map(
    ([side, share]) =>
      `"${side}" got ${shown(((requests[side] ?? 0) / all) * 100)} %, its share is ${shown(share / 100)} %`,
  )
  return `of ${all} requests ${sides.join('; ')}: by chance with ${shown(by)}`
}

/** Nothing where the shares were not asked for. */
export function splitOf(
  before: Split | undefined,
  shares: Shares | undefined,
  then: Counts,
  now: Counts,
): { readonly split?: Split } {
  if (shares === undefined) return {}
  const fresh = Object.keys(shares).map((side) => [side, since(then[side], now[side]).requests] as const)
  return { split: addToSplit(before, shares, Object.fromEntries(fresh)) }
}

/** A proxy that was started anew counts from nothing. */
export function since(before: SideCount | undefined, now: SideCount | undefined): SideCount {
  const by = (then = 0, seen = 0) => (seen >= then ? seen - then : seen)
  return { requests: by(before?.requests, now?.requests), failed: by(before?.failed, now?.failed) }
}
