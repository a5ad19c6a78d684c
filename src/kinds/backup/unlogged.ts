/**
 * Keeps a scratch copy out of the server's log: its empty tables become UNLOGGED before rows come in. The log of a restore is as large as the rows,
 * and a commit of anybody waits until all of it before its own is on disk. Knows no dump format.
 */
import type { Row, SqlSnapshot } from '../../core/ports/index.ts'

/**
 * Tables that must stay as they are, with all that their foreign keys refer to: partitioned ones cannot be unlogged, published ones may not, and
 * a logged table may not refer to an unlogged one.
 */
const stayingQuery = `
  WITH RECURSIVE staying AS (
    SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'p'
    UNION SELECT p.prrelid FROM pg_catalog.pg_publication_rel p
    UNION SELECT k.confrelid FROM staying s JOIN pg_catalog.pg_constraint k ON k.conrelid = s.oid AND k.contype = 'f')
  SELECT n.nspname || '.' || c.relname AS name
    FROM staying s JOIN pg_catalog.pg_class c ON c.oid = s.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   ORDER BY 1`

const unloggableQuery = `
  SELECT format('%I.%I', n.nspname, c.relname) AS quoted
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
     AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname || '.' || c.relname <> ALL ($1::text[])
   ORDER BY c.oid`

/** Names of the source's tables that `unlog` must leave alone, as the snapshot sees them. */
export async function stayingLogged(source: SqlSnapshot): Promise<readonly string[]> {
  return (await source.rows<{ name: string }>(stayingQuery)).map((each) => each.name)
}

export interface Unloggable {
  rows<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<readonly R[]>
  run(text: string): Promise<number>
}

/** Makes each other table UNLOGGED; they must be empty and without foreign keys yet. What the server refuses is its error, as it comes. */
export async function unlog(copy: Unloggable, staying: readonly string[]): Promise<void> {
  for (const { quoted } of await copy.rows<{ quoted: string }>(unloggableQuery, [staying]))
    await copy.run(`ALTER TABLE ${quoted} SET UNLOGGED`)
}
