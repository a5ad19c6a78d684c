/** Choosing between two values: by equality, by what is null or absent. */
import { assign } from './assign.ts'
import { nullJson, toJson } from './forms.ts'
import { familyOf, typeName } from './column-types.ts'
import type { SqlValue } from './value.ts'

/** CASE WHEN test THEN a ELSE b, in a form that holds both. */
export function chooseSql(test: string, a: SqlValue, b: SqlValue): SqlValue {
  if (a.form === 'absent' && b.form === 'absent') return a
  const typed = a.form === 'column' ? a.type : b.form === 'column' ? b.type : undefined
  if (typed !== undefined && fits(a, typed) && fits(b, typed)) {
    return {
      form: 'column',
      type: typed,
      sql: `CASE WHEN ${test} THEN ${assign(a, typed, '')} ELSE ${assign(b, typed, '')} END`,
    }
  }
  return { form: 'json', sql: `CASE WHEN ${test} THEN ${toJson(a)} ELSE ${toJson(b)} END` }
}

/** As `chooseSql`, of two columns: a jsonb stays one, so that NULL and a JSON null that stood there remain two things. */
export function chooseColumn(test: string, a: SqlValue, b: SqlValue): SqlValue {
  if (!isJsonb(a) || !isJsonb(b)) return chooseSql(test, a, b)
  return {
    form: 'column',
    type: 'jsonb',
    sql: `CASE WHEN ${test} THEN ${assign(a, 'jsonb', '')} ELSE ${assign(b, 'jsonb', '')} END`,
  }
}

function isJsonb(value: SqlValue): boolean {
  if (value.form === 'object') return value.base === undefined || isJsonb(value.base)
  return value.form === 'column' && typeName(value.type) === 'jsonb'
}

function fits(value: SqlValue, type: string): boolean {
  if (value.form === 'constant')
    return value.value === null || (typeof value.value === 'string' && familyOf(type) === 'text')
  if (value.form !== 'column') return false
  return (
    typeName(value.type) === typeName(type) ||
    (familyOf(value.type) === 'text' && familyOf(type) === 'text' && typeName(value.type) === 'text')
  )
}

/** `then` where `a` and `b` are there and the same, else `otherwise`. */
export function equalSql(a: SqlValue, b: SqlValue, then: SqlValue, otherwise: SqlValue): SqlValue {
  const plain =
    a.form === 'column' && b.form === 'column' && familyOf(a.type) === familyOf(b.type) && familyOf(a.type) !== 'other'
  const typed = plain && (typeName(a.type) === typeName(b.type) || familyOf(a.type) === 'number')
  const test = typed ? `${a.sql} = ${b.sql}` : `${toJson(a, 'nullable')} = ${toJson(b, 'nullable')}`
  return chooseSql(test, then, otherwise)
}

/** `held` where it is known, else `fallback`. */
export function coalesceSql(held: SqlValue, fallback: SqlValue, mode: 'null is known' | 'null is not known'): SqlValue {
  if (held.form === 'absent') return fallback
  if (held.form === 'column') {
    if (mode === 'null is known') return held
    const known = typeName(held.type) === 'jsonb' ? `NULLIF(${held.sql}, ${nullJson})` : held.sql
    return { form: 'column', type: held.type, sql: `COALESCE(${known}, ${assign(fallback, held.type, 'default')})` }
  }
  if (held.form === 'constant' && held.value !== null) return held
  const sql = toJson(held)
  return {
    form: 'json',
    sql: `COALESCE(${mode === 'null is known' ? sql : `NULLIF(${sql}, ${nullJson})`}, ${toJson(fallback)})`,
  }
}

/**
 * Null and nothing have one spelling in a column and two in JSON: what the other side holds decides which it was.
 * `around` is what the other side holds at all: absent where there is no memory.
 */
export function keepNullSql(value: SqlValue, held: SqlValue | undefined, around?: SqlValue): SqlValue {
  if (held === undefined || value.form === 'absent') return value
  if (around === undefined) {
    if (held.form === 'absent' || !isJsonb(held) || (value.form === 'object' && value.base === undefined)) return value
    const [made, was] = [assign(value, 'jsonb', ''), assign(held, 'jsonb', '')]
    return {
      form: 'column',
      type: 'jsonb',
      sql: `CASE WHEN ${made} IS NULL AND ${was} = ${nullJson} THEN ${was} ELSE ${made} END`,
    }
  }
  if (around.form === 'absent' || (value.form === 'object' && value.base === undefined)) return value
  const [is, was] = [isNullSql(value), toJson(held)]
  const known = around.form === 'json' ? ` AND ${around.sql} IS NOT NULL` : ''
  return {
    form: 'json',
    sql: `CASE WHEN ${is}${known} AND COALESCE(${was}, ${nullJson}) = ${nullJson} THEN ${was} ELSE ${toJson(value)} END`,
  }
}

/** In a column, a JSON null that stands there is a value: only NULL is null. */
function isNullSql(value: SqlValue): string {
  if (value.form === 'column')
    return `${value.sql} IS NULL${value.from === undefined ? '' : ` AND ${value.from} IS NULL`}`
  return value.form === 'object' && isJsonb(value)
    ? `${toJson(value, 'nullable')} IS NULL`
    : `${toJson(value)} = ${nullJson}`
}
