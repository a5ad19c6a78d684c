/** XOR with run lengths: only the bytes that differ from a base are written. The v1 encoding of a page; knows no hash and no cache. */
import { pageSize } from './page.ts'

/** Equal bytes between two differences that cost less inside a run than a new run would. */
const joined = 4

/**
 * `page` as runs against `base`: { equal bytes to skip, number of bytes, that many bytes of page XOR base }, numbers as LEB128.
 * Undefined where that is not shorter than the page.
 */
export function encodeRuns(page: Uint8Array, base: Uint8Array): Buffer | undefined {
  const out = Buffer.allocUnsafe(pageSize + 8)
  let length = 0
  let done = 0
  for (let at = 0; at < pageSize;) {
    if (page[at] === base[at]) {
      at++
      continue
    }
    const end = endOfRun(page, base, at)
    if (length + (end - at) + 4 > pageSize) return undefined
    length = writeNumber(out, length, at - done)
    length = writeNumber(out, length, end - at)
    for (let each = at; each < end; each++) out[length++] = page[each]! ^ base[each]!
    done = at = end
  }
  return out.subarray(0, length)
}

function endOfRun(page: Uint8Array, base: Uint8Array, from: number): number {
  let end = from + 1
  for (let at = end; at < pageSize && at - end < joined; at++) if (page[at] !== base[at]) end = at + 1
  return end
}

/** The page again. Throws RangeError where the bytes are no runs within a page. */
export function decodeRuns(encoded: Uint8Array, base: Uint8Array): Buffer {
  const page = Buffer.from(base)
  let at = 0
  let place = 0
  const number = (): number => {
    let value = 0
    for (let shift = 0; shift < 14; shift += 7) {
      const byte = encoded[at++]
      if (byte === undefined) throw new RangeError('runs end within a number')
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a number in runs is larger than a page')
  }
  while (at < encoded.length) {
    place += number()
    const count = number()
    if (place + count > pageSize || at + count > encoded.length) throw new RangeError('a run leaves the page')
    for (let each = 0; each < count; each++, place++) page[place] = page[place]! ^ encoded[at++]!
  }
  return page
}

function writeNumber(out: Buffer, at: number, value: number): number {
  if (value < 0x80) {
    out[at] = value
    return at + 1
  }
  out[at] = (value & 0x7f) | 0x80
  out[at + 1] = value >> 7
  return at + 2
}
