/** When a gate passes, fails, or cannot tell yet. The counting is that of an Argo AnalysisRun, but no evidence is never a pass. Pure. */
import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { cannotFail, countingFields, undecidedMs } from '../../metrics/index.ts'
import { type Figures, figuresOf, type Tally, taken } from './tally.ts'

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

/** One measure against its limit, as a report shows it. */
export type Judged = {
  readonly name: string
  readonly met: 'yes' | 'no' | 'unknown'
  readonly why: string
  /** The limit and the measure with their units; absent where there is none. */
  readonly wanted?: string
  readonly measured?: string
}

export type Verdict =
  | { readonly type: 'pass'; readonly judged: readonly Judged[] }
  | { readonly type: 'fail'; readonly why: string; readonly judged: readonly Judged[] }
  /** Neither good nor bad: a person decides. */
  | { readonly type: 'inconclusive'; readonly why: string }
  /** No evidence: it holds. */
  | { readonly type: 'undecided'; readonly why: string }
  | { readonly type: 'more' }

/** Failed samples that `overall` allows of so many, where no limit is named. */
function failureLimitOf(given: number | undefined, count: number, of: Overall): number {
  if (given !== undefined) return given
  const shares = [of.availability && 1 - of.availability.min, of.errorRate?.max].filter((each) => each !== undefined)
  // A little more than the share: 1 - 0.999 is 0.00100000000000000089.
  return shares.length === 0 ? 0 : Math.floor(count * Math.min(...shares) + 1e-9)
}

export function judge(tally: Tally, rules: Rules, baseline: Figures | undefined): Verdict {
  const passed = (seen: number, limit: number) => limit >= 0 && seen > limit
  if (passed(tally.failed, rules.failureLimit)) {
    return {
      type: 'fail',
      why: `${tally.failed} of ${taken(tally)} samples failed, at most ${rules.failureLimit} may: ${tally.why}`,
      judged: [],
    }
  }
  if (passed(tally.errors, rules.consecutiveErrorLimit)) {
    return { type: 'fail', why: `${tally.errors} samples in a row could not be taken: ${tally.why}`, judged: [] }
  }
  if (passed(tally.inconclusive, rules.inconclusiveLimit)) {
    const why = `${tally.inconclusive} of ${taken(tally)} samples are inconclusive, at most ${rules.inconclusiveLimit} may: ${tally.why}`
    return { type: 'inconclusive', why }
  }
  if (tally.dark) return { type: 'undecided', why: tally.why }
  const wanted = rules.consecutiveSuccessLimit
  const inARow = wanted > 0 && tally.streak >= wanted
  if (!inARow && taken(tally) < rules.count) return { type: 'more' }
  if (!inARow && wanted > 0)
    return { type: 'inconclusive', why: `${tally.streak} good samples in a row, ${wanted} are needed` }
  return verdictOf(judgeOverall(rules, figuresOf(tally), baseline))
}

/** Every limit of `overall` against the figures. */
export function judgeOverall(rules: Rules, seen: Figures, baseline: Figures | undefined): readonly Judged[] {
  const of = rules.overall as Overall
  return [
    ...atLeast('availability', seen.availability, of.availability?.min),
    ...atMost('errorRate', seen.errorRate, of.errorRate?.max),
    ...(['p50Ms', 'p95Ms', 'p99Ms'] as const).flatMap((name) => [
      ...atMost(name, seen[name], of[name]?.max),
      ...atMost(
        `${name} against the baseline`,
        seen[name],
        scaled(
          baseline?.[name],
          of[name]?.maxIncrease,
          (base, share) => base * (1 + share) + (of[name]?.tolerateMs ?? 0),
        ),
      ),
    ]),
    ...atLeast('throughput', seen.throughput, of.throughput?.min),
    ...atLeast(
      'throughput against the baseline',
      seen.throughput,
      scaled(baseline?.throughput, of.throughput?.minOfBaseline, (base, share) => base * share),
    ),
  ]
}

function verdictOf(judged: readonly Judged[]): Verdict {
  const bad = judged.filter((each) => each.met === 'no')
  const dark = judged.find((each) => each.met === 'unknown')
  if (bad.length > 0) return { type: 'fail', why: bad.map((each) => each.why).join('; '), judged }
  return dark ? { type: 'undecided', why: dark.why } : { type: 'pass', judged }
}

/** Null: asked for, but the baseline does not tell. */
function scaled(
  of: number | null | undefined,
  share: number | undefined,
  by: (base: number, share: number) => number,
): number | null | undefined {
  if (share === undefined) return undefined
  return of === undefined || of === null ? null : by(of, share)
}

function atMost(name: string, seen: number | null, limit: number | null | undefined): readonly Judged[] {
  return compare(name, seen, limit, 'at most', (a, b) => a <= b)
}

function atLeast(name: string, seen: number | null, limit: number | null | undefined): readonly Judged[] {
  return compare(name, seen, limit, 'at least', (a, b) => a >= b)
}

function compare(
  name: string,
  seen: number | null,
  limit: number | null | undefined,
  words: string,
  good: (seen: number, limit: number) => boolean,
): readonly Judged[] {
  if (limit === undefined) return []
  const shown = {
    ...(limit === null ? {} : { wanted: `${words} ${withUnit(name, limit)}` }),
    ...(seen === null ? {} : { measured: withUnit(name, seen) }),
  }
  if (seen === null || limit === null)
    return [
      {
        name,
        met: 'unknown',
        why: `${name}: ${seen === null ? 'no sample tells' : 'the baseline does not tell'}`,
        ...shown,
      },
    ]
  return [
    {
      name,
      met: good(seen, limit) ? 'yes' : 'no',
      why: `${name} is ${figure(seen)}, ${words} ${figure(limit)} is asked`,
      ...shown,
    },
  ]
}

function figure(value: number): string {
  return String(Math.round(value * 10_000) / 10_000)
}

/** Shares in per cent to a thousandth, latencies to a hundredth of a millisecond, throughput to a tenth. */
function withUnit(name: string, value: number): string {
  const to = (digits: number, of = value) => String(Number(of.toFixed(digits)))
  if (/^p\d+Ms/.test(name)) return `${to(2)} ms`
  return name.startsWith('throughput') ? `${to(1)} a second` : `${to(3, value * 100)} %`
}

/** So few samples that one more failure would decide nothing: what the plan should say beforehand. */
export function tooFew(count: number, of: Overall): string | undefined {
  const share = Math.min(of.availability ? 1 - of.availability.min : 1, of.errorRate?.max ?? 1)
  if (share <= 0 || share >= 1 || count * share >= 1 - 1e-9) return undefined
  return `${count} samples cannot tell a share of ${figure(share)} failures from none; ${Math.ceil(1 / share - 1e-6)} can`
}
