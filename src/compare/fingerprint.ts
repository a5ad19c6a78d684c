/** What rows are, as numbers the server computes: equal sets of rows give equal prints, whatever their order. Knows no table's meaning. */
import type { Row, SqlDialect } from '../core/ports/index.ts'

export type Quote = Pick<SqlDialect, 'quote' | 'literal'>

/** `hash` and `sum` are decimal texts: they are 64 bits and more. */
export interface Print {
  readonly rows: number
  readonly hash: string
  readonly sum: string
}

/**
 * The text of some columns of a row, such that two different rows never have the same text: the server's record output quotes each value and
 * tells NULL from empty. `=` and hash_record would take numeric 1.0 for 1.00, and know no json, point or xml.
 */
export function rowText(sql: Quote, columns: readonly string[], row: string): string {
  return `(ROW(${columns.map((column) => `${row}.${sql.quote(column)}`).join(', ')})::text COLLATE "C")`
}

/** A 64-bit hash of that text. The same on every PostgreSQL 13 to 18 of one byte order; another product needs another hash. */
export function rowHash(text: string): string {
  return `hashtextextended(${text}, 0)`
}

/** `count`, XOR and sum over a set of hashes: XOR alone would not see a row that is there twice more. */
export function printOf(hash: string): string {
  return `count(*)::float8 AS rows, coalesce(bit_xor(${hash}), 0)::text AS hash, coalesce(sum(${hash}), 0)::text AS sum`
}

interface PrintRow extends Row {
  readonly rows: number
  readonly hash: string
  readonly sum: string
}

type Reads = { rows<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<readonly R[]> }

/** The print of a whole table over some of its columns. `table` is quoted. */
export async function tablePrint(sql: Quote, at: Reads, table: string, columns: readonly string[]): Promise<Print> {
  const hash = rowHash(rowText(sql, columns, 't'))
  const [row] = await at.rows<PrintRow>(`SELECT ${printOf(hash)} FROM ${table} t`)
  return { rows: row!.rows, hash: row!.hash, sum: row!.sum }
}

export function samePrint(a: Print, b: Print): boolean {
  return a.rows === b.rows && a.hash === b.hash && a.sum === b.sum
}
