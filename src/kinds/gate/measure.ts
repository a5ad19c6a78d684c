/** One measurement of a metric: its queries asked, its evidence put together, and judged. Keeps what the next one needs in a memory of plain JSON. */
import type { Json } from '../../core/json.ts'
import type { Measured, MetricsReader } from '../../core/ports/index.ts'
import {
  addBatch,
  addToBaseline,
  addTotal,
  chance,
  type Count,
  figureIn,
  grownIn,
  type Growth,
  isWorse,
  judge,
  nothingSeen,
  type Sequential,
  shown,
} from '../../metrics/index.ts'
import { type MetricSpec, rulesOf } from './metric-spec.ts'
import type { Taken } from './watch-state.ts'

/** What a baseline holds of a metric: a figure, or counts. */
export interface Known {
  readonly figure?: number | undefined
  readonly counts?: Count | undefined
}

export async function measure(
  reader: MetricsReader,
  of: MetricSpec,
  known: Known,
  memory: Json,
  now: () => number,
): Promise<Taken> {
  if (of.test) return testOnce(reader, of.test, known.counts, memory)
  const seen = await reader.measure(of.query ?? '')
  const samples = of.samples === undefined ? undefined : await reader.measure(of.samples)
  const at = now()
  const growth = of.maxPerMinute === undefined ? null : grow(of, seen, memory, at)
  const grown = growth && grownIn(growth, of.windowMs)
  const judged = judge(rulesOf(of), {
    value: seen.value,
    at: seen.at,
    now: at,
    ...(samples === undefined ? {} : { samples: samples.value }),
    ...(known.figure === undefined ? {} : { baseline: known.figure }),
    ...(grown ? { growth: grown } : {}),
  })
  const unit = of.unit === undefined ? '' : ` ${of.unit}`
  return { judged, shown: `${shown(seen.value)}${unit}`, memory: growth as unknown as Json }
}

function grow(of: MetricSpec, seen: Measured, memory: Json, at: number): Growth | null {
  const before = memory as Growth | null
  const figure = figureIn(seen.value)
  return figure === undefined ? before : addTotal(before, figure, at, of.windowMs)
}

type TestMemory = { readonly raw: readonly (number | null)[]; readonly seen: Sequential }

/** Totals asked for again: what came since the last time is a batch. The first look only finds out where they begin. */
async function testOnce(
  reader: MetricsReader,
  test: NonNullable<MetricSpec['test']>,
  baseline: Count | undefined,
  memory: Json,
): Promise<Taken> {
  // Failures first: one that comes in between must not be without its request.
  const queries = [test.failed, test.total, ...(test.against ? [test.against.failed, test.against.total] : [])]
  const raw: (number | null)[] = []
  for (const query of queries) raw.push(finite(figureIn((await reader.measure(query)).value)))
  const before = memory as TestMemory | null
  const missing = queries.find((_, index) => raw[index] === null)
  if (missing !== undefined)
    return { judged: { outcome: 'undecided', why: `"${missing}" answers no single figure` }, shown: '?', memory }
  if (!before) {
    const first: TestMemory = { raw, seen: nothingSeen }
    return {
      judged: { outcome: 'undecided', why: 'the totals were seen once' },
      shown: '0 requests',
      memory: first as unknown as Json,
    }
  }
  const since = raw.map((each, index) => increase(before.raw[index] ?? 0, each ?? 0))
  const fresh = countOf(since[0], since[1])
  const none: Count = { total: 0, failed: 0 }
  const seen = test.against
    ? addBatch(before.seen, countOf(since[2], since[3]), fresh)
    : addToBaseline(before.seen, baseline ?? none, fresh, test.alpha)
  return { ...verdict(test, seen), memory: { raw, seen } as unknown as Json }
}

/** Half of alpha went into the bound on the baseline, where there is one. */
function verdict(test: NonNullable<MetricSpec['test']>, seen: Sequential): Omit<Taken, 'memory'> {
  const { old, fresh } = seen
  const percent = (of: Count) => (of.total === 0 ? '?' : `${shown((100 * of.failed) / of.total)} %`)
  const told = `${percent(fresh)} of ${fresh.total} against ${percent(old)} of ${old.total}`
  if (isWorse(seen, test.against ? test.alpha : test.alpha / 2)) {
    const why = `${told} failed: equal sides would look like this with a chance of ${shown(chance(seen))}, over all looks`
    return { judged: { outcome: 'failed', why }, shown: told }
  }
  if (fresh.total >= test.enough && old.total > 0) return { judged: { outcome: 'successful', why: '' }, shown: told }
  const why =
    old.total === 0
      ? 'the old side has no request to compare with'
      : `${fresh.total} requests, ${test.enough} are enough`
  return { judged: { outcome: 'undecided', why }, shown: told }
}

/** A total that falls was begun anew. */
function increase(before: number, now: number): number {
  return now >= before ? now - before : now
}

function countOf(failed = 0, total = 0): Count {
  return { total, failed: Math.min(failed, total) }
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
