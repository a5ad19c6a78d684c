/** Numbers and truth in the server's binary form. No number is rounded: what a double does not hold is a bigint, or the digits as a text. */
import { JsonNumber } from '../lens/index.ts'
import type { Codec } from './codec.ts'
import { numericText, putNumeric } from './numeric.ts'
import type { Output } from './output.ts'

export const boolean: Codec = {
  decode: (from, start) => from[start] === 1,
  encode: (value, out) => {
    if (typeof value !== 'boolean') return false
    out.int32(1)
    out.room(1)
    out.buffer[out.at++] = value ? 1 : 0
    return true
  },
}

/** A number held as its digits is that number where it is whole and a double holds it, else a bigint; undefined for no whole number. */
function whole(value: unknown): number | bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  if (typeof value === 'bigint') return value
  return value instanceof JsonNumber && /^-?\d+$/.test(value.text) ? BigInt(value.text) : undefined
}

export function integer(bytes: 2 | 4): Codec {
  const limit = 2 ** (bytes * 8 - 1)
  return {
    decode: (from, start) => (bytes === 2 ? from.readInt16BE(start) : from.readInt32BE(start)),
    encode: (value, out) => {
      const seen = whole(value)
      if (seen === undefined || seen < -limit || seen >= limit) return false
      out.int32(bytes)
      if (bytes === 2) out.int16(Number(seen))
      else out.int32(Number(seen))
      return true
    },
  }
}

/** A number where a double holds it, else a bigint. */
export const bigint: Codec = {
  decode: (from, start) => {
    const high = from.readInt32BE(start)
    if (high < 0x1fffff && high >= -0x1fffff) return high * 0x100000000 + from.readUInt32BE(start + 4)
    return from.readBigInt64BE(start)
  },
  encode: (value, out) => {
    const seen = whole(value)
    return seen === undefined ? false : putInt64(BigInt(seen), out)
  },
}

export function putInt64(value: bigint, out: Output): boolean {
  if (BigInt.asIntN(64, value) !== value) return false
  out.int32(8)
  out.room(8)
  out.buffer.writeBigInt64BE(value, out.at)
  out.at += 8
  return true
}

const unbounded: { readonly [text: string]: number } = { NaN, Infinity, '-Infinity': -Infinity }

export function float(bytes: 4 | 8): Codec {
  return {
    decode: (from, start) => (bytes === 4 ? shortest(from.readFloatBE(start)) : from.readDoubleBE(start)),
    encode: (value, out) => {
      const seen = value instanceof JsonNumber || typeof value === 'bigint' ? Number(String(value)) : value
      const number = typeof seen === 'string' ? unbounded[seen] : seen
      if (typeof number !== 'number' || !holds(bytes === 4 ? Math.fround(number) : number, value)) return false
      out.int32(bytes)
      out.room(bytes)
      if (bytes === 4) out.buffer.writeFloatBE(number, out.at)
      else out.buffer.writeDoubleBE(number, out.at)
      out.at += bytes
      return true
    },
  }
}

/** The server refuses a number that a float could only hold as infinite, or as zero; an infinity that is given is one. */
function holds(held: number, given: unknown): boolean {
  if (Number.isNaN(held)) return true
  const asked = given instanceof JsonNumber || typeof given === 'bigint' ? String(given) : given
  if (held === 0) return typeof asked === 'string' ? !/^[^eE]*[1-9]/.test(asked) : asked === 0
  return Number.isFinite(held) || asked === held || (typeof asked === 'string' && unbounded[asked] === held)
}

/** The shortest decimal that is the same 4-byte float, as the server writes it: 0.1, not 0.10000000149011612. */
function shortest(value: number): number {
  for (let digits = 6; digits <= 8; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Object.is(Math.fround(short), value)) return short
  }
  return value
}

/** Its digits as a text, with the zeros it has. */
export const numeric: Codec = {
  decode: (from, start) => numericText(from, start),
  encode: (value, out) => {
    const known = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    return known || value instanceof JsonNumber ? putNumeric(String(value), out) : false
  },
}
