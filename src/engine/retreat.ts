/** A step that a look judged bad goes back to what was good in it last, where its kind can: then the run is held there, and not turned. */
import type { StepState } from '../core/run.ts'
import { kindOf, type Shift } from './shift.ts'
import { persist } from './step.ts'

/** Errors that are a judgement: a gate's, or the kind's own look before it goes on. */
const judgements: ReadonlySet<string> = new Set(['gate.failed', 'run.blocked'])

/**
 * Where the step stands then, in words; undefined where it does not go back by itself. `left`: something else is to be done now. Entered again
 * after a crash: the step is still the failed one, and the marks say how far its way back came. Throws what the target throws.
 */
export async function retreat(
  shift: Shift,
  step: StepState,
): Promise<{ readonly stands: string } | 'left' | undefined> {
  const { error } = step
  const kind = kindOf(shift, step)
  if (!error || !judgements.has(error.code) || !kind.retreat) return undefined
  let stands: string | undefined
  const ended = await persist(
    {
      shift,
      step,
      verb: 'apply',
      due: 'recover',
      enter: async function* (context) {
        for await (const mark of kind.retreat?.(step.plan.work, context, error) ?? []) {
          stands = mark?.note ?? stands ?? 'it is held'
          yield mark
        }
      },
    },
    step.applied,
    shift.stop,
  )
  if (!ended || shift.stop.aborted) return 'left'
  return stands === undefined ? undefined : { stands }
}
