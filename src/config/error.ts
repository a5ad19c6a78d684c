/** The two errors of the room: a file that cannot be read, and an edit that a file cannot take. Neither ever shows a value. */
import { ChangeoverError } from '../core/errors.ts'
import { dotted } from './path.ts'

/** `config.syntax` at a place in the text. `what` is so, `help` mends it. */
export function syntaxError(file: string, text: string, offset: number, what: string, help: string): ChangeoverError {
  const before = text.slice(0, offset).split('\n')
  const at = { file, line: before.length, column: before.at(-1)!.length + 1 }
  return new ChangeoverError('config.syntax', `"${file}" line ${at.line}, column ${at.column}: ${what}`, help, {
    data: at,
  })
}

/** The same key twice in one place: which one counts differs from reader to reader, so that none is taken. */
export function duplicateKey(file: string, text: string, offset: number, path: readonly string[]): ChangeoverError {
  return syntaxError(
    file,
    text,
    offset,
    `the key "${dotted(path)}" is there twice`,
    `keep one "${dotted(path)}" and remove the other`,
  )
}

/** `config.refused`: the edit would change more than was asked, or the format has no way to write it. */
export function refused(path: readonly string[], why: string, help = 'make this edit by hand'): ChangeoverError {
  return new ChangeoverError('config.refused', `"${dotted(path)}" cannot be edited: ${why}`, help, {
    data: { path: dotted(path) },
  })
}
