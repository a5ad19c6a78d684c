/** How many rows the next chunk takes, and when to wait. Pure: times and samples come as arguments. */

/** Rows per millisecond of one hand, smoothed. Chunks grow and shrink so that each takes about `targetMs`. */
export interface Pace {
  readonly targetMs: number
  /** Rows per millisecond: 0.75 of what was known, 0.25 of what was seen last. */
  readonly rate: number
  /** Bytes a row takes in memory on its way, smoothed the same way; 0 where rows do not come here. */
  readonly rowBytes: number
  /** A size that a person fixed; it wins. */
  readonly fixed: number | undefined
}

const weight = 0.75
const first = 2_000
const least = 50
const most = 200_000
/** A chunk is held in memory while it is on its way, in each lane. */
const mostBytes = 6 * 1024 * 1024

/** `rowBytes`: what a row takes, as far as the server knows; 0 where it does not, or where rows do not come here. */
export function startPace(targetMs: number, fixed?: number, rowBytes = 0): Pace {
  return { targetMs, rate: 0, rowBytes, fixed }
}

/** What the last chunk taught. An empty chunk teaches nothing. Weighted as in pt-table-checksum (EWMA, 0.75). */
export function learn(pace: Pace, rows: number, ms: number, bytes: number): Pace {
  if (rows === 0) return pace
  const rate = rows / Math.max(ms, 1)
  const rowBytes = bytes / rows
  if (pace.rate === 0) return { ...pace, rate, rowBytes }
  return {
    ...pace,
    rate: pace.rate * weight + rate * (1 - weight),
    rowBytes: pace.rowBytes * weight + rowBytes * (1 - weight),
  }
}

/** Rows of the next chunk; at most four times more than the last one held, so that a first guess does no harm. */
export function nextSize(pace: Pace, last: number): number {
  if (pace.fixed !== undefined) return Math.max(1, Math.floor(pace.fixed))
  const byMemory = pace.rowBytes === 0 ? most : mostBytes / pace.rowBytes
  if (pace.rate === 0) return Math.max(1, Math.min(first, Math.floor(byMemory)))
  const byTime = pace.rate * pace.targetMs
  const byGrowth = Math.max(last, first) * 4
  const asked = Math.max(least, Math.min(Math.floor(byTime), byGrowth, most))
  return Math.max(1, Math.min(asked, Math.floor(byMemory)))
}

/** Limits of a throttle. `commitMs`: a commit may take; `lagMs`: a replica may be behind; `walPerSecond`: bytes of WAL. */
/** Null is no limit. */
export type Limits = {
  readonly commitMs: number | null
  readonly lagMs: number | null
  readonly walPerSecond: number | null
}

/** One look at the signals. Null is a signal that was asked for and did not come. */
export interface Signals {
  readonly commitMs: number | null
  /** The worst replica. */
  readonly lagMs: number | null
  /** Bytes of WAL per second since the look before; null at the first look, `lost` when the server does not say. */
  readonly walPerSecond: number | null
  readonly lost?: string
}

/** Why the hands must wait, or nothing. A signal that is lost holds: the brake fails closed. */
export function brake(limits: Limits, now: Signals): string | undefined {
  if (now.lost !== undefined) return `waits: ${now.lost}`
  const over = (limit: number | null, seen: number | null): seen is number =>
    limit !== null && seen !== null && seen > limit
  if (over(limits.lagMs, now.lagMs)) return `waits: replica lag ${Math.round(now.lagMs)} ms, limit ${limits.lagMs} ms`
  if (over(limits.walPerSecond, now.walPerSecond))
    return `waits: WAL ${mebibytes(now.walPerSecond)} MiB/s, limit ${mebibytes(limits.walPerSecond ?? 0)} MiB/s`
  if (over(limits.commitMs, now.commitMs))
    return `waits: commit took ${Math.round(now.commitMs)} ms, limit ${limits.commitMs} ms`
  return undefined
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}
