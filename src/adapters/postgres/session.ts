/** One lent connection as the port's session: every statement can be stopped, and a lock that does not come is explained. */
import type { QueryResult } from 'pg'
import { ChangeoverError } from '../../core/errors.ts'
import type { Row, SqlSession } from '../../core/ports/index.ts'
import { type Ask, watchBlockers } from './blockers.ts'
import { drain, feed } from './copy.ts'
import { type Place, quoteStart, translate } from './errors.ts'
import { destroy, type Link } from './links.ts'

/** What a session needs from its target. */
export interface Desk {
  readonly place: Place
  readonly signal: AbortSignal
  /** Asks on another connection. */
  readonly aside: Ask
}

/** How long a cancelled statement may take to end before its socket is closed, milliseconds. */
const cancelMs = 1000

/** Runs `work` on the link; an abort cancels the statement on the server and gives the connection up. `lockMs` 0: no lock limit. */
export async function attended<T>(
  desk: Desk,
  link: Link,
  text: string,
  lockMs: number,
  work: () => Promise<T>,
): Promise<T> {
  desk.signal.throwIfAborted()
  if (link.broken) throw lost(desk, text)
  const stop = (): void => cancel(desk, link)
  desk.signal.addEventListener('abort', stop, { once: true })
  const watch = lockMs > 0 ? watchBlockers(link.pid, lockMs, desk.aside) : undefined
  try {
    return await work()
  } catch (error) {
    if (desk.signal.aborted) throw desk.signal.reason
    throw translate(error, desk.place, text, watch?.seen())
  } finally {
    desk.signal.removeEventListener('abort', stop)
    watch?.stop()
  }
}

function cancel(desk: Desk, link: Link): void {
  link.broken = true
  setTimeout(() => destroy(link), cancelMs).unref()
  desk.aside('SELECT pg_cancel_backend($1)', [link.pid]).catch(() => destroy(link))
}

function lost(desk: Desk, text: string): ChangeoverError {
  return new ChangeoverError(
    'target.unreachable',
    `the connection to "${desk.place.where}" was lost before ${quoteStart(text)}`,
    'run `changeover resume`',
  )
}

/** Without values a text may hold several statements (the simple protocol), unless `single` asks for the extended one. */
export async function ask(
  link: Link,
  text: string,
  values: readonly unknown[] | undefined,
  single: boolean,
): Promise<readonly QueryResult[]> {
  const config = {
    text,
    ...(values === undefined ? {} : { values: [...values] }),
    ...(single ? { queryMode: 'extended' } : {}),
  }
  const result = (await link.client.query(config)) as QueryResult | QueryResult[]
  return Array.isArray(result) ? result : [result]
}

/** A SET for the session, as files of SQL have them: the next user of the connection must not inherit it. */
function lasting(text: string, results: readonly QueryResult[]): boolean {
  return (
    results.some((each) => each.command === 'SET' || each.command === 'RESET') &&
    /\b(re)?set\s+(?!local\b|transaction\b|constraints\b)/i.test(text)
  )
}

/** `single`: one statement at a time, as a reader must have it, so that no COMMIT can end its transaction. */
export function openSession(desk: Desk, link: Link, lockMs: number, single: boolean): SqlSession {
  let copying = false
  const idle = (text: string): void => {
    if (!copying) return
    throw new ChangeoverError(
      'target.failed',
      `${quoteStart(text)} was asked while a COPY runs on the same connection`,
      'read the COPY to its end first, or use a second snapshot',
    )
  }
  const run = async (text: string, values?: readonly unknown[]): Promise<readonly QueryResult[]> => {
    idle(text)
    const results = await attended(desk, link, text, lockMs, () => ask(link, text, values, single))
    if (lasting(text, results)) link.settings = true
    return results
  }
  return {
    async rows<R extends Row>(text: string, values?: readonly unknown[]): Promise<readonly R[]> {
      return ((await run(text, values)).at(-1)?.rows ?? []) as R[]
    },
    async run(text, values) {
      return (await run(text, values)).reduce((sum, each) => sum + (each.rowCount ?? 0), 0)
    },
    async *copyOut(text) {
      idle(text)
      desk.signal.throwIfAborted()
      if (link.broken) throw lost(desk, text)
      const stop = (): void => cancel(desk, link)
      desk.signal.addEventListener('abort', stop, { once: true })
      copying = true
      try {
        yield* drain(link, text, stop)
      } catch (error) {
        if (desk.signal.aborted) throw desk.signal.reason
        throw translate(error, desk.place, text)
      } finally {
        copying = false
        desk.signal.removeEventListener('abort', stop)
      }
    },
    async copyIn(text, bytes) {
      idle(text)
      copying = true
      try {
        return await attended(desk, link, text, lockMs, () => feed(link, text, bytes))
      } finally {
        copying = false
      }
    },
  }
}
