/** Grows the bytes of a COPY stream in blocks of about 256 KiB, one row after another. Knows no type. */

/** Of every string since ES2024, which the types here do not know yet. */
interface WellFormed {
  isWellFormed(): boolean
}

const blockBytes = 256 * 1024
const wholeBytes = blockBytes + 4096

/** Blocks that can be filled again: memory that is asked for anew costs page faults and garbage collections. */
export class Blocks {
  private readonly spare: Buffer[] = []
  take(): Buffer {
    return this.spare.pop() ?? Buffer.allocUnsafeSlow(wholeBytes)
  }
  /** Blocks that nobody reads any more. */
  giveBack(blocks: readonly Buffer[]): void {
    for (const { buffer } of blocks)
      if (buffer.byteLength === wholeBytes) this.spare.push(Buffer.from(buffer as ArrayBuffer))
  }
}

/** A cursor in a buffer that codecs write to. `room` must be asked for before bytes are put. */
export class Output {
  buffer: Buffer
  at = 0
  /** Where the row under way began: a row that is refused is forgotten by going back to it. */
  private row = 0
  private full: Buffer[] = []
  private readonly blocks: Blocks

  constructor(blocks = new Blocks()) {
    this.blocks = blocks
    this.buffer = blocks.take()
  }

  /** Makes sure that `bytes` more fit. */
  room(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes))
    this.buffer.copy(larger, 0, 0, this.at)
    this.buffer = larger
  }

  beginRow(): void {
    if (this.at >= blockBytes) this.seal()
    this.row = this.at
  }

  forgetRow(): void {
    this.at = this.row
  }

  int16(value: number): void {
    this.room(2)
    const { buffer, at } = this
    buffer[at] = value >> 8
    buffer[at + 1] = value
    this.at = at + 2
  }

  int32(value: number): void {
    this.room(4)
    const { buffer, at } = this
    buffer[at] = value >> 24
    buffer[at + 1] = value >> 16
    buffer[at + 2] = value >> 8
    buffer[at + 3] = value
    this.at = at + 4
  }

  /** The length of what was put since, into the four bytes that were left for it at `start`. */
  length(start: number): void {
    this.buffer.writeInt32BE(this.at - start - 4, start)
  }

  /** Bytes of another buffer as they are. */
  bytes(from: Buffer, start: number, end: number): void {
    const size = end - start
    this.room(size)
    const { buffer, at } = this
    if (size > 96) from.copy(buffer, at, start, end)
    // A loop is faster than leaving JavaScript for a few bytes.
    else for (let index = 0; index < size; index++) buffer[at + index] = from[start + index]!
    this.at = at + size
  }

  /** A length and the UTF-8 of a text. False where half of a surrogate pair is in it: that has no UTF-8, and would become another character. */
  text(value: string): boolean {
    const size = value.length
    this.room(4 + size * 3)
    const start = this.at + 4
    const end = size <= 24 ? this.ascii(value, start) : -1
    const length = end >= 0 ? size : this.buffer.write(value, start, 'utf8')
    this.int32(length)
    this.at = start + length
    // As many bytes as letters: ASCII. Only others are looked at again, which leaves JavaScript.
    return length === size || (value as unknown as WellFormed).isWellFormed()
  }

  /** Short texts are mostly ASCII, and a loop is faster than leaving JavaScript. Where the text ends, or -1 where it is not ASCII. */
  private ascii(value: string, start: number): number {
    const { buffer } = this
    let at = start
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      if (code > 127) return -1
      buffer[at++] = code
    }
    return at
  }

  private seal(): void {
    this.full.push(this.buffer.subarray(0, this.at))
    this.buffer = this.blocks.take()
    this.at = 0
    this.row = 0
  }

  /** The blocks that are whole, handed over. */
  take(): Buffer[] {
    const blocks = this.full
    this.full = []
    return blocks
  }

  /** All blocks, the last one too. */
  end(): Buffer[] {
    if (this.at > 0) this.seal()
    return this.take()
  }
}
