/** `changeover restore`: a backup made by a plan, into an empty database or folder. Every byte is checked before anything is written, every table after. */
import { readdirSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { builtinAdapters } from '../../builtin.ts'
import { findManifest, type Manifest, restoreFiles } from '../../backup/index.ts'
import { ChangeoverError } from '../../core/errors.ts'
import type { AnyAdapter, Opener, Target } from '../../core/kind.ts'
import { type DatabaseBackup, restoreDatabase } from '../../kinds/backup/copy.ts'
import { comparePrints } from '../../kinds/backup/prove.ts'
import { count, plural } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'

export interface RestoreOptions extends Common {
  readonly into?: string
}

/** What came back, and what the backup had to leave out. */
interface Done {
  readonly what: string
  readonly left: readonly { readonly what: string; readonly name: string }[]
  readonly more: { readonly [field: string]: unknown }
}

export async function restore(given: string | undefined, options: RestoreOptions, door: Door): Promise<number> {
  if (given === undefined || options.into === undefined)
    throw new ChangeoverError(
      'usage.invalid',
      'restore needs the folder of a backup, and where it shall go',
      '`changeover restore backups/shop-1-backup --into postgres://user@host/an_empty_database`, or `--into ./a-new-folder`',
    )
  const from = resolve(door.cwd, given)
  const stop = new AbortController()
  const leave = (): void => stop.abort(new ChangeoverError('run.refused', 'the restore was stopped', 'start it again'))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  const who: Opener = { run: 'restore', fence: 0, base: door.cwd, signal: stop.signal }
  const store = await open('files', { folder: dirname(from) }, who)
  try {
    const folder = basename(from)
    const manifest = await wholeBackup(store, folder, given)
    if (!door.json) door.err(`${saved(manifest)}\n`)
    const source = { folder, manifest, store }
    const done =
      manifest.kind === 'files'
        ? await intoFolder(source, resolve(door.cwd, options.into), who)
        : await intoDatabase(source, expanded(options.into, door), who, door)
    tell(done, door)
    return 0
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave)
    await store.close()
  }
}

interface Source {
  readonly folder: string
  readonly manifest: Manifest
  readonly store: Target<'files'>
}

async function open<P extends 'files' | 'database'>(
  port: P,
  config: { readonly [key: string]: string },
  who: Opener,
): Promise<Target<P>> {
  const adapter: AnyAdapter = builtinAdapters.get(port === 'files' ? 'files' : 'postgres')!
  return (await adapter.open(config, who)) as Target<P>
}

async function wholeBackup(store: Target<'files'>, folder: string, given: string): Promise<Manifest> {
  const manifest = await findManifest(store.read, folder)
  if (manifest) return manifest
  throw new ChangeoverError(
    'backup.damaged',
    `"${given}" holds no whole backup`,
    'name the folder that has a `manifest.json` and `SHA256SUMS`, such as `backups/shop-1-backup`',
  )
}

/** A whole `${NAME}` is taken from the environment, as in a plan: a password stays out of the list of processes. */
function expanded(into: string, door: Door): string {
  const name = /^\$\{(\w+)\}$/.exec(into)?.[1]
  if (name === undefined) return into
  const value = door.env[name]
  if (value !== undefined && value !== '') return value
  throw new ChangeoverError('secret.missing', `"${name}" is not in the environment`, `export ${name}='postgres://…'`)
}

async function intoFolder({ folder, manifest, store }: Source, into: string, who: Opener): Promise<Done> {
  if (entriesOf(into).length > 0)
    throw new ChangeoverError(
      'usage.invalid',
      `"${into}" is not empty, and nothing is written over`,
      'name a new folder, and copy from it what you need',
    )
  const target = await open('files', { folder: into }, who)
  const entries = await restoreFiles({ folder, manifest }, store.read, target.write, { signal: who.signal })
  await target.close()
  const left = manifest.left.map(({ path, what }) => ({ what, name: path }))
  return {
    what: `${plural(entries.length, 'file')} in ${into}`,
    left,
    more: { files: entries.map(({ path }) => path) },
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'ENOENT') return []
    throw new ChangeoverError('usage.invalid', `"${folder}" cannot be restored into: ${String(error)}`, 'name a folder')
  }
}

async function intoDatabase({ folder, manifest, store }: Source, url: string, who: Opener, door: Door): Promise<Done> {
  const how = manifest.about as unknown as DatabaseBackup
  const target = await open('database', { url }, who)
  try {
    const [there] = await target.read.rows<{ name: string; table: string | null }>(
      `SELECT current_database() AS name, (SELECT t FROM unnest($1::text[]) AS t WHERE to_regclass(t) IS NOT NULL LIMIT 1) AS table`,
      [how.tables.map(({ quoted }) => quoted)],
    )
    const { name = '', table = null } = there ?? {}
    if (table !== null)
      throw new ChangeoverError(
        'usage.invalid',
        `"${name}" has a table ${table} already, and nothing is written over`,
        `\`createdb ${name}_restored\`, restore into that, and take from it what you need`,
      )
    const say = (text: string): void => (door.json ? undefined : door.err(`${text}\n`))
    say('checking every byte of the backup, then restoring')
    const left = await restoreDatabase({ folder }, store.read, { name, db: target.write }, target.read)
    await comparePrints(how, target.write, (each) => say(`comparing ${each}`))
    const rows = how.tables.reduce((sum, each) => sum + each.print.rows, 0)
    return {
      what: `${plural(how.tables.length, 'table')} with ${count(rows)} rows in "${name}", each equal to what was saved`,
      left: [...left, ...manifest.left.map(({ path, what }) => ({ what, name: path }))],
      more: { database: name, tables: how.tables.map((each) => each.name), rows },
    }
  } finally {
    await target.close()
  }
}

function saved({ kind, run, step, finished }: Manifest): string {
  return `a backup of ${kind === 'files' ? 'files' : 'a database'}, made by step "${step}" of ${run}, finished ${finished}`
}

function tell({ what, left, more }: Done, door: Door): void {
  if (door.json) {
    door.out(`${JSON.stringify({ ...more, left })}\n`)
    return
  }
  door.out(`restored: ${what}\n`)
  for (const each of left) door.out(`not in it: ${each.what} ${each.name}\n`)
}
