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
  marks: (context: Writing<Roles>) => AsyncIterable<Mark>,
): AsyncIterable<Mark> {
  if (step.plan.guards.length === 0) {
    yield* marks(context)
    return
  }
  const over = new AbortController()
  const signal = AbortSignal.any([context.signal, over.signal])
  const tripped = Promise.race(step.plan.guards.map((guard) => watch(shift, { ...step, plan: guard }, signal)))
  // The step is not waited for to its next mark: what a guard has seen must end at once.
  const halt = new AbortController()
  tripped.catch((error: unknown) => halt.abort(error))
  const guarded = { ...context, signal: AbortSignal.any([context.signal, halt.signal]) }
  const iterator = marks(guarded)[Symbol.asyncIterator]()
  try {
    for (;;) {
      const mark = await Promise.race([iterator.next(), tripped])
      if (mark.done) return
      yield mark.value
    }
  } finally {
    over.abort(new Error('the guarded step ended'))
    // A step that was halted ends with the guard's own error, which is on its way.
    await iterator.return?.().catch((error: unknown) => {
      if (!halt.signal.aborted) throw error
    })
  }
}

const roundMs = 100

/** Never resolves while the guard is content: a gate that has passed is sampled again until the step ends. */
export async function watch(shift: Shift, guard: StepState, signal: AbortSignal): Promise<never> {
  const kind = kindOf(shift, guard)
  while (!signal.aborted) {
    const began = shift.bench.clock.now()
    try {
      const context = await writingContext(shift, guard, signal)
      for await (const _ of kind.apply(guard.plan.work, context, null)) void _
      // A gate of one look, passed at once, must not ask its source without a breath.
      await shift.bench.clock.sleep(Math.max(0, roundMs - (shift.bench.clock.now() - began)), signal)
    } catch (error) {
      if (signal.aborted) break
      const { code, message, help } = recordOf(error)
      if (code !== 'gate.failed' && code !== 'gate.undecided') throw error
      throw new ChangeoverError(code, `guard "${guard.plan.id}": ${message}`, help, { cause: error })
    }
  }
  return new Promise<never>(() => undefined)
}
