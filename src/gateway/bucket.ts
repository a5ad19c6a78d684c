/** A user's bucket: the same number here as for a flag of the same key, 0 to 9,999. Knows no side and no flag. */

const bytes = new TextEncoder()

/** floor(murmur3_x86_32(utf8(flagKey + userKey), seed 0) * 10000 / 2^32): flagd's bucketing over UTF-8 bytes, in hundredths of a percent. */
export function bucketOf(flagKey: string, userKey: string): number {
  return Math.floor((murmur3(bytes.encode(flagKey + userKey)) * 10_000) / 2 ** 32)
}

/** MurmurHash3_x86_32 with seed 0 (Austin Appleby, public domain), unsigned. */
export function murmur3(data: Uint8Array): number {
  let hash = 0
  const whole = data.length - (data.length % 4)
  for (let at = 0; at < whole; at += 4) {
    const block = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    hash ^= mixed(block)
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let at = data.length - 1; at >= whole; at--) tail = (tail << 8) | data[at]!
  if (data.length > whole) hash ^= mixed(tail)
  hash ^= data.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function mixed(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51)
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593)
}
