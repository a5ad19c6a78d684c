/** Names and literals of PostgreSQL, and the expression that refuses a row. */
import { md5 } from '../md5.ts'
import { NoSql } from './value.ts'

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Independent of `standard_conforming_strings`. */
export function quoteText(text: string): string {
  if (text.includes('\0')) throw new NoSql('a text with the character U+0000 cannot stand in PostgreSQL')
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** An expression used in several places: worked out once by a sub-select where it is long, repeated where it is short. */
export function once(sql: string, use: (name: string) => string): string {
  if (sql.length <= 160) return use(sql)
  const name = `v${md5(sql).slice(0, 8)}`
  return `(SELECT ${use(`${name}.j`)} FROM (SELECT ${sql} AS j OFFSET 0) AS ${name})`
}

/**
 * Raises `invalid input syntax for type integer: "lens refused …"` when it runs, and is NULL where `what` is NULL.
 * `what` is a text expression over the row: a constant would be raised while the statement is planned.
 */
export function refuseSql(at: string, reason: string, what: string, type: string): string {
  return `((${quoteText(`lens refused the value at ${JSON.stringify(at)}: ${reason}: `)} || ${what})::integer::text::${type})`
}
