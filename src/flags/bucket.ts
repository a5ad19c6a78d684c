/** The bucket of a user under a flag: the one number that evaluator, gateway, router and proxy share. Knows no rule. */
import { murmur } from './murmur.ts'

/** Hundredths of a percent: a rollout of 12.5 % lets the buckets 0 to 1,249 in. */
export const buckets = 10_000

/**
 * 0 to 9,999: floor(h · 10,000 / 2^32), h being MurmurHash3 x86 32 (seed 0) over the UTF-8 bytes of the flag's key directly followed by the
 * targeting key. It is what flagd's `fractional` (v2) computes for a total weight of 10,000. Exact: the product stays below 2^53.
 * Vectors: `bucket-vectors.json` beside this file.
 */
export function bucketOf(flagKey: string, targetingKey: string): number {
  return Math.floor((murmur(flagKey + targetingKey) * buckets) / 2 ** 32)
}
