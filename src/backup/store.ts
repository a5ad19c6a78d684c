/** Backups in a store: writing one so that it is whole or not there, reading it, and telling whether it still is what it was. */
import { ChangeoverError } from '../core/errors.ts'
import { block, type Finding } from '../core/finding.ts'
import type { FileReader, FileWriter } from '../core/ports/index.ts'
import { type Entry, type Manifest, manifestName, manifestText, parseManifest, sumsName, sumsText } from './manifest.ts'
import { withRoom } from './room.ts'

/** A whole backup that was found: the folder it is in, and its manifest. */
export interface Backup {
  readonly folder: string
  readonly manifest: Manifest
}

/** The folder of the backup that a step of a run makes: the same each time it is asked, so that a resumed step finds its own. */
export function backupFolder(under: string, run: string, step: string): string {
  const name = `${run}-${step}`.replaceAll(/[^\w.-]/g, '_')
  return under === '' || under === '.' ? name : `${under.replace(/\/+$/, '')}/${name}`
}

/** Pours bytes into the backup and says what was written. Error `backup.full` where there is no room; then nothing is left of it. */
export async function pourEntry(
  store: FileWriter,
  folder: string,
  what: { readonly path: string; readonly stored: string; readonly part: string },
  bytes: AsyncIterable<Buffer>,
): Promise<Entry> {
  const written = await withRoom(store, () => store.pour(`${folder}/${what.stored}`, bytes))
  return { ...what, ...written }
}

/** Writes the manifest and then the sums, which make the backup whole: without them it is the rest of one that was broken off. */
export async function writeManifest(store: FileWriter, folder: string, manifest: Manifest): Promise<void> {
  const path = `${folder}/${manifestName}`
  await withRoom(store, () => store.write(path, Buffer.from(manifestText(manifest))))
  const digest = await store.digest(path)
  if (digest === null)
    throw new ChangeoverError(
      'backup.damaged',
      `"${path}" is gone right after it was written`,
      'look who else writes there',
    )
  await withRoom(store, () => store.write(`${folder}/${sumsName}`, Buffer.from(sumsText(manifest, digest.sha256))))
}

/** The manifest of the backup in `folder`, or undefined where there is no whole backup. Error `backup.damaged` where it is not what was written. */
export async function findManifest(store: FileReader, folder: string): Promise<Manifest | undefined> {
  const sums = await store.read(`${folder}/${sumsName}`)
  if (sums === null) return undefined
  const text = await store.read(`${folder}/${manifestName}`)
  const digest = await store.digest(`${folder}/${manifestName}`)
  const noted = sums
    .toString('utf8')
    .split('\n')
    .find((line) => line.endsWith(`  ${manifestName}`))
  if (text === null || digest === null || noted !== `${digest.sha256}  ${manifestName}`) {
    throw new ChangeoverError(
      'backup.damaged',
      `"${folder}/${manifestName}" is not what "${sumsName}" says`,
      'restore from another backup',
    )
  }
  return parseManifest(text.toString('utf8'), `${folder}/${manifestName}`)
}

/** Like `findManifest`, where there has to be a whole backup. */
export async function readManifest(store: FileReader, folder: string): Promise<Manifest> {
  const manifest = await findManifest(store, folder)
  if (manifest !== undefined) return manifest
  throw new ChangeoverError(
    'backup.damaged',
    `"${folder}" holds no whole backup: "${sumsName}" is missing`,
    'restore from another backup',
  )
}

/** Reads every byte of a backup again. One finding for each file that is missing or is not what the manifest says; none when all is well. */
export async function verifyBackup(
  store: FileReader,
  folder: string,
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const entry of manifest.entries) {
    signal?.throwIfAborted()
    const path = `${folder}/${entry.stored}`
    const wrong = difference(entry, await store.digest(path))
    if (wrong !== undefined)
      findings.push(
        block('backup.damaged', `"${path}" ${wrong}`, 'make the backup again, or restore from another one', { path }),
      )
  }
  return findings
}

/** What is wrong with a stored file, in words, or undefined. */
export function difference(
  entry: Entry,
  seen: { readonly sha256: string; readonly bytes: number } | null,
): string | undefined {
  if (seen === null) return 'is missing'
  if (seen.bytes !== entry.bytes) return `has ${seen.bytes} bytes where the manifest says ${entry.bytes}`
  return seen.sha256 === entry.sha256 ? undefined : 'has another SHA-256 than the manifest says'
}
