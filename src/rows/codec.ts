/**
 * One value of a column between the server's binary form and JSON. What no JavaScript type holds exactly stays the server's text:
 * numeric, dates, moments, uuid, bytea, and integers beyond 2^53. Knows no row.
 */
import { dateDays, dateText, momentMicros, momentText } from './calendar.ts'
import { columnType } from './column-type.ts'
import { exactJson, exactText } from './exact-json.ts'
import { numericText, putNumeric } from './numeric.ts'
import type { Output } from './output.ts'

export interface Codec {
  /** The value of the bytes from `start` to `end`. */
  decode(from: Buffer, start: number, end: number): unknown
  /** Puts length and bytes; false where the value is none of this type. Null and undefined never come here. */
  encode(value: unknown, out: Output): boolean
}

const text: Codec = {
  decode: (from, start, end) => from.toString('utf8', start, end),
  encode: (value, out) => {
    if (typeof value !== 'string') return typeof value === 'object' ? false : text.encode(String(value), out)
    if (value.includes('\0')) return false
    out.text(value)
    return true
  },
}

const boolean: Codec = {
  decode: (from, start) => from[start] === 1,
  encode: (value, out) => {
    const is = value === true || value === 'true' || value === 't'
    if (!is && value !== false && value !== 'false' && value !== 'f') return false
    out.int32(1)
    out.room(1)
    out.buffer[out.at++] = is ? 1 : 0
    return true
  },
}

function integer(bytes: 2 | 4): Codec {
  const limit = 2 ** (bytes * 8 - 1)
  return {
    decode: (from, start) => (bytes === 2 ? from.readInt16BE(start) : from.readInt32BE(start)),
    encode: (value, out) => {
      const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value
      if (typeof number !== 'number' || !Number.isInteger(number) || number < -limit || number >= limit) return false
      out.int32(bytes)
      if (bytes === 2) out.int16(number)
      else out.int32(number)
      return true
    },
  }
}

const bigint: Codec = {
  decode: (from, start) => {
    const high = from.readInt32BE(start)
    if (high < 0x1fffff && high >= -0x1fffff) return high * 0x100000000 + from.readUInt32BE(start + 4)
    return String(from.readBigInt64BE(start))
  },
  encode: (value, out) => {
    if (
      typeof value === 'number'
        ? !Number.isSafeInteger(value)
        : typeof value === 'string' && !/^[+-]?\d{1,19}$/.test(value)
    )
      return false
    if (typeof value === 'number') {
      out.int32(8)
      out.int32(Math.floor(value / 0x100000000))
      out.int32(value | 0)
      out.buffer.writeUInt32BE(value - Math.floor(value / 0x100000000) * 0x100000000, out.at - 4)
      return true
    }
    if (typeof value !== 'string' && typeof value !== 'bigint') return false
    return putInt64(BigInt(value), out)
  },
}

function putInt64(value: bigint, out: Output): boolean {
  if (BigInt.asIntN(64, value) !== value) return false
  out.int32(8)
  out.room(8)
  out.buffer.writeBigInt64BE(value, out.at)
  out.at += 8
  return true
}

function float(bytes: 4 | 8): Codec {
  return {
    decode: (from, start) => {
      const value = bytes === 4 ? shortest(from.readFloatBE(start)) : from.readDoubleBE(start)
      return Number.isFinite(value) ? value : String(value)
    },
    encode: (value, out) => {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      if (typeof number !== 'number' || (Number.isNaN(number) && value !== 'NaN' && typeof value !== 'number'))
        return false
      out.int32(bytes)
      out.room(bytes)
      if (bytes === 4) out.buffer.writeFloatBE(number, out.at)
      else out.buffer.writeDoubleBE(number, out.at)
      out.at += bytes
      return true
    },
  }
}

/** The shortest decimal that is the same 4-byte float, as the server writes it: 0.1, not 0.10000000149011612. */
function shortest(value: number): number {
  for (let digits = 6; digits <= 8; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}

const numeric: Codec = {
  decode: (from, start) => numericText(from, start),
  encode: (value, out) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
      ? putNumeric(String(value), out)
      : false,
}

const uuid: Codec = {
  decode: (from, start, end) => {
    const hex = from.toString('hex', start, end)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  },
  encode: (value, out) => {
    const hex = typeof value === 'string' ? value.replace(/[-{}]/g, '') : ''
    if (!/^[0-9a-f]{32}$/i.test(hex)) return false
    out.int32(16)
    out.room(16)
    out.at += out.buffer.write(hex, out.at, 'hex')
    return true
  },
}

const bytea: Codec = {
  decode: (from, start, end) => `\\x${from.toString('hex', start, end)}`,
  encode: (value, out) => {
    const raw =
      value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : fromHex(value)
    if (raw === undefined) return false
    out.int32(raw.length)
    out.bytes(raw, 0, raw.length)
    return true
  },
}

function fromHex(value: unknown): Buffer | undefined {
  return typeof value === 'string' && /^\\x(?:[0-9a-f]{2})*$/i.test(value)
    ? Buffer.from(value.slice(2), 'hex')
    : undefined
}

const date: Codec = {
  decode: (from, start) => dateText(from.readInt32BE(start)),
  encode: (value, out) => {
    const days =
      typeof value === 'string'
        ? dateDays(value.slice(0, /^\d{4}-\d\d-\d\d[T ]/.test(value) ? 10 : undefined))
        : undefined
    if (days === undefined) return false
    out.int32(4)
    out.int32(days)
    return true
  },
}

function moment(zone: boolean): Codec {
  return {
    decode: (from, start) => momentText(from.readBigInt64BE(start), zone),
    encode: (value, out) => {
      const given = value instanceof Date ? value.toISOString() : value
      const micros = typeof given === 'string' ? momentMicros(given, zone) : undefined
      return micros === undefined ? false : putInt64(micros, out)
    },
  }
}

const json: Codec = {
  decode: (from, start, end) => exactJson(from.toString('utf8', start, end), true),
  encode: (value, out) => {
    const written = exactText(value)
    if (written === undefined) return false
    out.text(written)
    return true
  },
}

/** jsonb is the text of the json after one byte, its version. */
const jsonb: Codec = {
  decode: (from, start, end) => exactJson(from.toString('utf8', start + 1, end)),
  encode: (value, out) => {
    const written = exactText(value)
    if (written === undefined || written.includes('\\u0000')) return false
    out.room(5 + written.length * 3)
    const start = out.at
    const length = out.buffer.write(written, start + 5, 'utf8')
    out.int32(length + 1)
    out.buffer[start + 4] = 1
    out.at = start + 5 + length
    return true
  },
}

const codecs: { readonly [base: string]: Codec } = {
  boolean,
  smallint: integer(2),
  integer: integer(4),
  bigint,
  real: float(4),
  'double precision': float(8),
  text,
  'character varying': text,
  character: text,
  name: text,
  citext: text,
  numeric,
  uuid,
  json,
  jsonb,
  bytea,
  date,
  'timestamp without time zone': moment(false),
  'timestamp with time zone': moment(true),
}

/** The codec of a type in the server's text, or undefined where its binary form is not known. `enums` names types sent as their label. */
export function codecOf(type: string, enums: ReadonlySet<string> = new Set()): Codec | undefined {
  const { base, array, oid } = columnType(type)
  const plain = enums.has(base) || base.endsWith('.citext') ? text : codecs[base]
  if (!array || plain === undefined) return array ? undefined : plain
  return oid === undefined ? undefined : list(plain, oid)
}

/** Arrays: header, dimensions, elements. Nested lists are arrays of several dimensions. */
function list(element: Codec, oid: number): Codec {
  return {
    decode: (from, start) => {
      const dimensions = from.readInt32BE(start)
      const sizes = Array.from({ length: dimensions }, (_, index) => from.readInt32BE(start + 12 + index * 8))
      const cursor = { at: start + 12 + dimensions * 8 }
      return dimensions === 0 ? [] : items(element, from, cursor, sizes)
    },
    encode: (value, out) => {
      if (!Array.isArray(value)) return false
      const sizes = shape(value)
      if (sizes === undefined) return false
      const start = out.at
      out.int32(0)
      out.int32(sizes.length)
      out.int32(1)
      out.int32(oid)
      for (const size of sizes) {
        out.int32(size)
        out.int32(1)
      }
      if (!putItems(element, value.flat(Math.max(0, sizes.length - 1)), out)) return false
      out.buffer.writeInt32BE(out.at - start - 4, start)
      return true
    },
  }
}

function items(element: Codec, from: Buffer, cursor: { at: number }, sizes: readonly number[]): unknown[] {
  const [size = 0, ...deeper] = sizes
  return Array.from({ length: size }, () => {
    if (deeper.length > 0) return items(element, from, cursor, deeper)
    const length = from.readInt32BE(cursor.at)
    const start = cursor.at + 4
    cursor.at = start + Math.max(0, length)
    return length < 0 ? null : element.decode(from, start, cursor.at)
  })
}

function shape(value: readonly unknown[]): readonly number[] | undefined {
  if (value.length === 0) return []
  const [first] = value
  if (!Array.isArray(first)) return value.some(Array.isArray) ? undefined : [value.length]
  const inner = shape(first)
  const even = value.every((each) => Array.isArray(each) && JSON.stringify(shape(each)) === JSON.stringify(inner))
  return inner === undefined || inner.length === 0 || !even ? undefined : [value.length, ...inner]
}

function putItems(element: Codec, flat: readonly unknown[], out: Output): boolean {
  for (const each of flat) {
    if (each === null || each === undefined) out.int32(-1)
    else if (!element.encode(each, out)) return false
  }
  return true
}
