/** Session locks by number: tried, never waited for, and who holds one. */
import { createHash } from 'node:crypto'
import type { Link } from './links.ts'
import { ask } from './session.ts'

/** 63 bits of a digest of a name. */
export function lockNumber(name: string): bigint {
  return createHash('sha256').update(name).digest().readBigInt64BE(0)
}

/**
 * Polled outside any transaction: a session that waits in pg_advisory_lock holds a snapshot, and CREATE INDEX CONCURRENTLY
 * waits for every snapshot.
 */
export async function tryLock(link: Link, number: bigint): Promise<boolean> {
  const [row] = await ask(link, 'SELECT pg_try_advisory_lock($1) AS got', [number], true)
  return row?.rows[0]?.got === true
}

export interface Holder {
  readonly pid: number
  /** The application_name of its session. */
  readonly name: string
}

/** The server shows a number in two halves, whose signs are lost. */
const holderQuery = `
  SELECT a.pid, a.application_name AS name
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND l.classid::bigint = (($1::bigint >> 32) & 4294967295) AND l.objid::bigint = ($1::bigint & 4294967295) AND l.objsubid = 1`

export async function lockHolder(link: Link, number: bigint): Promise<Holder | undefined> {
  const [found] = await ask(link, holderQuery, [number], true)
  return found?.rows[0] as Holder | undefined
}
