/** The connections of a service to its PostgreSQL. Answers are rendered by the server as JSON text, so that numbers keep all their digits. */
import pg from 'pg'
import { Refusal, type Reply } from './serve.ts'
import type { Settings } from './settings.ts'

export interface Database {
  /** The first column of the first row as text, or null where there is no row. */
  value(sql: string, values?: readonly unknown[]): Promise<string | null>
  rows<R>(sql: string, values?: readonly unknown[]): Promise<readonly R[]>
  /** That first value as an answer; a row that is not there is a 404. */
  json(sql: string, values?: readonly unknown[], status?: number): Promise<Reply>
  /** Opens every connection, one after the other: nobody who is served waits for one. A server that is not there is no error yet. */
  ready(): Promise<void>
  close(): Promise<void>
}

/** No parser at all: JSON of the server is passed on byte by byte. */
const asText: pg.CustomTypesConfig = { getTypeParser: () => (value: unknown) => value }

/** Each statement is a transaction: one that lost a deadlock or a race has done nothing, and is done again, three times at most. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (let times = 1; ; times++) {
    try {
      return await run()
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (times === 3 || (code !== '40P01' && code !== '40001')) throw error
    }
  }
}

export function openDatabase(settings: Settings, name: string): Database {
  return connect({
    host: settings.text('database.host'),
    port: settings.number('database.port'),
    database: settings.text('database.name'),
    user: settings.text('database.username'),
    password: settings.text('database.password'),
    application_name: name,
  })
}

const connections = 10

export function connect(where: pg.PoolConfig): Database {
  const pool = new pg.Pool({
    max: connections,
    idleTimeoutMillis: 0,
    options: '-c timezone=UTC -c datestyle=ISO',
    ...where,
  })
  // an idle connection that the server ends must not end the service; the next query opens another
  pool.on('error', (error) =>
    process.stderr.write(`${JSON.stringify({ event: 'database.lost', message: error.message })}\n`),
  )
  const rows = async <R>(sql: string, values: readonly unknown[] = []) =>
    (await patiently(() => pool.query(sql, [...values]))).rows as R[]
  const value = async (sql: string, values: readonly unknown[] = []) => {
    const query = { text: sql, values: [...values], rowMode: 'array' as const, types: asText }
    const found = await patiently(() => pool.query<(string | null)[]>(query))
    return found.rows[0]?.[0] ?? null
  }
  return {
    rows,
    value,
    json: async (sql, values, status = 200) => {
      const json = await value(sql, values)
      if (json === null) throw new Refusal(404, 'there is no such row')
      return { status, json }
    },
    ready: () => openAll(pool),
    close: () => pool.end(),
  }
}

async function openAll(pool: pg.Pool): Promise<void> {
  const open: pg.PoolClient[] = []
  try {
    while (open.length < connections) open.push(await pool.connect())
  } catch {
    // whoever asks will hear of it
  } finally {
    for (const client of open) client.release()
  }
}
