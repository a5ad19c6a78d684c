/** A UUID that a row's own values decide (version 8 of RFC 9562, from MD5): the same in TypeScript and in SQL, today and on every retry. */
import { md5 } from './md5.ts'
import { JsonNumber, open } from './json-text.ts'
import { kindOf, refuse } from './path.ts'
import type { Rule } from './program.ts'
import { nameSql } from './sql/names.ts'
import { quoteText } from './sql/text.ts'

/** The rule for the field at `path`; its arguments are the values that tell rows apart. */
export function uuidOf(path: string): Rule {
  return {
    name: 'uuid',
    js: (...values: readonly unknown[]) => shape(md5(path + values.map((each) => name(path, each)).join(''))),
    sql: (values) => {
      const parts = values.map((each) => `COALESCE(md5(${nameSql(each)}), '-')`)
      const digest = `md5(${[quoteText(path), ...parts].join(' || ')})`
      return {
        form: 'column',
        type: 'uuid',
        sql: `overlay(overlay(${digest} placing '8' from 13) placing '8' from 17)::uuid`,
      }
    },
  }
}

function name(path: string, value: unknown): string {
  const seen = open(value)
  if (seen === undefined || seen === null) return '-'
  if (typeof seen === 'string' || typeof seen === 'boolean' || typeof seen === 'bigint') return md5(String(seen))
  if (seen instanceof JsonNumber || (typeof seen === 'number' && Number.isSafeInteger(seen))) return md5(String(seen))
  return refuse(path, `a UUID is made of texts, whole numbers and booleans, not of ${kindOf(seen)}`)
}

function shape(digest: string): string {
  const hex = `${digest.slice(0, 12)}8${digest.slice(13, 16)}8${digest.slice(17)}`
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
