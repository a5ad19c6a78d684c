/** The guards of a step that waits for a person: they watch until it is approved, and turn the run when one judges fail. Starts nothing. */
import { isChangeoverError } from '../core/errors.ts'
import { risk } from '../core/finding.ts'
import { next, type RunState, sealedBy, type StepState } from '../core/run.ts'
import { watch } from './guard.ts'
import type { Shift } from './shift.ts'

const lookEveryMs = 100

/** Returns when the step no longer waits: approved, turned, paused, stopped, or because a guard failed, which the journal then says. */
export async function watchWhileAsked(shift: Shift, step: StepState): Promise<void> {
  const over = new AbortController()
  const signal = AbortSignal.any([shift.stop, over.signal])
  const tripped = Promise.race(step.plan.guards.map((guard) => watch(shift, { ...step, plan: guard }, signal)))
  tripped.catch(() => undefined)
  try {
    await Promise.race([tripped, answered(shift, step, signal)])
  } catch (error) {
    if (shift.stop.aborted) return
    if (!isChangeoverError(error) || error.code !== 'gate.failed') throw error
    await turn(shift, step, error.message, error.help)
  } finally {
    over.abort(new Error('nobody is waited for any more'))
  }
}

async function answered(shift: Shift, step: StepState, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && waits(await shift.record.sync(), step))
    await shift.bench.clock.sleep(lookEveryMs, signal).catch(() => undefined)
}

function waits(state: RunState, step: StepState): boolean {
  const task = next(state)
  return task.do === 'ask' && task.step.plan.id === step.plan.id
}

/** The step has not begun: nothing of it is to be undone, but what came before it is. An approval that came first is heard first. */
async function turn(shift: Shift, step: StepState, message: string, help: string): Promise<void> {
  const { record, bench } = shift
  if (!waits(await record.sync(), step)) return
  const finding = risk('guard.tripped', `while step "${step.plan.id}" waited for a person: ${message}`, help)
  await record.append({ type: 'finding.made', finding: { ...finding, at: { step: step.plan.id } } })
  const why = `step "${step.plan.id}" waited for a person: ${message}`
  if (record.state.plan.onFailure === 'pause' || sealedBy({ ...record.state, way: 'back' }))
    await record.append({ type: 'run.paused', why, by: bench.actor })
  else await record.append({ type: 'run.turned', way: 'back', why, by: bench.actor, automatic: true })
}
