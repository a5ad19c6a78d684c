/** `gate.metrics-baseline`: measures named metrics as they are, so that later gates can compare. What it captured is in its last mark. */
import { z } from 'zod'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { note } from '../../core/finding.ts'
import { type Json, own } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'
import type { MetricsReader } from '../../core/ports/index.ts'
import { lookOnce } from './first-look.ts'
import { type Count, countingFields, figureIn, shown } from '../../metrics/index.ts'

const spec = z
  .strictObject({
    queries: z
      .record(z.string().min(1).max(80), z.string())
      .default({})
      .describe('Figures by name: latency, throughput, memory, peers.'),
    counts: z
      .record(z.string().min(1).max(80), z.strictObject({ failed: z.string(), total: z.string() }))
      .default({})
      .describe('Totals by name, for a sequential test: how much they grow while it captures.'),
    count: z.int().min(1).default(10).describe('Measurements; the figure is their median.'),
    intervalMs: z.int().min(0).default(1000).describe('Between two measurements, in milliseconds.'),
    initialDelayMs: countingFields.initialDelayMs,
    consecutiveErrorLimit: countingFields.consecutiveErrorLimit.describe(
      'More measurements in a row without an answer than this fail the step. -1: it waits until there is one.',
    ),
  })
  .refine((given) => Object.keys({ ...given.queries, ...given.counts }).length > 0, 'name at least one metric')
  .refine((given) => Object.keys(given.counts).length === 0 || given.count > 1, {
    path: ['count'],
    message: 'counts are the growth between measurements: two are needed',
  })

type Work = {
  readonly source: string
  readonly queries: { readonly [name: string]: string }
  readonly counts: { readonly [name: string]: { readonly failed: string; readonly total: string } }
  readonly count: number
  readonly intervalMs: number
  readonly initialDelayMs: number
  readonly consecutiveErrorLimit: number
}

/** `rounds`: whole measurements; `failures` in a row since. */
type State = {
  readonly rounds: number
  readonly failures: number
  readonly figures: { readonly [name: string]: readonly number[] }
  readonly totals: { readonly [name: string]: { readonly raw: Count; readonly grown: Count } }
}

export const gateMetricsBaseline = defineKind({
  name: 'gate.metrics-baseline',
  summary:
    'Captures named metrics before a change: medians of figures, growth of totals, for later gates to compare with.',
  roles: { metrics: 'metrics' },
  spec,
  example: {
    queries: { latency: 'histogram_quantile(0.95, sum by (le) (rate(http_duration_seconds_bucket[1m])))' },
    count: 30,
  },

  plan(given, site) {
    const { queries, counts, count, intervalMs, initialDelayMs, consecutiveErrorLimit } = given
    const pace = { count, intervalMs, initialDelayMs, consecutiveErrorLimit }
    const work: Work = { source: site.targets.metrics, queries, counts, ...pace }
    const lines = Object.entries(queries).map(([name, query]) => `"${name}": ${query}`)
    const totals = Object.entries(counts).map(([name, each]) => `"${name}": ${each.failed} of ${each.total}`)
    return {
      work,
      predicted: {},
      preview: [`capture from "${work.source}" ${count} times, every ${intervalMs} ms:`, ...lines, ...totals],
      undo: 'exact',
    }
  },

  async check(work, at) {
    const counts = Object.entries(work.counts).map(([name, test]) => [name, { test }] as const)
    const figures = Object.entries(work.queries).map(([name, query]) => [name, { query }] as const)
    return lookOnce(at.on.metrics, Object.fromEntries([...figures, ...counts]), work.source)
  },

  async *apply(work, at, from) {
    if ((from?.at as { readonly captured?: Json } | null | undefined)?.captured !== undefined) return
    const before = (from?.at as { readonly state?: State } | null | undefined)?.state
    // Whoever goes on is as patient as the first was: what they ask may have to look back before it answers.
    let state: State = before ? { ...before, failures: 0 } : { rounds: 0, failures: 0, figures: {}, totals: {} }
    while (state.rounds < work.count) {
      const isFirst = state.rounds === 0 && state.failures === 0
      await at.clock.sleep(isFirst ? work.initialDelayMs : work.intervalMs, at.signal)
      const { next, why } = await round(work, at.on.metrics, state)
      if (work.consecutiveErrorLimit >= 0 && next.failures > work.consecutiveErrorLimit) throw nothing(work, why)
      state = next
      const last = state.rounds === work.count ? { captured: captured(state) } : {}
      yield {
        at: { state, ...last },
        done: state.rounds,
        of: work.count,
        unit: 'measurements',
        ...(why === '' ? {} : { note: why }),
      }
    }
  },

  async verify(work, at) {
    const captured = (at.applied?.at as { readonly captured?: { readonly [name: string]: Captured } } | undefined)
      ?.captured
    if (!captured) return []
    const told = Object.entries(captured).map(([name, each]) => `${name} ${toldOf(each)}`)
    return [note('gate.measured', `baseline of "${work.source}": ${told.join('; ')}`, 'nothing to do', { captured })]
  },

  metrics(work) {
    const totals = Object.entries(work.counts).flatMap(([name, { failed, total }]) => [
      [`${name}: failed`, failed] as const,
      [`${name}: total`, total] as const,
    ])
    return [...Object.entries(work.queries), ...totals].map(([name, query]) => ({
      name,
      role: 'metrics',
      query,
      wanted: '',
      rules: {},
    }))
  },

  async *rollback() {},
})

/** All queries once. A round in which one does not answer counts for none: figures of one moment belong together. */
async function round(
  work: Work,
  reader: MetricsReader,
  state: State,
): Promise<{ readonly next: State; readonly why: string }> {
  try {
    const figures: { [name: string]: readonly number[] } = { ...state.figures }
    const totals: { [name: string]: State['totals'][string] } = { ...state.totals }
    const figureOf = await askAll(work, reader)
    for (const [name, query] of Object.entries(work.queries))
      figures[name] = [...(own(figures, name) ?? []), figureOf(query)]
    for (const [name, { failed, total }] of Object.entries(work.counts))
      totals[name] = grow(own(totals, name), { failed: figureOf(failed), total: figureOf(total) })
    return { next: { rounds: state.rounds + 1, failures: 0, figures, totals }, why: '' }
  } catch (error) {
    if (!isChangeoverError(error) || error.code === 'target.fenced') throw error
    return { next: { ...state, failures: state.failures + 1 }, why: error.message }
  }
}

/** All are asked, whatever the first of them answers: a source begins to keep the past of a rate when it is first asked for it. */
async function askAll(work: Work, reader: MetricsReader): Promise<(query: string) => number> {
  const counts = Object.values(work.counts).flatMap(({ failed, total }) => [failed, total])
  const queries = [...new Set([...Object.values(work.queries), ...counts])]
  const answers = await Promise.allSettled(queries.map((query) => figure(reader, query)))
  return (query) => {
    const answer = answers[queries.indexOf(query)]!
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  }
}

async function figure(reader: MetricsReader, query: string): Promise<number> {
  const { value } = await reader.measure(query)
  const read = figureIn(value)
  if (read !== undefined && Number.isFinite(read)) return read
  const what = Array.isArray(value) && value.length !== 1 ? `${value.length} figures` : shown(value)
  throw new ChangeoverError(
    'target.failed',
    `"${query}" answers ${what}, one number is needed`,
    'ask for one: sum(…), max(…)',
  )
}

function grow(before: State['totals'][string] | undefined, raw: Count): State['totals'][string] {
  if (!before) return { raw, grown: { total: 0, failed: 0 } }
  const by = (now: number, then: number) => (now >= then ? now - then : now)
  const { grown } = before
  return {
    raw,
    grown: {
      total: grown.total + by(raw.total, before.raw.total),
      failed: grown.failed + by(raw.failed, before.raw.failed),
    },
  }
}

type Captured = { readonly figure?: number; readonly least?: number; readonly most?: number; readonly counts?: Count }

function captured(state: State): { readonly [name: string]: Captured } {
  const names = [...new Set([...Object.keys(state.figures), ...Object.keys(state.totals)])]
  return Object.fromEntries(
    names.map((name) => {
      const values = (own(state.figures, name) ?? []).toSorted((a, b) => a - b)
      const counts = own(state.totals, name)?.grown
      const middle = (values[Math.floor((values.length - 1) / 2)]! + values[Math.ceil((values.length - 1) / 2)]!) / 2
      return [
        name,
        {
          ...(values.length === 0 ? {} : { figure: middle, least: values[0]!, most: values.at(-1)! }),
          ...(counts ? { counts: { total: counts.total, failed: Math.min(counts.failed, counts.total) } } : {}),
        },
      ]
    }),
  )
}

function toldOf({ figure: middle, least, most, counts }: Captured): string {
  const range = middle === undefined ? [] : [`${shown(middle)} (${shown(least ?? middle)} to ${shown(most ?? middle)})`]
  return [...range, ...(counts ? [`${counts.failed} of ${counts.total} failed`] : [])].join(', ')
}

function nothing(work: Work, why: string): ChangeoverError {
  return new ChangeoverError(
    'gate.failed',
    `no baseline could be captured from "${work.source}": ${why}`,
    'see that the source runs and the query answers one number',
  )
}
