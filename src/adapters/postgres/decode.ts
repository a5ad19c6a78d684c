/** How values of PostgreSQL arrive in JavaScript, without loss: what no JavaScript type holds exactly stays the server's text. */
import pg from 'pg'

/** The number of a built-in type: the same on every server. */
const oid = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  jsonb: 3802,
  bytea: 17,
} as const

const arrays = {
  bool: 1000,
  int2: 1005,
  int4: 1007,
  text: 1009,
  varchar: 1015,
  int8: 1016,
  name: 1003,
  oid: 1028,
  uuid: 2951,
} as const

type Decode = (text: string) => unknown

// The driver's own parsers; its types name only a part of the numbers it knows.
const parserOf = pg.types.getTypeParser as unknown as (type: number, format: 'text') => Decode
const texts = parserOf(arrays.text, 'text') as (text: string) => readonly (string | null)[]
const bytes = parserOf(oid.bytea, 'text')

function each(decode: Decode): Decode {
  return (text) => texts(text).map((item) => (item === null ? null : decode(item)))
}

const decoders: ReadonlyMap<number, Decode> = new Map<number, Decode>([
  [oid.bool, (text) => text === 't'],
  [oid.int8, BigInt],
  [oid.int2, Number],
  [oid.int4, Number],
  [oid.oid, Number],
  [oid.float4, Number],
  [oid.float8, Number],
  [oid.json, JSON.parse],
  [oid.jsonb, JSON.parse],
  [oid.bytea, bytes],
  [arrays.bool, each((text) => text === 't')],
  [arrays.int2, each(Number)],
  [arrays.int4, each(Number)],
  [arrays.oid, each(Number)],
  [arrays.int8, each(BigInt)],
  [arrays.text, texts],
  [arrays.varchar, texts],
  [arrays.name, texts],
  [arrays.uuid, texts],
])

const asText: Decode = (text) => text

/**
 * bool → boolean · int2, int4, oid, float4, float8 → number · int8 → bigint · json, jsonb → parsed (numbers beyond 2^53 lose digits:
 * ask for `column::text`) · bytea → Buffer · arrays of bool, integers, text, name and uuid → array.
 * All else is the server's text: numeric, dates and times (ISO, in UTC), intervals, enums, ranges, other arrays.
 */
export const types = {
  getTypeParser: ((type: number) => decoders.get(type) ?? asText) as typeof pg.types.getTypeParser,
}
