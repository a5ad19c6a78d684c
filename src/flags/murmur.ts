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

const encoder = new TextEncoder()

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
  return hashedBytes(nothingHashed, encoder.encode(text))
}

/**
 * The hash of what was hashed before and `text`, 0 to 2^32 - 1. Four characters make a block while they are ASCII; the first that is not
 * sends the text through the encoder.
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
    if ((a | b | c | d) > 0x7f) return ended(hashedBytes(before, encoder.encode(text)))
    const word = a | (b << 8) | (c << 16) | (d << 24)
    // A shift by 32 bits would be one by 0: nothing is carried then.
    state = mixed(state, bits === 0 ? word : carry | (word << bits))
    if (bits !== 0) carry = word >>> (32 - bits)
  }
  let filled = bits
  for (; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return ended(hashedBytes(before, encoder.encode(text)))
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
