/** The way back of one step, or of several at once where their kind can: append, act, compare with what was before. Decides no order. */
import { blocks } from '../core/finding.ts'
import { equal } from '../core/json.ts'
import { targetsOf } from '../core/plan.ts'
import { type StepState, wayBack } from '../core/run.ts'
import { onFacts } from './fit.ts'
import { compareReturn, factsFrom } from './observed.ts'
import { kindOf, type Shift } from './shift.ts'
import { attempt, type Back, finish } from './step.ts'

/**
 * Undoes `step`, the first on the way back, and with it those behind it that its kind undoes in the same effect. Each has its own events: after
 * a crash in between, those that were not finished are the row that is entered again.
 */
export async function rollbackStep(shift: Shift, step: StepState): Promise<void> {
  const row = rowFrom(shift, step)
  for (const each of row)
    if (each.status !== 'undoing' || each.error)
      await shift.record.append({ type: 'step.started', step: each.plan.id, verb: 'rollback', before: {} })
  const from = step.status === 'undoing' ? step.undone : null
  const ended = await attempt(shift, step, 'rollback', from, row.length > 1 ? together(shift, row) : undefined)
  if (ended !== 'ended') return
  // Only what was before the oldest is there again: the states between were left out.
  const oldest = row.at(-1) ?? step
  const names = targetsOf(oldest.plan)
  const before = factsFrom(shift, oldest.before ?? {}, names)
  const seen = await shift.targets.observe(names)
  const findings = compareReturn(onFacts(shift, oldest, before), before, seen, isInOrder(shift, row))
  if (blocks(findings).length > 0) return finish(shift, step, 'rollback', findings)
  for (const each of row) await finish(shift, each, 'rollback', each === oldest ? findings : [])
}

/** Steps that follow each other on the way back, of one kind on the same targets. One that left no mark has nothing to undo, and ends the row. */
function rowFrom(shift: Shift, step: StepState): readonly StepState[] {
  const alone = kindOf(shift, step).rollbackTogether === undefined || step.applied === null
  const { state } = shift.record
  if (alone || state.aborted !== undefined) return [step]
  const way = wayBack(state)
  const alike = ({ plan, applied }: StepState) =>
    plan.kind === step.plan.kind && equal(plan.on, step.plan.on) && applied !== null
  const end = way.findIndex((each) => !alike(each))
  return end < 0 ? way : way.slice(0, end)
}

function together(shift: Shift, row: readonly StepState[]): Back | undefined {
  const [newest] = row
  const kind = newest && kindOf(shift, newest)
  const works = row.map((each) => each.plan.work)
  return (context, from) => kind!.rollbackTogether!(works, context, from)
}

/** Whether nothing that came later still stands: only then is what differs besides somebody else's. */
function isInOrder(shift: Shift, row: readonly StepState[]): boolean {
  const { state } = shift.record
  const ids = new Set(row.map((each) => each.plan.id))
  const oldest = state.steps.findIndex((each) => ids.has(each.plan.id))
  const later = state.steps.slice(oldest + 1).some((each) => each.status !== 'waiting' && !ids.has(each.plan.id))
  return state.part === undefined && !later
}
