/** A claim on a run: a session lock, held as long as its session lives. A dead runner's is free when the server notices its end. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Actor, Claim } from '../../core/event.ts'
import { type Holder, lockHolder, lockNumber, tryLock } from './advisory.ts'
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
    const number = numberOf(run)
    if (!(await tryLock(link, number))) throw busy(run, await lockHolder(link, number))
    return hold(link)
  } catch (error) {
    await link.client.end().catch(() => destroy(link))
    throw translate(error, options.address)
  }
}

/** The session that holds the run. */
export function runnerOf(link: Link, run: string): Promise<Holder | undefined> {
  return lockHolder(link, numberOf(run))
}

/** Another number than the fence of a target: journal and target may be the same database. */
function numberOf(run: string): bigint {
  return lockNumber(`changeover-journal/${run}`)
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

function busy(run: string, holder: Holder | undefined): ChangeoverError {
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
