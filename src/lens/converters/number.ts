/** Numbers: as text, on another scale, as minor units of money. Digits in, digits out; nothing goes through a float. */
import { decimalOf, type Decimal, numberOf, plain, readDecimal, reciprocal, times, trimmed } from '../decimal.ts'
import { kindOf, refuse } from '../path.ts'
import type { Half } from '../remember.ts'
import { fixedSql, minorSql, numberTextSql, scaledSql, textNumberSql } from '../sql/numbers.ts'
import type { Converter } from './converter.ts'

function needDecimal(path: string, value: unknown): Decimal {
  return decimalOf(value) ?? refuse(path, `${kindOf(value)} where a number is needed`)
}

const canonical = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/

/** A text that is a plain decimal: no exponent, no sign but a minus, no leading zeros. `-0` has no number of its own. */
function needDecimalText(path: string, value: unknown): Decimal {
  if (typeof value !== 'string' || !canonical.test(value))
    return refuse(path, `${kindOf(value)} where a plain decimal number in a text is needed`)
  const decimal = readDecimal(value)!
  return decimal.units === 0n && value.startsWith('-')
    ? refuse(path, 'a negative zero, which no number keeps')
    : decimal
}

/** 12.5 ⇄ "12.5". The text has all the digits of the number and no exponent. */
export const numberText: Converter = {
  summary: 'a number and its digits in a text',
  make: (path) => ({
    name: 'number-text',
    forward: { js: (value) => plain(needDecimal(path, value)), sql: numberTextSql(path), merges: false },
    backward: { js: (value) => numberOf(needDecimalText(path, value)), sql: textNumberSql(path), merges: true },
  }),
}

/** Times `by` on the way there, divided by it on the way back; a quotient that does not end is refused. */
export const scale: Converter = {
  summary: 'a number in another unit: times "by" there, divided by it back, exactly',
  make: (path, options) => {
    const by = readDecimal(options.by!)!
    return {
      name: 'scale',
      forward: scaled(path, by),
      backward: reciprocal(by) ? scaled(path, reciprocal(by)!) : divided(path, by),
    }
  },
}

function scaled(path: string, by: Decimal): Half {
  return {
    js: (value) => numberOf(times(needDecimal(path, value), by)),
    sql: scaledSql(path, plain(by)),
    merges: false,
  }
}

function divided(path: string, by: Decimal): Half {
  return {
    js: (value) => {
      const top = trimmed(needDecimal(path, value))
      for (let places = 0; places <= 20; places++) {
        const units = top.units * 10n ** BigInt(places + by.scale)
        if (units % by.units === 0n) return numberOf(trimmed({ units: units / by.units, scale: places + top.scale }))
      }
      return refuse(path, 'a number whose quotient does not end')
    },
    sql: `a division by ${plain(by)} does not always end, and PostgreSQL would round it`,
    merges: false,
  }
}

/** 1234 ⇄ "12.34": whole minor units (cents) and a decimal text of `digits` places. */
export const minorDecimal: Converter = {
  summary: 'whole minor units (cents) and a decimal text with "digits" places (2)',
  make: (path, options) => {
    const digits = options.digits ?? 2
    return {
      name: 'minor-decimal',
      forward: {
        js: (value) => plain({ units: whole(path, needDecimal(path, value)), scale: digits }),
        sql: fixedSql(path, digits),
        merges: false,
      },
      backward: {
        js: (value) => minor(path, needDecimalText(path, value), digits),
        sql: minorSql(path, digits),
        merges: true,
      },
    }
  },
}

function whole(path: string, value: Decimal): bigint {
  const { units, scale: places } = trimmed(value)
  return places === 0 ? units : refuse(path, 'a number with a fraction where whole minor units are needed')
}

function minor(path: string, value: Decimal, digits: number): unknown {
  const { units, scale: places } = trimmed(value)
  if (places > digits) return refuse(path, `an amount with more than ${digits} places`)
  return numberOf({ units: units * 10n ** BigInt(digits - places), scale: 0 })
}
