/** Decimal numbers as digits and a point: exact, canonical, never through a float. Knows no lens. */
import { JsonNumber } from './json-text.ts'

/** `units` × 10^-`scale`. */
export interface Decimal {
  readonly units: bigint
  readonly scale: number
}

const spelling = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/

/** The decimal that a text spells, or undefined. */
export function readDecimal(text: string): Decimal | undefined {
  const found = spelling.exec(text)
  if (!found) return undefined
  const [, sign, whole, fraction = '', power = '0'] = found
  const units = BigInt(`${sign}${whole}${fraction}`)
  const scale = fraction.length - Number(power)
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale }
}

/** The decimal of a number in any form a row or a document holds it: number, bigint, `JsonNumber`. Undefined for anything else. */
export function decimalOf(value: unknown): Decimal | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? readDecimal(String(value)) : undefined
  if (typeof value === 'bigint') return { units: value, scale: 0 }
  return value instanceof JsonNumber ? readDecimal(value.text) : undefined
}

/** Plain digits, no exponent, with all places of its scale: `1.50`. */
export function plain({ units, scale }: Decimal): string {
  if (scale === 0) return units.toString()
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Without closing zeros after the point. */
export function trimmed({ units, scale }: Decimal): Decimal {
  let [least, places] = [units, scale]
  while (places > 0 && least % 10n === 0n) [least, places] = [least / 10n, places - 1]
  return { units: least, scale: places }
}

/** A number where a double spells it the same, otherwise the digits themselves. */
export function numberOf(decimal: Decimal): number | JsonNumber {
  const text = plain(decimal)
  const double = Number(text)
  return String(double) === text ? double : new JsonNumber(text)
}

export function times(a: Decimal, b: Decimal): Decimal {
  return trimmed({ units: a.units * b.units, scale: a.scale + b.scale })
}

/** 1/x where that is a decimal that ends, otherwise undefined. */
export function reciprocal({ units, scale }: Decimal): Decimal | undefined {
  if (units === 0n) return undefined
  let [rest, places] = [units < 0n ? -units : units, 0]
  for (; rest % 10n === 0n; places++) rest /= 10n
  for (; rest % 2n === 0n; places++) rest /= 2n
  for (; rest % 5n === 0n; places++) rest /= 5n
  if (rest !== 1n) return undefined
  return trimmed({ units: 10n ** BigInt(places + scale) / units, scale: places })
}

export function sameDecimal(a: Decimal, b: Decimal): boolean {
  const scale = Math.max(a.scale, b.scale)
  return a.units * 10n ** BigInt(scale - a.scale) === b.units * 10n ** BigInt(scale - b.scale)
}
