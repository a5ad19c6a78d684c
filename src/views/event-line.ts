/** One event as one line of text. What `run` prints in a pipe, and `events` everywhere. */
import type { Event } from '../core/event.ts'
import { paintOf } from './finding-text.ts'
import { pad, type Paint, plain } from './paint.ts'
import { count, plural, timeOfDay } from './words.ts'

export function eventLine(event: Event, paint: Paint = plain): string {
  return `${paint.faint(timeOfDay(event.at))}  ${pad(event.type, 14)}  ${eventText(event, paint)}`.trimEnd()
}

/** What the event says beside its time and type, on one line. */
export function eventText(event: Event, paint: Paint = plain): string {
  return said(event, paint).replace(/\s*\n\s*/g, ' ')
}

function said(event: Event, paint: Paint): string {
  switch (event.type) {
    case 'run.opened': {
      const { plan } = event
      const until = event.until === undefined ? '' : `, until "${event.until}"`
      return `${plan.name} ${plan.from} → ${plan.to}, ${plural(plan.steps.length, 'step')}, plan ${plan.hash.slice(0, 12)}${until}, by ${event.by.user}`
    }
    case 'run.claimed':
      return `by ${event.by.user}@${event.by.host} (${event.by.pid})`
    case 'run.turned': {
      const to = event.to === undefined ? '' : ` to "${event.to}"`
      const part = event.part === undefined ? '' : ` part "${event.part}"`
      return paint.warn(`${event.way}${to}${part}: ${event.why}`)
    }
    case 'run.settled':
      return event.why
    case 'run.released':
      return `${event.why}, by ${event.by.user}`
    case 'run.paused':
      return paint.warn(`${event.why}, by ${event.by.user}`)
    case 'run.resumed':
      return `by ${event.by.user}${event.until === undefined ? '' : `, until "${event.until}"`}`
    case 'run.aborted':
      return paint.bad(`${event.why}, by ${event.by.user}`)
    case 'run.amended':
      return `plan ${event.plan.hash.slice(0, 12)}, by ${event.by.user}`
    case 'run.closed':
      return (event.outcome === 'done' ? paint.good : paint.warn)(event.outcome)
    case 'finding.made':
      return findingSaid(event, paint)
    default:
      return stepSaid(event, paint)
  }
}

function findingSaid(event: Extract<Event, { type: 'finding.made' }>, paint: Paint): string {
  const { level, code, message, at } = event.finding
  const where = at?.step === undefined ? '' : ` at ${at.step}`
  return `${paintOf(level, paint)(level)}  ${code}${where}: ${message}`
}

function stepSaid(event: Extract<Event, { readonly step: string }>, paint: Paint): string {
  const step = paint.name(event.step)
  switch (event.type) {
    case 'approval.asked':
      return `${step}  ${paint.warn(event.ask)}`
    case 'approval.given':
      return `${step}  by ${event.by.user}${event.note === '' ? '' : `: ${event.note}`}`
    case 'step.started':
      return `${step}${verbWord(event.verb)}`
    case 'step.finished':
      return `${step}${verbWord(event.verb)}`
    case 'step.failed':
      return `${step}${verbWord(event.verb)}  ${paint.bad(`${event.error.code}: ${event.error.message}`)}`
    case 'step.marked':
      return `${step}${verbWord(event.verb)}${markSaid(event.mark)}`
  }
}

function verbWord(verb: 'apply' | 'rollback'): string {
  return verb === 'rollback' ? '  undo' : ''
}

function markSaid(mark: Extract<Event, { type: 'step.marked' }>['mark']): string {
  if (mark?.done === undefined) return mark?.note === undefined ? '' : `  ${mark.note}`
  const of = mark.of === undefined ? '' : ` of ${count(mark.of)}`
  const unit = mark.unit === undefined ? '' : ` ${mark.unit}`
  return `  ${count(mark.done)}${of}${unit}${mark.note === undefined ? '' : `  ${mark.note}`}`
}
