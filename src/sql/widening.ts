/** Which changes of a column's type leave its bytes as they are: no rewrite, no scan. The server's rules, from ATColumnChangeRequiresRewrite. */
import { type WrittenType, builtin } from './names.ts'

const aliases: Readonly<Record<string, string>> = {
  'character varying': 'varchar',
  character: 'bpchar',
  integer: 'int4',
  bigint: 'int8',
  smallint: 'int2',
  boolean: 'bool',
  decimal: 'numeric',
  real: 'float4',
  'double precision': 'float8',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
  'bit varying': 'varbit',
}

/** A type as `format_type` prints it (`character varying(20)`, `numeric(10,2)`, `text[]`). */
export function printedType(text: string): WrittenType {
  const found = /^(.*?)(?:\(([\d, -]+)\))?( with(?:out)? time zone)?(\[\])*$/.exec(text.trim().toLowerCase())
  const name = `${found?.[1] ?? text}${found?.[3] ?? ''}`.replaceAll('"', '')
  const args = (found?.[2] ?? '').split(',').flatMap((each) => (each.trim() === '' ? [] : [Number(each)]))
  return { schema: undefined, name: aliases[name] ?? name, args, array: text.trim().endsWith('[]') }
}

/** True when the server keeps every value as it is. `utc`: the session's time zone is UTC, so both timestamps have the same bytes. */
export function keepsBytes(from: WrittenType, to: WrittenType, utc = false): boolean {
  if (from.array !== to.array || !builtin(to)) return false
  const [a, b] = [from.name, to.name]
  // The elements of an array are converted one by one, however alike the types are.
  if (from.array) return a === b && String(from.args) === String(to.args)
  if (a === b) return modifierWidens(a, from.args, to.args)
  if (a === 'varchar' && b === 'text') return true
  if (b === 'bpchar' && to.args.length === 0) return a === 'varchar' || a === 'text'
  if (a === 'text' && b === 'varchar') return to.args.length === 0
  if (a === 'cidr' && b === 'inet') return true
  if (a === 'bit' && b === 'varbit') return to.args.length === 0
  if (utc && a === 'timestamp' && b === 'timestamptz') return modifierWidens('timestamp', from.args, to.args)
  return utc && a === 'timestamptz' && b === 'timestamp' && modifierWidens('timestamp', from.args, to.args)
}

function modifierWidens(name: string, from: readonly number[], to: readonly number[]): boolean {
  if (to.length === 0) return name !== 'bit'
  if (name === 'numeric') return from.length > 0 && to[0]! >= from[0]! && (to[1] ?? 0) === (from[1] ?? 0)
  if (name === 'varchar' || name === 'varbit') return from.length > 0 && to[0]! >= from[0]!
  if (/^(timestamp|time|interval)/.test(name)) return to[0]! >= (from[0] ?? 6)
  return from.length === to.length && from.every((each, i) => each === to[i])
}
