/** Equality of values as a database sees it: numbers by value in whatever form, objects whatever the order of their keys. */
import { decimalOf, sameDecimal } from './decimal.ts'
import { isFields } from './path.ts'
import { JsonText } from './json-text.ts'

/** True for equal values. An absent field is not null. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a instanceof JsonText) return (b instanceof JsonText && a.text === b.text) || sameValue(a.value, b)
  if (b instanceof JsonText) return sameValue(a, b.value)
  if (typeof a === 'number' && typeof b === 'number') return Number.isNaN(a) && Number.isNaN(b)
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]))
  if (isFields(a)) return isFields(b) && sameFields(a, b)
  if (a instanceof Uint8Array)
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i])
  const [x, y] = [decimalOf(a), decimalOf(b)]
  return x !== undefined && y !== undefined && sameDecimal(x, y)
}

function sameFields(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(a).filter((key) => a[key] !== undefined)
  const count = Object.keys(b).filter((key) => b[key] !== undefined).length
  return keys.length === count && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
}

/** Rows: a column that is absent and one that is null are the same, as they are in a table. */
export function sameRow(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => sameValue(a[key] ?? null, b[key] ?? null))
}
