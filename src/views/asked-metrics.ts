/** The figures that the steps and guards of a plan ask for, each once. Knows no source: kinds say what they ask. */
import type { Kinds } from '../core/kind.ts'
import type { Plan, PlannedStep } from '../core/plan.ts'
import type { AskedMetric } from '../core/kind.ts'
import type { RunState } from '../core/run.ts'

/** A figure of a plan. `steps`: all that ask for it, guards as `step/guard`. */
export interface PlanMetric extends AskedMetric {
  readonly target: string
  readonly steps: readonly string[]
}

/** In the order of the plan; the same name, query and limits of several steps are one. */
export function askedMetrics(plan: Plan, kinds: Kinds): readonly PlanMetric[] {
  const found = new Map<string, PlanMetric>()
  for (const { step, name } of plan.steps.flatMap(withGuards)) {
    for (const asked of metricsOf(step, kinds)) {
      const target = step.on[asked.role] ?? ''
      const key = JSON.stringify([target, asked.name, asked.query, asked.wanted])
      const held = found.get(key)
      found.set(key, held ? { ...held, steps: [...held.steps, name] } : { ...asked, target, steps: [name] })
    }
  }
  // What is only captured is shown by whoever compares with it.
  const judged = [...found.values()].filter(({ wanted }) => wanted !== '')
  const isShown = (each: PlanMetric): boolean =>
    each.wanted !== '' || !judged.some(({ target, query }) => target === each.target && query === each.query)
  return [...found.values()].filter(isShown)
}

function withGuards(step: PlannedStep): readonly { readonly step: PlannedStep; readonly name: string }[] {
  return [{ step, name: step.id }, ...step.guards.map((guard) => ({ step: guard, name: `${step.id}/${guard.id}` }))]
}

function metricsOf(step: PlannedStep, kinds: Kinds): readonly AskedMetric[] {
  return kinds.get(step.kind)?.metrics?.(step.work) ?? []
}

/** What a run has captured of a figure, or undefined. */
export function baselineOf(metric: PlanMetric, state: RunState | undefined): number | undefined {
  const step = state?.steps.find(({ plan }) => plan.id === metric.baseline)
  const captured = (step?.applied?.at as { readonly captured?: Captured } | null | undefined)?.captured
  return captured?.[metric.name]?.figure
}

type Captured = { readonly [name: string]: { readonly figure?: number } }
