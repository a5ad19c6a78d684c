/** What a gate of samples may ask: how many it takes, how fast, how many may fail, and what all of them together must hold. Pure. */
import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { cannotFail, countingFields, undecidedMs } from '../../metrics/index.ts'
import { shownFigure } from './tally.ts'

export const sampling = {
  count: countingFields.count.unwrap().min(1).default(10).describe('Samples until it is judged.'),
  intervalMs: z.int().min(0).default(1000).describe('Between two samples, in milliseconds.'),
  initialDelayMs: countingFields.initialDelayMs.describe('Before the first sample, in milliseconds.'),
  concurrency: z.int().min(1).max(64).default(1).describe('Samples at the same time.'),
  failureLimit: countingFields.failureLimit
    .unwrap()
    .optional()
    .describe('More failed samples than this fail the gate; by default 0, or what `overall` allows. -1: off.'),
  inconclusiveLimit: countingFields.inconclusiveLimit,
  consecutiveErrorLimit: countingFields.consecutiveErrorLimit,
  consecutiveSuccessLimit: countingFields.consecutiveSuccessLimit,
  undecidedMs,
} as const

const most = z.strictObject({
  max: z.number().positive().optional().describe('In milliseconds.'),
  maxIncrease: z.number().min(0).optional().describe('Share above the baseline: 0.1 is ten per cent.'),
  tolerateMs: z
    .number()
    .min(0)
    .default(0)
    .describe('Milliseconds on top of `maxIncrease`: what the machine itself varies by.'),
})

export const overall = z.strictObject({
  availability: z
    .strictObject({ min: z.number().min(0).max(1) })
    .optional()
    .describe('Share of good samples.'),
  errorRate: z
    .strictObject({ max: z.number().min(0).max(1) })
    .optional()
    .describe('Share of failed samples.'),
  p50Ms: most.optional(),
  p95Ms: most.optional(),
  p99Ms: most.optional(),
  throughput: z
    .strictObject({
      min: z.number().positive().optional().describe('Samples a second.'),
      minOfBaseline: z.number().positive().optional(),
    })
    .optional(),
})

export type Overall = z.output<typeof overall>

export type Rules = {
  readonly count: number
  readonly failureLimit: number
  readonly inconclusiveLimit: number
  readonly consecutiveErrorLimit: number
  readonly consecutiveSuccessLimit: number
  /** An `Overall`, as plain data. */
  readonly overall: JsonObject
}

type Given = z.output<z.ZodObject<typeof sampling>>

export function rulesOf(given: Given, of: Overall = {}): Rules {
  const { count, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit } = given
  const failureLimit = failureLimitOf(given.failureLimit, count, of)
  const limits = { failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit }
  return { count, ...limits, overall: of as JsonObject }
}

/** What makes limits that are never passed, whatever is sampled, and the field to change: a gate must be able to fail, and to pass. */
export function idle(given: Given, of: Overall = {}): { readonly field: string; readonly why: string } | undefined {
  const { count, consecutiveSuccessLimit: inARow } = given
  if (inARow > count)
    return {
      field: 'consecutiveSuccessLimit',
      why: `${inARow} successes in a row never come in a count of ${count}: raise count`,
    }
  const allowed = failureLimitOf(given.failureLimit, count, of)
  if (inARow > 0 || canBeMissed(of) || (allowed >= 0 && allowed < count)) return undefined
  if (given.failureLimit === undefined)
    return { field: 'overall', why: `it lets all of ${count} samples fail: it can never fail; ask for more` }
  if (allowed < 0)
    return { field: 'failureLimit', why: 'with failureLimit -1 it can never fail: give consecutiveSuccessLimit' }
  return { field: 'failureLimit', why: cannotFail(allowed, count) }
}

/** For a spec: refuses such limits. */
export function mustDecide(given: Given & { readonly overall?: Overall | undefined }, at: z.RefinementCtx): void {
  const wrong = idle(given, given.overall)
  if (wrong) at.addIssue({ code: 'custom', path: [wrong.field], message: wrong.why })
}

function canBeMissed(of: Overall): boolean {
  const { availability, errorRate, throughput } = of
  const latencies = [of.p50Ms, of.p95Ms, of.p99Ms].flatMap((each) => [each?.max, each?.maxIncrease])
  const others = [...latencies, throughput?.min, throughput?.minOfBaseline]
  return (availability?.min ?? 0) > 0 || (errorRate?.max ?? 1) < 1 || others.some((each) => each !== undefined)
}

/** For a preview. */
export function mayFail({ failureLimit, consecutiveSuccessLimit }: Rules): string {
  return failureLimit < 0 ? `until ${consecutiveSuccessLimit} in a row are good` : `at most ${failureLimit} may fail`
}

/** How fast samples are taken. */
export type Pace = {
  readonly intervalMs: number
  readonly initialDelayMs: number
  readonly concurrency: number
  readonly undecidedMs: number | null
}

export function paceOf(given: Given): Pace {
  const { intervalMs, initialDelayMs, concurrency } = given
  return { intervalMs, initialDelayMs, concurrency, undecidedMs: given.undecidedMs ?? null }
}

/** Failed samples that `overall` allows of so many, where no limit is named. */
function failureLimitOf(given: number | undefined, count: number, of: Overall): number {
  if (given !== undefined) return given
  const shares = [of.availability && 1 - of.availability.min, of.errorRate?.max].filter((each) => each !== undefined)
  // A little more than the share: 1 - 0.999 is 0.00100000000000000089.
  return shares.length === 0 ? 0 : Math.floor(count * Math.min(...shares) + 1e-9)
}

/** So few samples that one more failure would decide nothing: what the plan should say beforehand. */
export function tooFew(count: number, of: Overall): string | undefined {
  const share = Math.min(of.availability ? 1 - of.availability.min : 1, of.errorRate?.max ?? 1)
  if (share <= 0 || share >= 1 || count * share >= 1 - 1e-9) return undefined
  return `${count} samples cannot tell a share of ${shownFigure(share)} failures from none; ${Math.ceil(1 / share - 1e-6)} can`
}
