/** Durations counted in buckets that grow by an eighth of an octave, which gives every quantile within 9 %, and nothing kept of single ones. */

/** Microseconds up to 2^27 (134 s) in steps of an eighth of an octave. */
const octaves = 27
const steps = 8

export interface Histogram {
  /** Milliseconds. */
  note(ms: number): void
  readonly count: number
  /** Milliseconds in all. */
  readonly sum: number
  /** The upper bound, in milliseconds, below which `share` (0 to 1) of them lie; null while there are none. */
  quantile(share: number): number | null
  /** How many took at most `ms`, for the bounds that are powers of two of a microsecond. */
  atMost(exponent: number): number
}

export function createHistogram(): Histogram {
  const buckets = new Uint32Array(octaves * steps)
  let [count, sum] = [0, 0]
  return {
    note: (ms) => {
      const at = Math.floor(Math.log2(ms * 1000) * steps)
      buckets[at < 0 ? 0 : at >= buckets.length ? buckets.length - 1 : at]! += 1
      count += 1
      sum += ms
    },
    get count() {
      return count
    },
    get sum() {
      return sum
    },
    quantile: (share) => {
      let left = Math.ceil(share * count)
      if (count === 0) return null
      for (let at = 0; at < buckets.length; at++) {
        left -= buckets[at]!
        if (left <= 0) return 2 ** ((at + 1) / steps) / 1000
      }
      return 2 ** octaves / 1000
    },
    atMost: (exponent) => buckets.subarray(0, exponent * steps).reduce((all, each) => all + each, 0),
  }
}
