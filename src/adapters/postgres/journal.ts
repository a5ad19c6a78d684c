/** The journal of a team: events as rows of a PostgreSQL database, one session as the claim. Knows no kind and no target. */
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import type { Actor, Claim, Event, Happening, Journal } from '../../core/event.ts'
import { parseAddress } from './address.ts'
import { translate } from './errors.ts'
import { type Link, type LinkOptions, Links } from './links.ts'
import { claimRun, runnerOf } from './journal-claim.ts'
import { runDigest, tailRun } from './journal-tail.ts'
import { ask } from './session.ts'

export interface PostgresJournalOptions {
  readonly url: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How often a tail looks where no notification arrives (a pooler between), milliseconds. */
  readonly pollMs?: number
}

type Query = (text: string, values: readonly unknown[]) => Promise<readonly { readonly [column: string]: unknown }[]>

/** The body is `json`, not `jsonb`: it keeps the text as it was written, also what jsonb refuses (a zero character). */
const tables = `
  CREATE SCHEMA IF NOT EXISTS changeover_journal;
  CREATE TABLE IF NOT EXISTS changeover_journal.events (
    run text NOT NULL, seq bigint NOT NULL, at timestamptz NOT NULL, body json NOT NULL, PRIMARY KEY (run, seq))`

/** Only when `after` is the last; of two that see the same last, the primary key lets one through. */
const appendQuery = `
  WITH appended AS (
    INSERT INTO changeover_journal.events (run, seq, at, body)
    SELECT $1, $2::bigint + 1, $3, $4
     WHERE $2::bigint = (SELECT coalesce(max(seq), 0) FROM changeover_journal.events WHERE run = $1)
    RETURNING seq)
  SELECT seq, pg_notify('changeover_journal', $5) FROM appended`

const readQuery =
  'SELECT seq, body::text AS body FROM changeover_journal.events WHERE run = $1 AND seq > $2 ORDER BY seq'
const runsQuery = 'SELECT run FROM changeover_journal.events WHERE seq = 1 ORDER BY at, run'

export function openPostgresJournal(options: PostgresJournalOptions): Journal {
  const links: LinkOptions = {
    address: parseAddress(options.url),
    label: 'changeover-journal',
    max: 4,
    connectMs: 10_000,
  }
  const pool = new Links(links)
  const query = asking(pool)
  const read = async (run: string, after = 0): Promise<readonly Event[]> => readEvents(query, run, after)
  let made: Promise<void> | undefined
  const make = async (): Promise<void> => {
    made ??= makeTables(query).catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
  return {
    read,
    append: async (run, what, after) => {
      await writable(make())
      return append(query, run, what, after, options.now())
    },
    tail: (run, after, signal) => tailRun({ links, read, pollMs: options.pollMs ?? 1000 }, run, after, signal),
    runs: async () => (await unlessAbsent(query(runsQuery, []))).map((row) => String(row['run'])),
    claim: (run: string, by: Actor): Promise<Claim> => writable(claimRun(links, run, by)),
    hasRunner: async (run) => (await withLink(pool, (link) => runnerOf(link, run))) !== undefined,
    close: () => pool.close(),
  }
}

function asking(pool: Links): Query {
  return (text, values) =>
    withLink(pool, async (link) => (await ask(link, text, values, values.length > 0)).at(-1)?.rows ?? [], text)
}

async function withLink<T>(pool: Links, work: (link: Link) => Promise<T>, text?: string): Promise<T> {
  const link = await pool.lend()
  try {
    return await work(link)
  } catch (error) {
    link.broken = true
    throw translate(error, pool.options.address, text)
  } finally {
    pool.giveBack(link)
  }
}

async function makeTables(query: Query): Promise<void> {
  const [found] = await query("SELECT to_regclass('changeover_journal.events') IS NOT NULL AS there", [])
  if (found?.['there'] === true) return
  // Two that create at once collide in the catalog: a second try finds what the first made.
  await query(tables, []).catch(() => query(tables, []))
}

async function append(query: Query, run: string, what: Happening, after: number, now: number): Promise<Event> {
  const at = new Date(now).toISOString()
  const event: Event = { ...what, seq: after + 1, at }
  const body = JSON.stringify(event)
  const rows = await writable(
    query(appendQuery, [run, after, at, body, runDigest(run)]).catch((error: unknown) => {
      if (sqlState(error) === '23505') return []
      throw error
    }),
  )
  if (rows.length === 0)
    throw new ChangeoverError(
      'journal.conflict',
      `event ${after + 1} of "${run}" was appended by another`,
      'read the journal again: `changeover status`',
    )
  return JSON.parse(body) as Event
}

async function readEvents(query: Query, run: string, after: number): Promise<readonly Event[]> {
  const rows = await unlessAbsent(query(readQuery, [run, after]))
  return rows.map((row, index) => {
    const expected = after + index + 1
    const event = row['seq'] === BigInt(expected) ? (JSON.parse(String(row['body'])) as Event) : undefined
    if (event?.seq === expected) return event
    throw new ChangeoverError(
      'journal.corrupt',
      `event ${expected} of "${run}" is not in the journal, but a later one is`,
      'put the row back into changeover_journal.events from a backup',
      { data: { line: expected, whole: expected - 1 } },
    )
  })
}

/** A journal that nobody has written yet is an empty one. */
async function unlessAbsent<T>(rows: Promise<readonly T[]>): Promise<readonly T[]> {
  return rows.catch((error: unknown) => {
    const state = sqlState(error)
    if (state === '42P01' || state === '3F000') return []
    throw error
  })
}

function sqlState(error: unknown): unknown {
  return isChangeoverError(error) ? (error.data as { sqlstate?: unknown } | undefined)?.sqlstate : undefined
}

async function writable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!isChangeoverError(error) || !error.code.startsWith('target.')) throw error
    throw new ChangeoverError('journal.unwritable', `the journal cannot be written: ${error.message}`, error.help, {
      cause: error,
    })
  }
}
