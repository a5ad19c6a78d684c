/** How fast the step under way goes, folded from events: lately, and since it began. Time in which nobody worked is not counted. */
import type { Event, Verb } from '../core/event.ts'
import { millis } from './words.ts'

/** Amounts are in the units of the marks, times in milliseconds. */
export interface Pace {
  readonly step: string
  readonly verb: Verb
  readonly last?: { readonly at: number; readonly done: number }
  /** Moved and worked between counted marks. */
  readonly moved: number
  readonly workedMs: number
  /** The same, exponentially forgotten: what was `memoryMs` of work ago counts 1/e. Their ratio begins as the plain average. */
  readonly lately: { readonly moved: number; readonly workedMs: number }
}

const memoryMs = 10_000
const none = { moved: 0, workedMs: 0, lately: { moved: 0, workedMs: 0 } } as const

/** One event further. Undefined while no step is under way. */
export function evolvePace(pace: Pace | undefined, event: Event): Pace | undefined {
  switch (event.type) {
    case 'step.started':
      if (pace?.step === event.step && pace.verb === event.verb) return forget(pace)
      return { step: event.step, verb: event.verb, ...none }
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
  const known: Pace = same ? pace : { step: event.step, verb: event.verb, ...none }
  const done = event.mark?.done
  if (done === undefined) return known
  const at = millis(event.at)
  const last = { at, done }
  if (!known.last || done < known.last.done || at < known.last.at) return { ...known, last }
  const worked = at - known.last.at
  const moved = done - known.last.done
  const kept = Math.exp(-worked / memoryMs)
  return {
    ...known,
    last,
    moved: known.moved + moved,
    workedMs: known.workedMs + worked,
    lately: { moved: known.lately.moved * kept + moved, workedMs: known.lately.workedMs * kept + worked },
  }
}

export interface Speed {
  /** Units per second over the last marks, and over all marks of this verb. */
  readonly recent: number
  readonly overall: number
}

export function speedOf(pace: Pace | undefined): Speed | undefined {
  if (!pace || pace.workedMs === 0) return undefined
  const { moved, workedMs, lately } = pace
  return { recent: (lately.moved / lately.workedMs) * 1000, overall: (moved / workedMs) * 1000 }
}

/** Milliseconds until `of` is reached at the recent pace, counted from `now`; undefined when that cannot be said. */
export function timeLeft(pace: Pace | undefined, of: number | undefined, now: number): number | undefined {
  const recent = speedOf(pace)?.recent ?? 0
  if (of === undefined || pace?.last === undefined || recent <= 0) return undefined
  const left = ((of - pace.last.done) / recent) * 1000
  return Math.max(0, left - Math.max(0, now - pace.last.at))
}
