/** The rules of one metric: the fields of an Argo metric by their names, times in milliseconds, and the limits we add. Data only. */
import { z } from 'zod'
import { readCondition } from './condition/index.ts'
import { countingFields } from './fields.ts'

const condition = z
  .string()
  .min(1)
  .max(1000)
  .superRefine((text, at) => {
    const read = readCondition(text)
    const why =
      typeof read === 'string'
        ? `the condition cannot be read: ${read}`
        : read.constant === undefined
          ? undefined
          : `it is ${read.constant} whatever is measured: a condition must depend on the answer`
    if (why !== undefined) at.addIssue({ code: 'custom', message: why })
  })

export const metricFields = {
  ...countingFields,
  successCondition: condition.optional().describe('What is good, such as `result[0] < 0.05`.'),
  failureCondition: condition
    .optional()
    .describe('What is bad; it wins. With both, a measurement of which neither is true is inconclusive.'),
  answers: z
    .enum(['number', 'list'])
    .optional()
    .describe('What the query answers, where it is known: `result > 1` is for a number, `result[0] > 1` for a list.'),
  errorRetryMs: z
    .int()
    .min(1)
    .default(10_000)
    .describe('After a measurement that could not be taken, instead of the interval.'),
  max: z.number().optional().describe('The figure is at most this.'),
  min: z.number().optional().describe('The figure is at least this.'),
  maxIncreasePercent: z.number().min(0).optional().describe('The figure is at most so much above the baseline.'),
  tolerate: z
    .number()
    .min(0)
    .default(0)
    .describe('On top of `maxIncreasePercent`, in the unit of the figure: what it varies by anyway.'),
  minRatioOfBaseline: z.number().min(0).optional().describe('The figure is at least this share of the baseline: 0.8.'),
  maxPerMinute: z.number().min(0).optional().describe('The figure is a total that grows: at most so much a minute.'),
  windowMs: z.int().min(1000).default(60_000).describe('The time that `maxPerMinute` looks back over.'),
  minSamples: z.int().min(1).optional().describe('Where `samples` answers less than this, the figure tells nothing.'),
  maxStalenessMs: z.int().min(1).optional().describe('An older figure, or one of unknown age, tells nothing.'),
  advisory: z.boolean().default(false).describe('Dry run: judged and shown, and never decides.'),
} as const

const fields = z.strictObject(metricFields)

/** Checked and with its defaults; plain data. */
export type MetricRules = z.output<typeof fields>

/** From plain data that was checked when it was planned. */
export function readRules(rules: unknown): MetricRules {
  return fields.parse(rules)
}

export function hasLimit(rules: Partial<MetricRules>): boolean {
  const { max, min, maxIncreasePercent, minRatioOfBaseline, maxPerMinute } = rules
  return [max, min, maxIncreasePercent, minRatioOfBaseline, maxPerMinute].some((each) => each !== undefined)
}

export function comparesWithBaseline(rules: Partial<MetricRules>): boolean {
  return rules.maxIncreasePercent !== undefined || rules.minRatioOfBaseline !== undefined
}

/** What is wrong with rules that each are well formed, and the field to change. */
export interface Complaint {
  readonly field: keyof MetricRules
  readonly why: string
}

/** The first two are Argo's own checks. The others are not: Argo takes such a metric, which then passes whatever is measured, or never. */
export function complaint(rules: MetricRules): Complaint | undefined {
  const { failureLimit, consecutiveSuccessLimit: inARow, intervalMs, advisory } = rules
  const count = effectiveCount(rules)
  if (failureLimit < 0 && inARow === 0)
    return { field: 'failureLimit', why: 'with failureLimit -1 it can never fail: give consecutiveSuccessLimit' }
  if ((rules.count ?? 0) > 1 && intervalMs === undefined)
    return { field: 'intervalMs', why: 'a count above 1 needs intervalMs' }
  if (count !== undefined && inARow === 0 && failureLimit >= count && !advisory)
    return { field: 'failureLimit', why: cannotFail(failureLimit, count) }
  if (count !== undefined && inARow > count)
    return {
      field: 'consecutiveSuccessLimit',
      why: `${inARow} successes in a row never come in a count of ${count}: raise count, or leave it out`,
    }
  return misshapen(rules)
}

/** Limits are passed when there are *more*. */
export function cannotFail(failureLimit: number, count: number): string {
  return `of ${count} at most ${count} can fail, and ${failureLimit} may: it can never fail; give at most ${count - 1}`
}

function misshapen(rules: MetricRules): Complaint | undefined {
  for (const field of ['successCondition', 'failureCondition'] as const) {
    const text = rules[field]
    // What cannot be read at all was said where it stands.
    if (text === undefined || typeof readCondition(text) === 'string') continue
    const read = readCondition(text, rules.answers)
    if (typeof read === 'string') return { field, why: `the condition does not fit answers: ${rules.answers}: ${read}` }
  }
  return undefined
}

/** Measurements until the metric is judged; undefined: without end. */
export function effectiveCount(rules: Pick<MetricRules, 'count' | 'intervalMs'>): number | undefined {
  if (rules.count === undefined) return rules.intervalMs === undefined ? 1 : undefined
  return rules.count === 0 ? undefined : rules.count
}
