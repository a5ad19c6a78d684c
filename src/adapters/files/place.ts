/** From a relative path to a place in the folder, and never outside it; and from what the system refuses to the one error class. */
import { realpath, statfs } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'

/** Ends the name of a file that is not finished. A killed writer leaves one at most for each path, and the next write takes it over. */
export const unfinished = '.changeover-new'

/** The absolute path, links followed. Refuses what leads outside, in words or by a link. */
export async function locate(folder: string, path: string): Promise<string> {
  const names = path.split('/')
  if (
    path === '' ||
    path.includes('\0') ||
    path.includes('\\') ||
    names.some((name) => name === '' || name === '..' || name === '.')
  ) {
    throw outside(folder, path)
  }
  const root = await real(folder)
  const place = await real(join(root, ...names))
  if (!place.startsWith(root.endsWith(sep) ? root : root + sep)) throw outside(folder, path)
  return place
}

/** The real path; where it is not there yet, that of its nearest parent with the rest. */
export async function real(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw refused(error, path)
    return join(await real(dirname(path)), path.slice(dirname(path).length))
  }
}

/** Bytes that an ordinary account can still write where the path is, or will be. */
export async function freeAt(path: string): Promise<number> {
  try {
    const disk = await statfs(path)
    return Number(disk.bavail) * disk.bsize
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && dirname(path) !== path) return freeAt(dirname(path))
    throw refused(error, path)
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function outside(folder: string, path: string): ChangeoverError {
  return new ChangeoverError(
    'target.failed',
    `"${path}" leads outside the folder "${folder}"`,
    'name a path inside the folder, with "/" and without ".."',
  )
}

/** `needed`: bytes that were to be written, for a full disk. */
export function refused(
  error: unknown,
  path: string,
  full?: { readonly needed: number; readonly free: number },
): unknown {
  if (isChangeoverError(error) || !(error instanceof Error)) return error
  const code = codeOf(error)
  // No number of the system's: it comes from whoever gives the bytes, and is theirs.
  if (code === '') return error
  const more = { cause: error }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const figures = full === undefined ? '' : `: at least ${full.needed} bytes are needed, ${full.free} are free`
    return new ChangeoverError(
      'backup.full',
      `no room for "${path}"${figures}`,
      'make room on the disk, or name another folder; then run `changeover resume`',
      { ...more, data: full },
    )
  }
  if (code === 'EACCES' || code === 'EPERM')
    return new ChangeoverError(
      'target.rights',
      `the account may not reach "${path}": ${error.message}`,
      `give the account the right: see \`ls -ld ${path}\``,
      more,
    )
  if (code === 'EROFS')
    return new ChangeoverError(
      'target.read-only',
      `"${path}" is on a file system that takes no writes`,
      'mount it for writing, or name another folder',
      more,
    )
  return new ChangeoverError(
    'target.failed',
    `"${path}" cannot be used: ${error.message}`,
    'see that the path is what the plan means',
    more,
  )
}
