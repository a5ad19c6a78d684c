/** A database's structure as facts: the server's own definitions, one query for each kind of object, all from one snapshot. */
import type { Json } from '../../core/json.ts'
import type {
  Catalog,
  ColumnFacts,
  IndexFacts,
  Row,
  SqlReader,
  SqlSnapshot,
  TableExtras,
  TableFacts,
} from '../../core/ports/index.ts'
import { catalogQueries } from './catalog-queries.ts'

/** Never facts, whatever the target's `schemas` say: the tool's own. */
const ours = new Set(['changeover', 'changeover_journal'])

export async function observe(reader: SqlReader, schemas: readonly string[]): Promise<Catalog> {
  const names = schemas.filter((name) => !ours.has(name) && !name.startsWith('pg_') && name !== 'information_schema')
  return reader.snapshot(async (at) => {
    // Empty, so that every name in a definition is qualified, whatever the session's search path is.
    await at.rows("SELECT set_config('search_path', '', true)")
    const tables = await readTables(at, names)
    return {
      tables,
      views: await pairs(at, catalogQueries.views, names),
      functions: await pairs(at, catalogQueries.functions, names),
      types: await pairs(at, catalogQueries.types, names),
      sequences: await pairs(at, catalogQueries.sequences, names),
      extensions: await pairs(at, catalogQueries.extensions, names),
    }
  })
}

async function readTables(at: SqlSnapshot, schemas: readonly string[]): Promise<Catalog['tables']> {
  const named = await at.rows<{ of: string; key: readonly string[] }>(catalogQueries.tables, [schemas])
  const columns = await grouped<ColumnFacts>(at, catalogQueries.columns, schemas)
  const indexes = await grouped<IndexFacts>(at, catalogQueries.indexes, schemas)
  const constraints = await grouped<string>(at, catalogQueries.constraints, schemas)
  const triggers = await grouped<string>(at, catalogQueries.triggers, schemas)
  const extras = await grouped<Json>(at, catalogQueries.extras, schemas)
  const table = ({ of, key }: { of: string; key: readonly string[] }): [string, TableFacts] => [
    of,
    {
      columns: columns.get(of) ?? {},
      key,
      indexes: indexes.get(of) ?? {},
      constraints: constraints.get(of) ?? {},
      triggers: triggers.get(of) ?? {},
      ...(extras.get(of) as TableExtras | undefined),
    },
  ]
  return Object.fromEntries(sorted(named.map(table)))
}

interface Named<T> extends Row {
  readonly of: string
  readonly name: string
  readonly is: T
}

/** Rows (of, name, is) as one object for each `of`. */
async function grouped<T>(
  at: SqlSnapshot,
  query: string,
  schemas: readonly string[],
): Promise<ReadonlyMap<string, { readonly [name: string]: T }>> {
  const found = new Map<string, [string, T][]>()
  for (const row of await at.rows<Named<T>>(query, [schemas])) {
    const fields = found.get(row.of) ?? []
    fields.push([row.name, row.is])
    found.set(row.of, fields)
  }
  return new Map([...found].map(([of, fields]) => [of, Object.fromEntries(sorted(fields))]))
}

/** Rows (name, is) as one object. */
async function pairs<T>(
  at: SqlSnapshot,
  query: string,
  schemas: readonly string[],
): Promise<{ readonly [name: string]: T }> {
  const rows = await at.rows<{ name: string; is: T }>(query, [schemas])
  return Object.fromEntries(sorted(rows.map((row): [string, T] => [row.name, row.is])))
}

/** By code unit, as canonical JSON has it: the server's collation has no say in facts. */
function sorted<T>(entries: readonly (readonly [string, T])[]): readonly (readonly [string, T])[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
}
