/** Functions on one value of a kind, lifted to every form: null and absent stay as they are, another kind is refused. */
import { instantText, toJson } from './forms.ts'
import { once, quoteText, refuseSql } from './text.ts'
import { familyOf, numberType, typeName } from './column-types.ts'
import { type Misfit, NoSql, type SqlValue } from './value.ts'

export interface Made {
  readonly sql: string
  readonly type: string
}
type Need = 'text' | 'number' | 'boolean'
const jsonKind = { text: 'string', number: 'number', boolean: 'boolean' } as const

/** `made` gets an expression of type text, numeric (or an integer type), or boolean, and must be NULL for NULL. */
export function strict(value: SqlValue, need: Need, at: string, misfit: Misfit, made: (sql: string) => Made): SqlValue {
  switch (value.form) {
    case 'absent':
      return value
    case 'constant':
      return value.value === null ? value : strict(constantColumn(value.value, need, at), need, at, misfit, made)
    case 'column': {
      if (familyOf(value.type) === 'json') return strict({ form: 'json', sql: toJson(value) }, need, at, misfit, made)
      return { form: 'column', ...madeOnce(columnSql(value, need, at, misfit), made) }
    }
    default: {
      const sql = once(toJson(value), (json) => {
        const inner =
          need === 'text'
            ? `(${json} #>> '{}')`
            : need === 'number'
              ? `(${json} #>> '{}')::numeric`
              : `(${json})::boolean`
        const result = toJson({ form: 'column', ...made(inner) }, 'nullable')
        const other =
          misfit === 'null' ? 'NULL::jsonb' : refuseSql(at, `a ${need} is needed`, `jsonb_typeof(${json})`, 'jsonb')
        return `CASE jsonb_typeof(${json}) WHEN '${jsonKind[need]}' THEN ${result} WHEN 'null' THEN ${json} ELSE ${other} END`
      })
      return { form: 'json', sql }
    }
  }
}

function madeOnce(sql: string, made: (sql: string) => Made): Made {
  let type = ''
  const whole = once(sql, (name) => {
    const one = made(name)
    type = one.type
    return one.sql
  })
  return { sql: whole, type }
}

function constantColumn(value: unknown, need: Need, at: string): SqlValue {
  if (need === 'text' && typeof value === 'string')
    return { form: 'column', sql: `${quoteText(value)}::text`, type: 'text' }
  if (need === 'number' && typeof value === 'number')
    return { form: 'column', sql: `'${value}'::numeric`, type: numberType }
  if (need === 'boolean' && typeof value === 'boolean') return { form: 'column', sql: String(value), type: 'boolean' }
  throw new NoSql(`the constant at "${at}" is no ${need}`)
}

function columnSql(
  { sql, type }: Extract<SqlValue, { form: 'column' }>,
  need: Need,
  at: string,
  misfit: Misfit,
): string {
  const family = familyOf(type)
  if (need === 'text' && family === 'text') return textSql(sql, type)
  if (need === 'boolean' && family === 'boolean') return sql
  if (need === 'number' && family === 'number') return sql
  if (need === 'number' && family === 'float') {
    const other =
      misfit === 'null' ? 'NULL::numeric' : refuseSql(at, 'a finite number is needed', `${sql}::text`, 'numeric')
    return `CASE WHEN ${sql} - ${sql} = 0 THEN ${sql}::text::numeric ELSE ${other} END`
  }
  throw new NoSql(`"${at}" is a column of type ${type} where a ${need} is needed`)
}

/** The text that a row holds for a column of the text family. */
export function textSql(sql: string, type: string): string {
  const name = typeName(type)
  if (name === 'text') return sql
  if (name === 'timestamp with time zone') return instantText(sql)
  return name === 'date' || name === 'timestamp without time zone' ? `(to_json(${sql}) #>> '{}')` : `${sql}::text`
}
