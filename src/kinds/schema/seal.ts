/** `schema.seal`: drops what the new version has left behind. The one kind that cannot be turned back; it asks first who still uses it. */
import { z } from 'zod'
import { block, type Finding, note } from '../../core/finding.ts'
import { defineKind } from '../../core/kind.ts'
import type { Catalog, Row, SqlReader } from '../../core/ports/index.ts'
import { loadParser, predict, qualify, quoteKey, quoteName, tableIn } from '../../sql/index.ts'
import { mustOwn } from './owner.ts'
import { type DatabaseRole, blocked, persist } from './persist.ts'

// `plan` is pure and not asynchronous: the grammar is there before it is asked.
await loadParser()

const spec = z.strictObject({
  columns: z.array(z.string().min(3)).default([]).describe('`users.consent_given`, or `shop.users.consent_given`.'),
  tables: z.array(z.string().min(1)).default([]),
  triggers: z.array(z.string().min(3)).default([]).describe('`name on table`: mirrors that are no longer needed.'),
  functions: z.array(z.string().min(1)).default([]).describe('With their arguments: `public.f(integer)`.'),
  quiet: z
    .int()
    .min(0)
    .max(600_000)
    .default(0)
    .describe('Watch the tables for so many milliseconds first: a scan of one of them blocks. 0: do not watch.'),
  lockMs: z.int().min(1).max(60_000).default(500),
  retries: z.int().min(0).max(1000).default(20),
})

type Spec = z.output<typeof spec>

type Work = {
  readonly columns: readonly { readonly table: string; readonly name: string }[]
  readonly tables: readonly string[]
  /** Triggers and functions that go in the same transaction: what depends on them is no stranger. */
  readonly own: readonly string[]
  readonly drops: readonly string[]
  readonly quiet: number
  readonly lockMs: number
  readonly retries: number
}

export const schemaSeal = defineKind<DatabaseRole, Spec, Work>({
  name: 'schema.seal',
  summary: 'Drops retired columns, tables and mirrors for good, after looking whether anything still uses them.',
  roles: { database: 'database' },
  spec: spec as unknown as z.ZodType<Spec>,
  example: { columns: ['users.consent_given'], tables: ['legacy_nodes'] },

  plan(asked, { facts: { database } }) {
    const columns = asked.columns.map(columnOf)
    const tables = asked.tables.map((name) => qualify(name))
    const drops = statements(asked, columns, tables)
    const locked = [...new Set([...columns.map(({ table }) => table), ...tables])]
    return {
      work: {
        columns,
        tables,
        own: asked.functions,
        drops,
        quiet: asked.quiet,
        lockMs: asked.lockMs,
        retries: asked.retries,
      },
      predicted: { database: predict(database, drops.join(';\n')).facts },
      preview: [...drops, 'this cannot be turned back: what is dropped is only in the backup (`changeover restore`)'],
      undo: 'none',
      locks: locked.map((object) => ({
        object,
        mode: 'ACCESS EXCLUSIVE',
        holds: 'for a change of the catalog only: milliseconds',
      })),
      findings: missing(database, columns, tables),
    }
  },

  async check(work, at) {
    const { database } = at.on
    const locks = locksOf(work)
    const tables = locks.map(({ object }) => object)
    const found: Finding[] = [
      ...(await dependents(database, work)),
      ...(await mentions(database, work)),
      ...(await mustOwn(database, tables)),
      ...(await blocked(database, locks)),
    ]
    if (work.quiet === 0 || work.tables.length === 0) return found
    const before = await scans(database, work.tables)
    await at.clock.sleep(work.quiet, at.signal)
    const after = await scans(database, work.tables)
    return [
      ...found,
      ...work.tables.map((table) => used(table, (after.get(table) ?? 0) - (before.get(table) ?? 0), work.quiet)),
    ]
  },

  async *apply(work, at) {
    // All in one transaction, and every statement says IF EXISTS: doing it again does nothing.
    yield* persist(at, 'tried', { locks: locksOf(work), lockMs: work.lockMs, retries: work.retries }, () =>
      at.on.database.transaction(
        async (tx) => {
          for (const text of work.drops) await tx.run(text)
        },
        { lockMs: work.lockMs },
      ),
    )
    yield { at: 'sealed', done: work.drops.length, of: work.drops.length, unit: 'object' }
  },

  // Not a generator that yields: there is nothing that could come back.
  async *rollback() {},
})

function columnOf(text: string): { readonly table: string; readonly name: string } {
  const dot = text.lastIndexOf('.')
  return { table: qualify(text.slice(0, dot)), name: text.slice(dot + 1) }
}

function statements(asked: Spec, columns: Work['columns'], tables: readonly string[]): readonly string[] {
  const altered = [...new Set(columns.map(({ table }) => table))]
  return [
    ...asked.triggers.map((text) => {
      const [name = '', table = ''] = text.split(/\s+on\s+/i)
      return `DROP TRIGGER IF EXISTS ${quoteName(name)} ON ${quoteKey(qualify(table))}`
    }),
    ...asked.functions.map((signature) => `DROP FUNCTION IF EXISTS ${signature}`),
    ...altered.map((table) => {
      const names = columns
        .filter((column) => column.table === table)
        .map(({ name }) => `DROP COLUMN IF EXISTS ${quoteName(name)}`)
      return `ALTER TABLE IF EXISTS ${quoteKey(table)} ${names.join(', ')}`
    }),
    ...tables.map((table) => `DROP TABLE IF EXISTS ${quoteKey(table)}`),
  ]
}

function locksOf(work: Work) {
  return [...new Set([...work.columns.map(({ table }) => table), ...work.tables])].map((object) => ({
    object,
    mode: 'ACCESS EXCLUSIVE' as const,
  }))
}

function missing(facts: Catalog, columns: Work['columns'], dropped: readonly string[]): readonly Finding[] {
  const names = [...new Set([...columns.map(({ table }) => table), ...dropped])].filter(
    (table) => tableIn(facts, table) === undefined,
  )
  return names.map((table) =>
    block(
      'schema.no-table',
      `there is no table "${table}" in the database`,
      'mend the name, or remove it from the step',
    ),
  )
}

interface Dependent extends Row {
  readonly what: string
  readonly of: string
}

/** Objects of the catalog that the server would refuse to leave without what they stand on. */
const dependentsQuery = `
  SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) AS what,
         x.name || coalesce('.' || x.col, '') AS of
    FROM unnest($1::text[], $2::text[]) AS x(name, col)
    JOIN pg_class c ON c.oid = to_regclass(x.name)
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = x.col
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND (x.col IS NULL OR d.refobjsubid = a.attnum)
   WHERE d.deptype = 'n'
     AND NOT (d.classid = 'pg_constraint'::regclass AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.conrelid = ANY (SELECT to_regclass(n)::oid FROM unnest($1::text[]) n)))
     AND NOT (d.classid = 'pg_rewrite'::regclass AND EXISTS (SELECT FROM pg_rewrite r WHERE r.oid = d.objid AND r.ev_class = c.oid))`

async function dependents(db: SqlReader, work: Work): Promise<readonly Finding[]> {
  const [names, columns] = targets(work)
  const found = await db.rows<Dependent>(dependentsQuery, [names, columns])
  return found.map(({ what, of }) =>
    block('schema.in-use', `${what} depends on "${of.replaceAll('"', '')}"`, 'drop or change it in an earlier step'),
  )
}

function targets(work: Work): readonly [readonly string[], readonly (string | null)[]] {
  const all = [
    ...work.columns.map(({ table, name }) => [quoteKey(table), name] as const),
    ...work.tables.map((table) => [quoteKey(table), null] as const),
  ]
  return [all.map(([table]) => table), all.map(([, column]) => column)]
}

/** The server does not know what the text of a function uses, so the text is searched. */
async function mentions(db: SqlReader, work: Work): Promise<readonly Finding[]> {
  const words = [
    ...work.tables.map((table) => table.slice(table.indexOf('.') + 1)),
    ...work.columns.map(({ name }) => name),
  ]
  const found = await db.rows<{ name: string; word: string }>(
    `SELECT p.oid::regprocedure::text AS name, w AS word FROM unnest($1::text[]) w
       JOIN pg_proc p ON p.prosrc ~ ('\\m' || regexp_replace(w, '([^\\w])', '\\\\\\1', 'g') || '\\M')
       JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'changeover') AND p.prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('sql', 'plpgsql'))
        AND NOT p.oid = ANY (SELECT to_regprocedure(f)::oid FROM unnest($2::text[]) f WHERE to_regprocedure(f) IS NOT NULL)`,
    [words, work.own],
  )
  return found.map(({ name, word }) =>
    block(
      'schema.in-use',
      `the text of function "${name}" names "${word}"`,
      'change the function in an earlier step, or name it in `functions`',
    ),
  )
}

/** Sequential and index scans of each table so far. */
async function scans(db: SqlReader, tables: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await db.rows<{ name: string; scans: number }>(
    `SELECT x.name, (s.seq_scan + coalesce(s.idx_scan, 0))::float8 AS scans FROM unnest($1::text[], $2::text[]) AS x(name, quoted) JOIN pg_stat_all_tables s ON s.relid = to_regclass(x.quoted)`,
    [tables, tables.map((table) => quoteKey(table))],
  )
  return new Map(rows.map((row) => [row.name, row.scans]))
}

function used(table: string, scans: number, ms: number): Finding {
  if (scans > 0)
    return block(
      'schema.in-use',
      `"${table}" was scanned ${scans} times in ${ms} ms`,
      'find who reads it: pg_stat_activity; then try again',
      { table, scans, ms },
    )
  return note('schema.quiet', `nobody scanned "${table}" in ${ms} ms`, 'nothing to do', { table, scans, ms })
}
