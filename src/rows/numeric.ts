/** The server's binary numeric (digits of base 10000) to decimal text and back, digit by digit: never through a float. */
import type { Output } from './output.ts'

const negative = 0x4000
const notNumber = 0xc000
const infinite = 0xd000
const minusInfinite = 0xf000

export function numericText(from: Buffer, at: number): string {
  const digits = from.readUInt16BE(at)
  const weight = from.readInt16BE(at + 2)
  const sign = from.readUInt16BE(at + 4)
  const scale = from.readUInt16BE(at + 6)
  if (sign === notNumber) return 'NaN'
  if (sign === infinite) return 'Infinity'
  if (sign === minusInfinite) return '-Infinity'
  const group = (index: number): number => (index >= 0 && index < digits ? from.readUInt16BE(at + 8 + index * 2) : 0)
  let whole = weight < 0 ? '0' : String(group(0))
  for (let index = 1; index <= weight; index++) whole += String(group(index)).padStart(4, '0')
  let fraction = ''
  for (let index = weight + 1; fraction.length < scale; index++) fraction += String(group(index)).padStart(4, '0')
  return `${sign === negative ? '-' : ''}${whole}${scale === 0 ? '' : `.${fraction.slice(0, scale)}`}`
}

const special: { readonly [text: string]: number } = {
  NaN: notNumber,
  Infinity: infinite,
  '-Infinity': minusInfinite,
  infinity: infinite,
  '-infinity': minusInfinite,
}

/** Puts a length and the bytes of a decimal text such as `-12.50` or `1e3`; false where the text is no number. */
export function putNumeric(text: string, out: Output): boolean {
  const known = special[text]
  if (known !== undefined) {
    header(out, 0, 0, known, 0)
    return true
  }
  const read = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text.trim())
  if (!read || ((read[2] ?? '') === '' && (read[3] ?? '') === '')) return false
  const [whole, fraction] = shift(read[2] ?? '', read[3] ?? '', Number(read[4] ?? 0))
  const groups = split(whole, fraction)
  const first = groups.findIndex((each) => each !== 0)
  const last = groups.findLastIndex((each) => each !== 0)
  const kept = first < 0 ? [] : groups.slice(first, last + 1)
  const weight = first < 0 ? 0 : Math.ceil(whole.length / 4) - 1 - first
  header(out, kept.length, weight, read[1] === '-' && kept.length > 0 ? negative : 0, fraction.length)
  for (const each of kept) out.int16(each)
  return true
}

/** Moves the point: `1.5e2` is `150`, `15e-1` is `1.5`. */
function shift(whole: string, fraction: string, by: number): readonly [string, string] {
  if (by === 0) return [whole, fraction]
  if (by > 0) return [whole + fraction.slice(0, by).padEnd(by, '0'), fraction.slice(by)]
  const padded = whole.padStart(-by, '0')
  return [padded.slice(0, padded.length + by), padded.slice(padded.length + by) + fraction]
}

/** Groups of four digits, counted from the point. */
function split(whole: string, fraction: string): readonly number[] {
  const digits =
    whole.padStart(Math.ceil(whole.length / 4) * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0')
  return (digits.match(/\d{4}/g) ?? []).map(Number)
}

function header(out: Output, digits: number, weight: number, sign: number, scale: number): void {
  out.int32(8 + digits * 2)
  out.int16(digits)
  out.int16(weight)
  out.int16(sign)
  out.int16(scale)
}
