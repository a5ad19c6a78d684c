/** One value and the list that it is the first of, in jsonb. */
import { nullJson, toJson } from './forms.ts'
import { once, refuseSql } from './text.ts'
import { familyOf } from './column-types.ts'
import { type Misfit, NoSql, type SqlValue } from './value.ts'

function noArrays(value: SqlValue): void {
  if (value.form === 'column' && familyOf(value.type) === 'list')
    throw new NoSql('an array column is wrapped by TypeScript')
}

export function listSql(value: SqlValue, held: SqlValue): SqlValue {
  if (value.form === 'absent') return value
  noArrays(held)
  const there = value.form === 'json' || value.form === 'object'
  const made = once(toJson(value), (sql) => {
    const alone = `CASE WHEN ${sql} = ${nullJson} THEN '[]'::jsonb ELSE jsonb_build_array(${sql}) END`
    const whole = held.form === 'absent' ? alone : once(toJson(held, 'nullable'), (was) => beside(sql, was, alone))
    return there ? `CASE WHEN ${sql} IS NOT NULL THEN ${whole} END` : whole
  })
  return { form: 'json', sql: made }
}

/** The value before the other items of the list that there was. */
function beside(sql: string, was: string, alone: string): string {
  const first = `COALESCE(${was} -> 0, ${nullJson}) = ${sql}`
  const none = `${sql} = ${nullJson} AND jsonb_array_length(${was}) <= 1`
  const list = `CASE WHEN ${first} THEN ${was} WHEN ${none} THEN '[]'::jsonb ELSE jsonb_build_array(${sql}) || (${was} - 0) END`
  return `CASE WHEN jsonb_typeof(${was}) = 'array' THEN ${list} ELSE ${alone} END`
}

export function firstSql(path: string, value: SqlValue, misfit: Misfit): SqlValue {
  if (value.form === 'absent') return value
  noArrays(value)
  const first = once(toJson(value), (sql) => {
    const refused =
      misfit === 'null' ? 'NULL::jsonb' : refuseSql(path, 'a list is needed', `jsonb_typeof(${sql})`, 'jsonb')
    return `CASE jsonb_typeof(${sql}) WHEN 'array' THEN COALESCE(${sql} -> 0, ${nullJson}) WHEN 'null' THEN ${sql} ELSE ${refused} END`
  })
  return { form: 'json', sql: first }
}
