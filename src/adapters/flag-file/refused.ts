/** From what the system refuses about the flag file to the one error class. */
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** Errors without a system code are not ours to translate. */
export function refused(error: unknown, path: string): unknown {
  const code = codeOf(error)
  if (isChangeoverError(error) || !(error instanceof Error) || code === '') return error
  const more = { cause: error }
  if (code === 'ENOENT')
    return new ChangeoverError(
      'target.failed',
      `there is no flag file "${path}"`,
      'name the file, or begin one: {"flags": {}}',
      more,
    )
  if (code === 'EACCES' || code === 'EPERM')
    return new ChangeoverError(
      'target.rights',
      `the account may not reach "${path}": ${error.message}`,
      `give the account the right: see \`ls -ld ${path}\`; the folder too must take new files`,
      more,
    )
  if (code === 'EROFS')
    return new ChangeoverError(
      'target.read-only',
      `"${path}" is on a file system that takes no writes`,
      'mount it for writing, or name another file',
      more,
    )
  return new ChangeoverError(
    'target.failed',
    `flag file "${path}" cannot be used: ${error.message}`,
    'see that the path is what the plan means, and that the disk has room',
    more,
  )
}
