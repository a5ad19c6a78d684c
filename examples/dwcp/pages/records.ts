/** Pages in the body of a frame: place, codec, length, hash, bytes. What a receiver cannot verify it names; it never guesses. */
import { type Codec, codecNames, codecNumbers, decodePage, fromBaseline } from './codecs.ts'
import { hashOf, hashSize } from './page.ts'

/** u32 index · u8 codec · u16 length · hash of the page */
const fixed = 7 + hashSize
/** A page that was compared begins with so much of its baseline's hash. */
export const baseMark = 4

export interface Record {
  readonly index: number
  readonly codec: Codec
  readonly hash: Buffer
  /** With the mark of the baseline in front, where there is one. */
  readonly bytes: Uint8Array
}
export type Refusal = readonly [index: number, reason: 'hash' | 'baseline']

export function writeRecords(records: readonly Record[]): Buffer {
  const body = Buffer.allocUnsafe(records.reduce((size, each) => size + fixed + each.bytes.length, 0))
  let at = 0
  for (const { index, codec, hash, bytes } of records) {
    body.writeUInt32LE(index, at)
    body.writeUInt8(codecNumbers[codec], at + 4)
    body.writeUInt16LE(bytes.length, at + 5)
    hash.copy(body, at + 7)
    body.set(bytes, at + fixed)
    at += fixed + bytes.length
  }
  return body
}

/** Throws RangeError where the body is no records, or has a codec that is not among `known`. */
export function readRecords(body: Buffer, known: readonly Codec[]): readonly Record[] {
  const records: Record[] = []
  for (let at = 0; at < body.length;) {
    if (at + fixed > body.length) throw new RangeError('a record of a page is cut off')
    const number = body.readUInt8(at + 4)
    const codec = codecNames[number]
    if (codec === undefined || !known.includes(codec)) throw new RangeError(`codec ${number} is not known here`)
    const end = at + fixed + body.readUInt16LE(at + 5)
    if (end > body.length) throw new RangeError('the bytes of a page are cut off')
    const hash = body.subarray(at + 7, at + fixed)
    records.push({ index: body.readUInt32LE(at), codec, hash, bytes: body.subarray(at + fixed, end) })
    at = end
  }
  return records
}

/** The page, verified; or why not. `base` is what this side has to compare with. */
export function pageOf(
  record: Record,
  base: { readonly page: Buffer; readonly hash: Buffer } | undefined,
): Buffer | Refusal[1] {
  const isCompared = fromBaseline(record.codec)
  const bytes = Buffer.from(record.bytes.buffer, record.bytes.byteOffset, record.bytes.length)
  if (isCompared && (base === undefined || !base.hash.subarray(0, baseMark).equals(bytes.subarray(0, baseMark))))
    return 'baseline'
  try {
    const page = decodePage(record.codec, isCompared ? bytes.subarray(baseMark) : bytes, base?.page)
    return hashOf(page).equals(record.hash) ? page : 'hash'
  } catch (error) {
    if (error instanceof RangeError) return 'hash'
    throw error
  }
}
