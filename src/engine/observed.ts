/** What was observed against what was predicted, and against what was there before. Reads nothing itself. */
import { block, type Finding, risk } from '../core/finding.ts'
import { canonical, diff, type Edit, type Json, missed, patch } from '../core/json.ts'
import { type Change, type Facts, predictedFacts } from '../core/plan.ts'
import type { StepState } from '../core/run.ts'
import type { Shift } from './shift.ts'

/** What the step should have changed and did not is a block; what changed besides was somebody else, and is said. */
export function comparePrediction(step: StepState, before: Facts, seen: Facts): readonly Finding[] {
  const predicted = predictedFacts(step.plan, before)
  return Object.keys(before).flatMap((target) => {
    const own = step.plan.change[target] ?? []
    const edits = missed(predicted[target] ?? {}, seen[target] ?? {})
    return edits.map((edit) => {
      const what = `${target}: ${showEdit(edit)}`
      return own.some((each) => overlaps(each.path, edit.path))
        ? block(
            'step.mispredicted',
            `the step did not leave what was predicted: ${what}`,
            'look at the target; `changeover rollback` undoes the step',
          )
        : risk('facts.drifted', `something else changed meanwhile: ${what}`, 'find out who changed it')
    })
  })
}

export function compareReturn(step: StepState, before: Facts, seen: Facts, whole: boolean): readonly Finding[] {
  if (step.plan.undo !== 'exact') return []
  return Object.keys(before).flatMap((target) => {
    const own = step.plan.change[target] ?? []
    const edits = diff(before[target] ?? {}, seen[target] ?? {})
    return edits.flatMap((edit) => {
      const what = `${target}: ${showEdit(edit)}`
      if (own.some((each) => overlaps(each.path, edit.path)))
        return [
          block(
            'rollback.unequal',
            `the rollback did not bring back what was: ${what}`,
            'look at the target, mend it, and `changeover resume`',
          ),
        ]
      return whole
        ? [risk('facts.drifted', `something else changed meanwhile: ${what}`, 'find out who changed it')]
        : []
    })
  })
}

function overlaps(a: readonly string[], b: readonly string[]): boolean {
  return a.slice(0, b.length).every((key, index) => key === b[index])
}

export function showEdit(edit: Edit): string {
  const side = (value: Json | undefined) => (value === undefined ? 'nothing' : canonical(value).slice(0, 120))
  return `${edit.path.join('.') || 'all'} is ${side(edit.to)}, not ${side(edit.from)}`
}

/** Facts are kept in the journal as edits of those in the plan. */
export function changeSince(shift: Shift, facts: Facts): Change {
  const planned = shift.record.state.plan.facts
  return Object.fromEntries(Object.entries(facts).map(([target, seen]) => [target, diff(planned[target] ?? {}, seen)]))
}

export function factsFrom(shift: Shift, change: Change, targets: readonly string[]): Facts {
  const planned = shift.record.state.plan.facts
  return Object.fromEntries(targets.map((target) => [target, patch(planned[target] ?? {}, change[target] ?? [])]))
}
