/** Weights of servers, whole numbers up to a most, whose sums by side come as near as possible to wanted shares. */
import type { Shares } from '../core/ports/index.ts'
import { apportion, inShares, total, whole } from './shares.ts'

/** By side, a number for each of its servers. */
type Weights = { readonly [side: string]: readonly number[] }

/** The shares that weights amount to. */
export function sharesOfWeights(weights: Weights): Shares {
  const sides = Object.keys(weights)
  const shares = inShares(sides.map((side) => total(weights[side]!)))
  return Object.fromEntries(sides.map((side, index) => [side, shares[index]!]))
}

/**
 * Every sum of all weights that fits is tried, the sides apportioned to it by largest remainder, and the one whose worst share is nearest to the wanted one is
 * taken; of equally near ones the largest, which tells servers of a side apart best. Inside a side the servers keep the proportion of `configured`.
 */
export function weightsFor(configured: Weights, shares: Shares, most: number): Weights {
  const sides = Object.keys(configured)
  const wanted = sides.map((side) => shares[side] ?? 0)
  const highest = sides.map((side) => highestSum(configured[side]!, most))
  let best: { readonly sums: readonly number[]; readonly error: number } | undefined
  for (let sum = largestSum(wanted, highest); sum >= 1; sum--) {
    const sums = apportion(wanted, whole, sum)
    if (sums.some((each, index) => each > highest[index]!)) continue
    const error = errorOf(sums, wanted)
    if (best === undefined || error < best.error - 1e-9) best = { sums, error }
    if (error === 0) break
  }
  const sums = best?.sums ?? wanted.map(() => 0)
  return Object.fromEntries(sides.map((side, index) => [side, within(configured[side]!, sums[index]!)]))
}

/** The sum of a side's weights at which its heaviest server has the most it can have. */
function highestSum(configured: readonly number[], most: number): number {
  const base = bases(configured)
  return base.length === 0 ? 0 : Math.floor((most * total(base)) / Math.max(...base))
}

/** No side may have more than its highest sum: the sum of all is bounded by the side for which that is the tightest. */
function largestSum(wanted: readonly number[], highest: readonly number[]): number {
  const bounds = wanted.flatMap((share, index) =>
    share === 0 ? [] : [Math.ceil(((highest[index]! + 1) * whole) / share)],
  )
  return Math.min(total(highest), ...bounds)
}

/** What is read back counts, then what is really given: both in hundredths of a percent. */
function errorOf(sums: readonly number[], wanted: readonly number[]): number {
  const sum = total(sums)
  const read = inShares(sums)
  const worst = (parts: readonly number[]) => Math.max(...parts.map((part, index) => Math.abs(part - wanted[index]!)))
  return worst(read) + worst(sums.map((each) => (each * whole) / sum)) / 1000
}

function within(configured: readonly number[], sum: number): readonly number[] {
  const base = bases(configured)
  return apportion(base, total(base), sum)
}

/** A side whose servers are all configured with weight 0 is shared evenly: it waits to be given something. */
function bases(configured: readonly number[]): readonly number[] {
  return total(configured) === 0 ? configured.map(() => 1) : configured
}
