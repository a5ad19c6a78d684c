/** What the clients measured, second by second, so that any window of time can be asked for afterwards. Knows no request. */

/** Latencies in buckets 2 % wide: a percentile is at most 2 % above the truth. */
class Histogram {
  readonly counts = new Map<number, number>()
  max = 0

  add(ms: number): void {
    const bucket = Math.max(0, Math.ceil(Math.log(Math.max(ms, 0.001) / 0.001) / Math.log(1.02)))
    this.counts.set(bucket, (this.counts.get(bucket) ?? 0) + 1)
    this.max = Math.max(this.max, ms)
  }

  merge(other: Histogram): void {
    for (const [bucket, count] of other.counts) this.counts.set(bucket, (this.counts.get(bucket) ?? 0) + count)
    this.max = Math.max(this.max, other.max)
  }

  /** Milliseconds; 0 when nothing was measured. */
  percentile(share: number): number {
    const sorted = [...this.counts].sort(([a], [b]) => a - b)
    let left = share * sorted.reduce((sum, [, count]) => sum + count, 0)
    for (const [bucket, count] of sorted) {
      left -= count
      if (left <= 0) return Math.min(this.max, 0.001 * 1.02 ** bucket)
    }
    return this.max
  }
}

export type Client = 'v3' | 'v4'

export interface Measured {
  readonly client: Client
  readonly write: boolean
  readonly failed: boolean
  readonly ms: number
}

interface Second {
  readonly at: number
  readonly served: Record<Client, number>
  readonly failed: Record<Client, number>
  readonly latency: Histogram
  readonly writes: Histogram
  /** When its longest write was answered. */
  longestAt: number
  gap: number
}

/** Milliseconds throughout; times are milliseconds since 1970. */
export interface Summary {
  readonly from: number
  readonly to: number
  readonly seconds: number
  readonly requests: { readonly served: number; readonly failed: number; readonly perSecond: number }
  readonly clients: Readonly<Record<Client, { readonly served: number; readonly failed: number }>>
  readonly latencyMs: Percentiles
  readonly writeMs: Percentiles
  readonly writes: number
  /** The longest that one write took from being sent to its whole answer: how long a writer was made to wait. */
  readonly longestWritePauseMs: number
  /** When that write was answered; 0 where there was none. */
  readonly longestWritePauseAt: number
  /** The longest span in which at least one write was asked and none completed. Never above the pause. */
  readonly longestWriteGapMs: number
  /** When a client last got an answer of that version, in milliseconds since 1970; 0 for never. Of all time. */
  readonly lastAnswerAt: Readonly<Record<Client, number>>
}

interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export class Stats {
  readonly #seconds: Second[] = []
  readonly #asked = new Set<{ readonly at: number }>()
  #lastWrite = 0
  readonly #lastAnswerAt: Record<Client, number> = { v3: 0, v4: 0 }

  /** An answer came, of the version that it names. */
  answeredBy(version: string, now: number): void {
    if (version.startsWith('3.')) this.#lastAnswerAt.v3 = now
    if (version.startsWith('4.')) this.#lastAnswerAt.v4 = now
  }

  /** A write is sent; give what comes back to `writeEnded`. `at` is a monotonic clock in milliseconds. */
  writeBegan(at: number): { readonly at: number } {
    const asked = { at }
    this.#asked.add(asked)
    return asked
  }

  writeEnded(asked: { readonly at: number }, at: number, now: number, done: boolean): void {
    const oldest = Math.min(...[...this.#asked].map((each) => each.at))
    this.#asked.delete(asked)
    if (!done) return
    const second = this.#second(now)
    second.gap = Math.max(second.gap, at - Math.max(oldest, this.#lastWrite))
    this.#lastWrite = at
  }

  count(measured: Measured, now: number): void {
    const second = this.#second(now)
    second[measured.failed ? 'failed' : 'served'][measured.client]++
    second.latency.add(measured.ms)
    if (!measured.write || measured.failed) return
    if (measured.ms > second.writes.max) second.longestAt = now
    second.writes.add(measured.ms)
  }

  summary(from = 0, to = Number.MAX_SAFE_INTEGER): Summary {
    const inside = this.#seconds.filter((each) => each.at + 1_000 > from && each.at < to)
    const latency = new Histogram()
    const writes = new Histogram()
    const clients = { v3: { served: 0, failed: 0 }, v4: { served: 0, failed: 0 } }
    for (const second of inside) {
      latency.merge(second.latency)
      writes.merge(second.writes)
      for (const client of ['v3', 'v4'] as const) {
        clients[client].served += second.served[client]
        clients[client].failed += second.failed[client]
      }
    }
    const first = inside[0]?.at ?? 0
    const last = inside.at(-1)?.at ?? 0
    const seconds = inside.length === 0 ? 0 : (last - first) / 1_000 + 1
    const served = clients.v3.served + clients.v4.served
    return {
      from: first,
      to: last + 1_000,
      seconds,
      requests: {
        served,
        failed: clients.v3.failed + clients.v4.failed,
        perSecond: seconds === 0 ? 0 : round(served / seconds),
      },
      clients,
      latencyMs: percentiles(latency),
      writeMs: percentiles(writes),
      writes: [...writes.counts.values()].reduce((sum, each) => sum + each, 0),
      longestWritePauseMs: round(writes.max),
      longestWritePauseAt: inside.find((each) => each.writes.max === writes.max)?.longestAt ?? 0,
      longestWriteGapMs: round(Math.max(0, ...inside.map((each) => each.gap))),
      lastAnswerAt: { ...this.#lastAnswerAt },
    }
  }

  #second(now: number): Second {
    const at = Math.floor(now / 1_000) * 1_000
    const last = this.#seconds.at(-1)
    if (last && last.at >= at) return last
    const fresh: Second = {
      at,
      served: { v3: 0, v4: 0 },
      failed: { v3: 0, v4: 0 },
      latency: new Histogram(),
      writes: new Histogram(),
      longestAt: 0,
      gap: 0,
    }
    this.#seconds.push(fresh)
    return fresh
  }
}

function percentiles(of: Histogram): Percentiles {
  return {
    p50: round(of.percentile(0.5)),
    p95: round(of.percentile(0.95)),
    p99: round(of.percentile(0.99)),
    max: round(of.max),
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
