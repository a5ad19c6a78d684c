/** What several metrics came to, as a report shows it: from their tallies, into a mark, and out of it again as findings. Pure. */
import { type Finding, note, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import type { Mark } from '../../core/kind.ts'
import { isOver, type MetricRules, type MetricTally, phaseOf } from '../../metrics/index.ts'
import type { Judged } from './verdict.ts'

interface Shown {
  readonly metric: string
  readonly rules: MetricRules
  readonly tally: MetricTally
  /** What was asked of it, in words. */
  readonly wanted: string
}

/** Every metric as a report shows it: what was asked, what was measured last, and whether it holds. */
export function judgedOf(metrics: readonly Shown[]): readonly Judged[] {
  return metrics.map(({ metric, rules, tally, wanted }) => {
    const phase = phaseOf(tally, rules, true)
    const met = phase === 'successful' ? 'yes' : isOver(phase) && phase !== 'error' ? 'no' : 'unknown'
    const counts = `${tally.successful} of ${tally.count} measurements good`
    return {
      name: rules.advisory ? `${metric} (dry run)` : metric,
      met,
      why: met === 'yes' ? `${metric} ${tally.last?.shown ?? ''}: ${counts}` : `${metric}: ${tally.why}`,
      wanted,
      ...(tally.last ? { measured: tally.last.shown } : {}),
    }
  })
}

export function judgedIn(at: Json | undefined): readonly Judged[] | undefined {
  return (at as { readonly judged?: readonly Judged[] } | null | undefined)?.judged
}

/** What a passed gate measured, as findings for the report: a dry run that was missed is a risk. */
export function judgedFindings(name: string, applied: Mark | undefined): readonly Finding[] {
  const judged = judgedIn(applied?.at)
  if (!judged) return []
  const good = judged.filter((each) => each.met === 'yes')
  const missed = judged.filter((each) => each.met !== 'yes')
  return [
    note('gate.measured', `${name}: ${good.map((each) => each.why).join('; ') || 'nothing was met'}`, 'nothing to do', {
      judged: judged as unknown as Json,
    }),
    ...missed.map((each) =>
      risk('gate.missed', `${name}: ${each.why}`, 'decide whether to go on: `changeover rollback` turns back'),
    ),
  ]
}
