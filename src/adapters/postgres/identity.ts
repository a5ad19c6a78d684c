/** What a database is for good: the cluster's own number, and the database's number and name in it. */
import type { SqlReader } from '../../core/ports/index.ts'

const identityQuery = `
  SELECT format('postgres:%s/%s/%s', (SELECT system_identifier FROM pg_control_system()), d.oid, d.datname) AS identity
    FROM pg_database d WHERE d.datname = current_database()`

export async function identity(reader: SqlReader): Promise<string> {
  const [row] = await reader.rows<{ identity: string }>(identityQuery)
  return row!.identity
}
