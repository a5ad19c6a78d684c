/** A step raced against its guards: gates that sample beside it, and end it when one judges fail. Knows no metric. */
import { ChangeoverError } from '../core/errors.ts'
import type { Mark, Roles, Writing } from '../core/index.ts'
import type { StepState } from '../core/run.ts'
import { writingContext } from './context.ts'
import { kindOf, recordOf, type Shift } from './shift.ts'

/** The step's marks, until a guard fails: then the error of the guard. Guards begin anew each time the step is entered. */
export async function* withGuards(
  shift: Shift,
  step: StepState,
  context: Writing<Roles>,
  marks: () => AsyncIterable<Mark>,
): AsyncIterable<Mark> {
  if (step.plan.guards.length === 0) {
    yield* marks()
    return
  }
  const over = new AbortController()
  const signal = AbortSignal.any([context.signal, over.signal])
  const tripped = Promise.race(step.plan.guards.map((guard) => watch(shift, { ...step, plan: guard }, signal)))
  tripped.catch(() => undefined)
  const iterator = marks()[Symbol.asyncIterator]()
  try {
    for (;;) {
      const mark = await Promise.race([iterator.next(), tripped])
      if (mark.done) return
      yield mark.value
    }
  } finally {
    over.abort(new Error('the guarded step ended'))
    await iterator.return?.()
  }
}

/** Never resolves while the guard is content: a gate that has passed is sampled again until the step ends. */
export async function watch(shift: Shift, guard: StepState, signal: AbortSignal): Promise<never> {
  const kind = kindOf(shift, guard)
  while (!signal.aborted) {
    try {
      const context = await writingContext(shift, guard, signal)
      for await (const _ of kind.apply(guard.plan.work, context, null)) void _
    } catch (error) {
      if (signal.aborted) break
      const { code, message, help } = recordOf(error)
      if (code !== 'gate.failed') throw error
      throw new ChangeoverError('gate.failed', `guard "${guard.plan.id}": ${message}`, help, { cause: error })
    }
  }
  return new Promise<never>(() => undefined)
}
