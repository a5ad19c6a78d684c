/** Deterministic CBOR (RFC 8949, 4.2.1) of JSON values, for the keys of hash generation v3. Writes only; knows no flag. */

/**
 * Whole numbers as integers (-0 is 0), others as the shortest float that holds them, map keys in the order of their encoded bytes. Throws a
 * TypeError for what JSON cannot hold.
 */
export function cbor(value: unknown): Uint8Array {
  const bytes: number[] = []
  write(value, bytes)
  return Uint8Array.from(bytes)
}

const encoder = new TextEncoder()

function write(value: unknown, to: number[]): void {
  if (value === null) to.push(0xf6)
  else if (value === false || value === true) to.push(value ? 0xf5 : 0xf4)
  else if (typeof value === 'number') writeNumber(value, to)
  else if (typeof value === 'string') writeText(value, to)
  else if (Array.isArray(value)) {
    head(4, value.length, to)
    for (const item of value) write(item, to)
  } else if (typeof value === 'object') writeMap(value, to)
  else throw new TypeError(`a value of the type ${typeof value} cannot be a bucketing key`)
}

function writeText(text: string, to: number[]): void {
  const bytes = encoder.encode(text)
  head(3, bytes.length, to)
  for (const byte of bytes) to.push(byte)
}

function writeMap(value: object, to: number[]): void {
  const pairs = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => ({ name: cbor(name), item: item as unknown }))
    .sort((a, b) => inBytes(a.name, b.name))
  head(5, pairs.length, to)
  for (const { name, item } of pairs) {
    for (const byte of name) to.push(byte)
    write(item, to)
  }
}

function inBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const by = (a[at] ?? 0) - (b[at] ?? 0)
    if (by !== 0) return by
  }
  return a.length - b.length
}

function head(major: number, count: number | bigint, to: number[]): void {
  const type = major << 5
  if (count < 24) to.push(type | Number(count))
  else if (count < 0x100) to.push(type | 24, Number(count))
  else if (count < 0x1_0000) wide(type | 25, BigInt(count), 2, to)
  else if (count < 0x1_0000_0000) wide(type | 26, BigInt(count), 4, to)
  else wide(type | 27, BigInt(count), 8, to)
}

function wide(first: number, count: bigint, width: number, to: number[]): void {
  to.push(first)
  for (let byte = width - 1; byte >= 0; byte--) to.push(Number((count >> BigInt(byte * 8)) & 0xffn))
}

/** The range in which a whole number is an integer of CBOR: -2^64 to 2^64 - 1. */
const integers = 2 ** 64

function writeNumber(value: number, to: number[]): void {
  if (Number.isInteger(value) && value < integers && value >= -integers) {
    const whole = BigInt(value)
    if (whole >= 0n) head(0, whole, to)
    else head(1, -1n - whole, to)
    return
  }
  const half = halfOf(value)
  if (half !== undefined) to.push(0xf9, half >> 8, half & 0xff)
  else {
    const single = Math.fround(value) === value
    const view = new DataView(new ArrayBuffer(single ? 4 : 8))
    if (single) view.setFloat32(0, value)
    else view.setFloat64(0, value)
    to.push(single ? 0xfa : 0xfb)
    for (let at = 0; at < view.byteLength; at++) to.push(view.getUint8(at))
  }
}

/** The bits of the half-precision float that is exactly `value`, where there is one. */
function halfOf(value: number): number | undefined {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size === Infinity) return sign | 0x7c00
  if (size === 0) return sign
  const exponent = Math.max(-14, Math.floor(Math.log2(size)))
  if (exponent > 15) return undefined
  const steps = size / 2 ** (exponent - 10)
  if (!Number.isInteger(steps) || steps > 2047) return undefined
  // Below 1,024 steps the number is subnormal, and its exponent field is 0.
  return sign | (steps < 1024 ? steps : ((exponent + 15) << 10) | (steps - 1024))
}
