/** Names and literals of PostgreSQL, and the expression that refuses a row. */
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

/**
 * Raises `invalid input syntax for type integer: "lens refused …"` when it runs, and is NULL where `what` is NULL.
 * `what` is a text expression over the row: a constant would be raised while the statement is planned.
 */
export function refuseSql(at: string, reason: string, what: string, type: string): string {
  return `((${quoteText(`lens refused the value at ${JSON.stringify(at)}: ${reason}: `)} || ${what})::integer::text::${type})`
}
