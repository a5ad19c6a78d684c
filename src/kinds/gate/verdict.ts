/** When a gate passes, fails, or cannot tell yet. The counting is that of an Argo AnalysisRun, but no evidence is never a pass. Pure. */
import type { Overall, Rules } from './rules.ts'
import { type Figures, figuresOf, shownFigure, type Tally, taken } from './tally.ts'

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

/** What the samples so far come to. */
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
  if (!inARow && wanted > 0) {
    const why = `${tally.streak} good samples in a row, ${wanted} are needed`
    return rules.failureLimit < 0 ? { type: 'fail', why, judged: [] } : { type: 'inconclusive', why }
  }
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
      why: `${name} is ${shownFigure(seen)}, ${words} ${shownFigure(limit)} is asked`,
      ...shown,
    },
  ]
}

/** Shares in per cent to a thousandth, latencies to a hundredth of a millisecond, throughput to a tenth. */
function withUnit(name: string, value: number): string {
  const to = (digits: number, of = value) => String(Number(of.toFixed(digits)))
  if (/^p\d+Ms/.test(name)) return `${to(2)} ms`
  return name.startsWith('throughput') ? `${to(1)} a second` : `${to(3, value * 100)} %`
}
