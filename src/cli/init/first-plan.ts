/** A first plan for a database that was looked at: harmless, real, and undone again by one command. Pure: knows no server and no file. */
import type { ChangeoverInput } from '../../core/asked.ts'

/** A table as it was seen. `rows` is the server's own estimate, null before it has made one; `bytes` with indexes and TOAST. */
export interface SeenTable {
  readonly schema: string
  readonly name: string
  readonly rows: number | null
  readonly bytes: number
  readonly key: readonly string[]
  readonly columns: readonly string[]
}

export interface SeenDatabase {
  readonly name: string
  readonly version: string
  /** The account that looked, where it may not make the scratch database that a backup is proved in. */
  readonly lacksCreatedb?: string
  readonly tables: readonly SeenTable[]
}

export interface FirstPlan {
  readonly plan: ChangeoverInput
  /** The table that the example change is made on; none in an empty database. */
  readonly chosen: SeenTable | undefined
}

/** A backup of more than this takes a newcomer's patience. */
const backupBytes = 1_000_000_000
const exampleColumn = 'changeover_example'

export function firstPlan(seen: SeenDatabase): FirstPlan {
  const chosen = choose(seen.tables)
  const schemas = [...new Set(seen.tables.map((table) => table.schema))].sort()
  const plan: ChangeoverInput = {
    name: slug(seen.name),
    from: 'today',
    to: chosen === undefined ? 'looked-at' : 'with-example-column',
    targets: {
      database: {
        adapter: 'postgres',
        config: { url: '${DATABASE_URL}', schemas: schemas.length === 0 ? ['public'] : schemas },
      },
      ...(chosen === undefined ? {} : { backups: { adapter: 'files', config: { folder: './backups' } } }),
    },
    steps: [look, ...(chosen === undefined ? [] : change(chosen))],
    ...(chosen === undefined ? {} : { checklist: [{ item: 'the backup was restored once', step: 'keep' }] }),
  }
  return { plan, chosen }
}

/**
 * The largest table that a backup of takes no patience; it must have a key, as every real change of rows wants one.
 * A name is written as `schema.table`: where the schema holds a dot itself, nobody could tell which is meant.
 */
function choose(tables: readonly SeenTable[]): SeenTable | undefined {
  const fit = tables.filter(
    (table) =>
      table.key.length > 0 &&
      !table.schema.includes('.') &&
      table.bytes <= backupBytes &&
      !table.columns.includes(exampleColumn),
  )
  return [...fit].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))[0]
}

const look = {
  id: 'look',
  title: 'Look at the database',
  stage: 'Prepare',
  kind: 'assess.database',
  on: 'database',
} as const

function change(table: SeenTable): ChangeoverInput['steps'] {
  const name = `${table.schema}.${table.name}`
  return [
    {
      id: 'keep',
      title: `Back up ${name}, and restore it once as a proof`,
      stage: 'Prepare',
      kind: 'backup.database',
      on: { source: 'database', store: 'backups' },
      spec: { tables: [name] },
    },
    {
      id: 'column',
      title: `Add an empty column to ${name}`,
      stage: 'Change',
      kind: 'schema.add-column',
      on: 'database',
      part: 'database',
      spec: { table: name, columns: [{ name: exampleColumn, type: 'text' }] },
    },
  ]
}

function slug(name: string): string {
  const kept = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
  return kept === '' ? 'database' : kept
}
