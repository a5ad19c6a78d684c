/** Which side a request goes to: shares, sides that are drained or down, and a bucket. Pure. */
import { own } from '../core/json.ts'
import type { Shares } from '../core/ports/index.ts'

/** A side that may be chosen. `open`: not drained, and a server of it is up. */
export interface Choice {
  readonly name: string
  readonly open: boolean
}

/** Upper bounds by side, made once for each change of shares, so that a request costs a few comparisons. */
export interface Split {
  readonly bounds: readonly { readonly side: number; readonly below: number }[]
}

/**
 * Sides but the first take buckets from 0 upward, in their order, and the first takes the rest: with `{v1: 9000, v2: 1000}` the buckets
 * below 1,000 are on v2. So a flag of the same key and the same percentage is on for the same users, and while a share grows nobody who is in falls out.
 */
export function splitOf(names: readonly string[], shares: Shares): Split {
  let below = 0
  const order = names.map((name, side) => ({ side, share: own(shares, name) ?? 0 }))
  const bounds = [...order.slice(1), ...order.slice(0, 1)].flatMap(({ side, share }) => {
    below += share
    return share > 0 ? [{ side, below }] : []
  })
  return { bounds }
}

/** Where `bucket` (0 to 9,999) falls, whether that side can take a request or not. -1 where no side has a share. */
export function sideAt({ bounds }: Split, bucket: number): number {
  for (const { side, below } of bounds) if (bucket < below) return side
  return -1
}

/**
 * Where a request goes when its side cannot take it: to the others that have a share, by their shares, the same one for the same bucket. A side
 * without a share gets nothing: it may not have been released yet. -1 where there is none.
 */
export function elsewhere(choices: readonly Choice[], shares: Shares, bucket: number): number {
  const open = choices.map(({ name, open: isOpen }) => (isOpen ? (own(shares, name) ?? 0) : 0))
  const all = open.reduce((sum, share) => sum + share, 0)
  if (all === 0) return -1
  const scaled = (bucket * all) / 10_000
  let below = 0
  for (let side = open.length - 1; side >= 0; side--) {
    below += open[side]!
    if (scaled < below) return side
  }
  return open.findLastIndex((share) => share > 0)
}
