/** Which codec reads and writes a column, by the server's text for its type. Knows no row. */
import type { Codec } from './codec.ts'
import { list } from './codec-list.ts'
import { bigint, boolean, float, integer, numeric } from './codec-numbers.ts'
import { bytea, date, json, jsonb, moment, text, uuid } from './codec-texts.ts'
import { columnType } from './column-type.ts'

const codecs: { readonly [base: string]: Codec } = {
  boolean,
  smallint: integer(2),
  integer: integer(4),
  bigint,
  real: float(4),
  'double precision': float(8),
  text,
  'character varying': text,
  character: text,
  name: text,
  citext: text,
  numeric,
  uuid,
  json,
  bytea,
  date,
  'timestamp without time zone': moment(false),
  'timestamp with time zone': moment(true),
}

/** The codec of a type, or undefined where its binary form is not known. `enums` names types that are sent as their label. */
export function codecOf(type: string, enums: ReadonlySet<string> = new Set()): Codec | undefined {
  const { base, array, oid } = columnType(type)
  const plain = enums.has(base) || base.endsWith('.citext') ? text : base === 'jsonb' ? jsonb() : codecs[base]
  if (!array || plain === undefined) return array ? undefined : plain
  return oid === undefined ? undefined : list(plain, oid)
}
