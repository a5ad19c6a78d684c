/** The converters of numbers in SQL: numeric throughout, digits kept. */
import { strict } from './strict.ts'
import { refuseSql } from './text.ts'
import { numberType } from './column-types.ts'
import type { Misfit, SqlValue } from './value.ts'

type HalfSql = (value: SqlValue, misfit: Misfit) => SqlValue

function other(path: string, misfit: Misfit, reason: string, what: string, type: string): string {
  return misfit === 'null' ? `NULL::${type}` : refuseSql(path, reason, what, type)
}

export function numberTextSql(path: string): HalfSql {
  return (value, misfit) => strict(value, 'number', path, misfit, (sql) => ({ sql: `${sql}::text`, type: 'text' }))
}

/** A plain decimal, and no negative zero. */
function decimalTest(sql: string): string {
  return `${sql} ~ '^-?(0|[1-9][0-9]*)([.][0-9]+)?$' AND ${sql} !~ '^-[0.]+$'`
}

export function textNumberSql(path: string): HalfSql {
  return (value, misfit) =>
    strict(value, 'text', path, misfit, (sql) => {
      const refused = other(
        path,
        misfit,
        'a plain decimal number in a text is needed',
        `length(${sql})::text || ' characters'`,
        'numeric',
      )
      return { sql: `CASE WHEN ${decimalTest(sql)} THEN ${sql}::numeric ELSE ${refused} END`, type: numberType }
    })
}

export function scaledSql(path: string, by: string): HalfSql {
  return (value, misfit) =>
    strict(value, 'number', path, misfit, (sql) => ({
      sql: `trim_scale(${sql} * ${by.startsWith('-') ? `(${by})` : by}::numeric)`,
      type: numberType,
    }))
}

export function fixedSql(path: string, digits: number): HalfSql {
  const unit = `1e-${digits}::numeric`
  return (value, misfit) =>
    strict(value, 'number', path, misfit, (sql) => {
      const refused = other(
        path,
        misfit,
        'whole minor units are needed',
        `scale((${sql})::numeric)::text || ' places'`,
        'text',
      )
      return {
        sql: `CASE WHEN ${sql} = trunc((${sql})::numeric) THEN round((${sql})::numeric * ${unit}, ${digits})::text ELSE ${refused} END`,
        type: 'text',
      }
    })
}

export function minorSql(path: string, digits: number): HalfSql {
  return (value, misfit) =>
    strict(value, 'text', path, misfit, (sql) => {
      const refused = other(
        path,
        misfit,
        `an amount of at most ${digits} places is needed`,
        `length(${sql})::text || ' characters'`,
        'numeric',
      )
      const fits = `CASE WHEN ${decimalTest(sql)} THEN scale(trim_scale(${sql}::numeric)) <= ${digits} END`
      return {
        sql: `CASE WHEN ${fits} THEN round(${sql}::numeric * 1e${digits}::numeric, 0) ELSE ${refused} END`,
        type: numberType,
      }
    })
}
