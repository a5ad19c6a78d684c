/** Reads and changes of a set of flags in a table: document, version, history and notice in one transaction. */
import pg from 'pg'
import { ChangeoverError } from '../../core/errors.ts'
import { equal, isObject, type JsonObject } from '../../core/json.ts'
import type { FlagChange, FlagDocument, FlagWriter } from '../../core/ports/index.ts'
import { readFlags } from '../../flags/index.ts'
import { refused } from './refused.ts'
import { channel, watchTable } from './watch.ts'

export interface TableOptions {
  readonly pool: pg.Pool
  readonly client: pg.ClientConfig
  /** `host:port/database`, for messages. */
  readonly where: string
  /** Which set of flags. */
  readonly name: string
  readonly now: () => number
}

const tables = `
  CREATE SCHEMA IF NOT EXISTS changeover;
  CREATE TABLE IF NOT EXISTS changeover.flags (name text PRIMARY KEY, document text NOT NULL, version bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS changeover.flag_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, change json NOT NULL);
  CREATE INDEX IF NOT EXISTS flag_changes_by_name ON changeover.flag_changes (name, id)`

export function openTable(options: TableOptions): FlagWriter {
  const { pool, where, name } = options
  const guarded = async <T>(body: () => Promise<T>): Promise<T> => {
    try {
      return await body()
    } catch (error) {
      throw refused(error, where)
    }
  }
  return {
    read: () => guarded(() => read(pool, name)),
    history: (flag, most) => guarded(() => history(pool, name, flag, most)),
    watch: (moved, signal) => watchTable(options.client, name, moved, signal),
    change: (flags, version, who) =>
      guarded(() => inTransaction(pool, (at) => change(at, options, flags, version, who))),
  }
}

/** No table, or no row: no flags yet. */
async function read(at: pg.Pool | pg.PoolClient, name: string, lock = ''): Promise<FlagDocument> {
  if (!(await areThere(at))) return { document: { flags: {} }, version: '0' }
  const found = await at.query<{ document: string; version: string }>(
    `SELECT document, version::text FROM changeover.flags WHERE name = $1 ${lock}`,
    [name],
  )
  const [row] = found.rows
  if (row === undefined) return { document: { flags: {} }, version: '0' }
  return { document: readFlags(JSON.parse(row.document)).document, version: row.version }
}

async function areThere(at: pg.Pool | pg.PoolClient): Promise<boolean> {
  const found = await at.query<{ there: boolean }>(
    `SELECT to_regclass('changeover.flags') IS NOT NULL AND to_regclass('changeover.flag_changes') IS NOT NULL AS there`,
  )
  return found.rows[0]?.there === true
}

async function history(
  pool: pg.Pool,
  name: string,
  flag: string | undefined,
  most: number | undefined,
): Promise<readonly FlagChange[]> {
  if (!(await areThere(pool))) return []
  const found = await pool.query<{ change: FlagChange }>(
    `SELECT change FROM changeover.flag_changes
     WHERE name = $1 AND ($2::text IS NULL OR change ->> 'flag' = $2) ORDER BY id DESC LIMIT $3`,
    [name, flag ?? null, most ?? null],
  )
  return found.rows.map((row) => row.change)
}

async function inTransaction<T>(pool: pg.Pool, body: (at: pg.PoolClient) => Promise<T>): Promise<T> {
  const at = await pool.connect()
  try {
    await at.query(`BEGIN; SET LOCAL lock_timeout = '5s'`)
    const result = await body(at)
    await at.query('COMMIT')
    at.release()
    return result
  } catch (error) {
    const kept = await at.query('ROLLBACK').catch(() => undefined)
    at.release(kept === undefined)
    throw error
  }
}

async function change(
  at: pg.PoolClient,
  { name, now }: TableOptions,
  flags: { readonly [flag: string]: JsonObject | null },
  version: string,
  who: { readonly by: string; readonly why: string },
): Promise<string> {
  if (!(await areThere(at))) {
    // Two who make the tables at once would otherwise stumble over each other.
    await at.query(`SELECT pg_advisory_xact_lock(hashtext('changeover flags'))`)
    await at.query(tables)
  }
  await at.query(`INSERT INTO changeover.flags VALUES ($1, '{"flags": {}}', 0) ON CONFLICT DO NOTHING`, [name])
  const old = await read(at, name, 'FOR UPDATE')
  if (old.version !== version)
    throw new ChangeoverError(
      'target.conflict',
      `the flags "${name}" were changed since they were read`,
      'read them again, and decide anew',
    )
  const before = isObject(old.document['flags']) ? old.document['flags'] : {}
  const document = readFlags({ ...old.document, flags: changed(before, flags) }).document
  if (equal(document, old.document)) return version
  const written = await at.query<{ version: string }>(
    `UPDATE changeover.flags SET document = $2, version = version + 1 WHERE name = $1 RETURNING version::text`,
    [name, JSON.stringify(document)],
  )
  for (const [flag, after] of Object.entries(flags)) {
    const was = Object.hasOwn(before, flag) ? before[flag] : null
    const line = { at: now(), ...who, flag, before: was ?? null, after }
    await at.query('INSERT INTO changeover.flag_changes (name, change) VALUES ($1, $2)', [name, JSON.stringify(line)])
  }
  // Heard by others when the transaction is committed, and not at all when it is not.
  await at.query('SELECT pg_notify($1, $2)', [channel, name])
  return written.rows[0]?.version ?? version
}

function changed(before: JsonObject, flags: { readonly [flag: string]: JsonObject | null }): JsonObject {
  const kept = Object.entries({ ...before, ...flags }).filter(([, flag]) => flag !== null)
  return Object.fromEntries(kept) as JsonObject
}
