/** A value as the text that a UUID is made of. */
import { textSql } from './strict.ts'
import { quoteText } from './text.ts'
import { familyOf, numberType } from './column-types.ts'
import { NoSql, type SqlValue } from './value.ts'

export function nameSql(value: SqlValue): string {
  if (value.form === 'absent' || (value.form === 'constant' && value.value === null)) return 'NULL::text'
  if (value.form === 'constant' && typeof value.value === 'string') return `${quoteText(value.value)}::text`
  if (value.form === 'column' && value.type !== numberType) {
    const family = familyOf(value.type)
    if (family === 'text') return textSql(value.sql, value.type)
    if (family === 'number' || family === 'boolean') return `${value.sql}::text`
  }
  throw new NoSql('a UUID is made of text, whole number, boolean and uuid columns')
}
