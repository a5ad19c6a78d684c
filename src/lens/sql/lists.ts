/** One value and the list that it is the first of, in jsonb. */
import { nullJson, toJson } from './forms.ts'
import { refuseSql } from './text.ts'
import { familyOf } from './types.ts'
import { NoSql, type SqlValue } from './value.ts'

function noArrays(value: SqlValue): void {
  if (value.form === 'column' && familyOf(value.type) === 'list')
    throw new NoSql('an array column is wrapped by TypeScript')
}

export function listSql(_path: string, value: SqlValue, held: SqlValue): SqlValue {
  if (value.form === 'absent') return value
  noArrays(held)
  const sql = toJson(value)
  const alone = `CASE WHEN ${sql} = ${nullJson} THEN '[]'::jsonb ELSE jsonb_build_array(${sql}) END`
  if (held.form === 'absent') return { form: 'json', sql: maybe(value, sql, alone) }
  const was = toJson(held, 'nullable')
  const first = `COALESCE(${was} -> 0, ${nullJson}) = ${sql}`
  const none = `${sql} = ${nullJson} AND jsonb_array_length(${was}) <= 1`
  const beside = `CASE WHEN ${first} THEN ${was} WHEN ${none} THEN '[]'::jsonb ELSE jsonb_build_array(${sql}) || (${was} - 0) END`
  return {
    form: 'json',
    sql: maybe(value, sql, `CASE WHEN jsonb_typeof(${was}) = 'array' THEN ${beside} ELSE ${alone} END`),
  }
}

function maybe(value: SqlValue, sql: string, made: string): string {
  return value.form === 'json' || value.form === 'object' ? `CASE WHEN ${sql} IS NOT NULL THEN ${made} END` : made
}

export function firstSql(path: string, value: SqlValue): SqlValue {
  if (value.form === 'absent') return value
  noArrays(value)
  const sql = toJson(value)
  const refused = refuseSql(path, 'a list is needed', `jsonb_typeof(${sql})`, 'jsonb')
  return {
    form: 'json',
    sql: `CASE jsonb_typeof(${sql}) WHEN 'array' THEN COALESCE(${sql} -> 0, ${nullJson}) WHEN 'null' THEN ${sql} ELSE ${refused} END`,
  }
}
