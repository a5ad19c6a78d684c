/** A run told to a person who watches it: a headline for each stage, a line for each step that ended, and where it is now. Knows no terminal. */
import type { Event, Verb } from '../core/event.ts'
import type { Finding } from '../core/finding.ts'
import type { RunState, StepState } from '../core/run.ts'
import { bar } from './bar.ts'
import { eventText } from './event-line.ts'
import { helpOf, paintOf } from './finding-text.ts'
import type { Pace } from './pace.ts'
import { fit, pad, type Paint, wrap } from './paint.ts'
import { type Progress, progressOf } from './progress.ts'
import { phaseWords, progressLines } from './status-text.ts'
import { count, duration, millis } from './words.ts'

/** What must be remembered from one event to the next: nothing of it is in the state. */
export interface Telling {
  readonly stage: string
  /** When the step under way began, in milliseconds since 1970. */
  readonly began: number
  /** What the step under way found last and that needs nobody. */
  readonly note: string
}

export const untold: Telling = { stage: '', began: 0, note: '' }

export interface Told {
  readonly telling: Telling
  /** Lines that stay, at most `width` columns wide. */
  readonly lines: readonly string[]
}

/** `state` is that after the event. */
export function tell(telling: Telling, event: Event, state: RunState, paint: Paint, width: number): Told {
  switch (event.type) {
    case 'run.claimed':
    case 'run.closed':
    case 'step.marked':
      return { telling, lines: [] }
    case 'step.started':
      return { telling: { ...telling, began: millis(event.at), note: '' }, lines: [] }
    case 'finding.made':
      if (event.finding.level === 'note') return { telling: { ...telling, note: event.finding.message }, lines: [] }
      return { telling, lines: foundLines(event.finding, paint, width) }
    case 'step.finished':
    case 'step.failed': {
      const step = state.steps.find((each) => each.plan.id === event.step)
      return step ? ended(telling, event, step, paint, width) : { telling, lines: [] }
    }
    default:
      return { telling, lines: wrap(eventText(event, paint), width) }
  }
}

type Ended = Extract<Event, { type: 'step.finished' | 'step.failed' }>

/** Columns for the title of a step. */
const titles = 52

function ended(telling: Telling, event: Ended, step: StepState, paint: Paint, width: number): Told {
  const { stage, title } = step.plan
  const headline = stage === telling.stage || stage === '' ? [] : ['', paint.strong(stage)]
  const took = telling.began === 0 ? '' : duration(millis(event.at) - telling.began)
  const sign =
    event.type === 'step.failed' ? paint.bad('✗') : event.verb === 'apply' ? paint.good('✓') : paint.warn('↶')
  const mark = event.verb === 'apply' ? step.applied : step.undone
  const rows = mark?.unit === 'rows' && mark.done !== undefined ? `${count(mark.done)} rows` : ''
  const room = Math.max(10, Math.min(titles, width - 30))
  const line = `  ${sign} ${pad(fit(title, room), room)} ${took.padStart(8)}  ${rows}`.trimEnd()
  const lines = [...headline, fit(line, width), ...besides(telling, event, paint, width - 4)]
  return { telling: { stage, began: 0, note: '' }, lines }
}

/** Why a step failed, whole; or what it found last, as far as it fits on a line. */
function besides(telling: Telling, event: Ended, paint: Paint, width: number): readonly string[] {
  const said =
    event.type === 'step.failed'
      ? wrap(`${event.error.code}: ${event.error.message}`, width).map(paint.bad)
      : telling.note === ''
        ? []
        : [paint.faint(fit(telling.note.replace(/\s*\n\s*/g, ' '), width))]
  return said.map((line) => `    ${line}`)
}

function foundLines(finding: Finding, paint: Paint, width: number): readonly string[] {
  const colour = paintOf(finding.level, paint)
  const lines = wrap(finding.message, width - 6).map((line) => colour(line))
  const help = helpOf(finding) === '' ? [] : wrap(`→ ${helpOf(finding)}`, width - 6).map((line) => paint.faint(line))
  return [...lines, ...help].map((line, at) => (at === 0 ? `  ${colour('!')} ${line}` : `    ${line}`))
}

/** Where the run is: how much of it is in place, the step under way, and how fast that goes. `now` in milliseconds since 1970. */
export function nowLines(
  state: RunState,
  pace: Pace | undefined,
  now: number,
  paint: Paint,
  width: number,
): readonly string[] {
  const progress = progressOf(state, pace, now)
  const bars = Math.max(10, Math.min(40, width - 50))
  const whole = paint.good(bar(progress.applied / Math.max(1, progress.steps), bars))
  const since = duration(Math.max(0, now - millis(state.openedAt)))
  const head = `${whole}  ${progress.applied} of ${progress.steps} steps in place · ${phaseWords[progress.phase]} · ${since}`
  if (!progress.step) return ['', head]
  return ['', head, ...stepLines(progress.step, progress, now, paint, bars)]
}

const pointing: Readonly<Record<Verb, string>> = { apply: '▸', rollback: '↶' }

function stepLines(step: StepState, progress: Progress, now: number, paint: Paint, bars: number): readonly string[] {
  const { id, title } = step.plan
  const busy = step.status === 'applying' || step.status === 'undoing'
  const since = busy && step.startedAt !== undefined ? `  ${duration(Math.max(0, now - millis(step.startedAt)))}` : ''
  const name = title === id ? '' : `  ${paint.faint(id)}`
  return [
    `${paint.name(pointing[progress.verb])} ${paint.strong(title)}${name}${paint.faint(since)}`,
    ...progressLines(progress, paint, bars),
    ...(progress.note === undefined ? [] : [paint.faint(progress.note)]),
  ]
}
