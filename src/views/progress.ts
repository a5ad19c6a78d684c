/** Where a run is, as data that status, live progress and JSON share. Knows no rendering. */
import { next, type RunState, type Standing, standing, type StepState } from '../core/run.ts'
import type { Verb } from '../core/event.ts'
import { estimates, totalOf } from './estimate.ts'
import { type Pace, type Speed, speedOf, timeLeft } from './pace.ts'

export interface Progress {
  readonly phase: Standing
  /** The step under way or next, its number from 1, and how many there are. */
  readonly step?: StepState
  readonly number: number
  readonly steps: number
  readonly applied: number
  readonly verb: Verb
  readonly done?: number
  readonly of?: number
  readonly unit?: string
  readonly note?: string
  readonly speed?: Speed
  /** Milliseconds left in this step. */
  readonly leftMs?: number
  /** Milliseconds left in all; `atLeast` when a later step has no estimate. */
  readonly allLeftMs?: number
  readonly atLeast: boolean
}

/** `now` in milliseconds since 1970. */
export function progressOf(
  state: RunState,
  pace: Pace | undefined,
  now: number,
  { runnerGone = false }: { readonly runnerGone?: boolean | undefined } = {},
): Progress {
  const task = next(state)
  const busy = state.steps.find((step) => step.status === 'applying' || step.status === 'undoing')
  const step = busy ?? ('step' in task ? task.step : state.steps.find((each) => each.error))
  const verb: Verb = step?.status === 'undoing' || state.way === 'back' ? 'rollback' : 'apply'
  const base: Progress = {
    phase: standing(state, runnerGone),
    number: step ? state.steps.indexOf(step) + 1 : state.steps.length,
    steps: state.steps.length,
    applied: state.steps.filter((each) => each.status === 'applied').length,
    verb,
    atLeast: false,
  }
  if (!step) return base
  const mark = verb === 'apply' ? step.applied : step.undone
  const own = pace?.step === step.plan.id ? pace : undefined
  const speed = speedOf(own)
  const moving = base.phase === 'running' || base.phase === 'turning-back'
  const left = moving ? timeLeft(own, mark?.of, now) : undefined
  return {
    ...base,
    step,
    ...(mark?.done === undefined ? {} : { done: mark.done }),
    ...(mark?.of === undefined ? {} : { of: mark.of }),
    ...(mark?.unit === undefined ? {} : { unit: mark.unit }),
    ...(mark?.note === undefined ? {} : { note: mark.note }),
    ...(speed === undefined ? {} : { speed }),
    ...(left === undefined ? {} : { leftMs: left }),
    ...(moving && verb === 'apply' ? leftInAll(state, step, left, now) : {}),
  }
}

/** The step under way by its pace, or by its estimate less the time it took; later ones by their estimates. */
function leftInAll(
  state: RunState,
  step: StepState,
  left: number | undefined,
  now: number,
): { allLeftMs?: number; atLeast: boolean } {
  const by = estimates(state.findings)
  const later = state.steps.slice(state.steps.indexOf(step) + 1).map((each) => each.plan)
  const total = totalOf(later, by)
  const expected = by.get(step.plan.id)?.seconds
  const spent = step.startedAt === undefined || step.status === 'waiting' ? 0 : now - Date.parse(step.startedAt)
  const here = left ?? (expected === undefined ? undefined : Math.max(0, expected * 1000 - spent))
  if (here === undefined && total.known === 0) return { atLeast: false }
  return { allLeftMs: (here ?? 0) + total.seconds * 1000, atLeast: here === undefined || total.known < later.length }
}
