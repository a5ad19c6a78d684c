/** Writes that are whole after a crash: a new file beside the old one, made durable, renamed over it. */
import { chmod, chown, type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A file of ours beside the flag file; hidden, so that no glob for flags finds it. */
export function beside(place: string, what: 'lock' | 'new' | 'pending'): string {
  return join(dirname(place), `.${basename(place)}.changeover-${what}`)
}

/** A reader or a crash sees the old bytes or the new ones. Owner and permissions stay. */
export async function replace(place: string, text: string): Promise<void> {
  const draft = beside(place, 'new')
  const old = await stat(place).catch(() => undefined)
  try {
    await within(draft, 'w', old === undefined ? 0o644 : old.mode & 0o7777, async (file) => {
      await file.writeFile(text)
    })
    if (old) {
      // As root the owner stays what it was; another account cannot give files away and need not.
      await chown(draft, old.uid, old.gid).catch(() => undefined)
      await chmod(draft, old.mode & 0o7777).catch(() => undefined)
    }
    await rename(draft, place)
    await syncFolder(dirname(place))
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
}

/** Adds lines; a line that a killed writer left unfinished stays alone. */
export async function append(place: string, lines: readonly string[]): Promise<void> {
  const fresh = (await stat(place).catch(() => undefined)) === undefined
  await within(place, 'a+', 0o644, async (file) => {
    const { size } = await file.stat()
    const last = Buffer.alloc(1, '\n')
    if (size > 0) await file.read(last, 0, 1, size - 1)
    await file.writeFile(`${last.toString() === '\n' ? '' : '\n'}${lines.map((line) => `${line}\n`).join('')}`)
  })
  if (fresh) await syncFolder(dirname(place))
}

async function within(
  place: string,
  flags: string,
  mode: number,
  body: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(place, flags, mode)
  try {
    await body(file)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is only lasting when the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
