/** Puts a mirror up and takes it down: each in one short transaction, tried again until its lock is free. Decides nothing about rows. */
import { ChangeoverError, isChangeoverError } from '../../../core/errors.ts'
import type { Clock, Mark } from '../../../core/kind.ts'
import type { SqlReader, SqlSession, SqlWriter } from '../../../core/ports/index.ts'
import {
  alwaysMark,
  changesTable,
  changesTableText,
  notesTable,
  notesTableText,
  triggerPrefix,
} from '../../../mirror/index.ts'
import { postgresWriter } from '../../../rows/index.ts'
import type { MirrorWork } from './spec.ts'

interface At {
  readonly on: { readonly database: SqlWriter }
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Between two tries, milliseconds: writers that queued behind a try must get through before the next. */
const firstPauseMs = 100
const longestPauseMs = 3200

/** Yields a mark for each try that got no lock. Doing it where the mirror stands changes nothing and takes no lock. */
export async function* putUp(work: MirrorWork, at: At): AsyncGenerator<Mark> {
  yield* persistently(work, at, async (tx) => {
    await tx.run('CREATE SCHEMA IF NOT EXISTS changeover')
    if (work.mode === 'tables') await tx.run(notesTableText)
    if (work.mode === 'notes') await tx.run(changesTableText)
    for (const { text } of work.install.functions) await tx.run(text)
    const standing = await triggersOf(work, tx)
    const wanted = work.install.triggers.filter((each) => standing.get(idOf(each)) !== `${each.text}${alwaysMark}`)
    if (wanted.length === 0) return
    await lockAll(work, tx)
    for (const each of wanted) {
      if (standing.has(idOf(each))) await tx.run(dropText(each))
      await tx.run(each.text)
      await tx.run(`ALTER TABLE ${quoteTable(each.table)} ENABLE ALWAYS TRIGGER ${postgresWriter.quote(each.name)}`)
    }
  })
}

/** `before` runs with the tables locked, before the triggers go: the last moment at which both sides are held still. */
export async function* takeDown(
  work: MirrorWork,
  at: At,
  before: (tx: SqlSession) => Promise<void>,
): AsyncGenerator<Mark> {
  if (await isGone(work, at.on.database)) return
  yield* persistently(work, at, async (tx) => {
    const standing = await triggersOf(work, tx)
    if (standing.size > 0) {
      await lockAll(work, tx)
      await before(tx)
    }
    for (const each of work.install.triggers) if (standing.has(idOf(each))) await tx.run(dropText(each))
    for (const { name } of work.install.functions) await tx.run(`DROP FUNCTION IF EXISTS ${name}()`)
    await forget(work, tx)
  })
}

/** True while all triggers of the mirror are there. */
export async function stands(work: MirrorWork, db: Pick<SqlReader, 'rows'>): Promise<boolean> {
  return (await triggersOf(work, db)).size === work.install.triggers.length
}

/** Triggers of the mirror that somebody has switched off. */
export async function switchedOff(work: MirrorWork, db: Pick<SqlReader, 'rows'>): Promise<readonly string[]> {
  return [...(await triggersOf(work, db))].flatMap(([id, text]) => (text.endsWith(' [disabled]') ? [id] : []))
}

interface Named {
  readonly table: string
  readonly name: string
}

function idOf({ table, name }: Named): string {
  return `${table} ${name}`
}

function dropText({ table, name }: Named): string {
  return `DROP TRIGGER ${postgresWriter.quote(name)} ON ${quoteTable(table)}`
}

export function quoteTable(table: string): string {
  const point = table.indexOf('.')
  return postgresWriter.quote(...(point < 0 ? [table] : [table.slice(0, point), table.slice(point + 1)]))
}

/** Those of ours that are there, with the server's own text for them, as facts have it. */
async function triggersOf(work: MirrorWork, db: Pick<SqlReader, 'rows'>): Promise<ReadonlyMap<string, string>> {
  const rows = await db.rows<{ table: string; name: string; text: string }>(
    `SELECT n.nspname || '.' || c.relname AS table, t.tgname AS name, pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'A' THEN '${alwaysMark}' WHEN 'D' THEN ' [disabled]' ELSE '' END AS text
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND t.tgname = ANY ($2::text[])`,
    [work.install.tables, work.install.triggers.map((each) => each.name)],
  )
  return new Map(rows.map((each) => [idOf(each), each.text]))
}

/** In one statement and one order: two mirrors that are put up at once cannot lock each other out. */
async function lockAll(work: MirrorWork, tx: SqlSession): Promise<void> {
  const tables = [...new Set(work.install.tables)].sort().map(quoteTable)
  await tx.run(`LOCK TABLE ${tables.join(', ')} IN SHARE ROW EXCLUSIVE MODE`)
}

async function isGone(work: MirrorWork, db: Pick<SqlReader, 'rows'>): Promise<boolean> {
  if ((await triggersOf(work, db)).size > 0) return false
  const [seen] = await db.rows<{ there: boolean; ours: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                     WHERE n.nspname = 'changeover' AND p.oid::regprocedure::text = ANY ($1::text[])) AS there,
            EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'changeover') AS ours`,
    [work.install.functions.map((each) => `${each.name.replaceAll(/"([a-z_][a-z0-9_]*)"/g, '$1')}()`)],
  )
  return seen?.there !== true && seen?.ours !== true
}

/** The tables go with the last mirror that uses them, the schema with the last thing in it. */
async function forget(work: MirrorWork, tx: SqlSession): Promise<void> {
  const [others] = await tx.rows<{ mirrors: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_trigger WHERE starts_with(tgname, $1)) AS mirrors`,
    [triggerPrefix],
  )
  for (const table of [notesTable, changesTable]) {
    const [there] = await tx.rows<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
    if (!there?.there) continue
    await tx.run(
      others?.mirrors ? `DELETE FROM ${table} WHERE mirror = $1` : `DROP TABLE ${table}`,
      others?.mirrors ? [work.shape.name] : undefined,
    )
  }
  const [left] = await tx.rows<{ empty: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid) AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid)
            AND NOT EXISTS (SELECT FROM pg_type WHERE typnamespace = n.oid) AS empty FROM pg_namespace n WHERE n.nspname = 'changeover'`,
  )
  if (left?.empty) await tx.run('DROP SCHEMA changeover')
}

/** One transaction, again and again until it got its locks. Error `target.lock` when patience ends, with the server's word on who blocks. */
async function* persistently(work: MirrorWork, at: At, body: (tx: SqlSession) => Promise<void>): AsyncGenerator<Mark> {
  const until = at.clock.now() + work.patienceMs
  for (let tries = 1, pause = firstPauseMs; ; tries++, pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      await at.on.database.transaction(
        async (tx) => {
          // Empty, so that the server words every definition in full.
          await tx.run("SELECT set_config('search_path', '', true)")
          await body(tx)
        },
        { lockMs: work.lockMs },
      )
      return
    } catch (error) {
      if (!isChangeoverError(error) || error.code !== 'target.lock') throw error
      if (at.clock.now() + pause > until) {
        throw new ChangeoverError('target.lock', `${error.message}, in ${tries} tries`, error.help, { cause: error })
      }
      yield { at: { tries }, note: `try ${tries}: ${error.message}` }
    }
    await at.clock.sleep(pause, at.signal)
  }
}
