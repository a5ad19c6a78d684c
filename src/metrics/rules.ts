/** The rules of one metric: the fields of an Argo metric by their names, times in milliseconds, and the limits we add. Data only. */
import { z } from 'zod'
import { readCondition } from './condition.ts'

const condition = z
  .string()
  .min(1)
  .max(1000)
  .superRefine((text, at) => {
    const read = readCondition(text)
    if (typeof read === 'string') at.addIssue({ code: 'custom', message: `the condition cannot be read: ${read}` })
  })

/** A limit of -1 is off. Limits are passed when there are *more*: `failureLimit: 3` fails on the fourth failure. */
const limit = z.int().min(-1)

export const metricFields = {
  intervalMs: z.int().min(1).optional().describe('Between two measurements.'),
  count: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Measurements until it is judged. Without it and without an interval one; with an interval alone, or 0, there is no end.',
    ),
  initialDelayMs: z.int().min(0).default(0).describe('Before the first measurement.'),
  successCondition: condition.optional().describe('What is good, such as `result[0] < 0.05`.'),
  failureCondition: condition
    .optional()
    .describe('What is bad; it wins. With both, a measurement of which neither is true is inconclusive.'),
  failureLimit: limit.default(0).describe('More failures in all than this fail the metric. -1: off.'),
  inconclusiveLimit: limit
    .default(0)
    .describe('More inconclusive measurements in all than this, and it is held and measured anew. -1: off.'),
  consecutiveErrorLimit: limit
    .default(4)
    .describe(
      'More measurements in a row that could not be taken than this fail the metric. -1: it is held until they can.',
    ),
  consecutiveSuccessLimit: z
    .int()
    .min(0)
    .default(0)
    .describe('So many successes in a row end the metric well. 0: not asked.'),
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

/** What is wrong with rules that each are well formed, or nothing. The first two are Argo's own checks, the third is not: Argo passes such a metric. */
export function complaint(rules: MetricRules): string | undefined {
  if (rules.failureLimit < 0 && rules.consecutiveSuccessLimit === 0)
    return 'with failureLimit -1 it can never fail: give consecutiveSuccessLimit'
  if ((rules.count ?? 0) > 1 && rules.intervalMs === undefined) return 'a count above 1 needs intervalMs'
  return undefined
}

/** Measurements until the metric is judged; undefined: without end. */
export function effectiveCount(rules: Pick<MetricRules, 'count' | 'intervalMs'>): number | undefined {
  if (rules.count === undefined) return rules.intervalMs === undefined ? 1 : undefined
  return rules.count === 0 ? undefined : rules.count
}
