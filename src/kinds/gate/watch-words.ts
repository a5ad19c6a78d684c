/** What a gate of several metrics says: why it fails or waits, how far it is, and what came of it. Pure. */
import type { Json } from '../../core/json.ts'
import type { Progress } from '../../core/kind.ts'
import { effectiveCount, type MetricRules, type MetricTally, phaseOf } from '../../metrics/index.ts'
import { judgedOf } from './judged-metrics.ts'
import { deciding, type State, stateOf, type Watch, watchedOf } from './watch-state.ts'

/** What was measured badly. */
export function whyBad(watch: Watch, state: State): string {
  return deciding(watch, state)
    .flatMap(({ metric, rules, tally }) => {
      const phase = phaseOf(tally, rules)
      if (phase === 'error')
        return [`"${metric}" could not be measured ${tally.consecutiveError} times in a row: ${tally.why}`]
      if (phase !== 'failed') return []
      if (tally.failed <= rules.failureLimit || rules.failureLimit < 0)
        return [
          `"${metric}" had ${tally.consecutiveSuccess} successes in a row, ${rules.consecutiveSuccessLimit} are needed`,
        ]
      // Those from before it was measured anew are among them.
      const of = tally.failed > tally.count ? '' : ` of ${tally.count}`
      const failures = `${tally.failed}${of} measurements failed, at most ${rules.failureLimit} may: `
      return [`"${metric}": ${tally.failed === 1 && tally.count === 1 ? '' : failures}${tally.why}`]
    })
    .join('; ')
}

/** What cannot tell for longer than it may; undefined where nothing is. */
export function tooLong(watch: Watch, state: State, now: number): string | undefined {
  const { undecidedMs } = watch
  if (undecidedMs === null) return undefined
  const dark = deciding(watch, state).find(({ metric, tally }) => {
    const since = stateOf(state, metric).heldSince ?? tally.undecidedSince
    return since !== null && now - since >= undecidedMs
  })
  return dark && `"${dark.metric}" is undecided for ${undecidedMs} ms: ${dark.tally.why}`
}

/** What is neither good nor bad. Argo pauses its rollout here, for a person to promote or abort it. */
export function whyNeither(watch: Watch, state: State): string {
  return deciding(watch, state)
    .flatMap(({ metric, rules, tally }) => {
      if (phaseOf(tally, rules) !== 'inconclusive') return []
      const { inconclusiveLimit: limit, consecutiveSuccessLimit: inARow } = rules
      if (limit < 0 || tally.inconclusive <= limit)
        return [`"${metric}" had ${tally.consecutiveSuccess} successes in a row, ${inARow} are needed`]
      const counts = `${tally.inconclusive} of ${tally.count} measurements are inconclusive, at most ${limit} may`
      return [`"${metric}": ${counts}: ${tally.why}`]
    })
    .join('; ')
}

/** A mark of what was measured so far. */
export function progress(watch: Watch, state: State): Progress {
  const bounded = Object.entries(watch.rules).map(([metric, rules]) => ({
    of: effectiveCount(rules) ?? 0,
    done: Math.min(stateOf(state, metric).tally.count, effectiveCount(rules) ?? 0),
  }))
  const sum = (pick: (each: { of: number; done: number }) => number) =>
    bounded.reduce((all, each) => all + pick(each), 0)
  return {
    at: { state: state as unknown as Json },
    ...(sum(({ of }) => of) === 0
      ? {}
      : { done: sum(({ done }) => done), of: sum(({ of }) => of), unit: 'measurements' }),
    note: Object.keys(watch.rules)
      .map((metric) => told(metric, stateOf(state, metric).tally, watch.rules[metric]!))
      .join(' · '),
  }
}

/** A metric's latest value and verdict. */
function told(metric: string, tally: MetricTally, rules: MetricRules): string {
  const { last } = tally
  const dry = rules.advisory ? ' (dry run)' : ''
  if (!last) return `${metric}${dry}: not measured yet`
  if (last.outcome === 'undecided') return `${metric}${dry}: held, it cannot tell: ${last.why}`
  if (last.outcome === 'error') return `${metric}${dry}: cannot be measured: ${last.why}`
  return `${metric}${dry} ${last.shown} ${last.outcome === 'successful' ? 'good' : last.outcome}`
}

/** The last mark: it holds what was judged. */
export function passed(watch: Watch, state: State): Progress {
  return {
    ...progress(watch, state),
    at: { judged: judged(watch, state) as unknown as Json, state: state as unknown as Json },
  }
}

/** Every metric as a report shows it. */
export function judged(watch: Watch, state: State) {
  return judgedOf(
    Object.keys(watch.rules).map((metric) => ({
      metric,
      wanted: watch.wanted[metric] ?? '',
      ...watchedOf(watch, state, metric),
    })),
  )
}
