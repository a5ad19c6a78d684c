/** `changeover status`: where the run is. Loads the journal, the fold and one view, and nothing else: it must start at once. */
import { evolvePace, type Pace } from '../../views/pace.ts'
import { statusJson } from '../../views/status-json.ts'
import { statusText } from '../../views/status-text.ts'
import { evolve, fold, phase, type RunState } from '../../core/run.ts'
import type { Event, Journal } from '../../core/event.ts'
import type { Common, Door } from '../door.ts'
import { findRun, openJournalFor } from '../journal.ts'
import { repainter } from '../repaint.ts'

export interface StatusOptions extends Common {
  readonly watch?: boolean
}

export async function status(options: StatusOptions, door: Door): Promise<number> {
  const journal = await openJournalFor(options, door)
  try {
    const run = await findRun(journal, options)
    const events = await journal.read(run)
    if (options.watch) return await watch(run, journal, options, door)
    const state = fold(events)
    if (state) door.out(shown(run, state, paceOf(events), options, door))
    return 0
  } finally {
    await journal.close()
  }
}

function paceOf(events: readonly Event[]): Pace | undefined {
  return events.reduce<Pace | undefined>(evolvePace, undefined)
}

/** What follows each command that is proposed, so that it can be copied as it stands. */
export function optionsOf(common: Common): string {
  const file = common.file === undefined ? '' : `-f ${common.file}`
  return [file, common.run === undefined ? '' : `--run ${common.run}`].filter((each) => each !== '').join(' ')
}

function shown(run: string, state: RunState, pace: Pace | undefined, common: Common, door: Door): string {
  if (door.json) return `${JSON.stringify(statusJson(run, state, pace, door.now()))}\n`
  const { paint } = door
  return statusText(run, state, {
    pace,
    now: door.now(),
    paint,
    width: door.width(),
    commandOptions: optionsOf(common),
  })
}

/** Follows the run until it is closed. On a terminal one screen is repainted; elsewhere there is one more status for each change of phase or step. */
async function watch(run: string, journal: Journal, common: Common, door: Door): Promise<number> {
  const end = new AbortController()
  const leave = (): void => end.abort(new Error('left'))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  const screen = door.live && !door.json ? repainter(door) : undefined
  let state: RunState | undefined
  let pace: Pace | undefined
  let told = ''
  const tell = (): void => {
    if (!state) return
    if (screen) return screen.paint(shown(run, state, pace, common, door))
    const now = `${phase(state)} ${state.steps.map((step) => step.status).join(' ')}`
    if (now !== told) door.out(shown(run, state, pace, common, door))
    told = now
  }
  const ticking = screen && setInterval(tell, 500)
  try {
    const seen = (await journal.read(run)).length
    for await (const event of journal.tail(run, 0, end.signal)) {
      state = evolve(state, event)
      pace = evolvePace(pace, event)
      if (event.seq < seen) continue
      tell()
      if (state.outcome) return 0
    }
    return 0
  } finally {
    clearInterval(ticking)
    screen?.end()
    process.off('SIGINT', leave).off('SIGTERM', leave)
  }
}
