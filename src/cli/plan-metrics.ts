/** The figures of the plan that a command means, with what its last run has captured of them. */
import type { Plan } from '../core/plan.ts'
import { fold, type RunState } from '../core/run.ts'
import { type Bench, makePlanNow } from '../engine/index.ts'
import { askedMetrics, baselineOf, type PlanMetric } from '../views/index.ts'
import type { Common } from './door.ts'
import { findRun } from './journal.ts'

export interface PlanMetrics {
  readonly plan: Plan
  readonly metrics: readonly PlanMetric[]
  /** The captured figure of one that is compared with a baseline. */
  readonly known: (metric: PlanMetric) => number | undefined
  /** Whether a Prometheus understands the queries of a target. */
  readonly isPromql: (target: string) => boolean
}

/** By the plan of the run that is meant; where nothing was run yet, by the plan as it would be made now. */
export async function metricsOfPlan(bench: Bench, common: Common): Promise<PlanMetrics> {
  const state = await stateOf(bench, common)
  const plan = state?.plan ?? (await makePlanNow(bench))
  return {
    plan,
    metrics: askedMetrics(plan, bench.kinds),
    known: (metric) => baselineOf(metric, state),
    isPromql: (target) => {
      const tools = bench.adapters.get(bench.asked.targets[target]?.adapter ?? '')?.tools
      return (tools as { readonly promql?: boolean } | undefined)?.promql === true
    },
  }
}

async function stateOf(bench: Bench, common: Common): Promise<RunState | undefined> {
  if (common.run === undefined && (await bench.journal.runs()).length === 0) return undefined
  return fold(await bench.journal.read(await findRun(bench.journal, common)))
}
