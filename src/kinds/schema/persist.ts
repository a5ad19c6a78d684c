/** Tries something that needs locks until it is done: looks who is in the way first, waits longer each time, gives up with their names. */
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { type Finding, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import type { Mark, Writing } from '../../core/kind.ts'
import type { Row, SqlReader } from '../../core/ports/index.ts'
import { type LockMode, conflicting } from '../../sql/index.ts'

/** A lock as work carries it. */
type Wanted = { readonly object: string; readonly mode: LockMode }

/** `lockMs`: how long one try may wait for its locks; `retries`: tries after the first. */
export interface Patience {
  readonly locks: readonly Wanted[]
  readonly lockMs: number
  readonly retries: number
}

export type DatabaseRole = { readonly database: 'database' }

const firstPauseMs = 250
const longestPauseMs = 30_000

/** `body` must look by itself whether it was done before: a lost connection does not say whether the commit arrived. */
export async function* persist(
  at: Writing<DatabaseRole>,
  place: Json,
  patience: Patience,
  body: () => Promise<void>,
): AsyncGenerator<Mark> {
  for (let tried = 0; ; tried++) {
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** tried)
    const last = tried >= patience.retries
    const inTheWay = await blockers(at.on.database, patience)
    let why = inTheWay
    if (inTheWay === undefined) {
      try {
        await body()
        return
      } catch (error) {
        if (last || !passing(error)) throw error
        why = error.message
      }
    } else if (last) {
      throw new ChangeoverError(
        'target.lock',
        `no lock after ${tried + 1} tries: ${inTheWay}`,
        'wait for it to end, or end it with pg_terminate_backend; then run `changeover resume`',
      )
    }
    yield { at: place, note: `${why}; try ${tried + 2} of ${patience.retries + 1} in ${pause} ms` }
    await at.clock.sleep(pause, at.signal)
  }
}

/** Lock not granted in time, deadlock, lost connection: another try may end better. */
function passing(error: unknown): error is ChangeoverError {
  return isChangeoverError(error) && (error.code === 'target.lock' || error.code === 'target.unreachable')
}

interface Blocking extends Row {
  readonly pid: number
  readonly application: string
  readonly object: string
  readonly ms: number
}

/**
 * Sessions that hold what we want, in a transaction older than one try would wait: queueing behind them would stop everybody else.
 * Of this database: those made from one template have tables of the same number.
 */
const blockingQuery = `
  SELECT DISTINCT a.pid, coalesce(a.application_name, '') AS application, w.object,
         (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::float8 AS ms
    FROM unnest($1::text[], $2::text[]) AS w(object, mode)
    JOIN pg_locks l ON l.relation = to_regclass(w.object) AND l.mode = w.mode AND l.granted
    JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND l.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
     AND a.xact_start < clock_timestamp() - make_interval(secs => $3::float8 / 1000)
   ORDER BY ms DESC LIMIT 3`

/** For `check`: a transaction that has stood in the way for so long, in milliseconds, will stand there a while. */
const standingMs = 5000

/** Says who is in the way of a step before it is begun: nothing where nobody is. */
export async function blocked(db: SqlReader, locks: Patience['locks']): Promise<readonly Finding[]> {
  const inTheWay = await blockers(db, { locks, lockMs: standingMs })
  if (inTheWay === undefined) return []
  const message = `the ${locks.length === 1 ? 'lock' : 'locks'} would not be granted now: ${inTheWay}`
  return [risk('schema.blocked', message, 'wait for the transaction to end; the step tries again by itself')]
}

/** Who is in the way now, in words; undefined when nobody is. */
async function blockers(db: SqlReader, patience: Pick<Patience, 'locks' | 'lockMs'>): Promise<string | undefined> {
  const pairs = patience.locks.flatMap(({ object, mode }) =>
    conflicting(mode).map((each) => [quoted(object), serverName(each)] as const),
  )
  if (pairs.length === 0) return undefined
  const found = await db.rows<Blocking>(blockingQuery, [
    pairs.map(([object]) => object),
    pairs.map(([, mode]) => mode),
    patience.lockMs,
  ])
  if (found.length === 0) return undefined
  return found
    .map(
      ({ pid, application, object, ms }) =>
        `pid ${pid}${application === '' ? '' : ` ("${application}")`} has held "${object.replaceAll('"', '')}" in a transaction for ${Math.round(ms / 1000)} s`,
    )
    .join('; ')
}

function quoted(object: string): string {
  const dot = object.indexOf('.')
  return [object.slice(0, dot), object.slice(dot + 1)].map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
}

/** `SHARE UPDATE EXCLUSIVE` is `ShareUpdateExclusiveLock` in pg_locks. */
function serverName(mode: LockMode): string {
  return `${mode
    .split(' ')
    .map((word) => word[0] + word.slice(1).toLowerCase())
    .join('')}Lock`
}
