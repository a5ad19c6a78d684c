/** How a run is told while it goes on: painted in place on a terminal, one line a change in a pipe, one object a line with `--json`. */
import type { Event } from '../core/event.ts'
import type { RunState } from '../core/run.ts'
import {
  eventJson,
  eventLine,
  evolvePace,
  fit,
  type Pace,
  phaseWords,
  progressLines,
  progressOf,
} from '../views/index.ts'
import type { Door } from './door.ts'
import { repainter } from './repaint.ts'

export interface Reporter {
  readonly event: (event: Event, state: RunState) => void
  /** A line from the tool itself. */
  readonly say: (line: string) => void
  readonly end: () => void
}

export function reporterFor(door: Door): Reporter {
  if (door.json) return jsonReporter(door)
  return door.live ? liveReporter(door) : plainReporter(door)
}

function jsonReporter(door: Door): Reporter {
  return {
    event: (event) => door.out(`${JSON.stringify(eventJson(event))}\n`),
    say: (line) => door.err(`${line}\n`),
    end: () => undefined,
  }
}

/** Marks of a step at most once a second; everything else as it comes. */
function plainReporter(door: Door): Reporter {
  const told = new Map<string, number>()
  return {
    event: (event) => {
      if (event.type === 'step.marked') {
        const last = told.get(event.step)
        if (last !== undefined && door.now() - last < 1000) return
        told.set(event.step, door.now())
      }
      door.out(`${eventLine(event, door.paint)}\n`)
    },
    say: (line) => door.err(`${line}\n`),
    end: () => undefined,
  }
}

const quiet: ReadonlySet<Event['type']> = new Set(['step.marked', 'run.claimed', 'step.started'])

/** Changes scroll by; the step under way is painted below them, ten times a second at most. */
function liveReporter(door: Door): Reporter {
  const screen = repainter(door)
  let state: RunState | undefined
  let pace: Pace | undefined
  let painted = 0
  let ended = false
  const paint = (): void => {
    painted = door.now()
    if (state) screen.paint(state.outcome ? '' : liveLines(state, pace, door).join('\n'))
  }
  const ticking = setInterval(paint, 500)
  return {
    event: (event, now) => {
      state = now
      pace = evolvePace(pace, event)
      if (!quiet.has(event.type)) screen.above(fit(eventLine(event, door.paint), door.width()))
      if (event.type !== 'step.marked' || door.now() - painted >= 100) paint()
    },
    say: (line) => screen.above(line),
    end: () => {
      if (ended) return
      ended = true
      clearInterval(ticking)
      screen.paint('')
      screen.end()
    },
  }
}

function liveLines(state: RunState, pace: Pace | undefined, door: Door): readonly string[] {
  const { paint } = door
  const progress = progressOf(state, pace, door.now())
  const { step } = progress
  const head = paint.strong(`${phaseWords[progress.phase]}  step ${progress.number} of ${progress.steps}`)
  if (!step) return ['', head]
  const verb = progress.verb === 'rollback' ? 'undo ' : ''
  const since = step.startedAt === undefined ? '' : paint.faint(`  since ${step.startedAt.slice(11, 19)}`)
  return [
    '',
    `${head}  ${verb}${paint.name(step.plan.id)}  ${step.plan.title === step.plan.id ? '' : step.plan.title}${since}`,
    ...progressLines(progress, paint, Math.min(40, door.width() - 50)),
    ...(progress.note === undefined ? [] : [paint.warn(progress.note)]),
  ]
}
