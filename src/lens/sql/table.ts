/** Values by a table, as one CASE. */
import type { Json } from '../../core/json.ts'
import { toJson } from './forms.ts'
import { textSql } from './strict.ts'
import { once, quoteText, refuseSql } from './text.ts'
import { familyOf, numberType } from './column-types.ts'
import { type Misfit, NoSql, type SqlValue } from './value.ts'

type Pairs = readonly (readonly [Json, Json])[]
type Scalar = 'string' | 'number' | 'boolean'
const literals = {
  string: (value: Json) => quoteText(value as string),
  number: (value: Json) => `'${value as number}'::numeric`,
  boolean: (value: Json) => JSON.stringify(value),
}
const types = { string: 'text', number: numberType, boolean: 'boolean' }

/** `back` leads the other way: what it leads from must not be kept as if it were a stranger. */
export function tableSql(
  path: string,
  pairs: Pairs,
  back: Pairs,
  others: 'refuse' | 'keep',
): (value: SqlValue, misfit: Misfit) => SqlValue {
  return (value, misfit) => {
    if (value.form === 'absent' || (value.form === 'constant' && value.value === null)) return value
    const is = value.form === 'column' ? scalarOf(value.type) : undefined
    const results = new Set(pairs.map(([, to]) => typeof to))
    const [only] = [...results]
    const typed = results.size === 1 && only !== 'object' && is !== undefined && (others === 'refuse' || only === is)
    return typed && value.form === 'column' ? columnTable(value, is, only as Scalar) : jsonTable(value)

    function columnTable({ sql, type }: Extract<SqlValue, { form: 'column' }>, from: Scalar, to: Scalar): SqlValue {
      const seen = from === 'string' ? textSql(sql, type) : sql
      const cases = pairs
        .filter(([key]) => typeof key === from)
        .map(([key, made]) => `WHEN ${literals[from](key)} THEN ${literals[to](made)}`)
      const sqlType = types[to] === numberType ? 'numeric' : types[to]
      const taken = back.filter(([key]) => typeof key === from).map(([key]) => literals[from](key))
      const refused = misfit === 'null' ? `NULL::${sqlType}` : refuse(`${seen}::text`, sqlType)
      const kept =
        taken.length === 0 ? seen : `CASE WHEN ${seen} IN (${taken.join(', ')}) THEN ${refused} ELSE ${seen} END`
      const other = others === 'keep' ? kept : refused
      return {
        form: 'column',
        type: types[to],
        sql: cases.length === 0 ? other : `CASE ${seen} ${cases.join(' ')} ELSE ${other} END`,
      }
    }

    function jsonTable(whole: SqlValue): SqlValue {
      const quote = (json: Json) => `${quoteText(JSON.stringify(json))}::jsonb`
      const cases = pairs.map(([key, made]) => `WHEN ${quote(key)} THEN ${quote(made)}`).join(' ')
      const sql = once(toJson(whole), (json) => {
        const refused = misfit === 'null' ? 'NULL::jsonb' : refuse(`(${json})::text`, 'jsonb')
        const taken = `CASE WHEN ${json} IN (${back.map(([key]) => quote(key)).join(', ')}) THEN ${refused} ELSE ${json} END`
        return `CASE ${json} ${cases} WHEN 'null'::jsonb THEN ${json} ELSE ${others === 'keep' ? taken : refused} END`
      })
      return { form: 'json', sql }
    }

    /** The length, not the text: it may be personal. */
    function refuse(text: string, type: string): string {
      return refuseSql(path, 'the table does not name it', `length(${text})::text || ' characters'`, type)
    }
  }
}

function scalarOf(type: string): Scalar | undefined {
  const family = familyOf(type)
  if (family === 'float') throw new NoSql('a table is not matched against a floating-point column')
  return family === 'text' ? 'string' : family === 'number' ? 'number' : family === 'boolean' ? 'boolean' : undefined
}
