/** MurmurHash3 x86 32 over the UTF-8 bytes of a text, as flagd in Go hashes. Knows no flag, and allocates nothing for ASCII. */

/** Where the hash stands after a text: full blocks are mixed in, up to three bytes are carried. */
export interface Hashed {
  readonly state: number
  /** The bytes that do not fill a block yet, the first in the lowest place. */
  readonly carry: number
  /** How many bits are carried: 0, 8, 16 or 24. */
  readonly bits: number
  readonly bytes: number
}

/** Nothing hashed yet, with seed 0. */
export const nothingHashed: Hashed = { state: 0, carry: 0, bits: 0, bytes: 0 }

/** The hash of a text's UTF-8 bytes, 0 to 2^32 - 1. A lone surrogate counts as U+FFFD, as in every UTF-8 encoder. */
export function murmur(text: string): number {
  return murmurAfter(nothingHashed, text)
}

/** The hash of bytes, 0 to 2^32 - 1. */
export function murmurBytes(bytes: Uint8Array): number {
  return ended(hashedBytes(nothingHashed, bytes))
}

/** What has been hashed once `text` is, for texts that all begin alike: their hashes then cost only what differs. */
export function hashed(text: string): Hashed {
  return hashedText(nothingHashed, text)
}

/**
 * The hash of what was hashed before and `text`, 0 to 2^32 - 1. Four characters make a block while all are ASCII; the first that is not
 * sends the text the longer way.
 */
export function murmurAfter(before: Hashed, text: string): number {
  const { bits } = before
  const length = text.length
  const blocks = length & ~3
  let { state, carry } = before
  let at = 0
  for (; at < blocks; at += 4) {
    const a = text.charCodeAt(at)
    const b = text.charCodeAt(at + 1)
    const c = text.charCodeAt(at + 2)
    const d = text.charCodeAt(at + 3)
    if ((a | b | c | d) > 0x7f) return ended(hashedText(before, text))
    const word = a | (b << 8) | (c << 16) | (d << 24)
    // A shift by 32 bits would be one by 0: nothing is carried then.
    state = mixed(state, bits === 0 ? word : carry | (word << bits))
    if (bits !== 0) carry = word >>> (32 - bits)
  }
  let filled = bits
  for (; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return ended(hashedText(before, text))
    carry |= code << filled
    filled += 8
    if (filled === 32) {
      state = mixed(state, carry)
      carry = 0
      filled = 0
    }
  }
  if (filled > 0) state ^= scrambled(carry)
  return final(state ^ (before.bytes + length))
}

/** Character by character, each as the one to four bytes of its UTF-8. */
function hashedText(before: Hashed, text: string): Hashed {
  let { state, carry, bits, bytes } = before
  for (let at = 0; at < text.length; at++) {
    const point = pointAt(text, at)
    if (point > 0xffff) at += 1
    const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
    const word = utf8Word(point)
    const filled = bits + size * 8
    carry |= word << bits
    if (filled >= 32) {
      state = mixed(state, carry)
      // A shift by 32 bits would be one by 0: nothing is left over then.
      carry = bits === 0 ? 0 : word >>> (32 - bits)
    }
    bits = filled & 31
    bytes += size
  }
  return { state, carry, bits, bytes }
}

/** Half a pair alone is U+FFFD. */
function pointAt(text: string, at: number): number {
  const point = text.codePointAt(at) ?? 0
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point
}

/** The bytes of a code point, the first in the lowest place. */
function utf8Word(point: number): number {
  if (point < 0x80) return point
  const last = 0x80 | (point & 0x3f)
  if (point < 0x800) return 0xc0 | (point >> 6) | (last << 8)
  const third = 0x80 | ((point >> 6) & 0x3f)
  if (point < 0x1_0000) return 0xe0 | (point >> 12) | (third << 8) | (last << 16)
  return 0xf0 | (point >> 18) | ((0x80 | ((point >> 12) & 0x3f)) << 8) | (third << 16) | (last << 24)
}

function hashedBytes(before: Hashed, bytes: Uint8Array): Hashed {
  let { state, carry, bits } = before
  for (let at = 0; at < bytes.length; at++) {
    carry |= (bytes[at] ?? 0) << bits
    bits += 8
    if (bits === 32) {
      state = mixed(state, carry)
      carry = 0
      bits = 0
    }
  }
  return { state, carry, bits, bytes: before.bytes + bytes.length }
}

function ended({ state, carry, bits, bytes }: Hashed): number {
  return final((bits > 0 ? state ^ scrambled(carry) : state) ^ bytes)
}

function scrambled(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51)
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593)
}

function mixed(state: number, block: number): number {
  const next = state ^ scrambled(block)
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0
}

function final(state: number): number {
  let hash = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
