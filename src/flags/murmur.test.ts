import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import vectors from './bucket-vectors.json' with { type: 'json' }
import { bucketOf } from './bucket.ts'
import { cbor } from './cbor.ts'
import { hashed, murmur, murmurAfter, murmurBytes } from './murmur.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

describe('murmur', () => {
  it('is MurmurHash3 x86 32 with seed 0', () => {
    // From the reference implementation's users: Wikipedia, Guava, spaolacci/murmur3.
    expect(murmur('')).toBe(0)
    expect(murmur('test')).toBe(0xba6bd213)
    expect(murmur('Hello, world!')).toBe(0xc0363e43)
    expect(murmur('The quick brown fox jumps over the lazy dog')).toBe(0x2e4ff723)
    expect(murmur('hello')).toBe(0x248bfa47)
    expect(murmur('hello, world')).toBe(0x149bbb7f)
    expect(murmur('19 Jan 2038 at 3:14:07 AM')).toBe(0xe31e8a70)
    expect(murmurBytes(Uint8Array.of(0x21, 0x43, 0x65, 0x87))).toBe(0xf55b516b)
    expect(murmurBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toBe(0x76293b50)
  })

  it('hashes the UTF-8 bytes of any text, whatever was hashed before it', () => {
    const text = fc.oneof(fc.string({ unit: 'binary-ascii' }), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(murmur(after)).toBe(murmurBytes(utf8(after)))
        expect(murmurAfter(hashed(before), after)).toBe(murmurBytes(Buffer.concat([utf8(before), utf8(after)])))
      }),
      { numRuns: 300 },
    )
  })
})

describe('bucketOf', () => {
  it.each(vectors.vectors)('$flagKey + $targetingKey is $bucket', ({ flagKey, targetingKey, hash, bucket }) => {
    expect(murmur(flagKey + targetingKey)).toBe(hash)
    expect(bucketOf(flagKey, targetingKey)).toBe(bucket)
  })

  it('is exact', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (flag, key) => {
        const exact = (BigInt(murmur(flag + key)) * 10_000n) >> 32n
        expect(BigInt(bucketOf(flag, key))).toBe(exact)
      }),
    )
  })
})

describe('cbor', () => {
  const hex = (value: unknown) => Buffer.from(cbor(value)).toString('hex')

  it.each([
    // RFC 8949, appendix A.
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [100, '1864'],
    [1000, '1903e8'],
    [1_000_000, '1a000f4240'],
    [1_000_000_000_000, '1b000000e8d4a51000'],
    [-1, '20'],
    [-1000, '3903e7'],
    [-0, '00'],
    [1.0, '01'],
    [1.1, 'fb3ff199999999999a'],
    [1.5, 'f93e00'],
    [65504, '19ffe0'],
    [100_000.5, 'fa47c35040'],
    [5.960464477539063e-8, 'f90001'],
    [0.00006103515625, 'f90400'],
    [-4.1, 'fbc010666666666666'],
    [1e300, 'fb7e37e43c8800759c'],
    [3.4028234663852886e38, 'fa7f7fffff'],
    [Infinity, 'f97c00'],
    [NaN, 'f97e00'],
    [true, 'f5'],
    [false, 'f4'],
    [null, 'f6'],
    ['', '60'],
    ['IETF', '6449455446'],
    ['ü', '62c3bc'],
    ['水', '63e6b0b4'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [{}, 'a0'],
    [{ a: 1, b: [2, 3] }, 'a26161016162820203'],
    // Sorted by the bytes of the encoded keys: shorter keys first.
    [{ aa: 1, b: 2 }, 'a261620262616101'],
  ])('%j is %s', (value, bytes) => {
    expect(hex(value)).toBe(bytes)
  })
})
