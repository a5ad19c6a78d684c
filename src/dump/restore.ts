/** A saved copy of tables made again in an empty database. */
import { createGunzip } from 'node:zlib'
import { pipeline, Readable } from 'node:stream'
import { ChangeoverError } from '../core/errors.ts'
import type { SqlSession, SqlWriter } from '../core/ports/index.ts'
import { build } from './build.ts'
import type { Definition, Definitions } from './definitions.ts'
import { definitionsFile, rowsFile } from './save.ts'

/** Opens a file of the copy by the name it was stored under. */
export type OpenSaved = (stored: string) => AsyncIterable<Buffer>

/**
 * Types, tables, rows, then keys, indexes, sequences' values and triggers; all in one transaction: a restore that fails leaves nothing.
 * `beforeRows` sees the tables while they are empty and have neither keys nor indexes. Answers what was left out (a function or trigger that needs what the copy does not hold). Error `backup.damaged` when a table cannot be made.
 */
export async function restoreTables(
  db: SqlWriter,
  open: OpenSaved,
  gzip: boolean,
  beforeRows: (tx: SqlSession) => Promise<void> = async () => undefined,
): Promise<readonly Definition[]> {
  const made = await readDefinitions(open(definitionsFile))
  return db.transaction(
    async (tx) => {
      const first = await build(tx, made.before)
      await beforeRows(tx)
      for (const [at, table] of made.tables.entries()) {
        if (table.columns.length === 0) continue
        const bytes = open(rowsFile(table, at, gzip))
        const text = `COPY ${table.quoted} (${table.quotedColumns.join(', ')}) FROM STDIN`
        await tx.copyIn(text, gzip ? unpacked(bytes) : bytes)
      }
      // A function that waited for a table can be made by now.
      return build(tx, [...first, ...made.after])
    },
    { lockMs: 0 },
  )
}

async function readDefinitions(bytes: AsyncIterable<Buffer>): Promise<Definitions> {
  const pieces: Buffer[] = []
  for await (const piece of bytes) pieces.push(piece)
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as Definitions
  } catch (cause) {
    throw new ChangeoverError(
      'backup.damaged',
      `"${definitionsFile}" of the backup is not JSON`,
      'restore from another backup',
      { cause },
    )
  }
}

function unpacked(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const unzip = createGunzip()
  pipeline(Readable.from(bytes), unzip, () => undefined)
  return unzip as AsyncIterable<Buffer>
}
