/** A number that stands for a set of keys or rows, computed by the server. Order does not matter; knows no table. */
import { columnType } from './column-type.ts'
import type { KeyColumn, Writer } from './key-range.ts'

/** Hash functions of single columns: a quarter of the cost of hashing a record. */
const hashes: { readonly [base: string]: string } = {
  smallint: 'hashint2extended',
  integer: 'hashint4extended',
  bigint: 'hashint8extended',
  uuid: 'uuid_hash_extended',
}

/** Types that surely have a hash function of 64 bits. Others, a user's and an extension's, may only have an order: there the text counts. */
const hashable = new Set([
  ...Object.keys(hashes),
  'boolean',
  'text',
  'character varying',
  'character',
  'name',
  'numeric',
  'real',
  'double precision',
  'bytea',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
])

/**
 * `count(*) AS rows, … AS hash` over keys: XOR of a 64-bit hash of each. XOR cancels pairs, but keys are unique, and the count stands beside
 * it. The hash of whole rows was measured at a tenth to a seventh of the cost of moving them; that of the keys is nearly free.
 */
export function keyHash(sql: Writer, key: readonly KeyColumn[], alias = ''): string {
  const columns = key.map((column) => `${alias}${sql.quote(column.name)}`)
  const types = key.map((column) => columnType(column.type))
  const bases = types.map(({ base, array }) => (array ? 'array' : base))
  const single = key.length === 1 ? hashes[bases[0] ?? ''] : undefined
  const record = bases.some((base) => !hashable.has(base))
    ? `hashtextextended(ROW(${columns.join(', ')})::text, 0)`
    : `hash_record_extended(ROW(${columns.join(', ')}), 0)`
  const hash = single === undefined ? record : `${single}(${columns[0]}, 0)`
  return `count(*)::float8 AS rows, bit_xor(${hash})::text AS hash`
}
