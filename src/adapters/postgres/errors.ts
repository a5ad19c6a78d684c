/** From what the driver throws to the one error class: SQLSTATE to code, with names and the next step. Never a password. */
import { ChangeoverError, type ErrorCode, isChangeoverError } from '../../core/errors.ts'
import { type Blocker, describeBlockers } from './blockers.ts'

/** What the message may say about where it happened. */
export interface Place {
  /** `host:port/database` */
  readonly where: string
  readonly user: string
}

interface ServerError {
  readonly code?: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
  readonly position?: string
}

type Answer = readonly [code: ErrorCode, message: string, help: string]

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ENOENT',
])
const lostConnection =
  /Connection terminated|timeout expired|connection timeout|Client has encountered a connection error|not queryable/i

/** `statement` names the right that was missing; `blockers` were seen while the statement waited. */
export function translate(error: unknown, place: Place, statement = '', blockers: readonly Blocker[] = []): unknown {
  if (isChangeoverError(error) || !(error instanceof Error)) return error
  const server = error as ServerError
  const answer = read(server, place, statement, blockers)
  if (!answer) return error
  const data = {
    sqlstate: server.code ?? null,
    ...(server.detail === undefined ? {} : { detail: server.detail }),
    ...(server.constraint === undefined ? {} : { constraint: server.constraint }),
    ...(server.table === undefined ? {} : { table: [server.schema, server.table].filter(Boolean).join('.') }),
    ...(server.column === undefined ? {} : { column: server.column }),
    ...(server.position === undefined ? {} : { position: Number(server.position) }),
    ...(blockers.length === 0 ? {} : { blockers }),
  }
  return new ChangeoverError(answer[0], answer[1], answer[2], { cause: error, data })
}

function read(error: ServerError, place: Place, statement: string, blockers: readonly Blocker[]): Answer | undefined {
  const code = error.code ?? ''
  if (networkCodes.has(code) || lostConnection.test(error.message)) return unreachable(error, place)
  if (!/^[0-9A-Z]{5}$/.test(code)) return undefined
  return lockOrRights(error, code, place, statement, blockers) ?? session(error, code, place) ?? failed(error, code)
}

function unreachable(error: ServerError, place: Place): Answer {
  const why = error.message === '' ? (error.code ?? 'no answer') : error.message
  return [
    'target.unreachable',
    `"${place.where}" does not answer: ${why}`,
    'start the server, or mend host, port and network in the url; a run that waits for it goes on with `changeover resume`',
  ]
}

function lockOrRights(
  error: ServerError,
  code: string,
  place: Place,
  statement: string,
  blockers: readonly Blocker[],
): Answer | undefined {
  if (code === '55P03') return locked(place, statement, blockers)
  if (code === '40P01') {
    return [
      'target.lock',
      `a deadlock on "${place.where}" ended ${quoteStart(statement)}`,
      'try again; when it comes back, see `detail` for the two sessions',
    ]
  }
  if (code === '25006') {
    return [
      'target.read-only',
      `"${place.where}" does not take writes: ${error.message}`,
      'use the primary, or end read-only mode: `SHOW default_transaction_read_only; SELECT pg_is_in_recovery()`',
    ]
  }
  if (code === '42501') {
    return [
      'target.rights',
      `the account "${place.user}" may not: ${error.message}`,
      missingRight(error, statement, place.user),
    ]
  }
  return undefined
}

function locked(place: Place, statement: string, blockers: readonly Blocker[]): Answer {
  const who = describeBlockers(blockers)
  const pids = blockers.map((each) => `SELECT pg_terminate_backend(${each.pid})`).join('; ')
  const help =
    pids === ''
      ? 'try again, or raise the lock limit'
      : `wait for it to end, end it (\`${pids}\`), or raise the lock limit`
  // Who it is comes first: a narrow terminal cuts the rest.
  return ['target.lock', `no lock in time: ${who}; wanted on "${place.where}" for ${quoteStart(statement)}`, help]
}

function session(error: ServerError, code: string, place: Place): Answer | undefined {
  if (code === '28P01' || code === '28000') {
    return [
      'target.rights',
      `"${place.where}" refuses the account "${place.user}": ${error.message}`,
      'mend user and password in the url, or pg_hba.conf on the server',
    ]
  }
  if (code === '3D000')
    return [
      'target.unreachable',
      `"${place.where}" is not there: ${error.message}`,
      'create the database, or mend its name in the url',
    ]
  if (code === '53300')
    return [
      'target.unreachable',
      `"${place.where}" has no connection left: ${error.message}`,
      'lower `connections` of the target, or raise max_connections',
    ]
  if (code === '53100')
    return [
      'target.failed',
      `the disk of "${place.where}" is full: ${error.message}`,
      'make room on the server; then run `changeover resume`',
    ]
  if (code.startsWith('08') || code.startsWith('57P')) return unreachable(error, place)
  return undefined
}

function failed(error: ServerError, code: string): Answer {
  const where =
    error.table === undefined
      ? ''
      : ` (table "${[error.schema, error.table].filter(Boolean).join('.')}"${error.column === undefined ? '' : `, column "${error.column}"`})`
  if (code === '57014')
    return [
      'target.failed',
      `a statement was ended: ${error.message}`,
      'raise the statement limit, or make the statement smaller',
    ]
  return [
    'target.failed',
    `PostgreSQL refused: ${error.message}${where} [${code}]`,
    error.hint ?? 'read the message of the server and mend the statement or the data',
  ]
}

/** The grant that was missing, from the message of the server and the verb of the statement. */
function missingRight(error: ServerError, statement: string, user: string): string {
  const { message } = error
  const owner = /must be (?:owner|superuser|a member|able)(?: of (.+))?/.exec(message)
  if (owner)
    return owner[1] === undefined
      ? `use an account that may: ${message}`
      : `run as the owner, or: ALTER ${owner[1].toUpperCase().split(' ')[0]} ${owner[1].split(' ').slice(1).join(' ')} OWNER TO "${user}"`
  const denied = /permission denied (?:for|to) (\w+)(?: (?!function)(\S+))?/.exec(message)
  if (!denied) return `grant the right to "${user}"`
  const [, type = '', name = ''] = denied
  if (type === 'create') return `let the account create it: ALTER ROLE "${user}" CREATEDB`
  const verb = /^\s*(\w+)/.exec(statement)?.[1]?.toUpperCase() ?? ''
  const granted = right(type, verb, error.detail ?? '')
  const object = type === 'table' || type === 'relation' || type === 'view' ? name : `${type.toUpperCase()} ${name}`
  return `grant it: GRANT ${granted} ON ${object} TO "${user}"`
}

function right(type: string, verb: string, detail: string): string {
  if (type === 'schema') return verb === 'CREATE' || verb === 'ALTER' ? 'CREATE' : 'USAGE'
  if (type === 'database') return detail.includes('CONNECT') ? 'CONNECT' : 'CREATE'
  if (type === 'function' || type === 'procedure') return 'EXECUTE'
  if (type === 'sequence') return 'USAGE'
  if (['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'].includes(verb)) return `SELECT, ${verb}`
  return verb === 'COPY' ? 'SELECT, INSERT' : 'SELECT'
}

/** The start of a statement, for a message. Only its words: values are parameters, and text literals are cut out. */
export function quoteStart(statement: string): string {
  const words = statement
    .replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, '$$…$$')
    .replace(/'(?:[^']|'')*'/g, "'…'")
    .replace(/\s+/g, ' ')
    .trim()
  return words === '' ? 'a statement' : `"${words.length > 80 ? `${words.slice(0, 79)}…` : words}"`
}
