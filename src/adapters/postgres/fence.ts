/** Keeps a stalled older runner of the same run from writing: a row that every write transaction locks, and the end of its sessions. */
import { createHash } from 'node:crypto'
import { lockHolder, lockNumber, tryLock } from './advisory.ts'
import { ChangeoverError } from '../../core/errors.ts'
import { literal } from './dialect.ts'
import type { Gate } from './driver.ts'
import { translate } from './errors.ts'
import { connect, destroy, type Link, type LinkOptions } from './links.ts'
import { ask } from './session.ts'

/** How long an older runner may take to be gone, and between looks, milliseconds. */
const patience = { goneMs: 15_000, lookMs: 50 } as const

/** application_name is cut at 63 bytes: a long run is named by its start and a digest, so that the fence is never cut off. */
export function sessionLabel(run: string, fence: number): string {
  const plain = /^[\x21-\x7e]{1,40}$/.test(run)
  const short = plain
    ? run
    : `${run.replace(/[^\x21-\x7e]/g, '-').slice(0, 24)}~${createHash('sha256').update(run).digest('hex').slice(0, 12)}`
  return `changeover/${short}/${fence}`
}

export interface Fence extends Gate {
  /** Ends the sessions of older runners and bars them; afterwards only this fence or a newer one can write. */
  take(): Promise<void>
  release(): Promise<void>
  /** Takes the run's row away, and the table and schema with it when nothing else is in them. */
  forget(): Promise<void>
}

export function openFence(
  run: string,
  fence: number,
  options: LinkOptions,
  pause: (ms: number) => Promise<void>,
): Fence {
  let guarded: boolean | undefined
  let held: Link | undefined
  const row = `SELECT fence FROM changeover.fences WHERE run = ${literal(run)} FOR SHARE`
  return {
    async sql() {
      guarded ??= await withLink(options, (link) => exists(link))
      return guarded ? row : ''
    },
    judge(found) {
      if (typeof found === 'bigint' && found > BigInt(fence)) throw fenced(run, fence, found, options)
    },
    async take() {
      await withLink(options, async (link) => {
        await prepare(link)
        await endOlder(link, run, fence)
        await raise(link, run, fence, options)
        // Again: a session that passed the fence before the row was raised may be in the middle of a statement.
        await endOlder(link, run, fence)
        await gone(link, run, fence, pause)
      })
      guarded = true
      held = await holdLock(run, options, pause)
    },
    async forget() {
      await withLink(options, (link) => forget(link, run))
      guarded = false
    },
    async release() {
      await held?.client.end().catch(() => undefined)
      held = undefined
    },
  }
}

function fenced(run: string, fence: number, newer: bigint, options: LinkOptions): ChangeoverError {
  return new ChangeoverError(
    'target.fenced',
    `runner ${fence} of "${run}" may no longer write to "${options.address.where}": runner ${newer} took over`,
    'let the newer runner work; see `changeover status`',
  )
}

async function withLink<T>(options: LinkOptions, use: (link: Link) => Promise<T>): Promise<T> {
  const link = await connect(options)
  try {
    return await use(link)
  } catch (error) {
    throw translate(error, options.address)
  } finally {
    await link.client.end().catch(() => destroy(link))
  }
}

async function exists(link: Link): Promise<boolean> {
  // Not to_regclass: it fails for an account that may not use the schema.
  const look =
    "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'changeover' AND c.relname = 'fences'"
  const [found] = await ask(link, look, undefined, false)
  return (found?.rowCount ?? 0) > 0
}

async function prepare(link: Link): Promise<void> {
  if (await exists(link)) return
  const make = `CREATE SCHEMA IF NOT EXISTS changeover;
    CREATE TABLE IF NOT EXISTS changeover.fences (run text PRIMARY KEY, fence bigint NOT NULL, at timestamptz NOT NULL DEFAULT now())`
  try {
    await ask(link, make, undefined, false)
  } catch (error) {
    // IF NOT EXISTS is no lock: two runners that make it at once collide in the catalog, and then it is there.
    if (!(await exists(link))) throw error
  }
}

async function forget(link: Link, run: string): Promise<void> {
  if (!(await exists(link))) return
  await ask(link, 'SET lock_timeout = 2000', undefined, false)
  await ask(link, 'DELETE FROM changeover.fences WHERE run = $1', [run], true)
  const empty = `
    SET lock_timeout = 500;
    DO $$ BEGIN
      LOCK TABLE changeover.fences IN ACCESS EXCLUSIVE MODE;
      IF NOT EXISTS (SELECT FROM changeover.fences) THEN DROP TABLE changeover.fences; END IF;
      IF NOT EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'changeover'::regnamespace)
      THEN DROP SCHEMA changeover; END IF;
    END $$`
  // Another run may be at work there: then its table stays.
  await ask(link, empty, undefined, false).catch(() => undefined)
}

/** The label's fence is compared as a number; `left` takes the label without it. */
const olderSessions = `
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND application_name ~ '/[0-9]+$' AND left(application_name, length(application_name) - length(substring(application_name from '/[0-9]+$'))) = $1
   AND substring(application_name from '[0-9]+$')::bigint < $2`

function stem(run: string): string {
  return sessionLabel(run, 0).slice(0, -2)
}

async function endOlder(link: Link, run: string, fence: number): Promise<void> {
  await ask(link, `SELECT pg_terminate_backend(pid) ${olderSessions}`, [stem(run), fence], true)
}

async function raise(link: Link, run: string, fence: number, options: LinkOptions): Promise<void> {
  const upsert = `
    INSERT INTO changeover.fences AS f (run, fence) VALUES ($1, $2)
    ON CONFLICT (run) DO UPDATE SET fence = excluded.fence, at = now() WHERE f.fence <= excluded.fence
    RETURNING fence`
  const [raised] = await ask(link, upsert, [run, fence], true)
  if (raised?.rows.length === 1) return
  const [now] = await ask(link, 'SELECT fence FROM changeover.fences WHERE run = $1', [run], true)
  throw fenced(run, fence, BigInt(now?.rows[0]?.fence ?? 0), options)
}

async function gone(link: Link, run: string, fence: number, pause: (ms: number) => Promise<void>): Promise<void> {
  for (let waited = 0; waited <= patience.goneMs; waited += patience.lookMs) {
    const [left] = await ask(link, `SELECT pid ${olderSessions}`, [stem(run), fence], true)
    if (left?.rows.length === 0) return
    await pause(patience.lookMs)
  }
  throw new ChangeoverError(
    'target.lock',
    `sessions of an older runner of "${run}" do not end`,
    `end them: SELECT pid FROM pg_stat_activity WHERE application_name LIKE '${stem(run)}/%'`,
  )
}

/**
 * A session lock says who is alive. Undefined where a session of the same runner has it: two targets may be one database.
 * Who holds it otherwise is on its way out, or is no runner of ours.
 */
async function holdLock(
  run: string,
  options: LinkOptions,
  pause: (ms: number) => Promise<void>,
): Promise<Link | undefined> {
  const link = await connect(options)
  const number = lockNumber(`changeover/${run}`)
  try {
    for (let waited = 0; waited <= patience.goneMs; waited += patience.lookMs) {
      if (await tryLock(link, number)) return link
      if ((await lockHolder(link, number))?.name === options.label) {
        await link.client.end()
        return undefined
      }
      await pause(patience.lookMs)
    }
    throw new ChangeoverError(
      'run.busy',
      `another session holds run "${run}" on "${options.address.where}"`,
      'see `changeover status`; stop the other runner, or wait for it',
    )
  } catch (error) {
    await link.client.end().catch(() => destroy(link))
    throw translate(error, options.address)
  }
}
