/** A step planned again on facts as they were found: whether it still is what was planned, and what it will change exactly. Reads nothing itself. */
import type { Asked } from '../core/asked.ts'
import { ChangeoverError } from '../core/errors.ts'
import { diff, equal } from '../core/json.ts'
import { type Facts, type PlannedAlone, planStep } from '../core/plan.ts'
import type { StepState } from '../core/run.ts'
import { sha256 } from './load.ts'
import { showEdit } from './observed.ts'
import type { Shift } from './shift.ts'

/** Another work than the planned one means that the plan is stale. Throws `plan.stale`. */
export function mustFit(shift: Shift, step: StepState, seen: Facts): void {
  const again = planAgain(shift, step, seen)
  if (equal(again.step.work, step.plan.work)) return
  const edits = diff(step.plan.work, again.step.work)
  const message = `step "${step.plan.id}" no longer is what was planned: ${edits.slice(0, 3).map(showEdit).join('; ')}`
  const help =
    'the target was changed by someone else: put it back and `changeover resume`, or `changeover rollback` and plan again'
  throw new ChangeoverError('plan.stale', message, help, { data: edits })
}

/**
 * The step with the change that it makes to facts as they were found. The plan was made before any step ran: what an earlier step leaves unknown (the digest
 * of a file) and this one changes again is no change there, and would pass for somebody else's.
 */
export function onFacts(shift: Shift, step: StepState, before: Facts): StepState {
  return { ...step, plan: { ...step.plan, change: planAgain(shift, step, before).step.change } }
}

function planAgain(shift: Shift, step: StepState, seen: Facts): PlannedAlone {
  const { bench, record } = shift
  const asked = record.state.plan.asked as unknown as Asked
  const own = asked.steps.find((each) => each.id === step.plan.id)
  if (!own) throw new Error(`the plan has lost step "${step.plan.id}"`)
  const facts = { ...record.state.plan.facts, ...seen }
  const { kinds, adapters, functions } = bench
  return planStep(own, asked, facts, { facts, kinds, adapters, functions, sha256 })
}
