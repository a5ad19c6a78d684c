/** `assess.database`: how large the database is, what in it will not fit, who is at work, and how long reading it takes. Changes nothing. */
import { z } from 'zod'
import { type Finding, note, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import { type Clock, defineKind } from '../../core/kind.ts'
import type { Catalog, ColumnFacts, Row, SqlReader } from '../../core/ports/index.ts'
import { qualify, quoteKey, tableIn } from '../../sql/index.ts'

const spec = z.strictObject({
  tables: z.array(z.string().min(1)).default([]).describe('Empty: every table of the target.'),
  types: z
    .array(z.string().min(1))
    .default(['json', 'xml', 'money', 'bytea', 'oid', 'timestamp without time zone'])
    .describe('Types of columns to be named, as the server prints them, without length.'),
  sampleRows: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(20_000)
    .describe('Rows of each table that are read to measure the rate. 0: none.'),
})

type Spec = z.output<typeof spec>
type Work = { readonly tables: readonly string[]; readonly sampleRows: number }

export const assessDatabase = defineKind<{ readonly database: 'database' }, Spec, Work>({
  name: 'assess.database',
  summary: 'Measures rows, sizes and the rate of reading, and names columns of types that will not fit.',
  roles: { database: 'database' },
  spec: spec as unknown as z.ZodType<Spec>,
  example: { types: ['json', 'money'] },

  plan(asked, { facts: { database } }) {
    const known = typeof database.tables === 'object' ? Object.keys(database.tables).sort() : []
    const tables = asked.tables.length > 0 ? asked.tables.map((name) => qualify(name)) : known
    return {
      work: { tables, sampleRows: asked.sampleRows },
      predicted: {},
      preview: [
        `look at ${tables.length} tables: rows, sizes, sessions`,
        asked.sampleRows > 0 ? `read up to ${asked.sampleRows} rows of each to measure the rate` : 'read no rows',
      ],
      undo: 'exact',
      findings: unfitting(database, tables, asked.types),
    }
  },

  async check(work, at) {
    const measured = await measure(work, at.on.database, at.clock)
    return [...measured.tables.map(tableFinding), total(measured), sessions(measured)]
  },

  async *apply(work, at) {
    const measured = await measure(work, at.on.database, at.clock)
    yield {
      at: measured as unknown as Json,
      done: measured.tables.length,
      of: work.tables.length,
      unit: 'table',
      note: total(measured).message,
    }
  },

  // Nothing was changed.
  async *rollback() {},
})

function unfitting(facts: Catalog, tables: readonly string[], types: readonly string[]): readonly Finding[] {
  return tables.flatMap((table) =>
    columnsIn(facts, table).flatMap(([column, { type }]) => {
      const bare = (type ?? '')
        .replace(/\([^)]*\)/, '')
        .replace(/ +/g, ' ')
        .replace(/\[\]$/, '')
      if (!types.includes(bare)) return []
      return [
        risk(
          'assess.type',
          `column "${column}" of "${table}" has the type "${type}"`,
          'convert it in a step of the plan, or make sure that the new version reads it',
          { table, column, type },
        ),
      ]
    }),
  )
}

function columnsIn(facts: Catalog, table: string): readonly (readonly [string, ColumnFacts])[] {
  const found = tableIn(facts, table)
  return typeof found === 'object' ? Object.entries(found.columns) : []
}

/** Bytes, rows and milliseconds. `rows` is the server's estimate, or counted where it has none; rate and estimate are null without a sample. */
type Measured = {
  readonly tables: readonly Table[]
  readonly databaseBytes: number
  readonly sessions: readonly { readonly application: string; readonly state: string; readonly count: number }[]
}
type Table = {
  readonly table: string
  readonly rows: number
  readonly tableBytes: number
  readonly indexBytes: number
  readonly sampled: number
  readonly rowsPerSecond: number | null
  readonly estimatedMs: number | null
}

async function measure(work: Work, db: SqlReader, clock: Clock): Promise<Measured> {
  const tables: Table[] = []
  for (const table of work.tables) {
    const found = await measureTable(table, work.sampleRows, db, clock)
    if (found) tables.push(found)
  }
  const [size] = await db.rows<{ bytes: number }>('SELECT pg_database_size(current_database())::float8 AS bytes')
  const sessions = await db.rows<{ application: string; state: string; count: number }>(
    `SELECT coalesce(application_name, '') AS application, coalesce(state, 'unknown') AS state, count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`,
  )
  return { tables, databaseBytes: size?.bytes ?? 0, sessions }
}

interface Size extends Row {
  readonly rows: number
  readonly table_bytes: number
  readonly index_bytes: number
}

async function measureTable(
  table: string,
  sampleRows: number,
  db: SqlReader,
  clock: Clock,
): Promise<Table | undefined> {
  const [size] = await db.rows<Size>(
    `SELECT c.reltuples::float8 AS rows, pg_table_size(c.oid)::float8 AS table_bytes, pg_indexes_size(c.oid)::float8 AS index_bytes FROM pg_class c WHERE c.oid = to_regclass($1)`,
    [quoteKey(table)],
  )
  if (!size) return undefined
  // A table that was never analysed has no estimate.
  const rows =
    size.rows >= 0
      ? size.rows
      : ((await db.rows<{ rows: number }>(`SELECT count(*)::float8 AS rows FROM ${quoteKey(table)}`))[0]?.rows ?? 0)
  const base = { table, rows, tableBytes: size.table_bytes, indexBytes: size.index_bytes }
  if (sampleRows === 0) return { ...base, sampled: 0, rowsPerSecond: null, estimatedMs: null }
  const started = clock.now()
  const [sample] = await db.rows<{ rows: number }>(
    `SELECT count(t::text)::float8 AS rows FROM (SELECT * FROM ${quoteKey(table)} LIMIT ${sampleRows}) t`,
  )
  const ms = Math.max(1, clock.now() - started)
  const sampled = sample?.rows ?? 0
  const rate = sampled > 0 ? Math.round((sampled / ms) * 1000) : null
  return { ...base, sampled, rowsPerSecond: rate, estimatedMs: rate === null ? null : Math.round((rows / rate) * 1000) }
}

function tableFinding(each: Table): Finding {
  const rate =
    each.rowsPerSecond === null
      ? ''
      : `; ${each.rowsPerSecond} rows/s read in a sample of ${each.sampled}, about ${seconds(each.estimatedMs ?? 0)} for all`
  return note(
    'assess.table',
    `"${each.table}": about ${Math.round(each.rows)} rows, ${megabytes(each.tableBytes)} and ${megabytes(each.indexBytes)} of indexes${rate}`,
    'nothing to do',
    each,
  )
}

function total({ tables, databaseBytes }: Measured): Finding {
  const rows = tables.reduce((sum, each) => sum + each.rows, 0)
  const ms = tables.reduce((sum, each) => sum + (each.estimatedMs ?? 0), 0)
  return note(
    'assess.size',
    `${tables.length} tables with about ${Math.round(rows)} rows, database ${megabytes(databaseBytes)}; reading them once takes about ${seconds(ms)}`,
    'writing takes longer than reading: see the rate of the first chunks',
    { rows, databaseBytes, estimatedMs: ms },
  )
}

function sessions({ sessions }: Measured): Finding {
  const active = sessions.filter(({ state }) => state !== 'idle').reduce((sum, { count }) => sum + count, 0)
  const all = sessions.reduce((sum, { count }) => sum + count, 0)
  return note('assess.sessions', `${all} sessions, ${active} of them not idle`, 'nothing to do', { sessions })
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}
