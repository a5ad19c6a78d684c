/** The adapter `sql-metrics`: the metrics port on a PostgreSQL, by queries that only read. The server holds them to it. */
import pg from 'pg'
import { z } from 'zod'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { Measured } from '../../core/ports/index.ts'
import { metricsTarget } from '../../metrics/index.ts'

const config = z.strictObject({
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'write it as postgres://user:password@host:5432/database')
    .describe('postgres://user:password@host:5432/database'),
  timeoutMs: z.int().min(1).default(10_000).describe('For a connection, and for a query, in milliseconds.'),
})

export type SqlMetricsConfig = z.input<typeof config>
type Settings = z.output<typeof config>

export const sqlMetrics = defineAdapter({
  name: 'sql-metrics',
  port: 'metrics',
  summary: 'A PostgreSQL asked for figures: one numeric column, texts as labels, a column "at" for the time.',
  ...withDefaults(config, openTarget),
  example: { url: 'postgres://reader:${READER_PASSWORD}@localhost:5432/app' },
  tools: { language: 'one SELECT of PostgreSQL: a column "value", or the only one that is numeric' },
})

async function openTarget(settings: Settings, who: Opener): Promise<Target<'metrics'>> {
  const url = new URL(settings.url)
  const where = `${url.hostname || 'localhost'}:${url.port || '5432'}${url.pathname}`
  const pool = new pg.Pool({
    connectionString: settings.url,
    max: 2,
    connectionTimeoutMillis: settings.timeoutMs,
    query_timeout: settings.timeoutMs + 1000,
    application_name: `changeover ${who.run}`,
  })
  // A connection that dies while it is idle is opened anew when it is asked for.
  pool.on('error', () => undefined)
  return metricsTarget(
    `sql-metrics:${where}`,
    { measure: (query: string) => measure(pool, settings, where, query, who.signal) },
    () => pool.end(),
  )
}

async function measure(
  pool: pg.Pool,
  settings: Settings,
  where: string,
  query: string,
  signal: AbortSignal,
): Promise<Measured> {
  signal.throwIfAborted()
  let client: pg.PoolClient | undefined
  try {
    client = await pool.connect()
    await client.query(
      `BEGIN READ ONLY; SET LOCAL statement_timeout = ${settings.timeoutMs}; SET LOCAL lock_timeout = ${settings.timeoutMs}`,
    )
    // The extended protocol takes one statement only: no COMMIT can end the transaction. The SELECT before it makes READ ONLY final.
    await client.query('SELECT 1')
    const result = await client.query({ text: query, queryMode: 'extended' } as pg.QueryConfig)
    return measuredIn(result, query)
  } catch (error) {
    throw translate(error, where, query)
  } finally {
    const lent = client
    await lent?.query('ROLLBACK').then(
      () => lent.release(),
      (error: Error) => lent.release(error),
    )
  }
}

const numeric = new Set([20, 21, 23, 26, 700, 701, 1700])
const times = new Set([1082, 1114, 1184])

function measuredIn(result: pg.QueryResult<{ readonly [column: string]: unknown }>, query: string): Measured {
  const numbers = result.fields.filter((field) => numeric.has(field.dataTypeID))
  const column = numbers.find((field) => field.name === 'value') ?? (numbers.length === 1 ? numbers[0] : undefined)
  if (!column) {
    const seen = numbers.map((field) => `"${field.name}"`).join(', ') || 'none'
    throw new ChangeoverError(
      'target.failed',
      `"${query}" has no column "value" and not exactly one that is numeric: ${seen}`,
      'name the figure: SELECT … AS value',
    )
  }
  const when = result.fields.find((field) => field.name === 'at' && times.has(field.dataTypeID))
  const others = result.fields.filter((field) => field !== column && field !== when)
  // NULL is no figure: a sum over no row is nothing, not zero.
  const rows = result.rows.filter((row) => row[column.name] !== null)
  const taken = when
    ? rows.map((row) => (row[when.name] instanceof Date ? (row[when.name] as Date).getTime() : NaN))
    : []
  const oldest = taken.length > 0 && taken.every(Number.isFinite) ? Math.min(...taken) : null
  return {
    value: rows.map((row) => Number(row[column.name])),
    // Without a column "at" the rows are as they are now.
    at: when ? oldest : Date.now(),
    labels: rows.map((row) => Object.fromEntries(others.map((field) => [field.name, String(row[field.name])]))),
  }
}

function translate(error: unknown, where: string, query: string): unknown {
  if (isChangeoverError(error) || !(error instanceof Error)) return error
  const code = (error as { code?: string }).code ?? ''
  if (code === '28P01' || code === '28000')
    return new ChangeoverError(
      'target.rights',
      `"${where}" refuses the account: ${error.message}`,
      'mend user and password in the url',
    )
  if (code === '25006')
    return new ChangeoverError(
      'target.failed',
      `"${query}" writes: ${error.message}`,
      'a metric only reads: give a SELECT',
    )
  if (/^[0-9A-Z]{5}$/.test(code) && !/^(08|57P|53|3D)/.test(code))
    return new ChangeoverError(
      'target.failed',
      `PostgreSQL refuses "${query}": ${error.message} [${code}]`,
      'mend the query',
    )
  return new ChangeoverError(
    'target.unreachable',
    `"${where}" does not answer: ${error.message || code}`,
    'see that the server runs and the url is right',
  )
}
