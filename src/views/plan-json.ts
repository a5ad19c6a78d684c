/** A plan as one object for programs: what `changeover plan --json` prints. Leaves out the facts, which are large and whole in the journal. */
import type { Finding } from '../core/finding.ts'
import type { Json } from '../core/json.ts'
import type { Plan } from '../core/plan.ts'
import { estimates, totalOf } from './estimate.ts'
import { askedOf, checklistOf, stagesOf, wayBack } from './plan-parts.ts'

/** Seconds are those that findings gave; `known` steps of `steps` have some. */
export function planJson(plan: Plan, findings: readonly Finding[] = plan.findings): Json {
  const by = estimates(findings)
  const back = wayBack(plan)
  const asked = askedOf(plan)
  const { name, from, to, hash, onFailure } = plan
  const value = {
    name,
    from,
    to,
    hash,
    onFailure,
    estimate: { ...totalOf(plan.steps, by), steps: plan.steps.length },
    stages: stagesOf(plan).map((stage) => ({
      name: stage.name,
      steps: stage.steps.map((step) => ({ ...step, estimate: by.get(step.id) ?? null })),
    })),
    findings,
    risks: asked.risks ?? [],
    rollback: {
      order: back.order.map((step) => step.id),
      lossy: back.lossy.map((step) => step.id),
      sealed: back.sealed.map((step) => step.id),
      parts: Object.fromEntries(back.parts.map(({ part, steps }) => [part, steps.map((step) => step.id)])),
    },
    communication: asked.communication ?? [],
    checklist: checklistOf(plan, undefined),
  }
  return value as unknown as Json
}
