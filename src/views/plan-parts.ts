/** What a plan says beside its steps, as data that every rendering shares: stages, the way back, parts, checklist. Knows no rendering. */
import type { Asked } from '../core/asked.ts'
import type { Plan, PlannedStep } from '../core/plan.ts'
import { inOrderBack } from '../core/way-back.ts'
import type { RunState, StepState } from '../core/run.ts'

/** Neighbouring steps with one stage name. Steps without a stage stand under the name of the plan. */
export interface Stage {
  readonly name: string
  readonly steps: readonly PlannedStep[]
}

export function stagesOf(plan: Pick<Plan, 'name' | 'steps'>): readonly Stage[] {
  const stages: { name: string; steps: PlannedStep[] }[] = []
  for (const step of plan.steps) {
    const name = step.stage === '' ? plan.name : step.stage
    const last = stages.at(-1)
    if (last?.name === name) last.steps.push(step)
    else stages.push({ name, steps: [step] })
  }
  return stages
}

/** Which way back there is: what is undone in which order, what loses something, and where there is no way back any more. */
export interface WayBack {
  /** Steps that return exactly or lossily, in the order in which they are undone. */
  readonly order: readonly PlannedStep[]
  readonly lossy: readonly PlannedStep[]
  /** From the first of these on, nothing before it can be turned back. */
  readonly sealed: readonly PlannedStep[]
  readonly parts: readonly { readonly part: string; readonly steps: readonly PlannedStep[] }[]
}

export function wayBack(plan: Pick<Plan, 'steps' | 'backFirst'>): WayBack {
  const undone = plan.steps.filter((step) => step.undo !== 'none')
  const order = inOrderBack(undone, plan.backFirst, (step) => step)
  const parts = [...new Set(plan.steps.flatMap((step) => step.parts))]
  return {
    order,
    lossy: order.filter((step) => step.undo === 'lossy'),
    sealed: plan.steps.filter((step) => step.undo === 'none'),
    parts: parts.map((part) => ({ part, steps: order.filter((step) => step.parts.includes(part)) })),
  }
}

/** Ticked when its step is applied; an item without a step is a person's. */
export interface ChecklistItem {
  readonly item: string
  readonly step?: string
  readonly ticked: boolean
}

export function checklistOf(plan: Plan, state: RunState | undefined): readonly ChecklistItem[] {
  const applied = new Set(state?.steps.filter(isApplied).map((step) => step.plan.id))
  return (askedOf(plan).checklist ?? []).map((entry) => ({
    item: entry.item,
    ...(entry.step === undefined ? {} : { step: entry.step }),
    ticked: entry.step !== undefined && applied.has(entry.step),
  }))
}

function isApplied(step: StepState): boolean {
  return step.status === 'applied'
}

/** What a person wrote. A plan that was made by a program may lack the lists. */
export function askedOf(plan: Pick<Plan, 'asked'>): Partial<Asked> {
  return plan.asked as unknown as Partial<Asked>
}

/** The targets of a step, by role where there are several. */
export function targetsIn(step: PlannedStep): string {
  const roles = Object.entries(step.on)
  return roles.length === 1 ? (roles[0]?.[1] ?? '') : roles.map(([role, target]) => `${role}: ${target}`).join(', ')
}
