/** The ways to write a page, each with its number on the wire. What comes back is a page or a RangeError: lengths are never believed. */
import { compress, decompress, init } from '@bokuweb/zstd-wasm'
import { compressSync, uncompressSync } from 'lz4-napi'
import { pageSize, zeroPage } from './page.ts'
import { decodeRuns, encodeRuns } from './runs.ts'

/** Numbers are for good: a v1 node knows the first three, and refuses the others. */
export const codecNumbers = { raw: 0, runs: 1, delta: 2, lz4: 3, zstd: 4, 'delta-zstd': 5 } as const
export type Codec = keyof typeof codecNumbers
export const codecNames = Object.keys(codecNumbers) as readonly Codec[]
export const v1Codecs: readonly Codec[] = ['raw', 'runs', 'delta']
export const fromBaseline = (codec: Codec): boolean => codec === 'delta' || codec === 'delta-zstd'

/** zstd is WebAssembly here: it has to be made ready once. */
export const codecsReady: () => Promise<void> = init

/** The encoded page, or undefined where this codec does not make it shorter. `base` is the baseline for those that compare with one. */
export function encodePage(codec: Codec, page: Buffer, base: Buffer = zeroPage): Uint8Array | undefined {
  switch (codec) {
    case 'raw':
      return page
    case 'runs':
      return encodeRuns(page, zeroPage)
    case 'delta':
      return encodeRuns(page, base)
    case 'lz4':
      return shorter(compressSync(page))
    case 'zstd':
      return shorter(compress(page, 1))
    case 'delta-zstd':
      return shorter(compress(xor(page, base), 1))
  }
}

const shorter = (encoded: Uint8Array): Uint8Array | undefined => (encoded.length < pageSize ? encoded : undefined)

export function decodePage(codec: Codec, encoded: Buffer, base: Buffer = zeroPage): Buffer {
  switch (codec) {
    case 'raw':
      return whole(Buffer.from(encoded))
    case 'runs':
      return decodeRuns(encoded, zeroPage)
    case 'delta':
      return decodeRuns(encoded, base)
    case 'lz4':
      return fromLz4(encoded)
    case 'zstd':
      return fromZstd(encoded)
    case 'delta-zstd':
      return xor(fromZstd(encoded), base)
  }
}

function whole(page: Buffer): Buffer {
  if (page.length === pageSize) return page
  throw new RangeError(`${page.length} bytes are no page`)
}

/** The length stands before an lz4 block, and would be allocated as it is said. */
function fromLz4(encoded: Buffer): Buffer {
  if (encoded.length < 5 || encoded.readUInt32LE(0) !== pageSize) throw new RangeError('an lz4 block that is no page')
  return whole(wrapped('lz4', () => uncompressSync(encoded)))
}

/** RFC 8878, 3.1.1: magic number, a descriptor that says "one segment, length in two bytes", and that length less 256. */
function fromZstd(encoded: Buffer): Buffer {
  const isPage =
    encoded.length > 8 &&
    encoded.readUInt32LE(0) === 0xfd2fb528 &&
    ((encoded[4] ?? 0) & 0b1110_0011) === 0b0110_0000 &&
    encoded.readUInt16LE(5) + 256 === pageSize
  if (!isPage) throw new RangeError('a zstd frame that is no page')
  return whole(wrapped('zstd', () => Buffer.from(decompress(encoded))))
}

function wrapped(codec: Codec, decode: () => Buffer): Buffer {
  try {
    return decode()
  } catch (error) {
    throw new RangeError(`${codec} cannot read a page`, { cause: error })
  }
}

function xor(page: Buffer, base: Buffer): Buffer {
  const out = Buffer.allocUnsafe(pageSize)
  for (let at = 0; at < pageSize; at++) out[at] = page[at]! ^ base[at]!
  return out
}
