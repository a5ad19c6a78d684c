/** Rows that a rollback would throw away, put aside first: tables of schema `changeover_kept`, for a person to look at. */
import type { Row, SqlSession } from '../../core/ports/index.ts'
import { quoteKey, quoteName } from '../../sql/index.ts'
import type { Whose } from './applied.ts'

/** The schema is outside `changeover`: what is in it belongs to the people of the site, and the tool never removes it. */
export const keptSchema = 'changeover_kept'

function keptName(whose: Whose, table: string): string {
  return `${table.slice(table.indexOf('.') + 1).slice(0, 30)}_${whose.run.replace(/\W/g, '_').slice(-28)}`
}

interface Column extends Row {
  readonly name: string
  readonly own: boolean
}

/** Copies the tables that hold rows, in the transaction that drops them. Values of the site's own types are kept as text: the type may go too. */
export async function keepRows(tx: SqlSession, whose: Whose, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const [there] = await tx.rows<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [quoteKey(table)])
    if (!there?.there) continue
    await tx.run(`LOCK TABLE ${quoteKey(table)} IN ACCESS EXCLUSIVE MODE`)
    const [filled] = await tx.rows<{ filled: boolean }>(`SELECT EXISTS (SELECT FROM ${quoteKey(table)}) AS filled`)
    if (!filled?.filled) continue
    const columns = await tx.rows<Column>(
      `SELECT a.attname AS name, y.typnamespace <> 'pg_catalog'::regnamespace AS own FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
        WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
      [quoteKey(table)],
    )
    const list = columns.map(({ name, own }) =>
      own ? `${quoteName(name)}::text AS ${quoteName(name)}` : quoteName(name),
    )
    await tx.run(`CREATE SCHEMA IF NOT EXISTS ${quoteName(keptSchema)}`)
    await tx.run(
      `CREATE TABLE IF NOT EXISTS ${quoteName(keptSchema, keptName(whose, table))} AS SELECT ${list.join(', ')} FROM ${quoteKey(table)}`,
    )
  }
}
