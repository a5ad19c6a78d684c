/** `changeover events`: the audit trail of a run, filtered, and followed while it grows. */
import type { Event } from '../../core/event.ts'
import { eventJson, eventLine } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { filterFor } from '../filter.ts'
import { findRun, openJournalFor } from '../journal.ts'

export interface EventsOptions extends Common {
  readonly follow?: boolean
  readonly filter?: readonly string[]
}

export async function events(options: EventsOptions, door: Door): Promise<number> {
  const wanted = filterFor(options.filter ?? [])
  const journal = await openJournalFor(options, door)
  const end = new AbortController()
  const leave = (): void => end.abort(new Error('left'))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  try {
    const run = await findRun(journal, options)
    const tell = (event: Event): void => {
      if (wanted(event))
        door.out(door.json ? `${JSON.stringify(eventJson(event))}\n` : `${eventLine(event, door.paint)}\n`)
    }
    if (!options.follow) (await journal.read(run)).forEach(tell)
    else
      for await (const event of journal.tail(run, 0, end.signal)) {
        tell(event)
        if (event.type === 'run.closed') break
      }
    return 0
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await journal.close()
  }
}
