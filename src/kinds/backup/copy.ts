/** How tables get into a store and back: with the server's dump program, or by COPY. Knows no run. */
import { type Entry, findManifest, verifyBackup } from '../../backup/index.ts'
import { type Print, tablePrint } from '../../compare/index.ts'
import { ChangeoverError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { FileReader, SqlReader, SqlSnapshot, SqlWriter } from '../../core/ports/index.ts'
import {
  counted,
  type Definition,
  type Definitions,
  definitionsOf,
  type DumpedTable,
  readDefinitions,
  restoreTables,
  rowsOf,
  type SavedFile,
} from '../../dump/index.ts'
import type { BackupWork } from './database-work.ts'
import { stayingLogged, type Unloggable } from './unlogged.ts'

const dumpFile = 'database.dump'

/** What a manifest says `about` a backup of a database. */
export interface DatabaseBackup {
  readonly with: 'pg_dump' | 'copy'
  /** The program and version that wrote it. */
  readonly program: string
  readonly gzip: boolean
  readonly tables: readonly {
    readonly name: string
    readonly quoted: string
    readonly columns: readonly string[]
    readonly print: Print
  }[]
}

export interface Copied {
  readonly how: DatabaseBackup
  readonly entries: readonly Entry[]
  readonly left: { readonly path: string; readonly what: string; readonly why: string }[]
  /** Tables that a copy to look at cannot keep out of the server's log. */
  readonly staying: readonly string[]
}

interface Watch {
  readonly stop: AbortSignal
  /** Bytes so far. */
  count(done: number): void
}

export function aboutOf(how: DatabaseBackup, restoreSeconds: number): Json {
  return { ...how, restoreSeconds } as unknown as Json
}

/** What the rows take on disk, with what foreign keys bring along: an upper bound of their text in all but odd cases. */
export async function sizeOf(view: SqlSnapshot, tables: readonly string[]): Promise<number> {
  return (await readDefinitions(view, tables)).tables.reduce((sum, each) => sum + each.bytes, 0)
}

/** One snapshot sees it all: definitions, rows and prints. */
export async function save(
  source: SqlReader,
  work: BackupWork,
  put: (file: SavedFile) => Promise<Entry>,
  watch: Watch,
): Promise<Copied> {
  const dumper = work.with === 'auto' ? await source.dumper() : undefined
  let done = 0
  const count = (bytes: number): void => {
    watch.stop.throwIfAborted()
    watch.count((done += bytes))
  }
  return source.snapshot(async (view) => {
    const made = await readDefinitions(view, work.tables)
    const entries: Entry[] = []
    if (dumper === undefined) {
      entries.push(await put(definitionsOf(made)))
      for (const [at, table] of made.tables.entries())
        entries.push(await put(rowsOf(view, table, at, work.gzip, count)))
    } else {
      // The partitions themselves, and the sequences: whoever names only some tables gets the rows of only those.
      const named = [...made.tables.map((each) => each.name), ...made.sequences]
      const [exported] = await view.rows<{ id: string }>('SELECT pg_export_snapshot() AS id')
      const bytes = counted(dumper.dump(named, exported!.id), count)
      entries.push(await put({ stored: dumpFile, path: dumpFile, bytes }))
    }
    // Whoever is served beside this needs the other processors.
    await view.rows("SELECT set_config('max_parallel_workers_per_gather', '0', true)")
    const how = await describeCopy(view, made, dumper, work.gzip)
    const left =
      dumper === undefined ? [{ path: '*', what: 'views, grants, policies', why: 'a copy holds tables only' }] : []
    return { how, entries, left, staying: await stayingLogged(view) }
  })
}

async function describeCopy(
  view: SqlSnapshot,
  made: Definitions,
  dumper: { program: string; version: string } | undefined,
  gzip: boolean,
): Promise<DatabaseBackup> {
  const seen = await prints(view, made.tables)
  return {
    with: dumper === undefined ? 'copy' : 'pg_dump',
    program: dumper === undefined ? 'COPY' : `pg_dump ${dumper.version}`,
    gzip: dumper === undefined && gzip,
    tables: made.tables.map(({ name, quoted, columns }) => ({ name, quoted, columns, print: seen[name]! })),
  }
}

/** A print of every table; `tell` hears each name before it is read. */
export async function prints(
  view: SqlSnapshot,
  tables: readonly Pick<DumpedTable, 'name' | 'quoted' | 'columns'>[],
  tell: (table: string) => void = () => undefined,
): Promise<{ readonly [table: string]: Print }> {
  const found: { [table: string]: Print } = {}
  for (const { name, quoted, columns } of tables) {
    tell(name)
    found[name] = await tablePrint({ quote: quoteName, literal: String }, view, `ONLY ${quoted}`, columns)
  }
  return found
}

function quoteName(...parts: readonly string[]): string {
  return parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
}

/** An empty database that is restored into. */
export interface Restored {
  readonly name: string
  readonly db: SqlWriter
}

/**
 * Restores a backup into an empty database of the same server as `server`; a person's way back too. Without `how` the manifest is read and every
 * byte compared with it first: error `backup.damaged` before anything is written. `beforeRows` sees the tables while they are empty. Answers what had
 * to be left out.
 */
export async function restoreDatabase(
  from: { readonly folder: string; readonly how?: DatabaseBackup },
  store: FileReader,
  into: Restored,
  server: SqlReader,
  beforeRows?: (tables: Unloggable) => Promise<void>,
): Promise<readonly Definition[]> {
  const how = from.how ?? (await proved(store, from.folder))
  const open = (stored: string) => store.stream(`${from.folder}/${stored}`)
  if (how.with === 'copy') return restoreTables(into.db, open, how.gzip, beforeRows)
  const dumper = await server.dumper()
  if (dumper === undefined) {
    throw new ChangeoverError(
      'target.failed',
      `the backup "${from.folder}" was made by ${how.program}, and no pg_restore here fits`,
      'install the client programs of the server’s version',
    )
  }
  if (beforeRows === undefined) await dumper.restore(open(dumpFile), into.name)
  else {
    await dumper.restore(open(dumpFile), into.name, 'pre-data')
    await beforeRows(into.db)
    for (const section of ['data', 'post-data'] as const) await dumper.restore(open(dumpFile), into.name, section)
  }
  return []
}

async function proved(store: FileReader, folder: string): Promise<DatabaseBackup> {
  const manifest = await findManifest(store, folder)
  if (manifest === undefined || manifest.kind !== 'database') {
    throw new ChangeoverError(
      'backup.damaged',
      `"${folder}" holds no whole backup of a database`,
      'name the folder of another backup',
    )
  }
  const [first] = await verifyBackup(store, folder, manifest)
  if (first !== undefined) throw new ChangeoverError('backup.damaged', first.message, 'restore from another backup')
  return manifest.about as unknown as DatabaseBackup
}
