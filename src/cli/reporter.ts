/** How a run is told while it goes on: painted in place on a terminal, one line a change in a pipe, one object a line with `--json`. */
import type { Event } from '../core/event.ts'
import type { RunState } from '../core/run.ts'
import { eventJson, eventLine, evolvePace, nowLines, type Pace, tell, untold } from '../views/index.ts'
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

/** What ended scrolls by; the step under way is painted below it, ten times a second at most. */
function liveReporter(door: Door): Reporter {
  const screen = repainter(door)
  let state: RunState | undefined
  let pace: Pace | undefined
  let telling = untold
  let painted = 0
  let ended = false
  const paint = (): void => {
    painted = door.now()
    if (!state) return
    screen.paint(state.outcome ? '' : nowLines(state, pace, door.now(), door.paint, door.width()).join('\n'))
  }
  const ticking = setInterval(paint, 500)
  return {
    event: (event, now) => {
      state = now
      pace = evolvePace(pace, event)
      const told = tell(telling, event, now, door.paint, door.width())
      telling = told.telling
      if (told.lines.length > 0) screen.above(told.lines.join('\n'))
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
