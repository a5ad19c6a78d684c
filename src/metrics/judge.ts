/** One measurement against the rules of its metric. No evidence is no verdict: it neither passes nor fails. Pure. */
import type { Json } from '../core/json.ts'
import { type Answer, readCondition } from './condition/index.ts'
import type { Evidence, Judgement } from './evidence.ts'
import { judgeLimits } from './limits.ts'
import type { MetricRules } from './rules.ts'
import { shown } from './shown.ts'

/** Failed by the failure condition or a limit; successful when all else holds; with both conditions and neither true, inconclusive. */
export function judge(rules: MetricRules, seen: Evidence): Judgement {
  const dark = missing(rules, seen)
  if (dark !== undefined) return { outcome: 'undecided', why: dark }
  const empty = Array.isArray(seen.value) && seen.value.length === 0
  const success = asked(rules.successCondition, seen)
  const failure = asked(rules.failureCondition, seen)
  if (success?.type === 'error') return { outcome: 'error', why: `successCondition: ${success.why}` }
  if (failure?.type === 'error') return { outcome: 'error', why: `failureCondition: ${failure.why}` }
  if (failure?.type === 'yes')
    return { outcome: 'failed', why: `${shown(seen.value)}: ${rules.failureCondition} holds` }
  // A condition that is true of nothing is no evidence either.
  if (empty) return { outcome: 'undecided', why: 'the answer is empty: there is no such series' }
  const limits = judgeLimits(rules, seen)
  if (limits.outcome !== 'successful') return limits
  if (success?.type === 'undecided') return { outcome: 'undecided', why: success.why }
  if (failure?.type === 'undecided') return { outcome: 'undecided', why: failure.why }
  if (success?.type === 'no') {
    const why = `${shown(seen.value)}: ${rules.successCondition} does not hold`
    return failure
      ? { outcome: 'inconclusive', why: `${why}, nor does ${rules.failureCondition}` }
      : { outcome: 'failed', why }
  }
  return { outcome: 'successful', why: '' }
}

function asked(text: string | undefined, seen: Evidence): Answer | undefined {
  if (text === undefined) return undefined
  const read = readCondition(text)
  return typeof read === 'string' ? { type: 'error', why: read } : read.of(seen.value)
}

function missing(rules: MetricRules, seen: Evidence): string | undefined {
  if (rules.maxStalenessMs !== undefined) {
    if (seen.at === null) return 'the source does not say how old the figure is'
    const age = seen.now - seen.at
    if (age > rules.maxStalenessMs)
      return `the figure is ${Math.round(age)} ms old, at most ${rules.maxStalenessMs} ms may be`
  }
  if (rules.minSamples !== undefined) {
    const count = total(seen.samples)
    if (!(count >= rules.minSamples)) return `it rests on ${count} samples, ${rules.minSamples} are needed`
  }
  return undefined
}

/** What is no number counts for none. */
function total(samples: Json | undefined): number {
  if (Array.isArray(samples)) return (samples as readonly Json[]).reduce<number>((sum, each) => sum + total(each), 0)
  return typeof samples === 'number' ? samples : 0
}
