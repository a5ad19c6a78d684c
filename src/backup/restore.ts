/** Restore of files: every byte is compared with the manifest before it is written, and again as it is written. */
import { ChangeoverError } from '../core/errors.ts'
import type { FileReader, FileWriter } from '../core/ports/index.ts'
import type { Entry, Manifest } from './manifest.ts'
import { difference } from './store.ts'

/** What is restored: all, or the entries of some parts, or those with these paths. `folder` is put before each path. */
export interface RestoreOptions {
  readonly only?: { readonly parts?: readonly string[]; readonly paths?: readonly string[] }
  readonly folder?: string
  readonly signal?: AbortSignal
}

/**
 * Writes the files of a backup into `into`, whole or by part; the entries that were restored. Does it again without harm.
 * Error `backup.damaged` before the first write when a file that would be restored is not what the manifest says.
 */
export async function restoreFiles(
  from: { readonly folder: string; readonly manifest: Manifest },
  store: FileReader,
  into: FileWriter,
  options: RestoreOptions = {},
): Promise<readonly Entry[]> {
  const wanted = from.manifest.entries.filter((entry) => chosen(entry, options.only))
  for (const entry of wanted) {
    options.signal?.throwIfAborted()
    demand(entry, await store.digest(`${from.folder}/${entry.stored}`))
  }
  for (const entry of wanted) {
    options.signal?.throwIfAborted()
    await restoreEntry(from.folder, entry, store, into, options.folder)
  }
  return wanted
}

/** Restores one entry, and demands that what was written is what the manifest says. */
export async function restoreEntry(
  folder: string,
  entry: Entry,
  store: FileReader,
  into: FileWriter,
  under?: string,
): Promise<void> {
  const path = under === undefined ? entry.path : `${under}/${entry.path}`
  demand(entry, await into.pour(path, store.stream(`${folder}/${entry.stored}`)))
}

function chosen(entry: Entry, only: RestoreOptions['only']): boolean {
  if (only === undefined) return true
  return (only.parts?.includes(entry.part) ?? false) || (only.paths?.includes(entry.path) ?? false)
}

function demand(entry: Entry, seen: { readonly sha256: string; readonly bytes: number } | null): void {
  const wrong = difference(entry, seen)
  if (wrong === undefined) return
  throw new ChangeoverError(
    'backup.damaged',
    `"${entry.stored}" of the backup ${wrong}`,
    'restore from another backup',
    { data: { path: entry.path } },
  )
}
