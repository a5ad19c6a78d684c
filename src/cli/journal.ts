/** The journal for commands that need nothing else: by its place where that is plain, else by loading the plan. Light at first. */
import type { Event, Journal } from '../core/event.ts'
import { ChangeoverError, suggestion } from '../core/errors.ts'
import { fold, type RunState } from '../core/run.ts'
import { openJournalAt } from '../engine/journal-files.ts'
import { plainClock } from './clock.ts'
import type { Common, Door } from './door.ts'
import { journalPlace } from './journal-place.ts'

export async function openJournalFor(common: Common, door: Door): Promise<Journal> {
  const folder = journalPlace(door.cwd, common.file)
  if (folder !== undefined) return openJournalAt({ folder, clock: plainClock })
  const { openBenchFor } = await import('./open.ts')
  return (await openBenchFor(common, door)).journal
}

/** The run that is meant: the one named, else the one that is open, else the last. Throws `run.not-found`. */
export async function findRun(journal: Journal, common: Common): Promise<string> {
  const runs = await journal.runs()
  if (common.run !== undefined) {
    const meant = runs.filter((run) => run === common.run || run.startsWith(`${common.run}-`))
    if (meant.length === 1 && meant[0] !== undefined) return meant[0]
    const message = `there is no run "${common.run}"${suggestion(common.run, runs)}`
    throw new ChangeoverError('run.not-found', message, `runs there are: ${runs.join(', ') || 'none'}`)
  }
  for (const run of runs.length === 1 ? [] : runs.toReversed()) if (isOpen(await journal.read(run))) return run
  const last = runs.at(-1)
  if (last !== undefined) return last
  throw new ChangeoverError(
    'run.not-found',
    'nothing was run yet',
    'look at the plan with `changeover plan`, then `changeover run`',
  )
}

/** Whether a run goes on, without the fold: what closed it was not followed by turning it back. `status` asks this of every run. */
function isOpen(events: readonly Event[]): boolean {
  const last = events.findLast((event) => decisive.has(event.type))
  return last !== undefined && last.type !== 'run.closed'
}

const decisive: ReadonlySet<Event['type']> = new Set(['run.opened', 'run.closed', 'run.turned', 'run.aborted'])

export async function readState(journal: Journal, run: string): Promise<RunState> {
  const state = fold(await journal.read(run))
  if (state) return state
  throw new ChangeoverError('run.not-found', `there is no run "${run}"`, '`changeover status` shows the last one')
}
