/** Whether requests come to the sides as their shares say (a sample ratio mismatch, SRM), by a test that may look at any time. Pure; knows no proxy. */

/** Shares that are told, and what came to each side since they are. */
export type Split = {
  readonly shares: { readonly [side: string]: number }
  readonly requests: { readonly [side: string]: number }
}

/** Below it the split is another one than was told; the usual limit for a mismatch, since it spoils every comparison of sides. */
export const splitAlpha = 0.001

/** How near to the told shares the alternatives are looked for, in requests: a prior worth so many. */
const weight = 100

/**
 * The chance that independent requests shared as told would ever have come like this: an always-valid p-value, 1 over the Bayes factor of
 * a Dirichlet alternative around the shares (Lindon, Malek 2022, "Anytime-valid inference for multinomial count data"). Sides without a
 * share are left out: what they get is on its way from before.
 */
export function splitChance({ shares, requests }: Split): number {
  const sides = Object.keys(shares).filter((side) => shares[side]! > 0)
  const all = sides.reduce((sum, side) => sum + shares[side]!, 0)
  const seen = sides.reduce((sum, side) => sum + (requests[side] ?? 0), 0)
  let evidence = logGamma(weight) - logGamma(weight + seen)
  for (const side of sides) {
    const share = shares[side]! / all
    const count = requests[side] ?? 0
    evidence += logGamma(weight * share + count) - logGamma(weight * share) - count * Math.log(share)
  }
  return Math.min(1, Math.exp(-evidence))
}

/** What came since, added where the shares are the same; else begun anew: what came while they changed says nothing. */
export function addToSplit(
  before: Split | undefined,
  shares: Split['shares'],
  fresh: { readonly [side: string]: number },
): Split {
  const names = Object.keys(shares)
  const same =
    before !== undefined &&
    Object.keys(before.shares).length === names.length &&
    names.every((side) => before.shares[side] === shares[side])
  if (!same) return { shares, requests: {} }
  const requests = names.map((side) => [side, (before.requests[side] ?? 0) + (fresh[side] ?? 0)] as const)
  return { shares, requests: Object.fromEntries(requests) }
}

/** Stirling's series, where it is exact to the last digits, and the recurrence down to there. */
function logGamma(x: number): number {
  let [at, shift] = [x, 0]
  while (at < 10) {
    shift -= Math.log(at)
    at += 1
  }
  const series = 1 / (12 * at) - 1 / (360 * at ** 3) + 1 / (1260 * at ** 5)
  return shift + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series
}
