/** `changeover events`: the audit trail of a run, filtered, and followed while it grows. */
import type { Event } from '../../core/event.ts'
import { eventJson, eventLine } from '../../views/index.ts'
import type { Plan } from '../../core/plan.ts'
import type { Common, Door } from '../door.ts'
import { filterFor } from '../filter.ts'
import { findRun, openJournalFor } from '../journal.ts'

export interface EventsOptions extends Common {
  readonly follow?: boolean
  readonly filter?: readonly string[]
}

export async function events(options: EventsOptions, door: Door): Promise<number> {
  const filter = filterFor(options.filter ?? [], door.now())
  const journal = await openJournalFor(options, door)
  const end = new AbortController()
  const leave = (): void => end.abort(new Error('left'))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  try {
    const run = await findRun(journal, options)
    const events = await journal.read(run)
    filter.check(events.flatMap((event) => planIn(event) ?? []))
    let plan: Plan | undefined
    const tell = (event: Event): void => {
      plan = planIn(event) ?? plan
      if (filter.wants(event, plan))
        door.out(door.json ? `${JSON.stringify(eventJson(event))}\n` : `${eventLine(event, door.paint)}\n`)
    }
    if (!options.follow) events.forEach(tell)
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

function planIn(event: Event): Plan | undefined {
  return event.type === 'run.opened' || event.type === 'run.amended' ? event.plan : undefined
}
