/** A JSON value straight into the bytes of a COPY stream: one walk, no text between. Writes what `stringifyJson` would. */
import { stringifyJson } from '../lens/index.ts'
import type { Output } from './output.ts'

/** Texts up to here go through a loop, which is faster than leaving JavaScript for a few bytes. */
const short = 48
/** What a longer text must not hold to be copied as it is: quotes, backslashes, controls, and all that is not ASCII. */
const special = /[^\u0020-\u007e]|["\\]/

/** Appends the UTF-8 of the value's JSON. Fields that are undefined are left out, as everywhere in JSON. */
export function putJson(value: unknown, out: Output): void {
  if (typeof value === 'string') putString(value, out)
  else if (typeof value !== 'object' || value === null) putText(stringifyJson(value), out)
  else if (Array.isArray(value)) putList(value, out)
  else if (Object.getPrototypeOf(value) === Object.prototype) putFields(value as Readonly<Record<string, unknown>>, out)
  else putText(stringifyJson(value), out)
}

function putByte(byte: number, out: Output): void {
  out.room(1)
  out.buffer[out.at++] = byte
}

function putList(list: readonly unknown[], out: Output): void {
  putByte(91, out)
  for (let index = 0; index < list.length; index++) {
    if (index > 0) putByte(44, out)
    putJson(list[index], out)
  }
  putByte(93, out)
}

function putFields(fields: Readonly<Record<string, unknown>>, out: Output): void {
  putByte(123, out)
  let first = true
  // What `Object.prototype` may hold is not enumerable: only own keys come.
  for (const key in fields) {
    const value = fields[key]
    if (value === undefined) continue
    if (!first) putByte(44, out)
    first = false
    putString(key, out)
    putByte(58, out)
    putJson(value, out)
  }
  putByte(125, out)
}

function putString(value: string, out: Output): void {
  const size = value.length
  out.room(size + 2)
  const { buffer, at } = out
  const end = size <= short ? shortAscii(value, buffer, at + 1) : longAscii(value, buffer, at + 1)
  // Anything odd is spelled by the engine, which knows lone surrogates too.
  if (end < 0) return putText(JSON.stringify(value), out)
  buffer[at] = 34
  buffer[end] = 34
  out.at = end + 1
}

/** Where the text ends, or -1 where it is not plain. */
function shortAscii(value: string, buffer: Buffer, from: number): number {
  let at = from
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code < 32 || code > 126 || code === 34 || code === 92) return -1
    buffer[at++] = code
  }
  return at
}

function longAscii(value: string, buffer: Buffer, from: number): number {
  return special.test(value) ? -1 : from + buffer.write(value, from, 'latin1')
}

/** Text that is JSON already. */
function putText(text: string, out: Output): void {
  if (text.length <= short) {
    out.room(text.length)
    const end = plain(text, out.buffer, out.at)
    if (end >= 0) {
      out.at = end
      return
    }
  }
  out.room(text.length * 3)
  out.at += out.buffer.write(text, out.at, 'utf8')
}

function plain(text: string, buffer: Buffer, from: number): number {
  let at = from
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 127) return -1
    buffer[at++] = code
  }
  return at
}
