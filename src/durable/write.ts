/** Writes that are whole after a crash: a draft beside the old file, made durable, renamed over it. Knows no format and no error class. */
import { access, chmod, chown, constants, type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A file of ours beside another one; hidden, so that no glob finds it. */
export function beside(place: string, what: string): string {
  return join(dirname(place), `.${basename(place)}.changeover-${what}`)
}

/** Whether this account may put new files into a folder, as every replacing of a file there does. */
export async function takesNewFiles(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  )
}

/** A reader or a crash sees the old bytes or the new ones. Owner and permissions stay; a new file has `mode`. */
export async function replaceFile(place: string, text: string, mode = 0o644): Promise<void> {
  const draft = beside(place, 'new')
  try {
    await writeDraft(draft, place, mode, (file) => file.writeFile(text))
    await putInPlace(draft, place)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
}

/** A durable file that is to replace `place`, and has its owner and permissions. Left behind when filling it fails. */
export async function writeDraft<T>(
  draft: string,
  place: string,
  mode: number,
  fill: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const old = await stat(place).catch(() => undefined)
  const result = await within(draft, 'w', old === undefined ? mode : old.mode & 0o7777, fill)
  if (old) {
    // As root the owner stays what it was; another account cannot give files away and need not.
    await chown(draft, old.uid, old.gid).catch(() => undefined)
    await chmod(draft, old.mode & 0o7777).catch(() => undefined)
  }
  return result
}

export async function putInPlace(draft: string, place: string): Promise<void> {
  await rename(draft, place)
  await syncFolder(dirname(place))
}

/** Adds lines; a line that a killed writer left unfinished stays alone. */
export async function appendLines(place: string, lines: readonly string[]): Promise<void> {
  const fresh = (await stat(place).catch(() => undefined)) === undefined
  await within(place, 'a+', 0o644, async (file) => {
    const { size } = await file.stat()
    const last = Buffer.alloc(1, '\n')
    if (size > 0) await file.read(last, 0, 1, size - 1)
    await file.writeFile(`${last.toString() === '\n' ? '' : '\n'}${lines.map((line) => `${line}\n`).join('')}`)
  })
  if (fresh) await syncFolder(dirname(place))
}

async function within<T>(
  place: string,
  flags: string,
  mode: number,
  body: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(place, flags, mode)
  try {
    const result = await body(file)
    await file.sync()
    return result
  } finally {
    await file.close()
  }
}

/** A rename is only lasting when the folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
