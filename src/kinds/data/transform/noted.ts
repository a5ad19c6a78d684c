/** What mirrors noted of rows and have not carried over yet. Such a row is neither taken away nor written over, or a client's write would go with it. */
import { ChangeoverError, isChangeoverError } from '../../../core/errors.ts'
import type { Writing } from '../../../core/kind.ts'
import type { SqlReader, SqlWriter } from '../../../core/ports/index.ts'
import { changesTable, keyText, notesTable, triggerPrefix } from '../../../mirror/index.ts'
import { type KeyRange, moves, postgresWriter, type Route, within } from '../../../rows/index.ts'
import { routeOf, type Work } from './work.ts'

type At = Pick<Writing<{ readonly database: 'database' }>, 'clock' | 'signal'> & {
  readonly on: { readonly database: SqlWriter }
}

/** Shorter than the server waits before it looks for a deadlock (1 s): a client that meets us goes on, and we try again. */
const lockMs = 500
const pauseMs = 250
/** How long a note may stay before the step says so and fails: a client holds its row, or no worker carries it. */
const patienceMs = 90_000

/** Mirrors that note rows of the table which a transformation writes. */
export interface Mirrors {
  readonly table: string
  readonly names: readonly string[]
}

/** A row of the range has a note: what was done to it is taken back, and done again when it was carried over. */
export class Noted extends Error {}

export async function mirrorsOf(work: Work, db: Pick<SqlReader, 'rows'>): Promise<Mirrors> {
  const table = work.inPlace ? changesTable : notesTable
  const found = await db.rows<{ name: string }>(
    `SELECT substr(tgname, length($2) + 1) AS name FROM pg_trigger
      WHERE tgrelid = $1::text::regclass AND starts_with(tgname, $2) AND tgtype & 1 = 1 AND to_regclass($3) IS NOT NULL`,
    [routeOf(work).target, triggerPrefix, table],
  )
  return { table, names: found.map(({ name }) => name) }
}

/** Whether a mirror of ours writes the table, whatever its kind. */
export async function isMirrored(work: Work, db: Pick<SqlReader, 'rows'>): Promise<boolean> {
  const text = `SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = $1::text::regclass AND starts_with(tgname, $2)) AS mirrored`
  const [seen] = await db.rows<{ mirrored: boolean }>(text, [routeOf(work).target, triggerPrefix])
  return seen?.mirrored === true
}

/** The condition that row `alias` of the target has no note. Rows must be locked before the statement: then no note can come. */
export function unnoted(work: Work, { table, names }: Mirrors, alias: string): string | undefined {
  if (names.length === 0) return undefined
  const key = moves.targetKey(routeOf(work)).map(({ name }) => name)
  return `NOT EXISTS (SELECT FROM ${table} n WHERE n.mirror IN (${listed(names)}) AND n.key = ${keyText(postgresWriter, key, alias)})`
}

/** Throws where a row of the range has a note. `own`: only of rows that this transaction put into the target. */
export async function refuseNoted(
  work: Work,
  mirrors: Mirrors,
  db: Pick<SqlReader, 'rows'>,
  range: KeyRange,
  which: 'all' | 'own',
): Promise<void> {
  if (mirrors.names.length === 0) return
  const [seen] = await db.rows<{ noted: boolean }>(notedText(routeOf(work), mirrors, range, which))
  if (seen?.noted === true) throw new Noted('a mirror has noted a row of the chunk')
}

/** A row is our own where it is no older than we are: that may take in another's, and never leaves one of ours out. */
function notedText(route: Route, { table, names }: Mirrors, range: KeyRange, which: 'all' | 'own'): string {
  const { quote } = postgresWriter
  const key = moves.targetKey(route)
  const typed = key.map(
    ({ name, type }, at) =>
      `CASE WHEN n.mirror IN (${listed(names)}) THEN (n.key::jsonb ->> ${at})::${type} END AS ${quote(name)}`,
  )
  const same = key.map(({ name }) => `t.${quote(name)} = k.${quote(name)}`).join(' AND ')
  const ours =
    which === 'all'
      ? ''
      : ` JOIN ${route.target} t ON ${same} AND age(t.xmin) <= age(pg_current_xact_id()::xid) AND ${within(postgresWriter, key, range, 't.')}`
  return `SELECT EXISTS (SELECT FROM (SELECT ${typed.join(', ')} FROM ${table} n) k${ours} WHERE ${within(postgresWriter, key, range, 'k.')}) AS noted`
}

/** Has what is noted carried over: between tables by the mirrors' own functions, in one table by the worker that follows. */
export async function letCarry(work: Work, mirrors: Mirrors, at: At): Promise<void> {
  if (!work.inPlace) {
    for (const name of mirrors.names) {
      const settle = `SELECT changeover.${postgresWriter.quote(`${name}_settle`)}()`
      await at.on.database.transaction((tx) => tx.run(settle), { lockMs }).catch(unlessLocked)
    }
  }
  await at.clock.sleep(pauseMs, at.signal)
}

/** Does it again while it is refused for a note. Error `target.lock` when patience ends. */
export async function untilCarried<T>(work: Work, mirrors: Mirrors, at: At, body: () => Promise<T>): Promise<T> {
  const until = at.clock.now() + patienceMs
  for (;;) {
    try {
      return await body()
    } catch (error) {
      if (!(error instanceof Noted)) throw error
      if (at.clock.now() > until) throw notCarried(work)
    }
    await letCarry(work, mirrors, at)
  }
}

export function notCarried(work: Work): ChangeoverError {
  return new ChangeoverError(
    'target.lock',
    `clients of the new version wrote rows of "${work.target}" that its mirror has not carried over in ${patienceMs / 1000} s`,
    'end the transactions that hold rows, and see with `changeover status` that the mirror’s step is kept going; then `changeover resume`',
  )
}

function unlessLocked(error: unknown): void {
  if (!isChangeoverError(error) || error.code !== 'target.lock') throw error
}

function listed(names: readonly string[]): string {
  return names.map((name) => postgresWriter.literal(name)).join(', ')
}
