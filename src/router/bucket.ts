/** The bucket of a key: murmur3 over UTF-8, 10,000 buckets. Knows no flag and no version. */

/** A key's bucket, 0 to 9,999: one is a hundredth of a percent. `salt` keeps modules, or flags, apart. */
export type BucketOf = (salt: string, key: string) => number

const encoder = new TextEncoder()
const most = 256
const scratch = new Uint8Array(most * 3)

/** floor(murmur3_x86_32(utf8(salt + key), 0) · 10,000 / 2^32): the bucket that flagd's `fractional` gives to weights of 10,000. */
export function bucketOf(salt: string, key: string): number {
  // Exact in doubles: the product stays below 2^46.
  return Math.floor((murmur3OfText(salt + key) * 10_000) / 0x1_0000_0000)
}

function murmur3OfText(text: string): number {
  const length = text.length
  if (length > most) return murmur3(encoder.encode(text))
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127) return murmur3(scratch, encoder.encodeInto(text, scratch).written)
    scratch[at] = code
  }
  return murmur3(scratch, length)
}

/** MurmurHash3_x86_32 with seed 0, unsigned (Austin Appleby, public domain). */
export function murmur3(bytes: Uint8Array, length = bytes.length): number {
  let hash = 0
  const whole = length & ~3
  for (let at = 0; at < whole; at += 4) {
    const block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    hash ^= scrambled(block)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let at = length - 1; at >= whole; at--) rest = (rest << 8) | bytes[at]!
  if (whole < length) hash ^= scrambled(rest)
  hash ^= length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}
