/** A page of a machine's memory: 4 KiB, told by its hash, and of a class that is guessed from a glance. Knows no codec. */
import { hash } from 'node:crypto'

export const pageSize = 4_096
export const hashSize = 16
export const zeroPage: Buffer = Buffer.alloc(pageSize)

/** The first 16 bytes of SHA-256: enough to tell pages apart, also ones that somebody made to collide. */
export function hashOf(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer').subarray(0, hashSize)
}

/** What a page looks like. The selector keeps an estimate for each; a wrong guess costs speed, never bytes. */
export const pageClasses = ['zero', 'sparse', 'text', 'code', 'noise'] as const
export type PageClass = (typeof pageClasses)[number]

/** Looks at 64 bytes spread over the page: how many are 0, how many printable, how many different. */
export function classOf(page: Uint8Array): PageClass {
  let zeros = 0
  let printable = 0
  const seen = new Set<number>()
  // 67 is odd and coprime to record sizes: the glance does not fall on the same field of each record.
  for (let at = 0; at < 64; at++) {
    const byte = page[(at * 67) % pageSize] ?? 0
    if (byte === 0) zeros++
    else if (byte === 10 || (byte >= 32 && byte < 127)) printable++
    seen.add(byte)
  }
  if (zeros === 64) return 'zero'
  if (zeros >= 32) return 'sparse'
  if (printable >= 56) return 'text'
  return seen.size >= 50 ? 'noise' : 'code'
}
