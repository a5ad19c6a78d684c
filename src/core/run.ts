/** The state of a run, folded from its events, and the engine's only decision. Pure; the same fold feeds everything that is shown. */
import type { Actor, ErrorRecord, Event, Outcome, Verb, Way } from './event.ts'
import type { Finding } from './finding.ts'
import type { Mark, Wishes } from './kind.ts'
import type { Change, Plan, PlannedStep } from './plan.ts'
import { inOrderBack } from './way-back.ts'

/** waiting → applying → applied; applying or applied → failed; any but waiting → undoing → waiting. */
export type StepStatus = 'waiting' | 'applying' | 'applied' | 'failed' | 'undoing'

export interface StepState {
  readonly plan: PlannedStep
  readonly status: StepStatus
  /** The last mark of `apply`, kept after it ended: other steps recall it, `rollback` needs it. */
  readonly applied: Mark
  /** The last mark of a `rollback` under way. */
  readonly undone: Mark
  /** Edits from the plan's facts to those seen when `apply` first began. */
  readonly before: Change | undefined
  readonly error?: ErrorRecord
  readonly asked?: string
  readonly approval?: { readonly by: string; readonly note: string }
  /** When the verb under way, or the last one, began and ended: ISO 8601. */
  readonly startedAt?: string
  readonly endedAt?: string
  /** The first mark of this verb with a count, and when: rates are measured from there. */
  readonly first?: { readonly at: string; readonly done: number }
  readonly markedAt?: string
}

/** A run as its events have made it. Times are ISO 8601. */
export interface RunState {
  readonly seq: number
  readonly plan: Plan
  readonly identities: { readonly [target: string]: string }
  readonly steps: readonly StepState[]
  readonly way: Way
  /** Turning back ends right after this step, or takes only the steps of this part. */
  readonly to?: string
  readonly part?: string
  readonly why?: string
  readonly until?: string
  readonly wishes: Wishes
  readonly paused?: string
  /** What a failed step that went back to what was good last left in force, while the run is paused. */
  readonly stands?: string
  readonly aborted?: string
  readonly outcome?: Outcome
  /** Why a gate or guard turned the run back. The plan must not be run again until a person releases it. */
  readonly held?: string
  readonly owner?: Actor
  /** The number of the last claim: what a runner is fenced by. */
  readonly fence: number
  readonly findings: readonly Finding[]
  readonly openedAt: string
  readonly changedAt: string
}

/** What the engine does next. `rest` is doing nothing: the run is closed, paused, or waits for a person. */
export type Task =
  | { readonly do: 'rest'; readonly why: 'closed' | 'paused' }
  | { readonly do: 'ask'; readonly step: StepState; readonly asked: boolean }
  | { readonly do: 'apply'; readonly step: StepState }
  | { readonly do: 'rollback'; readonly step: StepState }
  | { readonly do: 'recover'; readonly step: StepState }
  | { readonly do: 'pause'; readonly why: string }
  | { readonly do: 'settle'; readonly why: string }
  | { readonly do: 'close'; readonly outcome: Outcome }

/** The state of a run from all its events; undefined where there are none. */
export function fold(events: readonly Event[]): RunState | undefined {
  return events.reduce<RunState | undefined>((state, event) => evolve(state, event), undefined)
}

/** One event further. The first event of a run is `run.opened`. */
export function evolve(state: RunState | undefined, event: Event): RunState {
  if (event.type === 'run.opened') return open(event)
  if (!state) throw new Error(`the first event of a run is "run.opened", not "${event.type}"`)
  const now = { ...state, seq: event.seq, changedAt: event.at }
  switch (event.type) {
    case 'run.claimed':
      return { ...now, owner: event.by, fence: event.seq }
    case 'run.turned':
      return turn(now, event)
    case 'run.released':
      return without(now, 'held')
    case 'run.settled':
      return { ...without(now, 'to', 'part', 'why'), way: 'forward', paused: event.why }
    case 'run.paused':
      return {
        ...without(now, 'stands'),
        paused: event.why,
        ...(event.stands === undefined ? {} : { stands: event.stands }),
      }
    case 'run.resumed':
      return resume(now, event)
    case 'run.aborted':
      return { ...without(now, 'paused', 'stands', 'outcome'), aborted: event.why }
    case 'run.amended':
      return {
        ...now,
        plan: event.plan,
        steps: event.plan.steps.map(
          (step) => now.steps.find((each) => each.plan.id === step.id && each.status !== 'waiting') ?? waiting(step),
        ),
      }
    case 'run.closed':
      return { ...without(now, 'paused', 'stands', 'aborted', 'to', 'part'), outcome: event.outcome }
    case 'finding.made':
      return { ...now, findings: [...now.findings, event.finding] }
    default:
      return { ...now, steps: now.steps.map((step) => (step.plan.id === event.step ? evolveStep(step, event) : step)) }
  }
}

type StepEvent = Extract<Event, { readonly step: string }>

function evolveStep(step: StepState, event: StepEvent): StepState {
  switch (event.type) {
    case 'approval.asked':
      return { ...step, asked: event.at }
    case 'approval.given':
      return { ...step, approval: { by: event.by.user, note: event.note } }
    case 'step.started': {
      const begun = { ...without(step, 'error', 'endedAt', 'first', 'markedAt'), startedAt: event.at }
      if (event.verb === 'rollback')
        return { ...begun, status: 'undoing', undone: step.status === 'undoing' ? step.undone : null }
      return { ...begun, status: 'applying', before: event.before }
    }
    case 'step.marked':
      return mark(step, event.verb, event.mark, event.at)
    case 'step.finished':
      if (event.verb === 'apply') return { ...step, status: 'applied', endedAt: event.at }
      return {
        ...waiting(step.plan),
        ...(step.startedAt === undefined ? {} : { startedAt: step.startedAt }),
        endedAt: event.at,
      }
    case 'step.failed':
      return { ...step, status: event.verb === 'apply' ? 'failed' : 'undoing', error: event.error, endedAt: event.at }
  }
}

function mark(step: StepState, verb: Verb, at: Mark, when: string): StepState {
  const first = step.first ?? (at?.done === undefined ? undefined : { at: when, done: at.done })
  const marked = { ...step, markedAt: when, ...(first === undefined ? {} : { first }) }
  return verb === 'apply' ? { ...marked, applied: at } : { ...marked, undone: at }
}

function open(event: Extract<Event, { type: 'run.opened' }>): RunState {
  return {
    seq: event.seq,
    plan: event.plan,
    identities: event.identities,
    steps: event.plan.steps.map(waiting),
    way: 'forward',
    fence: 0,
    wishes: event.wishes,
    findings: event.plan.findings,
    openedAt: event.at,
    changedAt: event.at,
    ...(event.until === undefined ? {} : { until: event.until }),
  }
}

function waiting(plan: PlannedStep): StepState {
  return { plan, status: 'waiting', applied: null, undone: null, before: undefined }
}

function turn(state: RunState, event: Extract<Event, { type: 'run.turned' }>): RunState {
  const turned = {
    ...without(state, 'to', 'part', 'paused', 'stands', 'aborted', 'outcome', 'until'),
    way: event.way,
    why: event.why,
  }
  return {
    ...turned,
    ...(event.to === undefined ? {} : { to: event.to }),
    ...(event.part === undefined ? {} : { part: event.part }),
    ...(event.automatic ? { held: event.why } : {}),
  }
}

function resume(state: RunState, event: Extract<Event, { type: 'run.resumed' }>): RunState {
  const steps = state.steps.map((step) =>
    step.status === 'failed' ? { ...without(step, 'error'), status: 'applying' as const } : step,
  )
  const resumed = {
    ...without(state, 'paused', 'stands', 'until'),
    steps,
    wishes: { ...state.wishes, ...event.wishes },
  }
  return event.until === undefined ? resumed : { ...resumed, until: event.until }
}

function without<T extends object, K extends keyof T>(
  value: T,
  ...keys: readonly K[]
): Omit<T, K> & Partial<Pick<T, K>> {
  const copy = { ...value }
  for (const key of keys) delete copy[key]
  return copy
}

/**
 * The state machine of a run:
 * closed: nothing. aborted: the step under way is undone, then the run closes, the steps before it stay.
 * paused: nothing. forward: a failed step recovers as the plan says; else the first step that is not applied, asked about first where it
 * wants approval; none left: close. back: the last step that is not waiting, within `to` and `part`, those on a target of `backFirst` before all
 * others; none left: close, or settle when partial.
 */
export function next(state: RunState): Task {
  if (state.outcome) return { do: 'rest', why: 'closed' }
  if (state.aborted !== undefined) {
    const open = state.steps.find(
      (step) => step.status === 'applying' || step.status === 'failed' || step.status === 'undoing',
    )
    return open ? { do: 'rollback', step: open } : { do: 'close', outcome: 'aborted' }
  }
  if (state.paused !== undefined) return { do: 'rest', why: 'paused' }
  return state.way === 'forward' ? forward(state) : back(state)
}

function forward(state: RunState): Task {
  const failed = state.steps.find((step) => step.status === 'failed')
  if (failed) return { do: 'recover', step: failed }
  const step = state.steps.find((each) => each.status !== 'applied')
  if (isPast(state, step)) return { do: 'pause', why: `step "${state.until}" is reached` }
  if (!step) return { do: 'close', outcome: 'done' }
  if (step.plan.approval !== undefined && !step.approval && step.status === 'waiting')
    return { do: 'ask', step, asked: step.asked !== undefined }
  return { do: 'apply', step }
}

/** Whether the next step to apply lies behind `until`: all up to it are applied, also those that were taken back once. */
function isPast(state: RunState, step: StepState | undefined): boolean {
  const last = state.steps.findIndex((each) => each.plan.id === state.until)
  return last >= 0 && (step === undefined || state.steps.indexOf(step) > last)
}

function back(state: RunState): Task {
  const step = wayBack(state)[0]
  if (step) return { do: 'rollback', step }
  if (state.part !== undefined) return { do: 'settle', why: `part "${state.part}" is rolled back` }
  if (state.to !== undefined) return { do: 'settle', why: `rolled back to step "${state.to}"` }
  return { do: 'close', outcome: 'rolled-back' }
}

/** The steps that turning back still has to undo, in the order in which it undoes them. */
export function wayBack(state: RunState): readonly StepState[] {
  return inOrderBack(turningBack(state), state.plan.backFirst, (step) => step.plan)
}

/** The steps that turning back still has to undo, in plan order. */
export function turningBack(state: RunState): readonly StepState[] {
  const stop = state.to === undefined ? -1 : state.steps.findIndex((step) => step.plan.id === state.to)
  return state.steps.filter(
    (step, index) =>
      index > stop && step.status !== 'waiting' && (state.part === undefined || step.plan.parts.includes(state.part)),
  )
}

/** The applied step that forbids to turn back, if there is one: nothing brings its work back. */
export function sealedBy(state: RunState): StepState | undefined {
  return turningBack(state).find((step) => step.plan.undo === 'none')
}

/** Whether a runner has something to do, and if not, what is waited for: the basis of exit codes and of what `status` says. */
export type Phase = 'running' | 'turning-back' | 'paused' | 'awaiting-approval' | 'failed' | Outcome

/** A phase, or that the runner is gone in the middle of it: it was killed, or its machine is lost. */
export type Standing = Phase | 'interrupted'

export function standing(state: RunState, runnerGone: boolean): Standing {
  const at = phase(state)
  return runnerGone && (at === 'running' || at === 'turning-back') ? 'interrupted' : at
}

/** Where a run is, in one word. */
export function phase(state: RunState): Phase {
  if (state.outcome) return state.outcome
  const task = next(state)
  if (task.do === 'ask') return 'awaiting-approval'
  if (state.paused !== undefined) return state.steps.some((step) => step.error) ? 'failed' : 'paused'
  return state.way === 'back' || state.aborted !== undefined ? 'turning-back' : 'running'
}
