/** When each step worked and when nobody did, read from a run's events. Times in milliseconds since 1970. Knows no drawing. */
import type { Event, Verb } from '../core/event.ts'
import { millis } from './words.ts'

/** A stretch in which a step worked. It ends early where its runner died. */
export interface Span {
  readonly step: string
  readonly verb: Verb
  readonly from: number
  readonly to: number
  readonly end: 'finished' | 'failed' | 'stopped' | 'open'
}

/** A stretch in which no step worked, and what was waited for. */
export interface Idle {
  readonly from: number
  readonly to: number
  readonly why: string
}

interface Open {
  readonly step: string
  readonly verb: Verb
  readonly from: number
}

/** The spans in order. What is open at the last event ends there. */
export function spansOf(events: readonly Event[]): readonly Span[] {
  const spans: Span[] = []
  let open: Open | undefined
  let last = 0
  const close = (to: number, end: Span['end']): void => {
    if (open) spans.push({ ...open, to, end })
    open = undefined
  }
  for (const event of events) {
    const at = millis(event.at)
    switch (event.type) {
      case 'step.started':
        close(last, 'stopped')
        open = { step: event.step, verb: event.verb, from: at }
        break
      case 'step.finished':
      case 'step.failed':
        open ??= { step: event.step, verb: event.verb, from: last }
        close(at, event.type === 'step.finished' ? 'finished' : 'failed')
        break
      case 'run.claimed':
      case 'run.closed':
        close(last, 'stopped')
        break
      case 'step.marked':
        open ??= { step: event.step, verb: event.verb, from: last }
        break
      default:
    }
    last = at
  }
  close(last, 'open')
  return spans
}

/** Gaps between spans of at least `leastMs`, each with the reason that the events in it give. */
export function idlesOf(events: readonly Event[], spans: readonly Span[], leastMs: number): readonly Idle[] {
  const gaps = spans.slice(1).map((span, index) => ({ from: spans[index]!.to, to: span.from }))
  return gaps
    .filter((gap) => gap.to - gap.from >= leastMs)
    .map((gap) => ({ ...gap, why: reason(events.filter((event) => within(gap, millis(event.at)))) }))
}

function within(gap: { from: number; to: number }, at: number): boolean {
  return at >= gap.from && at <= gap.to
}

function reason(events: readonly Event[]): string {
  const has = (type: Event['type']): boolean => events.some((event) => event.type === type)
  if (has('approval.given') || has('approval.asked')) return 'waiting for approval'
  if (has('run.paused') || has('run.resumed')) return 'paused'
  if (has('run.turned')) return 'before turning back'
  return has('run.claimed') ? 'no runner' : 'between steps'
}

/** Milliseconds that a step worked in a verb, all its spans together; undefined when it never did. */
export function workedMs(spans: readonly Span[], step: string, verb: Verb): number | undefined {
  const own = spans.filter((span) => span.step === step && span.verb === verb)
  return own.length === 0 ? undefined : own.reduce((sum, span) => sum + span.to - span.from, 0)
}
