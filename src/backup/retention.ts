/** Retention: which backups may go. Touches nothing that a whole manifest does not prove to be a backup of ours. */
import { isChangeoverError } from '../core/errors.ts'
import type { FileReader, FileWriter } from '../core/ports/index.ts'
import { sumsName } from './manifest.ts'
import { type Backup, findManifest } from './store.ts'

const dayMs = 86_400_000

/** What retention goes by. `now` in milliseconds since 1970; `open` are the runs that have not ended: theirs all stay. */
export interface Retention {
  readonly days: number
  readonly now: number
  readonly open: readonly string[]
}

/** The whole backups below `under`, oldest first. What is damaged, or broken off, is passed over. */
export async function listBackups(store: FileReader, under: string): Promise<readonly Backup[]> {
  const below = under === '' || under === '.' ? '' : `${under.replace(/\/+$/, '')}/`
  const found: Backup[] = []
  for (const sums of await store.list([`${below}*/${sumsName}`])) {
    const folder = sums.slice(0, -sumsName.length - 1)
    const manifest = await undamaged(store, folder)
    if (manifest !== undefined) found.push({ folder, manifest })
  }
  return found.sort((a, b) => made(a) - made(b) || (a.folder < b.folder ? -1 : 1))
}

/** Backups made more than `days` ago, without those of open runs and without the newest of each kind and plan, which always stays. */
function expired(backups: readonly Backup[], by: Retention): readonly Backup[] {
  const newest = new Map<string, Backup>()
  for (const each of backups) {
    const before = newest.get(series(each))
    if (before === undefined || made(each) >= made(before)) newest.set(series(each), each)
  }
  const old = backups.filter((each) => by.now - made(each) > by.days * dayMs)
  return old.filter((each) => !by.open.includes(each.manifest.run) && newest.get(series(each)) !== each)
}

/** Removes what has expired below `under`; the folders that went. */
export async function retire(store: FileWriter, under: string, by: Retention): Promise<readonly string[]> {
  const going = expired(await listBackups(store, under), by).map((each) => each.folder)
  for (const folder of going) await discard(store, folder)
  return going
}

/** Removes a backup. The sums go first: what a kill leaves is then no whole backup to anyone. */
export async function discard(store: FileWriter, folder: string): Promise<void> {
  await store.remove(`${folder}/${sumsName}`)
  await store.remove(folder)
}

function made(backup: Backup): number {
  return Date.parse(backup.manifest.finished)
}

function series({ manifest }: Backup): string {
  return JSON.stringify([manifest.kind, manifest.plan.name, manifest.step])
}

async function undamaged(store: FileReader, folder: string): Promise<Backup['manifest'] | undefined> {
  try {
    return await findManifest(store, folder)
  } catch (error) {
    if (isChangeoverError(error) && error.code === 'backup.damaged') return undefined
    throw error
  }
}
