/** The statements that make some tables anew, as the server itself words them, and what their rows are read by. Knows no store. */
import type { Row, SqlSnapshot } from '../core/ports/index.ts'
import { definitionQueries } from './queries.ts'

/** `needed`: a table that cannot be made without it is no backup. Others (a trigger, a function) are left out when they cannot be made. */
export interface Definition {
  readonly what: string
  readonly name: string
  readonly text: string
  readonly needed: boolean
}

export interface DumpedTable {
  /** `schema.name`, and the same quoted. */
  readonly name: string
  readonly quoted: string
  /** Columns that hold data of their own, in order: generated ones compute themselves. */
  readonly columns: readonly string[]
  readonly quotedColumns: readonly string[]
  /** Size of the rows on disk, in bytes. */
  readonly bytes: number
}

/** `before` the rows come in, `after` they are in. Within each, order is a wish: what needs another is tried again after it. */
export interface Definitions {
  readonly tables: readonly DumpedTable[]
  /** Names of the sequences that feed them. */
  readonly sequences: readonly string[]
  readonly before: readonly Definition[]
  readonly after: readonly Definition[]
}

interface Statement extends Row {
  readonly what: string
  readonly name: string
  readonly text: string | null
}

interface TableRow extends Row {
  readonly name: string
  readonly quoted: string
  readonly columns: readonly string[]
  readonly quoted_columns: readonly string[]
  readonly bytes: number
  readonly holds: boolean
}

/** With every table that a foreign key of a wanted one refers to: without them the keys could not be made. */
export async function readDefinitions(at: SqlSnapshot, wanted: readonly string[]): Promise<Definitions> {
  await at.rows("SELECT set_config('search_path', '', true)")
  const closed = await at.rows<{ oid: number }>(definitionQueries.closure, [wanted])
  const oids = closed.map((each) => each.oid)
  const read = async (query: string, needed: boolean): Promise<readonly Definition[]> => {
    const rows = await at.rows<Statement>(query, [oids])
    return rows.flatMap(({ what, name, text }) => (text === null ? [] : [{ what, name, text, needed }]))
  }
  const tables = await at.rows<TableRow>(definitionQueries.tables, [oids])
  return {
    tables: tables
      .filter((each) => each.holds)
      .map(({ name, quoted, columns, quoted_columns, bytes }) => ({
        name,
        quoted,
        columns,
        quotedColumns: quoted_columns,
        bytes,
      })),
    sequences: (await at.rows<{ name: string }>(definitionQueries.feeding, [oids])).map((each) => each.name),
    before: [
      ...(await read(definitionQueries.extensions, false)),
      ...(await read(definitionQueries.schemas, true)),
      ...(await read(definitionQueries.types, false)),
      ...(await read(definitionQueries.sequences, true)),
      ...(await read(definitionQueries.functions, false)),
      ...(await read(definitionQueries.create, true)),
    ],
    after: [
      ...(await read(definitionQueries.defaults, true)),
      ...(await read(definitionQueries.constraints, true)),
      ...(await read(definitionQueries.inherits, true)),
      ...(await read(definitionQueries.indexes, true)),
      ...(await read(definitionQueries.attach, true)),
      ...(await read(definitionQueries.parents, true)),
      ...(await read(definitionQueries.foreign, true)),
      ...(await read(definitionQueries.values, true)),
      ...(await read(definitionQueries.triggers, false)),
      ...(await read(definitionQueries.triggerStates, false)),
      ...(await read(definitionQueries.security, true)),
      ...(await read(definitionQueries.policies, false)),
      ...(await read(definitionQueries.rights, false)),
      ...(await read(definitionQueries.comments, false)),
    ],
  }
}
