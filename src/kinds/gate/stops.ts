/** How a gate stops a run: what it measured was bad, or neither good nor bad. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'

/** `data` is what was measured, for the report. */
export function failedGate(name: string, why: string, data: Json): ChangeoverError {
  return new ChangeoverError(
    'gate.failed',
    `${name}: ${why}`,
    'mend what is wrong, then `changeover resume`; or `changeover rollback`',
    { data },
  )
}

/** As in Argo, a person decides how it goes on. The run waits where it is, and is not turned back: `resume` enters the gate again. */
export function heldForPerson(name: string, why: string): ChangeoverError {
  return new ChangeoverError(
    'gate.undecided',
    `${name}: neither good nor bad: ${why}`,
    'look at it; then `changeover resume` measures again, or `changeover rollback` turns back (with `undecidedMs` a gate measures again by itself for so long, and then fails)',
  )
}
