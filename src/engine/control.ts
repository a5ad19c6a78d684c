/** Control from any terminal: an event appended to the journal, which the runner finds there. Opens no target. */
import { ChangeoverError, suggestion } from '../core/errors.ts'
import type { Actor, Happening, Journal } from '../core/event.ts'
import type { Wishes } from '../core/kind.ts'
import { fold, next, type RunState, sealedBy } from '../core/run.ts'
import { Record } from './record.ts'

export type Control =
  | { readonly do: 'pause'; readonly why: string }
  | { readonly do: 'resume'; readonly until?: string; readonly wishes?: Wishes }
  | { readonly do: 'abort'; readonly why: string }
  | { readonly do: 'rollback'; readonly why: string; readonly to?: string; readonly part?: string }
  | { readonly do: 'release'; readonly why: string }
  | { readonly do: 'approve'; readonly step?: string; readonly note: string }

/** Throws `run.closed`, `run.refused`, `plan.unknown-step`, `plan.unknown-part` where the state forbids what is asked. */
export async function control(
  at: { readonly journal: Journal; readonly actor: Actor },
  run: string,
  what: Control,
): Promise<RunState> {
  const record = await Record.open({ journal: at.journal, run, redact: (value) => value })
  return record.decide((state) => decide(state, what, at.actor))
}

/** Pure: the event that a wish becomes in a state, nothing when it is so already. */
export function decide(state: RunState, what: Control, by: Actor): Happening | undefined {
  switch (what.do) {
    case 'pause':
      mustBeOpen(state, 'pause')
      return state.paused === undefined ? { type: 'run.paused', why: what.why, by } : undefined
    case 'abort':
      mustBeOpen(state, 'abort')
      return { type: 'run.aborted', why: what.why, by }
    case 'release':
      return release(state, what.why, by)
    case 'resume':
      return resume(state, what, by)
    case 'rollback':
      return turnBack(state, what, by)
    case 'approve':
      return approve(state, what, by)
  }
}

function mustBeOpen(state: RunState, verb: string): void {
  if (!state.outcome) return
  const help =
    state.outcome === 'done'
      ? '`changeover rollback` turns it back; `changeover run` starts a new one'
      : '`changeover run` starts a new one'
  throw new ChangeoverError('run.closed', `the run is ${state.outcome}; there is nothing to ${verb}`, help)
}

/** Only a run that a gate turned back, and that is back, holds its plan. */
function release(state: RunState, why: string, by: Actor): Happening {
  if (state.held !== undefined && state.outcome === 'rolled-back') return { type: 'run.released', why, by }
  throw new ChangeoverError(
    'run.refused',
    `plan "${state.plan.name}" is not held`,
    '`changeover run` starts it; `changeover status` shows its last run',
  )
}

function resume(state: RunState, what: Extract<Control, { do: 'resume' }>, by: Actor): Happening | undefined {
  mustBeOpen(state, 'resume')
  if (what.until !== undefined) mustKnow(state, what.until)
  if (state.paused === undefined && what.until === undefined && what.wishes === undefined) return undefined
  return {
    type: 'run.resumed',
    by,
    ...(what.until === undefined ? {} : { until: what.until }),
    ...(what.wishes === undefined ? {} : { wishes: what.wishes }),
  }
}

function turnBack(state: RunState, what: Extract<Control, { do: 'rollback' }>, by: Actor): Happening {
  if (state.outcome === 'rolled-back') mustBeOpen(state, 'roll back')
  if (what.to !== undefined) mustKnow(state, what.to)
  const parts = new Set(state.steps.flatMap((step) => step.plan.parts))
  if (what.part !== undefined && !parts.has(what.part)) {
    const message = `no step of the plan carries the part "${what.part}"${suggestion(what.part, parts)}`
    throw new ChangeoverError('plan.unknown-part', message, `its parts: ${[...parts].join(', ') || 'none'}`)
  }
  const scope = {
    ...(what.to === undefined ? {} : { to: what.to }),
    ...(what.part === undefined ? {} : { part: what.part }),
  }
  const { to: _to, part: _part, ...rest } = state
  const sealed = sealedBy({ ...rest, ...scope, way: 'back' })
  if (sealed) {
    const help = `\`changeover rollback --to ${sealed.plan.id}\` undoes what came after it; \`changeover restore\` brings what it took out of a backup`
    throw new ChangeoverError('run.refused', `step "${sealed.plan.id}" was applied and cannot be turned back`, help)
  }
  return { type: 'run.turned', way: 'back', why: what.why, by, ...scope }
}

function approve(state: RunState, what: Extract<Control, { do: 'approve' }>, by: Actor): Happening | undefined {
  mustBeOpen(state, 'approve')
  const task = next(state)
  const waiting = task.do === 'ask' ? task.step.plan.id : undefined
  const id = what.step ?? waiting
  if (id === undefined)
    throw new ChangeoverError(
      'run.refused',
      'no step waits for an approval',
      '`changeover status` shows what the run does',
    )
  mustKnow(state, id)
  const step = state.steps.find((each) => each.plan.id === id)
  if (step?.plan.approval === undefined)
    throw new ChangeoverError(
      'run.refused',
      `step "${id}" asks for no approval`,
      'leave the step away to approve the one that waits',
    )
  if (step.approval) return undefined
  return { type: 'approval.given', step: id, by, note: what.note, plan: state.plan.hash }
}

function mustKnow(state: RunState, id: string): void {
  const known = state.steps.map((step) => step.plan.id)
  if (known.includes(id)) return
  throw new ChangeoverError(
    'plan.unknown-step',
    `the plan has no step "${id}"${suggestion(id, known)}`,
    `its steps: ${known.join(', ')}`,
  )
}

/** The run that commands mean when none is named: the one that is open, else the last. */
export async function latestRun(journal: Journal): Promise<string | undefined> {
  const runs = [...(await journal.runs())].reverse()
  for (const run of runs) {
    const state = fold(await journal.read(run))
    if (state && !state.outcome) return run
  }
  return runs[0]
}
