/** A connection string taken apart: what may be shown, what a child process needs, and the same server with another database. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Place } from './errors.ts'

export interface Address extends Place {
  /** With the password: for the driver only. */
  readonly url: string
  /** Without the password: for an argument list that other accounts can read. */
  readonly open: string
  readonly password: string | undefined
  readonly database: string
}

/** The url is never quoted in an error: it may hold a password. */
export function parseAddress(text: string, database?: string): Address {
  const url = parse(text)
  // The driver lets these win over its own configuration; the sessions must carry the name of the run.
  for (const name of ['application_name', 'fallback_application_name', 'options']) url.searchParams.delete(name)
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`
  const user = decodeURIComponent(url.username) || url.searchParams.get('user') || 'postgres'
  const name = decodeURIComponent(url.pathname.slice(1)) || user
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname)
  const password = decodeURIComponent(url.password) || url.searchParams.get('password') || undefined
  const full = url.toString()
  url.password = ''
  url.searchParams.delete('password')
  return {
    url: full,
    open: url.toString(),
    password,
    user,
    database: name,
    where: `${host || 'localhost'}:${url.port || '5432'}/${name}`,
  }
}

function parse(text: string): URL {
  const help = 'write it as postgres://user:password@host:5432/database'
  try {
    const url = new URL(text)
    if (url.protocol === 'postgres:' || url.protocol === 'postgresql:') return url
  } catch {
    throw new ChangeoverError('plan.invalid', 'the url of a postgres target cannot be read', help)
  }
  throw new ChangeoverError('plan.invalid', 'the url of a postgres target does not start with "postgres://"', help)
}
