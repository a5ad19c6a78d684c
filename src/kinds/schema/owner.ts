/** Whether the account may change tables at all: the server lets their owner alter, index and drop them, and nobody else. */
import { block, type Finding } from '../../core/finding.ts'
import type { Row, SqlReader } from '../../core/ports/index.ts'
import { quoteKey, quoteName } from '../../sql/index.ts'

interface Strange extends Row {
  readonly table: string
  readonly owner: string
  readonly account: string
}

/** For `check`: nothing for tables that are not there, which an earlier step may make. */
export async function mustOwn(db: SqlReader, tables: readonly string[]): Promise<readonly Finding[]> {
  const strange = await db.rows<Strange>(
    `SELECT t.name AS table, pg_get_userbyid(c.relowner) AS owner, current_user::text AS account FROM unnest($1::text[], $2::text[]) t(name, quoted)
       JOIN pg_class c ON c.oid = to_regclass(t.quoted) WHERE NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1`,
    [tables, tables.map(quoteKey)],
  )
  return strange.map(({ table, owner, account }) =>
    block(
      'schema.rights',
      `"${account}" does not own "${table}", which "${owner}" does: only an owner may change it`,
      `GRANT ${quoteName(owner)} TO ${quoteName(account)}, or run as "${owner}"`,
    ),
  )
}
