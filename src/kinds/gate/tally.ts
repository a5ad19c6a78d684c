/** What samples add up to: counts, latencies in a histogram, and the figures a person asks for. Pure, and plain JSON, so that a mark can hold it. */
import type { Json } from '../../core/json.ts'

/** `inconclusive` is neither good nor bad; `undecided` is no evidence. */
export type Outcome = 'ok' | 'failed' | 'inconclusive' | 'undecided' | 'error'

export interface Sample {
  readonly outcome: Outcome
  /** Until the answer was there, in milliseconds. */
  readonly ms: number
  readonly why: string
}

/** `errors` counts those in a row: samples that could not be taken. They are no samples otherwise, nor are those that tell nothing. */
export type Tally = {
  readonly ok: number
  readonly failed: number
  readonly inconclusive: number
  readonly undecided: number
  /** The last one told nothing. */
  readonly dark: boolean
  readonly errors: number
  /** Good ones in a row. */
  readonly streak: number
  /** Milliseconds in which samples were under way. */
  readonly busyMs: number
  /** Good samples by bucket: number n is about 1.01^n milliseconds, within half a per cent. */
  readonly latencies: { readonly [bucket: string]: number }
  /** What was wrong last. */
  readonly why: string
}

export const nothing: Tally = {
  ok: 0,
  failed: 0,
  inconclusive: 0,
  undecided: 0,
  dark: false,
  errors: 0,
  streak: 0,
  busyMs: 0,
  latencies: {},
  why: '',
}

/** Shares from 0 to 1, milliseconds, samples a second; null where no sample tells. */
export type Figures = {
  readonly samples: number
  readonly failed: number
  readonly availability: number | null
  readonly errorRate: number | null
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  readonly throughput: number | null
}

const base = Math.log(1.01)
const leastMs = 0.01

/** Adds samples that were taken at the same time. */
export function add(tally: Tally, samples: readonly Sample[]): Tally {
  const told = samples.filter(({ outcome }) => outcome !== 'undecided')
  const busyMs = tally.busyMs + Math.max(0, ...told.map((each) => each.ms))
  return samples.reduce<Tally>(addOne, { ...tally, busyMs })
}

function addOne(tally: Tally, sample: Sample): Tally {
  const why = sample.why === '' ? tally.why : sample.why
  if (sample.outcome === 'error') return { ...tally, errors: tally.errors + 1, dark: false, streak: 0, why }
  const dark = sample.outcome === 'undecided'
  const counted = { ...tally, errors: 0, dark, why, [sample.outcome]: tally[sample.outcome] + 1 }
  if (sample.outcome !== 'ok') return { ...counted, streak: 0 }
  const bucket = String(Math.round(Math.log(Math.max(leastMs, sample.ms)) / base))
  return {
    ...counted,
    streak: tally.streak + 1,
    latencies: { ...tally.latencies, [bucket]: (tally.latencies[bucket] ?? 0) + 1 },
  }
}

/** Samples that tell: those that could not be taken, or rest on no evidence, are none. */
export function taken(tally: Tally): number {
  return tally.ok + tally.failed + tally.inconclusive
}

export function figuresOf(tally: Tally): Figures {
  const samples = tally.ok + tally.failed
  const share = (part: number) => (samples === 0 ? null : part / samples)
  return {
    samples,
    failed: tally.failed,
    availability: share(tally.ok),
    errorRate: share(tally.failed),
    p50Ms: percentile(tally, 0.5),
    p95Ms: percentile(tally, 0.95),
    p99Ms: percentile(tally, 0.99),
    throughput: samples === 0 || tally.busyMs === 0 ? null : round((samples / tally.busyMs) * 1000),
  }
}

/** Nearest rank, of the good samples. */
function percentile(tally: Tally, share: number): number | null {
  const buckets = Object.entries(tally.latencies)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .toSorted((a, b) => a.bucket - b.bucket)
  const rank = Math.ceil(share * buckets.reduce((sum, each) => sum + each.count, 0))
  let seen = 0
  for (const { bucket, count } of buckets) {
    seen += count
    if (seen >= rank) return round(Math.exp(bucket * base))
  }
  return null
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** The tally in a mark, or nothing yet. */
export function tallyIn(at: Json | undefined): Tally {
  return (at as { readonly tally?: Tally } | null | undefined)?.tally ?? nothing
}

/** The figures that a step left in its last mark: a baseline's. */
export function figuresIn(at: Json | undefined): Figures | undefined {
  return (at as { readonly figures?: Figures } | null | undefined)?.figures
}

/** A figure for people, to four decimals. */
export function shownFigure(value: number): string {
  return String(Math.round(value * 10_000) / 10_000)
}
