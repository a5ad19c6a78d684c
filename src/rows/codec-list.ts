/** Arrays of one known type in the server's binary form: header, dimensions, elements. Nested lists are arrays of several dimensions. */
import { boundsOf, setBounds } from '../lens/index.ts'
import type { Codec } from './codec.ts'
import type { Output } from './output.ts'

/** `oid` is the number of the element's type. */
export function list(element: Codec, oid: number): Codec {
  return {
    decode: (from, start) => {
      const dimensions = from.readInt32BE(start)
      const sizes = Array.from({ length: dimensions }, (_, index) => from.readInt32BE(start + 12 + index * 8))
      const cursor = { at: start + 12 + dimensions * 8 }
      if (dimensions === 0) return []
      const lowers = sizes.map((_, index) => from.readInt32BE(start + 16 + index * 8))
      return setBounds(items(element, from, cursor, sizes), lowers)
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
      const lowers = boundsOf(value)
      for (const [index, size] of sizes.entries()) {
        out.int32(size)
        // A list that was given more dimensions meanwhile is another one.
        out.int32(lowers?.length === sizes.length ? lowers[index]! : 1)
      }
      if (!putItems(element, value.flat(Math.max(0, sizes.length - 1)), out)) return false
      out.length(start)
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
