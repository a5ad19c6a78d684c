/**
 * The stream of a binary COPY OUT, row by row through a function, to the stream of a binary COPY IN. Passed columns are copied as bytes.
 * Format: PostgreSQL documentation, COPY, "Binary Format". Knows neither connection nor SQL.
 */
import type { Codec } from './codec.ts'
import { codecOf } from './codecs.ts'
import type { Touched } from './layout.ts'
import { type Blocks, Output } from './output.ts'

export type Doc = { [column: string]: unknown }

/** Columns stand in this order in the stream that comes in: passed, then `reads`, then `was`; in the one that goes out: passed, `writes`. */
export interface PipeShape {
  readonly passed: number
  readonly reads: readonly Touched[]
  /** What the other side holds now, given to the lens as its memory. */
  readonly was: readonly Touched[]
  readonly writes: readonly Touched[]
  /** The key, among the passed columns, decoded only for a row that is refused. */
  readonly key: readonly { readonly index: number; readonly type: string }[]
  readonly enums: readonly string[]
}

/** A row that was refused: its key as texts, and why, without its values. */
export interface Refusal {
  readonly key: readonly (string | null)[]
  readonly reason: string
}

export type Forward = (doc: Doc, was?: Doc) => Doc | Promise<Doc>

interface Field {
  readonly name: string
  readonly type: string
  readonly codec: Codec
  /** A name that every object has by itself. */
  readonly common: boolean
}

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
const headerBytes = signature.length + 8
const asText = codecOf('text') as Codec

/** Reads and writes rows; `push` each block that comes, then `end`. Blocks that are ready are taken from what both return. */
export class RowPipe {
  rows = 0
  bytesIn = 0
  readonly refused: Refusal[] = []
  private readonly forward: Forward
  private readonly tell: (error: unknown) => string
  private readonly passed: number
  private readonly reads: readonly Field[]
  private readonly was: readonly Field[]
  private readonly writes: readonly Field[]
  private readonly key: readonly { readonly index: number; readonly codec: Codec | undefined }[]
  private readonly output: Output
  private rest: Buffer | undefined
  private started = false
  private ended = false

  /** `tell` says why a row was refused, without its values. `blocks`: where memory comes from. */
  constructor(shape: PipeShape, forward: Forward, tell: (error: unknown) => string = String, blocks?: Blocks) {
    const enums = new Set(shape.enums)
    const field = ({ name, type, as }: Touched): Field => {
      const codec = as === 'text' ? asText : codecOf(type, enums)
      if (codec === undefined) throw new Error(`no binary form is known for the type "${type}" of column "${name}"`)
      return { name, type, codec, common: name in Object.prototype }
    }
    this.forward = forward
    this.tell = tell
    this.output = new Output(blocks)
    this.passed = shape.passed
    this.reads = shape.reads.map(field)
    this.was = shape.was.map(field)
    this.writes = shape.writes.map(field)
    this.key = shape.key.map(({ index, type }) => ({ index, codec: codecOf(type, enums) }))
    this.header()
  }

  /** Takes a block of the stream that comes; gives the blocks that can go. The lens must be synchronous. */
  push(block: Buffer): readonly Buffer[] {
    const input = this.join(block)
    let at = this.begin(input)
    for (;;) {
      const end = this.endOfRow(input, at)
      if (end < 0) break
      this.row(input, at)
      at = end
    }
    this.rest = !this.ended && at < input.length ? input.subarray(at) : undefined
    return this.output.take()
  }

  /** The same for a lens that answers later: up to `width` rows are under way at once, and keep their order. */
  async pushLater(block: Buffer, width: number): Promise<readonly Buffer[]> {
    const input = this.join(block)
    let at = this.begin(input)
    let open: { at: number; made: Promise<Doc | Error> }[] = []
    const settle = async (): Promise<void> => {
      for (const each of open) this.put(input, each.at, await each.made)
      open = []
    }
    for (;;) {
      const end = this.endOfRow(input, at)
      if (end < 0) break
      open.push({ at, made: this.later(input, at) })
      if (open.length >= width) await settle()
      at = end
    }
    await settle()
    this.rest = !this.ended && at < input.length ? input.subarray(at) : undefined
    return this.output.take()
  }

  /** The last blocks. Throws where the stream ended in the middle of a row. */
  end(): readonly Buffer[] {
    if (!this.ended || this.rest !== undefined) throw new Error('the rows that came are cut off')
    this.output.beginRow()
    this.output.int16(-1)
    return this.output.end()
  }

  private header(): void {
    this.output.bytes(signature, 0, signature.length)
    this.output.int32(0)
    this.output.int32(0)
  }

  private join(block: Buffer): Buffer {
    this.bytesIn += block.length
    return this.rest === undefined ? block : Buffer.concat([this.rest, block])
  }

  private begin(input: Buffer): number {
    if (this.started || input.length < headerBytes) return 0
    if (input.compare(signature, 0, signature.length, 0, signature.length) !== 0)
      throw new Error('what came is no binary COPY')
    this.started = true
    return headerBytes + input.readInt32BE(signature.length + 4)
  }

  /** Where the row that begins at `at` ends, or -1 where it is not whole yet. */
  private endOfRow(input: Buffer, at: number): number {
    const last = input.length
    if (!this.started || this.ended || at + 2 > last) return -1
    const fields = (input[at]! << 8) | input[at + 1]!
    if (fields === 0xffff) {
      this.ended = true
      return -1
    }
    let position = at + 2
    for (let index = 0; index < fields; index++) {
      if (position + 4 > last) return -1
      const length = int32(input, position)
      position += length < 0 ? 4 : 4 + length
    }
    return position <= last ? position : -1
  }

  private row(input: Buffer, at: number): void {
    let made: Doc | Error
    try {
      made = this.call(input, at) as Doc
    } catch (error) {
      made = error instanceof Error ? error : new Error(String(error))
    }
    this.put(input, at, made)
  }

  private async later(input: Buffer, at: number): Promise<Doc | Error> {
    try {
      return await this.call(input, at)
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  private call(input: Buffer, at: number): Doc | Promise<Doc> {
    const cursor = this.skip(input, at + 2, this.passed)
    if (this.was.length === 0) return this.forward(this.document(this.reads, input, cursor))
    const doc = this.document(this.reads, input, cursor)
    const was = this.document(this.was, input, this.skip(input, cursor, this.reads.length))
    return this.forward(doc, Object.values(was).every((each) => each === null) ? undefined : was)
  }

  private skip(input: Buffer, from: number, fields: number): number {
    let at = from
    for (let index = 0; index < fields; index++) {
      const length = int32(input, at)
      at += length < 0 ? 4 : 4 + length
    }
    return at
  }

  private document(fields: readonly Field[], input: Buffer, from: number): Doc {
    const doc: Doc = {}
    let at = from
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index]!
      const length = int32(input, at)
      const start = at + 4
      at = length < 0 ? start : start + length
      doc[field.name] = length < 0 ? null : field.codec.decode(input, start, at)
    }
    return doc
  }

  private put(input: Buffer, at: number, made: Doc | Error): void {
    if (made instanceof Error) return this.refuse(input, at, this.tell(made))
    const { output, writes } = this
    output.beginRow()
    output.int16(this.passed + writes.length)
    output.bytes(input, at + 2, this.skip(input, at + 2, this.passed))
    for (let index = 0; index < writes.length; index++) {
      const field = writes[index]!
      const value = field.common && !Object.hasOwn(made, field.name) ? null : made[field.name]
      if (value === null || value === undefined) output.int32(-1)
      else if (!field.codec.encode(value, output)) {
        output.forgetRow()
        return this.refuse(
          input,
          at,
          `the lens gave a ${kindOf(value)} for column "${field.name}", which is ${field.type}`,
        )
      }
    }
    this.rows += 1
  }

  private refuse(input: Buffer, at: number, reason: string): void {
    const key = this.key.map(({ index, codec }) => {
      const position = this.skip(input, at + 2, index)
      const length = int32(input, position)
      if (length < 0 || codec === undefined) return null
      return String(codec.decode(input, position + 4, position + 4 + length))
    })
    this.refused.push({ key, reason })
  }
}

function int32(from: Buffer, at: number): number {
  return (from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!
}

/** What a value is, for a message: never the value. */
function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value === 'object' ? 'document' : typeof value
}
