/** Reads of a PostgreSQL what a first plan needs: tables, keys, sizes. One connection, read only. */
import { postgres } from '../adapters/postgres/index.ts'
import type { SqlReader } from '../core/ports/index.ts'
import type { SeenDatabase, SeenTable } from './init/index.ts'

/** Throws `target.unreachable`, `target.rights`. */
export async function lookAtPostgres(url: string, base: string): Promise<SeenDatabase> {
  const signal = new AbortController().signal
  const target = await postgres.open({ url }, { run: 'init', fence: 0, base, signal })
  try {
    const read = target.read as SqlReader
    const [server] = await read.rows<{ name: string; version: string; account: string; creates: boolean }>(serverQuery)
    const tables = await read.rows<SeenRow>(tablesQuery)
    const lacks = server?.creates === false ? { lacksCreatedb: server.account } : {}
    const version = (server?.version ?? '').split(' ')[0] ?? ''
    return { name: server?.name ?? '', version, ...lacks, tables: tables.map(seen) }
  } finally {
    await target.close()
  }
}

/** An alias: a row can be asked for any column, an interface cannot. */
type SeenRow = Pick<SeenTable, keyof SeenTable>

function seen(row: SeenRow): SeenTable {
  return { ...row, rows: row.rows === null ? null : Number(row.rows), bytes: Number(row.bytes) }
}

const serverQuery = `
SELECT current_database() AS name, current_setting('server_version') AS version, current_user AS account,
  (SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user) AS creates`

const tablesQuery = `
SELECT n.nspname AS schema, c.relname AS name, 
  CASE WHEN c.reltuples > 0 OR pg_relation_size(c.oid) = 0 THEN greatest(0, c.reltuples)::float8 END AS rows, pg_total_relation_size(c.oid)::float8 AS bytes,
  coalesce((SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
            WHERE i.indrelid = c.oid AND i.indisprimary), '{}') AS key,
  (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'changeover', 'changeover_journal')
  AND n.nspname NOT LIKE 'pg\\_%' AND has_table_privilege(c.oid, 'SELECT')
ORDER BY bytes DESC, 1, 2`
