/** A consistent copy of tables as streams of bytes, seen by one snapshot. Knows no store: each stream is put where the caller wants it. */
import { createGzip } from 'node:zlib'
import { pipeline, Readable } from 'node:stream'
import type { SqlSnapshot } from '../core/ports/index.ts'
import type { Definitions, DumpedTable } from './definitions.ts'

/** One file of a copy: `rows` of a table, or the definitions as JSON. */
export interface SavedFile {
  readonly stored: string
  readonly path: string
  readonly bytes: AsyncIterable<Buffer>
}

export const definitionsFile = 'definitions.json'

/** The file that holds the rows of a table. Numbered: names that differ only in case must not meet on a file system that folds them. */
export function rowsFile(table: DumpedTable, at: number, gzip: boolean): string {
  return `rows/${String(at + 1).padStart(4, '0')}-${table.name.replaceAll(/[^\w.-]/g, '_').slice(0, 120)}.copy${gzip ? '.gz' : ''}`
}

export function definitionsOf(made: Definitions): SavedFile {
  return {
    stored: definitionsFile,
    path: definitionsFile,
    bytes: Readable.from([Buffer.from(`${JSON.stringify(made, null, 1)}\n`)]),
  }
}

/** `count` sees the size of every piece before it is packed. */
export function rowsOf(
  at: SqlSnapshot,
  table: DumpedTable,
  place: number,
  gzip: boolean,
  count: (bytes: number) => void,
): SavedFile {
  const text = `COPY (SELECT ${table.quotedColumns.join(', ')} FROM ONLY ${table.quoted}) TO STDOUT`
  const plain = counted(table.columns.length === 0 ? none() : at.copyOut(text), count)
  return { stored: rowsFile(table, place, gzip), path: table.name, bytes: gzip ? packed(plain) : plain }
}

export async function* counted(bytes: AsyncIterable<Buffer>, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const piece of bytes) {
    count(piece.length)
    yield piece
  }
}

async function* none(): AsyncGenerator<Buffer> {
  // A table without columns has nothing that COPY could send.
}

/** Level 1: four times as fast as the default, for a tenth more bytes; the dump must not outlast its snapshot for them. */
function packed(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const zip = createGzip({ level: 1 })
  pipeline(Readable.from(bytes), zip, () => undefined)
  return zip as AsyncIterable<Buffer>
}
