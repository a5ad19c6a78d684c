/** Instants in SQL, exact to the unit: whole numbers, no float on the way. */
import { strict } from './strict.ts'
import { refuseSql } from './text.ts'
import { numberType, typeName } from './column-types.ts'
import { type Misfit, NoSql, type SqlValue } from './value.ts'

const oldest = -62135596800n
const newest = 253402300799n

/** Whole units since 1970 as ISO 8601 text. `digits`: 0 for seconds, 3 for milliseconds. */
export function instantSql(
  path: string,
  digits: number,
  zone: 'Z' | '+00:00',
): (value: SqlValue, misfit: Misfit) => SqlValue {
  return (value, misfit) =>
    strict(value, 'number', path, misfit, (given) => {
      const sql = `(${given})::numeric`
      const seconds = digits === 0 ? sql : `floor(${sql} * 0.001)`
      const wall = `to_char(timestamp '1970-01-01' + (${seconds})::double precision * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS')`
      const millis = `lpad((${sql} - 1000 * ${seconds})::integer::text, 3, '0')`
      const short = `CASE WHEN ${sql} = 1000 * ${seconds} THEN '' ELSE '.' || rtrim(${millis}, '0') END`
      const fraction = digits === 0 ? '' : zone === 'Z' ? ` || '.' || ${millis}` : ` || ${short}`
      const range = `${seconds} BETWEEN ${oldest} AND ${newest}`
      const refused =
        misfit === 'null'
          ? 'NULL::text'
          : refuseSql(
              path,
              'a whole number within the years 1 to 9999 is needed',
              `scale(${sql})::text || ' places'`,
              'text',
            )
      return {
        sql: `CASE WHEN ${sql} = trunc(${sql}) AND ${range} THEN ${wall}${fraction} || '${zone}' ELSE ${refused} END`,
        type: 'text',
      }
    })
}

/** A timestamptz as whole units since 1970. Text is read by TypeScript: no plain expression refuses the 31st of June without an error. */
export function epochSql(path: string, digits: number): (value: SqlValue, misfit: Misfit) => SqlValue {
  return (value, misfit) => {
    if (value.form === 'absent') return value
    if (value.form !== 'column' || typeName(value.type) !== 'timestamp with time zone') {
      throw new NoSql(`"${path}" is read as a date by TypeScript, unless it is a column of type timestamptz`)
    }
    const units = `(extract(epoch FROM ${value.sql})::numeric * 1e${digits}::numeric)`
    const year = `${value.sql} >= '0001-01-01T00:00:00Z'::timestamptz AND ${value.sql} < '10000-01-01T00:00:00Z'::timestamptz`
    const fits = `CASE WHEN ${year} THEN ${units} = trunc(${units}) END`
    const reason = `an instant as fine as a ${digits === 0 ? 'second' : 'millisecond'} within the years 1 to 9999 is needed`
    const refused =
      misfit === 'null' ? 'NULL::numeric' : refuseSql(path, reason, `isfinite(${value.sql})::text`, 'numeric')
    return { form: 'column', type: numberType, sql: `CASE WHEN ${fits} THEN trunc(${units}) ELSE ${refused} END` }
  }
}
