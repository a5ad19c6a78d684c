/** A value as the expression of one column of a given type, or the reason why not without `convert`. */
import type { Json } from '../../core/json.ts'
import { nullJson, toJson } from './forms.ts'
import { once, quoteText, refuseSql } from './text.ts'
import { familyOf, numberType, typeName } from './column-types.ts'
import { NoSql, type SqlValue } from './value.ts'

/** `column` names it in a refusal. */
export function assign(value: SqlValue, type: string, column: string): string {
  switch (value.form) {
    case 'absent':
      return `NULL::${named(type)}`
    case 'constant':
      return constantAs(value.value, type, column)
    case 'column':
      return columnAs(value.sql, value.type, type, column)
    default:
      return jsonAs(value, type, column)
  }
}

/** The type to cast to. */
function named(type: string): string {
  return type === numberType ? 'numeric' : type
}

function wrong(column: string, is: string, type: string): NoSql {
  return new NoSql(`"${column}" is of type ${type} and would get ${is}: say "convert"`)
}

function constantAs(value: Json, type: string, column: string): string {
  const family = familyOf(type)
  if (value === null) return `NULL::${named(type)}`
  if (family === 'json') return `${quoteText(JSON.stringify(value))}::${type}`
  if (typeof value === 'string' && family === 'text') return `${quoteText(value)}::${type}`
  if (typeof value === 'boolean' && family === 'boolean') return String(value)
  if (typeof value === 'number' && (family === 'number' || family === 'float' || typeName(type) === 'numeric'))
    return `'${value}'::${named(type)}`
  if (Array.isArray(value) && typeName(type) === 'text[]' && value.every((item) => typeof item === 'string')) {
    return `ARRAY[${value.map((item) => quoteText(String(item))).join(', ')}]::${type}`
  }
  throw wrong(column, `the constant ${JSON.stringify(value)}`, type)
}

/** Between types that a row holds in the same way; a cast that could round or cut goes through text, which refuses instead. */
function columnAs(sql: string, from: string, to: string, column: string): string {
  const [a, b] = [typeName(from), typeName(to)]
  if (a === b) return sql
  const [fromFamily, toFamily] = [familyOf(a), familyOf(b)]
  if (toFamily === 'json')
    return fromFamily === 'json' ? `${sql}::${b}` : `${toJson({ form: 'column', sql, type: from }, 'nullable')}::${to}`
  if (a === numberType) {
    if (toFamily === 'number') return `${sql}::text::${to}`
    if (toFamily === 'float' || b === 'numeric') return `${sql}::${to}`
  }
  if (
    fromFamily === 'number' &&
    (toFamily === 'number' || b === 'numeric' || (b === 'double precision' && a !== 'bigint'))
  )
    return `${sql}::${named(to)}`
  if (fromFamily === 'text' && toFamily === 'text' && !(a === 'numeric' && b !== 'text')) {
    if (b !== 'text') return `${sql}::${to}`
    return a === 'numeric' || a === 'uuid'
      ? `${sql}::text`
      : `(${toJson({ form: 'column', sql, type: from }, 'nullable')} #>> '{}')`
  }
  throw wrong(column, `a value of type ${from === numberType ? 'number' : from}`, to)
}

function jsonAs(value: SqlValue, type: string, column: string): string {
  const sql = toJson(value, 'nullable')
  const family = familyOf(type)
  if (family === 'json') {
    // Over a column, null can only be the JSON null that stood there and stays.
    const whole =
      value.form === 'object' && (value.base === undefined || value.base.form === 'column')
        ? sql
        : `NULLIF(${sql}, ${nullJson})`
    return typeName(type) === 'json' ? `(${whole})::json` : whole
  }
  if (family === 'bytes' || family === 'list' || family === 'other') throw wrong(column, 'a value out of JSON', type)
  const kinds =
    family === 'boolean'
      ? ['boolean']
      : typeName(type) === 'numeric'
        ? ['string', 'number']
        : family === 'text'
          ? ['string']
          : ['number']
  return once(sql, (json) => {
    const cases = kinds.map((kind) => `WHEN '${kind}' THEN (${json} #>> '{}')::${named(type)}`).join(' ')
    const refused = refuseSql(
      column,
      `a ${kinds.join(' or a ')} is needed for ${type}`,
      `jsonb_typeof(${json})`,
      named(type),
    )
    return `CASE jsonb_typeof(${json}) ${cases} WHEN 'null' THEN NULL::${named(type)} ELSE ${refused} END`
  })
}
