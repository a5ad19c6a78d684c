/** A gate that measured, and found neither good nor bad: as in Argo, a person decides how it goes on. */
import { ChangeoverError } from '../../core/errors.ts'

/** The run waits where it is, and is not turned back: `resume` enters the gate again. */
export function heldForPerson(name: string, why: string): ChangeoverError {
  return new ChangeoverError(
    'gate.undecided',
    `${name}: neither good nor bad: ${why}`,
    'look at it; then `changeover resume` measures again, or `changeover rollback` turns back (with `undecidedMs` a gate measures again by itself for so long, and then fails)',
  )
}
