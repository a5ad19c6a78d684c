/** Instants: counted from 1970, or spelled as ISO 8601. Proleptic Gregorian, no leap seconds, as PostgreSQL and JavaScript count. */
import { decimalOf, type Decimal, numberOf, trimmed } from '../decimal.ts'
import { kindOf, refuse } from '../path.ts'
import type { Half } from '../remember.ts'
import { epochSql, instantSql } from '../sql/instants.ts'
import type { Converter } from './converter.ts'

/** How an instant is spelled: `Z` for messages, `+00:00` as PostgreSQL's to_json spells a timestamptz. */
type Zone = 'Z' | '+00:00'

const iso = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d(?::?\d\d)?)$/

function epoch(unit: 'seconds' | 'millis', zone: Zone): Converter {
  const digits = unit === 'seconds' ? 0 : 3
  return {
    summary: `whole ${unit === 'seconds' ? 'seconds' : 'milliseconds'} since 1970 and ISO 8601 text (${zone})`,
    make: (path) => ({
      name: `${unit}-${zone}`,
      forward: { js: (value) => spell(path, value, digits, zone), sql: instantSql(path, digits, zone), merges: false },
      backward: { js: (value) => count(path, value, digits), sql: epochSql(path, digits), merges: true } satisfies Half,
    }),
  }
}

/** Year 1 to 9999, which is what both notations hold without a sign. */
function spell(path: string, value: unknown, digits: number, zone: Zone): string {
  const decimal: Decimal = trimmed(decimalOf(value) ?? refuse(path, `${kindOf(value)} where a number is needed`))
  if (decimal.scale > 0) return refuse(path, 'a number with a fraction where a whole one is needed')
  const millis = digits === 0 ? decimal.units * 1000n : decimal.units
  if (millis < -62135596800000n || millis > 253402300799999n)
    return refuse(path, 'an instant outside of the years 1 to 9999')
  const [seconds, fraction] = new Date(Number(millis)).toISOString().slice(0, -1).split('.') as [string, string]
  const short = fraction.replace(/0+$/, '')
  return zone === 'Z'
    ? `${seconds}${digits === 0 ? '' : `.${fraction}`}Z`
    : `${seconds}${short === '' ? '' : `.${short}`}+00:00`
}

function count(path: string, value: unknown, digits: number): unknown {
  const found = typeof value === 'string' ? iso.exec(value) : null
  if (!found) return refuse(path, `${kindOf(value)} where a date and time with an offset (ISO 8601) is needed`)
  const [, year, month, day, hour, minute, second = '00', fraction = '', offset] = found
  const wall = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const millis = Date.parse(`${wall}Z`)
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 19) !== wall)
    return refuse(path, 'a date or time that does not exist')
  if (/[1-9]/.test(fraction.slice(digits)))
    return refuse(path, `an instant finer than a ${digits === 0 ? 'second' : 'millisecond'}`)
  const whole = BigInt(millis) / 1000n - BigInt(offsetSeconds(offset!))
  return numberOf({
    units: whole * 10n ** BigInt(digits) + BigInt(fraction.slice(0, digits).padEnd(digits, '0') || '0'),
    scale: 0,
  })
}

function offsetSeconds(offset: string): number {
  if (offset === 'Z') return 0
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(3).replace(':', '') || '0')]
  return (offset.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60)
}

export const secondsIso = epoch('seconds', 'Z')
export const millisIso = epoch('millis', 'Z')
export const secondsTimestamp = epoch('seconds', '+00:00')
export const millisTimestamp = epoch('millis', '+00:00')
