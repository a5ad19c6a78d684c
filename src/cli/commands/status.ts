/** `changeover status`: where the run is. Loads the journal, the fold and one view, and nothing else: it must start at once. */
import type { Event } from '../../core/event.ts'
import { fold } from '../../core/run.ts'
import { isRunnerGone } from '../attended.ts'
import { evolvePace, type Pace, statusJson, statusText } from '../../views/status.ts'
import { type Common, type Door, optionsOf } from '../door.ts'
import { findRun, openJournalFor } from '../journal.ts'
import type { Shown } from './watch.ts'

export interface StatusOptions extends Common {
  readonly watch?: boolean
}

export async function status(options: StatusOptions, door: Door): Promise<number> {
  const journal = await openJournalFor(options, door)
  try {
    const run = await findRun(journal, options)
    const shown = door.json ? asJson(run, door) : asText(run, options, door)
    if (options.watch) return await (await import('./watch.ts')).watch(run, journal, shown, door)
    const events = await journal.read(run)
    const state = fold(events)
    if (state) door.out(shown(state, paceOf(events), await isRunnerGone(journal, run, state, door.now())))
    return 0
  } finally {
    await journal.close()
  }
}

function paceOf(events: readonly Event[]): Pace | undefined {
  return events.reduce<Pace | undefined>(evolvePace, undefined)
}

function asJson(run: string, door: Door): Shown {
  return (state, pace, gone) => `${JSON.stringify(statusJson(run, state, pace, door.now(), gone))}\n`
}

function asText(run: string, common: Common, door: Door): Shown {
  const commandOptions = optionsOf(common)
  return (state, pace, runnerGone) =>
    statusText(run, state, {
      pace,
      now: door.now(),
      paint: door.paint,
      width: door.width(),
      commandOptions,
      runnerGone,
    })
}
