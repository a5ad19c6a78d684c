/** What the server's text for a type means for a codec: its plain name, and whether it is an array. Knows no value. */

/** The number of each type that an array may hold: the same on every server. */
const oids: { readonly [name: string]: number } = {
  boolean: 16,
  bytea: 17,
  bigint: 20,
  smallint: 21,
  integer: 23,
  text: 25,
  json: 114,
  real: 700,
  'double precision': 701,
  character: 1042,
  'character varying': 1043,
  date: 1082,
  'timestamp without time zone': 1114,
  'timestamp with time zone': 1184,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
}

const aliases: { readonly [name: string]: string } = {
  bool: 'boolean',
  int2: 'smallint',
  int4: 'integer',
  int: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  decimal: 'numeric',
  varchar: 'character varying',
  bpchar: 'character',
  char: 'character',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
}

export type ColumnType = {
  /** The plain name without a length, such as `character varying`; what is not known stays as it was given. */
  readonly base: string
  readonly array: boolean
  /** The number of the element's type, where it is one that is known. */
  readonly oid: number | undefined
}

/** Reads the server's text: `numeric(10,2)[]` is an array of numeric. */
export function columnType(text: string): ColumnType {
  const bare = text.replace(/ COLLATE .*$/, '')
  const array = bare.endsWith('[]')
  const plain = bare
    .replace(/(\[\])+$/, '')
    .replace(/\s*\([^)]*\)/, '')
    .replace(/\s+/g, ' ')
    .trim()
  const lower = plain.toLowerCase()
  const base = aliases[lower] ?? (lower in oids ? lower : plain)
  return { base, array, oid: oids[base] }
}

/** The type that a domain stands on, down to the last one; any other type is itself. `types` are the facts about the database's types. */
export function baseType(text: string, types: { readonly [name: string]: readonly string[] }): string {
  const first = types[columnType(text).base]?.[0]
  const domain =
    first?.startsWith('DOMAIN ') === true ? first.slice(7).replace(/ (?:NOT NULL|DEFAULT ).*$/, '') : undefined
  return domain === undefined ? text : `${baseType(domain, types)}${columnType(text).array ? '[]' : ''}`
}

/** The names of the enums among the facts about types. */
export function enumsOf(types: { readonly [name: string]: readonly string[] }): readonly string[] {
  return Object.entries(types)
    .filter(([, labels]) => labels[0]?.startsWith('DOMAIN ') !== true)
    .map(([name]) => name)
}
