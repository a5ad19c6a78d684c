/**
 * Frames on a TCP stream: length, type, number of the question, CRC-32, then a head in JSON and a body of bytes. What is damaged, too long or
 * half a frame ends the stream; what is whole and unknown is the caller's to refuse.
 */
import { crc32 } from 'node:zlib'

/** Numbers are for good. v1 knows those below 16. */
export const frameTypes = {
  hello: 1,
  welcome: 2,
  ask: 3,
  answer: 4,
  refuse: 5,
  pages: 6,
  pagesByCodec: 16,
  signed: 17,
} as const

export interface Frame {
  readonly type: number
  /** Ties an answer to its question; 0 where none is awaited. */
  readonly id: number
  readonly head: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

/** u32 length of all that follows · u8 type · u32 id · u32 CRC of the rest · u32 length of the head */
const prefix = 17
export const largestFrame = 4 * 1_024 * 1_024
const nothing = Buffer.alloc(0)

export class FrameError extends Error {}

export function encodeFrame(type: number, id: number, head: object, body: Uint8Array = nothing): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const frame = Buffer.allocUnsafe(prefix + json.length + body.length)
  frame.writeUInt32LE(frame.length - 4, 0)
  frame.writeUInt8(type, 4)
  frame.writeUInt32LE(id, 5)
  frame.writeUInt32LE(json.length, 13)
  json.copy(frame, prefix)
  frame.set(body, prefix + json.length)
  frame.writeUInt32LE(crc32(frame.subarray(13)), 9)
  return frame
}

/** Takes bytes as they come, and gives whole frames. Throws FrameError: then the stream is no good any more. */
export class FrameReader {
  #waiting: Buffer[] = []
  #size = 0

  take(bytes: Buffer): readonly Frame[] {
    this.#waiting.push(bytes)
    this.#size += bytes.length
    const frames: Frame[] = []
    for (let needed = this.#needed(); this.#size >= needed; needed = this.#needed()) {
      const all = this.#joined()
      frames.push(decodeFrame(all.subarray(0, needed)))
      this.#waiting = needed < all.length ? [all.subarray(needed)] : []
      this.#size = all.length - needed
    }
    return frames
  }

  /** Bytes until the next frame is whole. Joins only to read a length: large frames come in many pieces. */
  #needed(): number {
    if (this.#size < 4) return 4 + prefix
    const first = this.#waiting[0]
    const length = (first !== undefined && first.length >= 4 ? first : this.#joined()).readUInt32LE(0)
    if (length < prefix - 4 || length > largestFrame) throw new FrameError(`a frame of ${length} bytes`)
    return length + 4
  }

  #joined(): Buffer {
    if (this.#waiting.length !== 1) this.#waiting = [Buffer.concat(this.#waiting)]
    return this.#waiting[0] ?? nothing
  }
}

function decodeFrame(frame: Buffer): Frame {
  if (crc32(frame.subarray(13)) !== frame.readUInt32LE(9)) throw new FrameError('a frame with a wrong checksum')
  const end = prefix + frame.readUInt32LE(13)
  if (end > frame.length) throw new FrameError('a frame whose head leaves it')
  let head: unknown
  try {
    head = JSON.parse(frame.toString('utf8', prefix, end))
  } catch (error) {
    throw new FrameError('a frame whose head is no JSON', { cause: error })
  }
  if (typeof head !== 'object' || head === null) throw new FrameError('a frame whose head is no object')
  return {
    type: frame.readUInt8(4),
    id: frame.readUInt32LE(5),
    head: head as Readonly<Record<string, unknown>>,
    body: frame.subarray(end),
  }
}
