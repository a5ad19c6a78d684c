/** From what PostgreSQL and its driver throw to the one error class. Never a url: it may hold a password. */
import { ChangeoverError, type ErrorCode, isChangeoverError } from '../../core/errors.ts'

const answers: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '42501': ['target.rights', 'the account needs the rights on schema "changeover", or to create it once'],
  '25006': ['target.read-only', 'point the url at the primary'],
  '55P03': ['target.lock', 'see who holds the row: `SELECT * FROM pg_locks`'],
  '28P01': ['target.rights', 'see the password in the environment'],
  '28000': ['target.rights', 'see the account in the url, and pg_hba.conf'],
}

export function refused(error: unknown, where: string): unknown {
  if (isChangeoverError(error) || !(error instanceof Error)) return error
  const code = 'code' in error ? String(error.code) : ''
  const network = /^E[A-Z]+$/.test(code) || /terminated|timeout|not queryable/i.test(error.message)
  const [as, help] = network
    ? (['target.unreachable', `see that a PostgreSQL answers at ${where}`] as const)
    : (answers[code] ?? (['target.failed', 'see the log of the server'] as const))
  return new ChangeoverError(as, `the flags at ${where}: ${error.message}`, help, { cause: error })
}
