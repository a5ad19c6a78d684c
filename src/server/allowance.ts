/** How often a caller may ask: a bucket of tokens each, refilled all the time. Knows no HTTP. */

/** How often a caller may ask, in requests. */
export interface Rate {
  readonly perSecond: number
  /** How many at once, after a silence. */
  readonly burst: number
}

export interface Allowance {
  /** 0: granted. Otherwise whole seconds to wait, at least 1. */
  ask(caller: string, now: number): number
}

/** Callers are forgotten when their bucket is full again, so that many that come once cost nothing. */
const mostCallers = 10_000

export function openAllowance({ perSecond, burst }: Rate): Allowance {
  const buckets = new Map<string, { tokens: number; at: number }>()
  const filled = (bucket: { tokens: number; at: number }, now: number): number =>
    Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * perSecond)
  const tidy = (now: number): void => {
    for (const [name, bucket] of buckets) if (filled(bucket, now) >= burst) buckets.delete(name)
    const [oldest] = buckets.keys()
    if (buckets.size >= mostCallers && oldest !== undefined) buckets.delete(oldest)
  }
  return {
    ask: (caller, now) => {
      if (buckets.size >= mostCallers && !buckets.has(caller)) tidy(now)
      const bucket = buckets.get(caller) ?? { tokens: burst, at: now }
      const tokens = filled(bucket, now)
      buckets.set(caller, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
      return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond))
    },
  }
}
