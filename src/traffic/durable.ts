/** A small file replaced at once and for good: the proxy reads the old bytes or the new ones, also after a power cut. */
import { open, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChangeoverError } from '../core/errors.ts'

/** The text, or '' where there is no such file yet. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw refused(error, path)
  }
}

/** Keeps permissions and owner of a file that is there; a new one can be read by all, as the proxy must. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const fresh = `${path}.changeover-new`
  try {
    const old = await stat(path).catch(() => undefined)
    const file = await open(fresh, 'w', 0o644)
    try {
      if (old) {
        await file.chmod(old.mode & 0o777)
        // Only root may give a file away; for others it stays their own.
        await file.chown(old.uid, old.gid).catch(() => undefined)
      }
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
    const folder = await open(dirname(path), 'r')
    await folder.sync().finally(() => folder.close())
  } catch (error) {
    throw refused(error, path)
  }
}

function refused(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || codeOf(error) === '') return error
  const rights = codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
  return new ChangeoverError(
    rights ? 'target.rights' : 'target.failed',
    `"${path}" cannot be kept for the proxy: ${error.message}`,
    `see that this account may write there: \`ls -ld ${dirname(path)}\``,
    { cause: error },
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
