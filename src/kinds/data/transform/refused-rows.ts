/** Whether a row is at fault when the server refuses a statement, and why, in words that quote no value. */
import { isChangeoverError } from '../../../core/errors.ts'

/** The SQLSTATE behind an error of the port, or ''. */
export function sqlState(error: unknown): string {
  const data = isChangeoverError(error) ? error.data : undefined
  const state = typeof data === 'object' && data !== null && 'sqlstate' in data ? data.sqlstate : undefined
  return typeof state === 'string' ? state : ''
}

/** Data that does not fit (22) or breaks a constraint (23): the fault of a row. */
export function isData(state: string): boolean {
  return state.startsWith('22') || state.startsWith('23')
}

const conditions: { readonly [state: string]: string } = {
  '22001': 'a text is too long for its column',
  '22003': 'a number is out of range',
  '22007': 'a text is no date or time',
  '22008': 'a date or time is out of range',
  '22012': 'a division by zero',
  '22P02': 'a text cannot be read as the type of its column',
  '22P05': 'a character has no place in the encoding of the database',
  '23502': 'a value is missing where the column is NOT NULL',
  '23503': 'a foreign key points nowhere',
  '23505': 'another row has the same value in a unique column',
  '23514': 'a check of the table is not met',
}

/** Why the server refused a row: never its message, which quotes values. */
export function reasonOf(error: unknown, state: string): string {
  const own = error instanceof Error ? /"(lens refused .*)"/.exec(error.message)?.[1] : undefined
  if (own !== undefined) return own
  const data = (isChangeoverError(error) ? error.data : undefined) as
    { constraint?: string; column?: string } | undefined
  const name = data?.constraint ?? data?.column
  return `${conditions[state] ?? 'the server refuses the row'}${name === undefined ? '' : ` ("${name}")`} [${state}]`
}
