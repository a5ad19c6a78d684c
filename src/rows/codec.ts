/** What reads and writes one column. Knows no type. */
import type { Output } from './output.ts'

/** One value between the server's binary form and what a document of a lens holds. */
export interface Codec {
  /** The value of the bytes from `start` to `end`. */
  decode(from: Buffer, start: number, end: number): unknown
  /** Puts length and bytes; false where the value is none of this type. Null and undefined never come here. */
  encode(value: unknown, out: Output): boolean
}
