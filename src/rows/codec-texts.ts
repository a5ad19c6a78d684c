/** Texts, json, uuid, bytes, dates and moments in the server's binary form. */
import { JsonText, learningParser, parseSettled } from '../lens/index.ts'
import { dateDays, dateText, momentMicros, momentText } from './calendar.ts'
import type { Codec } from './codec.ts'
import { putInt64 } from './codec-numbers.ts'
import { putJson } from './json-bytes.ts'

export const text: Codec = {
  decode: (from, start, end) => from.toString('utf8', start, end),
  encode: (value, out) => typeof value === 'string' && out.text(value),
}

/** Not parsed until a lens looks into it; written as it came when none does. */
export const json: Codec = {
  decode: (from, start, end) => new JsonText(from.toString('utf8', start, end)),
  encode: (value, out) => {
    const start = out.at
    out.int32(0)
    putJson(value, out)
    out.length(start)
    return true
  },
}

/** jsonb is the text of the json after one byte, its version. A codec for each column: it learns what the column holds. */
export function jsonb(): Codec {
  const parse = learningParser(parseSettled)
  return {
    decode: (from, start, end) => new JsonText(from.toString('utf8', start + 1, end), true, parse),
    encode: (value, out) => {
      const start = out.at
      out.int32(0)
      out.room(1)
      out.buffer[out.at++] = 1
      putJson(value, out)
      out.length(start)
      return true
    },
  }
}

export const uuid: Codec = {
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

/** `\x` and hex digits: how JSON holds bytes too. */
export const bytea: Codec = {
  decode: (from, start, end) => `\\x${from.toString('hex', start, end)}`,
  encode: (value, out) => {
    const bytes =
      value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : hex(value)
    if (bytes === undefined) return false
    out.int32(bytes.length)
    out.bytes(bytes, 0, bytes.length)
    return true
  },
}

function hex(value: unknown): Buffer | undefined {
  return typeof value === 'string' && /^\\x(?:[0-9a-f]{2})*$/i.test(value)
    ? Buffer.from(value.slice(2), 'hex')
    : undefined
}

export const date: Codec = {
  decode: (from, start) => dateText(from.readInt32BE(start)),
  encode: (value, out) => {
    const days = typeof value === 'string' ? dateDays(value) : undefined
    if (days === undefined) return false
    out.int32(4)
    out.int32(days)
    return true
  },
}

export function moment(zone: boolean): Codec {
  return {
    decode: (from, start) => momentText(from.readBigInt64BE(start), zone),
    encode: (value, out) => {
      const given = value instanceof Date && Number.isFinite(value.getTime()) ? value.toISOString() : value
      const micros = typeof given === 'string' ? momentMicros(given, zone) : undefined
      return micros === undefined ? false : putInt64(micros, out)
    },
  }
}
