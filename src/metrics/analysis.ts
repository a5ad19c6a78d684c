/**
 * The state of a metric and of several side by side, with the counting of an Argo AnalysisRun (analysis/analysis.go): errors are not counted,
 * limits are passed strictly, and the last of failed, inconclusive and error that applies names the phase. Pure, plain JSON, no clock.
 */
import type { Judgement } from './evidence.ts'
import { isOver, type Outcome, type Phase, worst } from './outcome.ts'
import { effectiveCount, type MetricRules } from './rules.ts'

/** What the measurements of a metric add up to. Times in milliseconds since 1970. */
export type MetricTally = {
  /** Measurements that were judged: neither errors nor those without evidence. */
  readonly count: number
  readonly successful: number
  readonly failed: number
  readonly inconclusive: number
  readonly error: number
  readonly undecided: number
  readonly consecutiveError: number
  readonly consecutiveSuccess: number
  readonly last: LastMeasurement | null
  /** Why it failed, was inconclusive or could not be taken, the last time. */
  readonly why: string
  /** Since when there has been no evidence without a break. */
  readonly undecidedSince: number | null
}

export type LastMeasurement = {
  readonly at: number
  readonly outcome: Outcome
  readonly shown: string
  readonly why: string
}

export const noMeasurement: MetricTally = {
  count: 0,
  successful: 0,
  failed: 0,
  inconclusive: 0,
  error: 0,
  undecided: 0,
  consecutiveError: 0,
  consecutiveSuccess: 0,
  last: null,
  why: '',
  undecidedSince: null,
}

/** One measurement more. `shown` is its value for people. */
export function addMeasurement(tally: MetricTally, judged: Judgement, shown: string, now: number): MetricTally {
  const { outcome, why } = judged
  const evident = outcome !== 'undecided' && outcome !== 'error'
  return {
    ...tally,
    [outcome]: tally[outcome] + 1,
    count: tally.count + (evident ? 1 : 0),
    // Whatever was answered ends a row of errors; whatever is no success ends a row of successes.
    consecutiveError: outcome === 'error' ? tally.consecutiveError + 1 : 0,
    consecutiveSuccess: outcome === 'successful' ? tally.consecutiveSuccess + 1 : 0,
    last: { at: now, outcome, shown, why },
    why: outcome === 'successful' ? tally.why : why,
    undecidedSince: evident ? null : (tally.undecidedSince ?? now),
  }
}

/** Argo's assessMetricStatus. A metric whose run is ended before it has any evidence is not successful, which there it is. */
export function phaseOf(tally: MetricTally, rules: MetricRules, ending = false): Phase {
  if (tally.last === null) return 'pending'
  const over = overrun(tally, rules)
  if (over) return over
  const inARow = rules.consecutiveSuccessLimit
  if (inARow > 0 && tally.consecutiveSuccess >= inARow) return 'successful'
  const count = effectiveCount(rules)
  if (count !== undefined && tally.count >= count) {
    if (inARow === 0) return 'successful'
    return rules.failureLimit >= 0 ? 'inconclusive' : 'failed'
  }
  return ending && tally.successful > 0 ? 'successful' : 'running'
}

/** Strictly more than the limit; a later check wins over an earlier one. */
function overrun(tally: MetricTally, rules: MetricRules): Phase | undefined {
  const passed = (seen: number, limit: number) => limit >= 0 && seen > limit
  if (passed(tally.consecutiveError, rules.consecutiveErrorLimit)) return 'error'
  if (passed(tally.inconclusive, rules.inconclusiveLimit)) return 'inconclusive'
  if (passed(tally.failed, rules.failureLimit)) return 'failed'
  return undefined
}

/** When the next measurement is due; undefined: none is, for the metric is over. */
export function dueAt(tally: MetricTally, rules: MetricRules, startedAt: number): number | undefined {
  if (isOver(phaseOf(tally, rules))) return undefined
  if (tally.last === null) return startedAt + rules.initialDelayMs
  const { at, outcome } = tally.last
  return at + (outcome === 'error' ? rules.errorRetryMs : (rules.intervalMs ?? rules.errorRetryMs))
}

/** Inconclusive metrics are measured anew; failures stay: beginning again must not forget them. */
export function anew(tally: MetricTally): MetricTally {
  return {
    ...noMeasurement,
    failed: tally.failed,
    why: tally.why,
    last: tally.last,
    undecidedSince: tally.undecidedSince,
  }
}

export type RunPhase = 'running' | 'successful' | 'inconclusive' | 'error' | 'failed'

export interface Watched {
  readonly rules: MetricRules
  readonly tally: MetricTally
}

/**
 * Metrics side by side. Bad as soon as one that decides is over and not successful; successful when all that decide and have an end are, and
 * every endless one has evidence. A run of endless metrics alone goes on. Advisory ones are waited for as long as they have measurements to take.
 */
export function runPhase(metrics: readonly Watched[]): RunPhase {
  const deciding = metrics.filter(({ rules }) => !rules.advisory)
  const phases = deciding.map(({ tally, rules }) => phaseOf(tally, rules))
  const bad = worst(phases.filter(isOver))
  if (bad === 'failed' || bad === 'error' || bad === 'inconclusive') return bad
  const bounded = metrics.filter(({ rules }) => isBounded(rules))
  if (bounded.length === 0) return 'running'
  const done = metrics.every((each) => (each.rules.advisory ? isTaken(each) : isContent(each)))
  return done ? 'successful' : 'running'
}

function isContent({ tally, rules }: Watched): boolean {
  return phaseOf(tally, rules, !isBounded(rules)) === 'successful'
}

/** An advisory metric that cannot tell must not hold the others: what could not be judged counts among its measurements. */
function isTaken({ tally, rules }: Watched): boolean {
  const count = effectiveCount(rules)
  return count === undefined || isOver(phaseOf(tally, rules)) || tally.count + tally.error + tally.undecided >= count
}

export function isBounded(rules: MetricRules): boolean {
  return effectiveCount(rules) !== undefined || rules.consecutiveSuccessLimit > 0
}
