/** A stretch of rows between two keys, and how SQL says it. Knows one idea: keys are ordered, and a range is open below, closed above. */
import type { SqlDialect } from '../core/ports/index.ts'

/** A column of a key. `type` is the server's own text for it, such as `bigint` or `character varying(20)`. */
export type KeyColumn = { readonly name: string; readonly type: string }

/** A key as the server's text of each of its columns: nothing is lost on the way through JSON. */
export type Key = readonly string[]

/** Rows with `low` < key ≤ `high`; null is the end of the table on that side. */
export type KeyRange = { readonly low: Key | null; readonly high: Key | null }

export type Writer = Pick<SqlDialect, 'quote' | 'literal'>

/** `"a", "b"` or `s."a", s."b"`. */
export function keyList(sql: Writer, key: readonly KeyColumn[], alias = ''): string {
  return key.map((column) => `${alias}${sql.quote(column.name)}`).join(', ')
}

/** The condition that a row lies in the range. Row comparison, so that one index walk answers it for composite keys too. */
export function within(sql: Writer, key: readonly KeyColumn[], range: KeyRange, alias = ''): string {
  const bounds = [
    ...(range.low === null ? [] : [beyond(sql, key, range.low, '>', alias)]),
    ...(range.high === null ? [] : [beyond(sql, key, range.high, '<=', alias)]),
  ]
  return bounds.length === 0 ? 'true' : bounds.join(' AND ')
}

function beyond(sql: Writer, key: readonly KeyColumn[], at: Key, operator: '>' | '<=', alias: string): string {
  const values = key.map((column, index) => `${sql.literal(at[index] ?? null)}::${column.type}`)
  return key.length === 1
    ? `${keyList(sql, key, alias)} ${operator} ${values[0]}`
    : `(${keyList(sql, key, alias)}) ${operator} (${values.join(', ')})`
}

/** The key of a row as a JSON list of texts: the form in which keys are kept and shown. */
export function keyJson(sql: Writer, key: readonly KeyColumn[], alias = ''): string {
  return `jsonb_build_array(${key.map((column) => `${alias}${sql.quote(column.name)}::text`).join(', ')})`
}

/** Finds the key of the `size`th row after `low`: an index walk, no row is fetched where the visibility map is set. */
export function boundary(sql: Writer, table: string, key: readonly KeyColumn[], range: KeyRange, size: number): string {
  const order = keyList(sql, key)
  return `SELECT ${keyJson(sql, key)} AS key FROM ${table} WHERE ${within(sql, key, range)} ORDER BY ${order} OFFSET ${Math.max(0, size - 1)} LIMIT 1`
}

/** What a column is called on the other side. A name that every object of JavaScript has by itself, such as `constructor`, is a name like any other. */
export function called(names: { readonly [name: string]: string }, column: string): string {
  return Object.hasOwn(names, column) ? names[column]! : column
}

/** `t."a" = s."a" AND …`; `names` maps a column of the left side to its name on the right. */
export function sameKey(
  sql: Writer,
  key: readonly KeyColumn[],
  left: string,
  right: string,
  names: { readonly [name: string]: string } = {},
): string {
  return key
    .map(({ name, type }) => {
      // Two columns of different collations have none in common; one that is named counts.
      const collation = / COLLATE .*$/.exec(type)?.[0] ?? ''
      return `${left}.${sql.quote(name)} = ${right}.${sql.quote(called(names, name))}${collation}`
    })
    .join(' AND ')
}
