/** What a plan says about one metric: a query, or the counts of a sequential test; and what is wrong with what it says. Pure. */
import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import type { AskedMetric } from '../../core/kind.ts'
import {
  comparesWithBaseline,
  complaint,
  hasLimit,
  metricFields,
  type MetricRules,
  undecidedMs,
} from '../../metrics/index.ts'

const counts = z.strictObject({
  failed: z.string().describe('Query of the total of failures.'),
  total: z.string().describe('Query of the total of requests.'),
})

const sequential = z.strictObject({
  ...counts.shape,
  against: counts.optional().describe('The same of the old side, live. Without it: what the baseline counted.'),
  alpha: z.number().min(1e-9).max(0.2).default(0.01).describe('The chance of a false alarm, over all looks together.'),
  enough: z.int().min(1).describe('Requests of the new side after which it is good not to have been found worse.'),
})

const metric = z.strictObject({
  query: z.string().optional().describe('In the language of the target: PromQL, a selector, SQL.'),
  samples: z.string().optional().describe('Query of how many events the figure rests on, for `minSamples`.'),
  test: sequential
    .optional()
    .describe('Instead of a query: fails when the new side fails more often than the old one.'),
  unit: z.string().max(20).optional().describe('Shown after the figure.'),
  ...metricFields,
})

export type MetricSpec = z.output<typeof metric>

export const metricsSpec = z
  .strictObject({
    metrics: z
      .record(z.string().min(1).max(80), metric)
      .refine((given) => Object.keys(given).length > 0, 'name at least one metric'),
    baseline: z.string().optional().describe('The step of kind gate.metrics-baseline that figures are compared with.'),
    undecidedMs,
  })
  .superRefine((given, at) => {
    for (const [name, each] of Object.entries(given.metrics)) {
      const wrong = wrongWith(each, given.baseline)
      if (!wrong) continue
      const field = wrong.field === undefined ? [] : [wrong.field]
      at.addIssue({ code: 'custom', path: ['metrics', name, ...field], message: wrong.why })
    }
  })

export type MetricsSpec = z.output<typeof metricsSpec>

interface Wrong {
  /** The field to change, where it is one. */
  readonly field?: keyof MetricSpec
  readonly why: string
}

function wrongWith(of: MetricSpec, baseline: string | undefined): Wrong | undefined {
  if ((of.query === undefined) === (of.test === undefined)) return { why: 'give either query or test' }
  const judged = of.successCondition ?? of.failureCondition
  if (of.test) {
    if (judged !== undefined || hasLimit(of))
      return { field: 'test', why: 'a test judges by itself: conditions and limits need a query' }
    if (of.intervalMs === undefined)
      return { field: 'intervalMs', why: 'a test looks again and again: give intervalMs' }
    if (!of.test.against && baseline === undefined)
      return { field: 'test', why: 'give test.against, or the step of the baseline' }
    return complaint(rulesOf(of))
  }
  if (judged === undefined && !hasLimit(of))
    return { why: 'a gate without a condition can never fail: give successCondition, failureCondition or a limit' }
  if (comparesWithBaseline(of) && baseline === undefined)
    return { why: 'maxIncreasePercent and minRatioOfBaseline need the step of the baseline' }
  if ((of.minSamples === undefined) !== (of.samples === undefined)) {
    const field = of.samples === undefined ? 'samples' : 'minSamples'
    return { field, why: 'minSamples and samples are given together' }
  }
  return complaint(rulesOf(of))
}

/** The rules of a metric as they are counted: a test ends with the first time that enough is known, unless a count is named. */
export function rulesOf(of: MetricSpec): MetricRules {
  const rules = Object.fromEntries(
    Object.entries(of).filter(([name]) => Object.hasOwn(metricFields, name)),
  ) as MetricRules
  return of.test && rules.count === undefined ? { ...rules, count: 1 } : rules
}

/** What is asked of a metric, in words. */
export function wantedOf(of: MetricSpec): string {
  const unit = of.unit === undefined ? '' : ` ${of.unit}`
  const parts = [
    of.successCondition,
    of.failureCondition === undefined ? undefined : `not ${of.failureCondition}`,
    of.max === undefined ? undefined : `at most ${of.max}${unit}`,
    of.min === undefined ? undefined : `at least ${of.min}${unit}`,
    of.maxIncreasePercent === undefined ? undefined : `at most ${of.maxIncreasePercent} % above the baseline`,
    of.minRatioOfBaseline === undefined ? undefined : `at least ${of.minRatioOfBaseline} of the baseline`,
    of.maxPerMinute === undefined ? undefined : `at most ${of.maxPerMinute}${unit} a minute`,
    of.test && `no more failures than ${of.test.against ? 'the old side' : 'the baseline'}, alpha ${of.test.alpha}`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

/** What it asks the target, for others who look: one figure, or the totals of a test. */
export function askedOf(name: string, of: MetricSpec): readonly Omit<AskedMetric, 'role'>[] {
  const unit = of.unit === undefined ? {} : { unit: of.unit }
  if (!of.test)
    return [{ name, query: of.query ?? '', ...unit, wanted: wantedOf(of), rules: rulesOf(of) as unknown as JsonObject }]
  const { failed, total, against } = of.test
  const totals = [
    [`${name}: failed`, failed],
    [`${name}: total`, total],
    ...(against
      ? [
          [`${name}: failed on the old side`, against.failed],
          [`${name}: total of the old side`, against.total],
        ]
      : []),
  ] as const
  return totals.map(([each, query]) => ({ name: each!, query: query!, wanted: wantedOf(of), rules: {} }))
}

/** When a metric is measured, and how many times, in words. */
export function paceOf(rules: MetricRules): string {
  const every = rules.intervalMs === undefined ? '' : ` every ${rules.intervalMs} ms`
  const count = rules.count ?? (rules.intervalMs === undefined ? 1 : 0)
  const times = count === 0 ? 'without end' : count === 1 ? 'once' : `${count} times`
  return `${times}${every}${rules.initialDelayMs > 0 ? ` after ${rules.initialDelayMs} ms` : ''}`
}
