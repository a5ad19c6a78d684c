/** Readers and writers on a pool: the server holds reads to READ ONLY, every write carries a lock limit and passes the fence. */
import { ChangeoverError } from '../../core/errors.ts'
import type {
  Dumper,
  Limit,
  Row,
  Scratch,
  SqlReader,
  SqlSession,
  SqlSnapshot,
  SqlWriter,
} from '../../core/ports/index.ts'
import type { Link, Links } from './links.ts'
import { ask, attended, type Desk, openSession } from './session.ts'

/** Milliseconds to wait for a lock where the caller names no limit. */
const lockMs = { read: 10_000, write: 500 } as const

export interface Driver extends Desk {
  readonly links: Links
  readonly gate: Gate
  dumper(): Promise<Dumper | undefined>
  scratch(): Promise<Scratch>
}

/** What stands before every write: SQL that locks our row among the fences, and the judgement on what it answers. */
export interface Gate {
  sql(): Promise<string>
  judge(fence: unknown): void
}

export function openReader(driver: Driver): SqlReader {
  return {
    rows: <R extends Row>(text: string, values?: readonly unknown[]) =>
      reading(driver, 'BEGIN READ ONLY', (at) => at.rows<R>(text, values)),
    snapshot: (body) => reading(driver, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', body),
    dumper: () => driver.dumper(),
  }
}

export function openWriter(driver: Driver): SqlWriter {
  return {
    ...openReader(driver),
    run: (text, values, limit = {}) => alone(driver, text, values, limit),
    transaction: (body, limit = {}) => inTransaction(driver, body, limit),
    scratch: () => driver.scratch(),
  }
}

async function reading<T>(driver: Driver, begin: string, body: (at: SqlSnapshot) => Promise<T>): Promise<T> {
  return lent(driver, async (link) => {
    // The SELECT takes the snapshot: after it the server refuses SET TRANSACTION READ WRITE.
    const start = `${begin}; ${limits('SET LOCAL', lockMs.read, undefined)}; SELECT 1`
    await attended(driver, link, start, 0, () => ask(link, start, undefined, false))
    try {
      return await body(openSession(driver, link, lockMs.read, true))
    } finally {
      // ROLLBACK, not COMMIT: it also takes back a set_config that was meant to last.
      await undo(link)
    }
  })
}

async function inTransaction<T>(driver: Driver, body: (tx: SqlSession) => Promise<T>, limit: Limit): Promise<T> {
  return lent(driver, async (link) => {
    const lock = limit.lockMs ?? lockMs.write
    try {
      await open(driver, link, `BEGIN; ${limits('SET LOCAL', lock, limit.statementMs)}`, lock)
      const value = await body(openSession(driver, link, lock, false))
      await commit(driver, link)
      return value
    } catch (error) {
      await undo(link)
      throw error
    }
  })
}

/** One statement in no transaction block. The fence is passed just before; taking over also ends the session that passed it. */
async function alone(
  driver: Driver,
  text: string,
  values: readonly unknown[] | undefined,
  limit: Limit,
): Promise<number> {
  return lent(driver, async (link) => {
    const lock = limit.lockMs ?? lockMs.write
    await open(driver, link, limits('SET', lock, limit.statementMs), lock)
    try {
      return await openSession(driver, link, lock, false).run(text, values)
    } catch (error) {
      // The text may have opened a transaction before it failed, and the driver learns that only later.
      link.broken = true
      throw error
    }
  })
}

async function open(driver: Driver, link: Link, begin: string, lock: number): Promise<void> {
  const passing = await driver.gate.sql()
  const text = `${begin}; ${passing}`
  const results = await attended(driver, link, text, lock, () => ask(link, text, undefined, false))
  if (passing !== '') driver.gate.judge(results.at(-1)?.rows[0]?.fence)
}

/**
 * None, where no limit is named: one that a role or a database sets for its clients would end a move in the middle, as it would a dump. Named each
 * time: a statement outside a transaction sets its own for the session, and the next must not inherit it.
 */
function limits(set: string, lock: number, statementMs: number | undefined): string {
  const statement = statementMs === undefined ? 0 : whole(statementMs)
  return `${set} lock_timeout = ${whole(lock)}; ${set} statement_timeout = ${statement}`
}

/** A limit of zero would mean none to the server. */
function whole(ms: number): number {
  return ms <= 0 ? 0 : Math.max(1, Math.ceil(ms))
}

async function commit(driver: Driver, link: Link): Promise<void> {
  const [answer] = await attended(driver, link, 'COMMIT', 0, () => ask(link, 'COMMIT', undefined, false))
  // The server answers COMMIT of a failed transaction with ROLLBACK and no error: a caller that swallowed the error must not believe it.
  if (answer?.command === 'ROLLBACK')
    throw new ChangeoverError(
      'target.failed',
      `a transaction on "${driver.place.where}" cannot be committed: a statement in it failed`,
      'let the error of the statement end the transaction, or use SAVEPOINT',
    )
}

async function undo(link: Link): Promise<void> {
  if (link.broken || link.client.getTransactionStatus() === 'I') return
  try {
    await ask(link, 'ROLLBACK', undefined, false)
  } catch {
    link.broken = true
  }
}

async function lent<T>(driver: Driver, use: (link: Link) => Promise<T>): Promise<T> {
  driver.signal.throwIfAborted()
  const link = await driver.links.lend()
  try {
    return await use(link)
  } finally {
    driver.links.giveBack(link)
  }
}
