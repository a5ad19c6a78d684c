/** How fast the step under way goes, folded from events: lately, and since it began. Time in which nobody worked is not counted. */
import type { Event, Verb } from '../core/event.ts'
import { millis } from './words.ts'

/** Rates are in units of the marks for each millisecond. Absent until two marks with a count were seen. */
export interface Pace {
  readonly step: string
  readonly verb: Verb
  readonly last?: { readonly at: number; readonly done: number }
  /** Exponentially weighted: a mark of `memoryMs` ago counts 1/e. */
  readonly recent?: number
  /** Units moved and milliseconds worked between counted marks. */
  readonly moved: number
  readonly workedMs: number
}

const memoryMs = 10_000

/** One event further. Undefined while no step is under way. */
export function evolvePace(pace: Pace | undefined, event: Event): Pace | undefined {
  switch (event.type) {
    case 'step.started':
      if (pace?.step === event.step && pace.verb === event.verb) return forget(pace)
      return { step: event.step, verb: event.verb, moved: 0, workedMs: 0 }
    case 'step.marked':
      return mark(pace, event)
    case 'step.finished':
    case 'step.failed':
      return undefined
    case 'run.claimed':
    case 'run.resumed':
      return pace && forget(pace)
    default:
      return pace
  }
}

/** The time until the next mark is none of work: somebody else, or nobody, held the run. */
function forget(pace: Pace): Pace {
  const { last: _, ...rest } = pace
  return rest
}

function mark(pace: Pace | undefined, event: Extract<Event, { type: 'step.marked' }>): Pace {
  const same = pace?.step === event.step && pace.verb === event.verb
  const known: Pace = same ? pace : { step: event.step, verb: event.verb, moved: 0, workedMs: 0 }
  const done = event.mark?.done
  if (done === undefined) return known
  const at = millis(event.at)
  const last = { at, done }
  if (!known.last || done < known.last.done || at < known.last.at) return { ...known, last }
  const ms = at - known.last.at
  if (ms === 0) return { ...known, last, moved: known.moved + done - known.last.done }
  const now = (done - known.last.done) / ms
  const weight = 1 - Math.exp(-ms / memoryMs)
  const recent = known.recent === undefined ? now : known.recent + weight * (now - known.recent)
  return { ...known, last, recent, moved: known.moved + done - known.last.done, workedMs: known.workedMs + ms }
}

export interface Speed {
  /** Units per second over the last marks, and over all marks of this verb. */
  readonly recent: number
  readonly overall: number
}

export function speedOf(pace: Pace | undefined): Speed | undefined {
  if (pace?.recent === undefined || pace.workedMs === 0) return undefined
  return { recent: pace.recent * 1000, overall: (pace.moved / pace.workedMs) * 1000 }
}

/** Milliseconds until `of` is reached at the recent pace, counted from `now`; undefined when that cannot be said. */
export function timeLeft(pace: Pace | undefined, of: number | undefined, now: number): number | undefined {
  if (of === undefined || pace?.last === undefined || pace.recent === undefined || pace.recent <= 0) return undefined
  const left = (of - pace.last.done) / pace.recent
  return Math.max(0, left - Math.max(0, now - pace.last.at))
}
