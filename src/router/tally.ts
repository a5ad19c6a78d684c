/** Counts and latencies of calls. Knows neither clock nor router. */

/** Upper bounds of the buckets, in seconds. A last bucket without a bound follows. */
export const bounds: readonly number[] = [
  1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1,
  2.5, 5, 10,
]
const boundsMs = bounds.map((bound) => bound * 1_000)

/** Latencies of the calls that were timed. `buckets` are counts by `bounds`, not added up; the last is above them all. */
export interface Latency {
  readonly count: number
  readonly sumSeconds: number
  readonly buckets: readonly number[]
}

export class Histogram {
  #count = 0
  #sumMs = 0
  readonly #buckets = new Float64Array(bounds.length + 1)

  add(ms: number): void {
    this.#count++
    this.#sumMs += ms
    let at = 0
    while (at < boundsMs.length && ms > boundsMs[at]!) at++
    this.#buckets[at]!++
  }

  read(): Latency {
    return { count: this.#count, sumSeconds: this.#sumMs / 1_000, buckets: [...this.#buckets] }
  }
}

/** Of one method of one version. `calls` counts every call, also those under way and those that were not timed. */
export class Tally {
  calls = 0
  errors = 0
  readonly latency = new Histogram()
}

export function sumOf(latencies: readonly Latency[]): Latency {
  return {
    count: latencies.reduce((sum, each) => sum + each.count, 0),
    sumSeconds: latencies.reduce((sum, each) => sum + each.sumSeconds, 0),
    buckets: [...bounds, Infinity].map((_, at) => latencies.reduce((sum, each) => sum + (each.buckets[at] ?? 0), 0)),
  }
}

/**
 * The latency in seconds that a share (0 to 1) of the calls did not exceed, interpolated in its bucket as Prometheus'
 * `histogram_quantile` does; null where nothing was timed.
 */
export function quantile(latency: Latency, share: number): number | null {
  if (latency.count === 0) return null
  const wanted = share * latency.count
  let seen = 0
  for (const [at, count] of latency.buckets.entries()) {
    if (count > 0 && seen + count >= wanted) {
      const low = bounds[at - 1] ?? 0
      const high = bounds[at]
      return high === undefined ? low : low + (high - low) * Math.max(0, (wanted - seen) / count)
    }
    seen += count
  }
  return bounds.at(-1) ?? null
}
