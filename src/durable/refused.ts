/** From what the system refuses about a file to the one error class. */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChangeoverError, type ErrorCode, isChangeoverError } from '../core/errors.ts'
import { replaceFile } from './write.ts'

/** What a file is to a person, and what to do where it is not there. */
export interface FileWords {
  /** `flag file`. */
  readonly what: string
  readonly missing: string
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** Errors without a system code are not ours to translate. */
export function refusedFile(error: unknown, path: string, { what, missing }: FileWords): unknown {
  const system = codeOf(error)
  if (isChangeoverError(error) || !(error instanceof Error) || system === '') return error
  const told = (code: ErrorCode, message: string, help: string): ChangeoverError =>
    new ChangeoverError(code, message, help, { cause: error })
  switch (system) {
    case 'ENOENT':
      return told('target.failed', `there is no ${what} "${path}"`, missing)
    case 'EACCES':
    case 'EPERM':
      return told(
        'target.rights',
        `the account may not reach "${path}": ${error.message}`,
        `give the account the right: see \`ls -ld ${path}\`; the folder too must take new files`,
      )
    case 'EROFS':
      return told(
        'target.read-only',
        `"${path}" is on a file system that takes no writes`,
        'mount it for writing, or name another file',
      )
    case 'ENOSPC':
    case 'EDQUOT':
      return told(
        'target.full',
        `there is no room for ${what} "${path}": ${error.message}`,
        `make room: see \`df -h ${dirname(path)}\``,
      )
    default:
      return told(
        'target.failed',
        `${what} "${path}" cannot be used: ${error.message}`,
        `see that the path is what is meant: \`ls -ld ${path}\``,
      )
  }
}

/** The text, or '' where there is no such file yet. */
export async function readIfThere(path: string, words: FileWords): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw refusedFile(error, path, words)
  }
}

/** Replaces it, whole and for good; a new one can be read by all. */
export async function keepText(path: string, text: string, words: FileWords): Promise<void> {
  try {
    await replaceFile(path, text)
  } catch (error) {
    throw refusedFile(error, path, words)
  }
}
