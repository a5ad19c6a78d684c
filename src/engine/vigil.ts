/** The guards of a step that waits for a person: they watch until it is answered, and turn the run when one judges fail. Starts nothing. */
import { isChangeoverError } from '../core/errors.ts'
import { risk } from '../core/finding.ts'
import { next, type RunState, sealedBy, type StepState } from '../core/run.ts'
import { watch } from './guard.ts'
import type { Shift } from './shift.ts'

const lookEveryMs = 100

interface Vigil {
  readonly step: StepState
  /** Whether the person is still awaited. */
  readonly waits: (state: RunState) => boolean
  /** What the step does meanwhile, for messages. */
  readonly meanwhile: string
}

/** Returns when the step no longer waits: approved, turned, paused, stopped, or because a guard failed, which the journal then says. */
export async function watchWhileAsked(shift: Shift, step: StepState): Promise<void> {
  const waits = (state: RunState) => {
    const task = next(state)
    return task.do === 'ask' && task.step.plan.id === step.plan.id
  }
  await keep(shift, { step, waits, meanwhile: 'waited for a person' }, shift.stop)
}

/**
 * Beside a step that is held at what was good last. False where there is no such step, nothing guards it, or the person at the terminal left:
 * whoever pauses takes the wheel.
 */
export async function watchWhileHeld(shift: Shift, pause: AbortSignal): Promise<boolean> {
  const { stands, steps } = shift.record.state
  const step = steps.find((each) => each.status === 'failed')
  if (stands === undefined || !step || step.plan.guards.length === 0) return false
  const waits = (state: RunState) => state.stands === stands && state.paused !== undefined
  const leave = AbortSignal.any([shift.stop, pause])
  if (!leave.aborted) await keep(shift, { step, waits, meanwhile: `was held (${stands})` }, leave)
  return !leave.aborted
}

async function keep(shift: Shift, vigil: Vigil, leave: AbortSignal): Promise<void> {
  const over = new AbortController()
  const signal = AbortSignal.any([leave, over.signal])
  const { step } = vigil
  const tripped = Promise.race(step.plan.guards.map((guard) => watch(shift, { ...step, plan: guard }, signal)))
  tripped.catch(() => undefined)
  try {
    await Promise.race([tripped, answered(shift, vigil, signal)])
  } catch (error) {
    if (leave.aborted) return
    if (!isChangeoverError(error) || error.code !== 'gate.failed') throw error
    await turn(shift, vigil, error.message, error.help)
  } finally {
    over.abort(new Error('nobody is waited for any more'))
  }
}

async function answered(shift: Shift, { waits }: Vigil, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && waits(await shift.record.sync()))
    await shift.bench.clock.sleep(lookEveryMs, signal).catch(() => undefined)
}

/** An answer that came first is heard first. Of a step that has not begun nothing is to be undone, but what came before it is. */
async function turn(shift: Shift, { step, waits, meanwhile }: Vigil, message: string, help: string): Promise<void> {
  const { record, bench } = shift
  if (!waits(await record.sync())) return
  const finding = risk('guard.tripped', `while step "${step.plan.id}" ${meanwhile}: ${message}`, help)
  await record.append({ type: 'finding.made', finding: { ...finding, at: { step: step.plan.id } } })
  const why = `step "${step.plan.id}" ${meanwhile}: ${message}`
  await record.decide((now) => {
    if (!waits(now)) return undefined
    return now.plan.onFailure === 'pause' || sealedBy({ ...now, way: 'back' })
      ? { type: 'run.paused', why, by: bench.actor }
      : { type: 'run.turned', way: 'back', why, by: bench.actor, automatic: true }
  })
}
