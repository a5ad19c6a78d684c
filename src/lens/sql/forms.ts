/** From one form of a value to another: into JSON, into a column, down to a child, up with a new one. */
import type { Json } from '../../core/json.ts'
import { once, quoteText, refuseSql } from './text.ts'
import { familyOf, typeName } from './column-types.ts'
import { absent, type Misfit, NoSql, type SqlValue } from './value.ts'

export const nullJson = `'null'::jsonb`
type ObjectValue = Extract<SqlValue, { form: 'object' }>

/** As a text, or a number, that JSON takes over as a row would: the argument of jsonb_build_object, where SQL NULL is null. */
function embeddable(sql: string, type: string): string {
  const name = typeName(type)
  if (name === 'timestamp with time zone') return instantText(sql)
  if (name === 'numeric') return `${sql}::text`
  if (name === 'bytea') return `('\\x' || encode(${sql}, 'hex'))`
  const family = familyOf(name)
  if (family === 'other') throw new NoSql(`a column of type ${type} has no settled form in JSON`)
  if (family === 'list' && !/^(?:text|uuid|boolean|smallint|integer|bigint)\[\]$/.test(name))
    throw new NoSql(`a column of type ${type} has no settled form in JSON`)
  return family === 'text' && !['text', 'uuid', 'date', 'timestamp without time zone'].includes(name)
    ? `${sql}::text`
    : sql
}

/** As to_json spells it in UTC, whatever the time zone of the session. */
export function instantText(sql: string): string {
  const utc = `(to_json(${sql} AT TIME ZONE 'UTC') #>> '{}')`
  return `CASE WHEN isfinite(${sql}) AND ${sql} >= '0001-01-01T00:00:00Z'::timestamptz THEN ${utc} || '+00:00' ELSE ${utc} END`
}

/** An argument of jsonb_build_object and its like. */
function argument(value: SqlValue): string {
  if (value.form === 'column') return embeddable(value.sql, value.type)
  if (value.form !== 'constant') return toJson(value)
  return typeof value.value === 'string'
    ? `${quoteText(value.value)}::text`
    : typeof value.value === 'boolean'
      ? String(value.value)
      : literal(value.value)
}

function literal(value: Json): string {
  return `${quoteText(JSON.stringify(value))}::jsonb`
}

/** An expression of type jsonb; SQL NULL where the value is absent, and only there unless `nullable` (then also for a column's NULL). */
export function toJson(value: SqlValue, nullable: 'null is null' | 'nullable' = 'null is null'): string {
  switch (value.form) {
    case 'absent':
      return 'NULL::jsonb'
    case 'constant':
      return literal(value.value)
    case 'json':
      return value.sql
    case 'object':
      // Laid over a column, NULL is null.
      return nullable === 'nullable' || value.base === undefined || maybeAbsent(value)
        ? objectJson(value)
        : `COALESCE(${objectJson(value)}, ${nullJson})`
    case 'column': {
      const name = typeName(value.type)
      const sql =
        name === 'jsonb'
          ? value.sql
          : name === 'json'
            ? `${value.sql}::jsonb`
            : `to_jsonb(${embeddable(value.sql, name)})`
      if (nullable === 'nullable') return sql
      const known = value.from === undefined ? nullJson : `CASE WHEN ${value.from} IS NULL THEN ${nullJson} END`
      return `COALESCE(${sql}, ${known})`
    }
  }
}

/** False where the value is there for certain. */
export function maybeAbsent(value: SqlValue): boolean {
  if (value.form === 'object')
    return value.base !== undefined && maybeAbsent(value.base) && [...value.fields.values()].every(maybeAbsent)
  return value.form === 'absent' || value.form === 'json' || (value.form === 'column' && value.from !== undefined)
}

function objectJson({ base, fields, at, misfit }: ObjectValue): string {
  const entries = [...fields]
  const certain = entries.filter(([, value]) => !maybeAbsent(value))
  const uncertain = entries
    .filter(([, value]) => maybeAbsent(value) && value.form !== 'absent')
    .map(([key, value]) => [key, toJson(value)] as const)
  const parts = uncertain.map(([key, sql]) =>
    once(
      sql,
      (made) => `CASE WHEN ${made} IS NULL THEN '{}'::jsonb ELSE jsonb_build_object(${quoteText(key)}, ${made}) END`,
    ),
  )
  const built = [...chunks(certain, 40).map(build), ...parts].join(' || ') || `'{}'::jsonb`
  if (base === undefined) return built
  const nothing = uncertain.map(([, sql]) => `${sql} IS NULL`).join(' AND ') || 'true'
  const made = (otherwise: string) =>
    certain.length > 0
      ? built
      : uncertain.length > 0
        ? `CASE WHEN ${nothing} THEN ${otherwise} ELSE ${built} END`
        : otherwise
  if (base.form === 'absent') return made('NULL::jsonb')
  if (base.form === 'column' && familyOf(base.type) !== 'json')
    throw new NoSql(`a column of type ${base.type} holds no fields`)
  // What is laid over an object need not ask whether it is empty without the fields that were dropped.
  const dropped = base.form === 'column' && certain.length > 0 ? base.dropped : undefined
  return once(dropped?.from ?? toJson(base, 'nullable'), (below) => {
    const gone = [
      ...(dropped?.keys ?? []),
      ...entries.filter(([, value]) => maybeAbsent(value)).map(([key]) => key),
    ].map(quoteText)
    const kept =
      gone.length === 0
        ? below
        : gone.length === 1
          ? `(${below} - ${gone[0]}::text)`
          : `(${below} - ARRAY[${gone.join(', ')}]::text[])`
    const merged = certain.length + uncertain.length > 0 ? `${kept} || ${built}` : kept
    const wrong = misfit === 'null' ? below : refuseSql(at, 'an object is needed', `jsonb_typeof(${below})`, 'jsonb')
    const refused =
      certain.length > 0 ? wrong : uncertain.length > 0 ? `CASE WHEN ${nothing} THEN ${below} ELSE ${wrong} END` : below
    if (made(below) === below && refused === below)
      return `CASE WHEN jsonb_typeof(${below}) = 'object' THEN ${merged} ELSE ${below} END`
    return `CASE COALESCE(jsonb_typeof(${below}), 'null') WHEN 'object' THEN ${merged} WHEN 'null' THEN ${made(below)} ELSE ${refused} END`
  })
}

function build(entries: readonly (readonly [string, SqlValue])[]): string {
  const known = constants(entries)
  if (known !== undefined) return known
  return `jsonb_build_object(${entries.map(([key, value]) => `${quoteText(key)}, ${argument(value)}`).join(', ')})`
}

/** An object of constants is one literal: the server does not fold jsonb_build_object. U+0000 is judged where a text stands alone. */
function constants(entries: readonly (readonly [string, SqlValue])[]): string | undefined {
  if (!entries.every(([, value]) => value.form === 'constant')) return undefined
  const text = JSON.stringify(
    Object.fromEntries(entries.map(([key, value]) => [key, value.form === 'constant' ? value.value : null])),
  )
  return text.includes('\\u0000') ? undefined : `${quoteText(text)}::jsonb`
}

/** jsonb_build_object takes at most 100 arguments. */
function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
}

const index = /^(?:0|[1-9]\d*)$/

function childOf(value: SqlValue, key: string): SqlValue {
  switch (value.form) {
    case 'absent':
      return absent
    case 'constant': {
      const held = value.value
      const child =
        typeof held === 'object' && held !== null && Object.hasOwn(held, key)
          ? (held as { readonly [key: string]: Json })[key]
          : undefined
      return child === undefined ? absent : { form: 'constant', value: child }
    }
    case 'object':
      return laidOver(value, value.fields.get(key)) ?? (value.base ? childOf(value.base, key) : absent)
    case 'column':
      if (familyOf(value.type) === 'list') throw new NoSql('an item of an array column is not reached by a path')
      return familyOf(value.type) === 'json' ? childOf({ form: 'json', sql: toJson(value, 'nullable') }, key) : absent
    case 'json':
      return {
        form: 'json',
        sql: index.test(key) ? `(${value.sql} #> ARRAY[${quoteText(key)}])` : `(${value.sql} -> ${quoteText(key)})`,
      }
  }
}

/** A field that was let go where it could not be laid over an object is not there. */
function laidOver({ base, misfit }: ObjectValue, field: SqlValue | undefined): SqlValue | undefined {
  if (misfit !== 'null' || field === undefined || field.form === 'absent') return field
  let below = base
  while (below?.form === 'object') below = below.base
  if (below === undefined || below.form === 'absent') return field
  const fits = `COALESCE(jsonb_typeof(${toJson(below, 'nullable')}), 'null') IN ('object', 'null')`
  return { form: 'json', sql: `CASE WHEN ${fits} THEN ${toJson(field)} END` }
}

export function reach(value: SqlValue, path: readonly string[]): SqlValue {
  return path.reduce(childOf, value)
}

/** The whole with `made` standing at the path. `misfit` says what happens where no object stands around it. */
export function place(
  value: SqlValue,
  path: readonly string[],
  made: SqlValue,
  misfit: Misfit = 'refuse',
  at = '',
): SqlValue {
  const [key, ...rest] = path
  if (key === undefined) return made
  if (at !== '' && index.test(key)) throw new NoSql('a position in a list is not written by a path')
  const below =
    value.form === 'object' &&
    (value.base === undefined || (value.misfit ?? 'refuse') === misfit) &&
    !hidesRefusal(value, key, rest.length === 0 ? made : undefined)
      ? value
      : { form: 'object' as const, base: whole(value), fields: new Map<string, SqlValue>(), at }
  const child = rest.length === 0 ? made : place(childOf(value, key), rest, made, misfit, `${at}/${key}`)
  return { ...below, misfit, fields: new Map([...below.fields, [key, child]]) }
}

/** True where the field at `key` is what made sure that an object is below, and `made` in its place would no longer. */
function hidesRefusal({ base, fields }: ObjectValue, key: string, made: SqlValue | undefined): boolean {
  if (base === undefined || base.form === 'absent' || made === undefined || !maybeAbsent(made)) return false
  const before = fields.get(key)
  if (before === undefined || before.form === 'absent') return false
  return [...fields].every(([name, value]) => name === key || maybeAbsent(value))
}

/** Laid over, worked out, and refused where it must be. */
function whole(value: SqlValue): SqlValue {
  if (value.form !== 'object') return value
  const sql = toJson(value, 'nullable')
  return value.base?.form === 'column' ? { form: 'column', type: 'jsonb', sql } : { form: 'json', sql }
}
