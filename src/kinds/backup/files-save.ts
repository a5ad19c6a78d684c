/** The saving of `backup.files`: which files, file by file, and nothing left where there is no room. */
import {
  discard,
  type Entry,
  ensureRoom,
  type LeftOut,
  namedAsKey,
  pourEntry,
  PrivateKeyFound,
  withoutKeys,
  writeManifest,
} from '../../backup/index.ts'
import { ChangeoverError } from '../../core/errors.ts'
import { matchesAny } from '../../core/glob.ts'
import type { Writing } from '../../core/kind.ts'
import type { FileReader } from '../../core/ports/index.ts'
import { environmentText, type EnvironmentRule } from './environment.ts'

/** What apply and rollback need. */
export type BackupWork = {
  readonly take: { readonly [part: string]: readonly string[] }
  readonly into: string
  readonly environment: EnvironmentRule | null
  readonly retentionDays: number | null
  readonly rollback: 'keep' | 'remove'
}

export type StoreRoles = { readonly source: 'files'; readonly store: 'files' }

/** Files with their part, and those that are left out by their names. */
export interface Chosen {
  readonly files: readonly { readonly path: string; readonly part: string }[]
  readonly left: readonly LeftOut[]
}

/** Each file once, in the first part whose globs name it. Env files go by the rule for the environment. */
export async function choose(work: BackupWork, source: FileReader): Promise<Chosen> {
  const files: Chosen['files'][number][] = []
  const left: LeftOut[] = []
  const seen = new Set<string>()
  for (const [part, globs] of Object.entries(work.take)) {
    for (const path of await source.list(globs)) {
      if (seen.has(path) || path.startsWith('.changeover/') || matchesAny(path, work.environment?.files ?? [])) continue
      seen.add(path)
      const why = namedAsKey(path)
      if (why === undefined) files.push({ path, part })
      else left.push({ path, what: 'the whole file', why })
    }
  }
  return { files, left }
}

/** File by file; what a killed run has poured already is compared and kept. On an error nothing of it stays. */
export async function* save(work: BackupWork, at: Writing<StoreRoles>, folder: string) {
  const started = new Date(at.clock.now()).toISOString()
  const { files, left } = await choose(work, at.on.source)
  const environment = await environmentText(work.environment, at)
  await ensureRoom(at.on.store, await bytesNeeded(files, at, folder))
  const entries: Entry[] = []
  const gone: LeftOut[] = [...left, ...environment.flatMap((each) => each.left)]
  try {
    for (const file of files) {
      at.signal.throwIfAborted()
      const saved = await saveFile(file, at, folder)
      if ('sha256' in saved) entries.push(saved)
      else gone.push(saved)
      yield { at: { folder }, done: entries.length + gone.length, of: files.length + left.length, unit: 'files' }
    }
    for (const { path, text } of environment)
      entries.push(
        await pourEntry(at.on.store, folder, { path, stored: `environment/${path}`, part: 'environment' }, once(text)),
      )
    const finished = new Date(at.clock.now()).toISOString()
    await writeManifest(at.on.store, folder, {
      kind: 'files',
      run: at.run,
      step: at.step,
      plan: { ...at.plan },
      started,
      finished,
      entries,
      left: gone,
    })
  } catch (error) {
    if (error instanceof ChangeoverError && error.code === 'backup.full') await discard(at.on.store, folder)
    throw error
  }
}

/** What is still to be written, and once more the largest file: the restore that proves the backup takes that for a moment. */
async function bytesNeeded(files: Chosen['files'], at: Writing<StoreRoles>, folder: string): Promise<number> {
  let all = 0
  let largest = 0
  for (const { path } of files) {
    at.signal.throwIfAborted()
    const bytes = (await at.on.source.digest(path))?.bytes ?? 0
    const there = (await at.on.store.digest(`${folder}/files/${path}`))?.bytes ?? 0
    all += Math.max(0, bytes - there)
    largest = Math.max(largest, bytes)
  }
  return all + largest
}

async function saveFile(
  file: Chosen['files'][number],
  at: Writing<StoreRoles>,
  folder: string,
): Promise<Entry | LeftOut> {
  const stored = `files/${file.path}`
  const source = await at.on.source.digest(file.path)
  if (source === null)
    return { path: file.path, what: 'the whole file', why: 'it was removed while the backup was made' }
  const there = await at.on.store.digest(`${folder}/${stored}`)
  if (there?.sha256 === source.sha256) return { ...file, stored, ...there }
  try {
    return await pourEntry(at.on.store, folder, { ...file, stored }, withoutKeys(at.on.source.stream(file.path)))
  } catch (error) {
    if (!(error instanceof PrivateKeyFound)) throw error
    return { path: file.path, what: 'the whole file', why: error.message }
  }
}

async function* once(text: string): AsyncIterable<Buffer> {
  yield Buffer.from(text)
}
