/** A claim on a run: a session lock, held as long as its session lives. A dead runner's is free when the server notices its end. */
import { createHash } from 'node:crypto'
import { ChangeoverError } from '../../core/errors.ts'
import type { Actor, Claim } from '../../core/event.ts'
import { translate } from './errors.ts'
import { connect, destroy, type Link, type LinkOptions } from './links.ts'
import { ask } from './session.ts'

/** Milliseconds between signs of life, and how long one may take. */
const pulse = { everyMs: 2000, withinMs: 5000 } as const

/** So that the server notices within some 15 seconds that a machine is gone that could not say goodbye. */
const keepAlive = 'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3'

export async function claimRun(options: LinkOptions, run: string, by: Actor): Promise<Claim> {
  const link = await connect({ ...options, label: labelOf(by) })
  try {
    await ask(link, keepAlive, undefined, false).catch(() => undefined)
    const [row] = await ask(link, 'SELECT pg_try_advisory_lock($1) AS got', [lockOf(run)], true)
    if (row?.rows[0]?.got !== true) throw await busy(link, run)
    return hold(link)
  } catch (error) {
    await link.client.end().catch(() => destroy(link))
    throw translate(error, options.address)
  }
}

function hold(link: Link): Claim {
  const lost = new AbortController()
  const lose = (why: string): void => {
    clearInterval(timer)
    if (!lost.signal.aborted)
      lost.abort(
        new ChangeoverError(
          'run.fenced',
          `the claim on the run was lost: ${why}`,
          'see `changeover status`; `changeover resume` claims it again',
        ),
      )
    destroy(link)
  }
  let released = false
  const timer = setInterval(() => {
    const late = setTimeout(() => lose(`the journal's server did not answer in ${pulse.withinMs} ms`), pulse.withinMs)
    ask(link, 'SELECT 1', undefined, false).then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    )
  }, pulse.everyMs)
  timer.unref()
  link.client.on('end', () => {
    if (!released) lose("the connection to the journal's server ended")
  })
  return {
    lost: lost.signal,
    release: async () => {
      released = true
      clearInterval(timer)
      await link.client.end().catch(() => destroy(link))
    },
  }
}

const holderQuery = `
  SELECT a.pid, a.application_name AS name
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND l.classid::bigint = (($1::bigint >> 32) & 4294967295) AND l.objid::bigint = ($1::bigint & 4294967295) AND l.objsubid = 1`

async function busy(link: Link, run: string): Promise<ChangeoverError> {
  const [found] = await ask(link, holderQuery, [lockOf(run)], true)
  const holder = found?.rows[0] as { pid: number; name: string } | undefined
  const who =
    holder === undefined
      ? 'another runner'
      : `"${holder.name.replace(/^changeover-journal /, '')}" (session ${holder.pid})`
  return new ChangeoverError(
    'run.busy',
    `run "${run}" is held by ${who}`,
    'watch it with `changeover status --watch`, or stop that runner',
  )
}

/** At most 63 bytes reach the server. */
function labelOf(by: Actor): string {
  return `changeover-journal ${by.user}@${by.host} pid ${by.pid}`.replace(/[^\x20-\x7e]/g, '-').slice(0, 63)
}

/** Another number than the fence of a target: journal and target may be the same database. */
function lockOf(run: string): bigint {
  return createHash('sha256').update(`changeover-journal/${run}`).digest().readBigInt64BE(0)
}
