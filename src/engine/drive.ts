/** The only loop that acts: asks the pure `next` what to do, does it, until there is nothing to do without a person. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import type { Happening } from '../core/event.ts'
import { note, risk } from '../core/finding.ts'
import { diff } from '../core/json.ts'
import { next, type RunState, sealedBy, type StepState, type Task } from '../core/run.ts'
import type { Bench } from './bench.ts'
import { openFollowers } from './followers.ts'
import { type Listener, Record } from './record.ts'
import { mustBeAsAsked } from './planning.ts'
import type { Shift } from './shift.ts'
import { watchWhileAsked, watchWhileHeld } from './vigil.ts'
import { retreat } from './retreat.ts'
import { rollbackStep } from './step-back.ts'
import { applyStep } from './step.ts'
import { openTargets } from './targets.ts'

export interface DriveOptions {
  /** Aborted to pause at the next mark. */
  readonly pause: AbortSignal
  /** Aborted to stop at once: the step is left as it is, and is gone on with by the next `drive`. */
  readonly stop: AbortSignal
  readonly onEvent?: Listener
}

/**
 * Becomes the runner and drives the run until it is closed, paused or waits for a person; returns the state it left.
 * Throws `run.busy`, `run.fenced`, `run.blocked`, `plan.stale`, `target.*`, `secret.missing`; the run is then paused, and resumable.
 */
export async function drive(bench: Bench, run: string, options: DriveOptions): Promise<RunState> {
  const claim = await bench.journal.claim(run, bench.actor)
  const redact = (what: Happening): Happening => bench.secrets.redactEvent(what)
  try {
    const record = await Record.open({
      journal: bench.journal,
      run,
      token: bench.actor.token,
      redact,
      onEvent: options.onEvent,
    })
    // Another runner closed it meanwhile: nothing is claimed, and no target is opened, for nothing.
    if (record.state.outcome) return record.state
    await record.append({ type: 'run.claimed', by: bench.actor })
    const stop = AbortSignal.any([options.stop, claim.lost])
    const targets = openTargets(bench, {
      run,
      fence: record.state.seq,
      signal: stop,
      identities: record.state.identities,
    })
    try {
      return await loop({ bench, record, targets, stop }, options)
    } finally {
      await targets.close()
    }
  } finally {
    await claim.release()
  }
}

async function loop(shift: Shift, options: DriveOptions): Promise<RunState> {
  const { record, bench } = shift
  const onPause = () => {
    // A step that is held stays held: only its runner leaves.
    if (record.state.stands !== undefined) return
    void record.append({ type: 'run.paused', why: 'it was asked for', by: bench.actor }).catch(() => undefined)
  }
  options.pause.addEventListener('abort', onPause, { once: true })
  const followers = openFollowers(shift)
  try {
    mustBeAsAsked(bench, record.state)
    for (;;) {
      const state = await record.sync()
      if (shift.stop.aborted) return state
      const task = next(state)
      await followers.tend(state, task.do === 'rollback' ? task.step : undefined)
      if (task.do === 'rest') {
        if (!(await watchWhileHeld(shift, options.pause))) return record.state
        continue
      }
      if (task.do === 'ask') {
        const { id, approval = '' } = task.step.plan
        await record.decide((now) => {
          const due = next(now)
          return due.do === 'ask' && !due.asked ? { type: 'approval.asked', step: id, ask: approval } : undefined
        })
        // A person who is awaited must not disable the safety net; without one there is nothing to stay for.
        if (task.step.plan.guards.length === 0) return record.state
        await watchWhileAsked(shift, task.step)
        continue
      }
      if (task.do === 'apply' || task.do === 'rollback') await act(shift, task.do, task.step)
      else if (task.do === 'recover') await recover(shift, task)
      else if (task.do === 'pause') await whileDue(record, task, { type: 'run.paused', why: task.why, by: bench.actor })
      else if (task.do === 'settle') await whileDue(record, task, { type: 'run.settled', why: task.why })
      else await close(shift, task)
    }
  } catch (error) {
    await pauseAfter(shift, error)
    throw error
  } finally {
    options.pause.removeEventListener('abort', onPause)
    await followers.close()
  }
}

/** A word of a person that came first holds: what it made of the run is looked at anew. */
async function whileDue(record: Record, task: Task, what: Happening): Promise<void> {
  await record.decide((now) => (nameOf(next(now)) === nameOf(task) ? what : undefined))
}

function nameOf(task: Task): string {
  if (task.do === 'close') return `${task.do} ${task.outcome}`
  return 'step' in task ? `${task.do} ${task.step.plan.id}` : `${task.do} ${task.why}`
}

async function act(shift: Shift, verb: 'apply' | 'rollback', step: StepState): Promise<void> {
  if (verb === 'apply') return applyStep(shift, step)
  await rollbackStep(shift, step)
  const after = shift.record.state.steps.find((each) => each.plan.id === step.plan.id)
  if (after?.status === 'undoing' && after.error && shift.record.state.paused === undefined) {
    await shift.record.append({
      type: 'run.paused',
      why: `the rollback of step "${step.plan.id}" failed: ${after.error.message}`,
      by: shift.bench.actor,
    })
  }
}

/** A failed step turns the run back where the plan says so, unless something that cannot be turned back stands in the way. */
async function recover(shift: Shift, task: Extract<Task, { do: 'recover' }>): Promise<void> {
  const { record, bench } = shift
  const { step } = task
  const why = `step "${step.plan.id}" failed: ${step.error?.message ?? 'for an unknown reason'}`
  const back = await retreat(shift, step)
  if (back === 'left') return
  if (back) return hold(shift, task, why, back.stands)
  const sealed = sealedBy({ ...record.state, way: 'back' })
  if (record.state.plan.onFailure === 'pause' || sealed)
    await whileDue(record, task, { type: 'run.paused', why, by: bench.actor })
  else {
    const automatic = step.error?.code === 'gate.failed' ? { automatic: true as const } : {}
    await whileDue(record, task, { type: 'run.turned', way: 'back', why, by: bench.actor, ...automatic })
  }
}

/** Whoever is awaited learns what is in force meanwhile, and what to type. */
async function hold({ record, bench }: Shift, task: Task, why: string, stands: string): Promise<void> {
  const choice = '`changeover resume` tries the step again, `changeover rollback` turns everything back'
  await whileDue(record, task, { type: 'run.paused', why: `${why}; ${stands}: ${choice}`, by: bench.actor, stands })
}

/** Rolled back means that the facts are those at the start; the journal says whether they are. */
async function close(shift: Shift, task: Extract<Task, { do: 'close' }>): Promise<void> {
  const { record } = shift
  const { outcome } = task
  if (outcome === 'rolled-back') {
    const { facts } = record.state.plan
    const edits = diff(facts, await shift.targets.observe(Object.keys(facts)))
    const finding =
      edits.length === 0
        ? note('run.restored', 'the facts of every target equal those at the start', 'nothing to do', {
            targets: Object.keys(facts),
          })
        : risk(
            'run.not-restored',
            `${edits.length} facts are not those at the start, first ${edits[0]?.path.join('.')}`,
            'find out who changed them',
            edits as never,
          )
    // A runner that was killed between this and the close has said it already.
    const known = record.state.findings.some(
      ({ code, message }) => code === finding.code && message === finding.message,
    )
    if (!known) await record.append({ type: 'finding.made', finding })
  }
  if (
    outcome === 'rolled-back' ||
    record.state.steps.some((step) => step.plan.undo === 'none' && step.status === 'applied')
  ) {
    for (const name of Object.keys(record.state.plan.facts)) await (await shift.targets.get(name)).forget?.()
  }
  await whileDue(record, task, { type: 'run.closed', outcome })
}

/** What a person must mend leaves a paused run; a fenced runner leaves it to the other, and a journal that cannot be written is left. */
async function pauseAfter(shift: Shift, error: unknown): Promise<void> {
  const { record, bench } = shift
  const code = isChangeoverError(error) ? error.code : ''
  if (code === 'run.fenced' || code === 'target.fenced' || code.startsWith('journal.') || shift.stop.aborted) return
  if (record.state.paused !== undefined || record.state.outcome) return
  const why = error instanceof Error ? error.message : String(error)
  await record.append({ type: 'run.paused', why, by: bench.actor }).catch((cause: unknown) => {
    throw new ChangeoverError(
      'journal.unwritable',
      `the run could not be paused after: ${why}`,
      'mend the journal, then `changeover resume`',
      { cause },
    )
  })
}
