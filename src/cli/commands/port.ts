/** The port of a command that serves. */
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'

/** 0 takes a free one. Throws `usage.invalid`. */
export function portOf(text: string | undefined, usual: number): number {
  const port = text === undefined ? usual : Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && text !== '') return port
  throw new ChangeoverError('usage.invalid', `--port is "${text}", not 0 to 65535`, `for example \`--port ${usual}\``)
}

/** Of an error of `listen`: what to do about it. */
export function notListening(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || isChangeoverError(error)) return error
  return new ChangeoverError('usage.invalid', `the server cannot listen: ${error.message}`, 'name another `--port`', {
    cause: error,
  })
}
