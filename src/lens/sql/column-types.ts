/** Column types: their one name, and what a row holds for them. */

/** What a row of a column holds in TypeScript. `json` is any JSON; `other` has no settled form. */
export type Family = 'text' | 'boolean' | 'number' | 'float' | 'json' | 'bytes' | 'list' | 'other'

/** A number computed here: numeric in SQL, but a number (and not its digits in a text) to a row or a document. */
export const numberType = '@number'

const names: { readonly [alias: string]: string } = {
  int: 'integer',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  smallserial: 'smallint',
  serial: 'integer',
  bigserial: 'bigint',
  float4: 'real',
  float8: 'double precision',
  float: 'double precision',
  decimal: 'numeric',
  bool: 'boolean',
  varchar: 'text',
  'character varying': 'text',
  name: 'text',
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
}
const families: { readonly [type: string]: Family } = {
  smallint: 'number',
  integer: 'number',
  bigint: 'number',
  '@number': 'number',
  real: 'float',
  'double precision': 'float',
  boolean: 'boolean',
  json: 'json',
  jsonb: 'json',
  bytea: 'bytes',
}
/** Text that depends on settings of the session, or that JSON spells otherwise than a row. */
const unsettled =
  /^(?:character(?!\s+varying)|char|bpchar|"char"|money|interval|time|timetz|xml|hstore|point|line|lseg|box|path|polygon|circle|tsvector|tsquery|bit|.*range)\b/

/** One name for each type, without length or precision: `varchar(20)` is `text`. */
export function typeName(type: string): string {
  const bare = type
    .toLowerCase()
    .replace(/\s*\([^)]*\)/, '')
    .replace(/\s+/g, ' ')
    .trim()
  if (bare.endsWith('[]')) return `${typeName(bare.slice(0, -2))}[]`
  return Object.hasOwn(names, bare) ? names[bare]! : /^[a-z_0-9 @]+$/.test(bare) ? bare : type
}

/** A type that is not known is an enum or a domain over text. */
export function familyOf(type: string): Family {
  const name = typeName(type)
  if (name.endsWith('[]')) return 'list'
  if (Object.hasOwn(families, name)) return families[name]!
  return unsettled.test(name) ? 'other' : 'text'
}
