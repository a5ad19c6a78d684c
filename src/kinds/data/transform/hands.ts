/** The labour of `data.transform`: claim a chunk, move it, commit, until none is left. The same in a thread, a process, on another machine. */
import { ChangeoverError, isChangeoverError } from '../../../core/errors.ts'
import type { Writing } from '../../../core/kind.ts'
import {
  Blocks,
  boundary,
  type Job,
  type Key,
  learn,
  ledger,
  nextSize,
  type Pace,
  type PipeShape,
  type Route,
  startPace,
  type Tally,
} from '../../../rows/index.ts'
import { Brake, waitMs } from './brake.ts'
import { type LensData } from '../../../lens/index.ts'
import { asSql, compile, layoutHere } from './lens.ts'
import { letCarry, type Mirrors, mirrorsOf, notCarried, Noted } from './noted.ts'
import { Changed, type Mode, moveOne, type Moved, noteRefused, TooMany, type Tools } from './move.ts'
import { isData, sqlState } from './refused-rows.ts'
import { routeOf, type Work } from './work.ts'

type At = Writing<{ readonly database: 'database' }>

/** A chunk may wait so long for rows that others hold. Writers wait as long for those of its rows that are changed already. */
const lockMs = 2_000
/** How often a hand without work looks whether a chunk came free, milliseconds. */
const idleMs = 20
/** How often one hand tries again after a lock that did not come, for a minute and a half in all, or rows that did not fit. */
const tries = 24
/** Chunks at once in one hand: while one is in the lens, the server reads and writes others, and no core waits. */
const lanes = { sql: 1, join: 2, copy: 2 } as const

/** Returns when no chunk is left, when the step is paused or undone, or when there is nothing to do here yet. */
export async function labourAtChunks(work: Work, at: At): Promise<void> {
  const job = await readJob(at)
  if (job === undefined || job.state !== 'open') return
  const tools = await prepare(work, at, job.now, await mirrorsOf(work, at.on.database))
  const rowBytes = await bytesOfRow(tools, at, job)
  const brake = new Brake(work.throttle, at.clock, at.on.database)
  const stop = { failed: false }
  const all = Array.from({ length: lanes[work.path] }, () =>
    lane(tools, at, brake, stop, rowBytes).catch((error: unknown) => {
      stop.failed = true
      throw error
    }),
  )
  const ends = await Promise.allSettled(all)
  const failed = ends.find((each) => each.status === 'rejected')
  if (failed) throw failed.reason
}

export async function readJob(
  at: Pick<At, 'run' | 'step'> & { readonly on: { readonly database: Pick<At['on']['database'], 'rows'> } },
): Promise<Job | undefined> {
  const db = at.on.database
  const [ready] = await db.rows<{ there: boolean }>(ledger.ledgerThere)
  if (ready?.there !== true) return undefined
  return (await db.rows<Job>(ledger.readJob, [at.run, at.step]))[0]
}

/** What a hand needs for all its chunks. `now` is the job's, so that every hand writes the same. */
export async function prepare(
  work: Work,
  at: Pick<At, 'run' | 'step' | 'clock' | 'load'>,
  now: string,
  mirrors: Mirrors = { table: '', names: [] },
): Promise<Tools> {
  const sql = asSql(work, now)
  if ('refused' in sql)
    throw new ChangeoverError(
      'plan.stale',
      `the lens had SQL when it was planned, and has none now: ${sql.refused}`,
      'run `changeover plan` again',
    )
  const all = work.path === 'sql'
  const route = work.path === 'join' ? { ...routeOf(work), layout: layoutHere(work), computed: sql } : routeOf(work)
  return {
    run: at.run,
    step: at.step,
    work,
    route,
    sql: all ? sql : undefined,
    lens: await compile((all ? work.lens : work.here) as unknown as LensData, now, (reference) => at.load(reference)),
    shape: wholeShape(route),
    keyed: keyedShape(route, work.inPlace),
    stage: `pg_temp.${stageName(`${at.run}/${at.step}/${work.target}`)}`,
    blocks: new Blocks(),
    mirrors,
    now: () => at.clock.now(),
  }
}

/** Whole rows, as path `copy` moves them. */
function wholeShape({ layout }: Route): PipeShape {
  const { key, passed, reads, writes, enums } = layout
  const keys = key.map(({ name, type }) => ({ index: passed.findIndex((each) => each.from === name), type }))
  return { passed: passed.length, reads, was: [], writes, key: keys, enums }
}

/** The key and the place of a row, and what is computed here, as path `join` moves it. */
function keyedShape({ layout }: Route, inPlace: boolean): PipeShape {
  const { key, reads, writes, enums } = layout
  const keys = key.map(({ type }, index) => ({ index, type }))
  return { passed: key.length + 1, reads, was: inPlace ? writes : [], writes, key: keys, enums }
}

/** A name of its own for each step, since a connection may serve several. FNV-1a, 32 bits. */
function stageName(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return `"changeover_${(hash >>> 0).toString(16)}"`
}

/** On disk, with what is kept out of line; 0 where rows do not come here. The first chunk is taken by it: later ones by what came. */
async function bytesOfRow({ sql, route }: Tools, at: At, job: Job): Promise<number> {
  if (sql !== undefined) return 0
  const text = `SELECT pg_table_size($1::text::regclass)::float8 AS bytes`
  const [size] = await at.on.database.rows<{ bytes: number }>(text, [route.source])
  return (size?.bytes ?? 0) / Math.max(1, job.total)
}

async function lane(
  tools: Tools,
  at: At,
  brake: Brake,
  stop: { readonly failed: boolean },
  rowBytes: number,
): Promise<void> {
  const { work } = tools
  let pace = startPace(work.targetMs, at.wishes.batchSize ?? work.batchSize ?? undefined, rowBytes)
  let last = 0
  let mode: Mode = 'straight'
  let failures = 0
  while (!at.quit.aborted && !stop.failed) {
    at.signal.throwIfAborted()
    if (await held(at, brake)) continue
    try {
      const moved = await oneChunk(tools, at, brake, mode)
      if (moved === undefined) {
        if (await cut(tools, at, pace, last)) continue
        if (await ended(tools, at)) return
        await at.clock.sleep(idleMs, at.signal)
        continue
      }
      // Only a moved chunk ends a row of failures: a cut that never succeeds must not be tried for ever.
      mode = 'straight'
      if (failures > 0) await showWait(at, brake.shown)
      failures = 0
      pace = learn(pace, moved.rows, moved.ms, moved.bytes)
      last = moved.rows
      if (moved.rejects > 0) await judge(tools, at)
    } catch (error) {
      failures += 1
      mode = await afterFailure(tools, at, error, failures, mode)
    }
  }
}

async function oneChunk(tools: Tools, at: At, brake: Brake, mode: Mode): Promise<Moved | undefined> {
  let worked = 0
  const moved = await at.on.database.transaction(
    async (tx) => {
      const result = await moveOne(tools, tx, mode)
      worked = at.clock.now()
      return result
    },
    { lockMs },
  )
  if (moved !== undefined) brake.noteCommit(at.clock.now() - worked)
  return moved
}

/** Cuts the next chunk off the rows that nobody cut yet. False where the table is walked to its end, or the job is not open. */
async function cut(tools: Tools, at: At, pace: Pace, last: number): Promise<boolean> {
  const { run, step, route } = tools
  return at.on.database.transaction(
    async (tx) => {
      // A cut that is lost in a crash is made again; a later commit that lasts makes it last too.
      await tx.run('SET LOCAL synchronous_commit = off')
      const [job] = await tx.rows<Job>(ledger.lockJob, [run, step])
      if (job === undefined || job.state !== 'open' || job.walked) return false
      const range = { low: job.low_key, high: null }
      const size = nextSize(pace, last)
      const [edge] = await tx.rows<{ key: Key }>(boundary(route.sql, route.source, route.layout.key, range, size))
      const number = job.last_number + 1
      const [low, high] = [job.low_key, edge?.key ?? null].map((key) => (key === null ? null : JSON.stringify(key)))
      await tx.run(ledger.cutChunk, [run, step, number, low, high])
      await tx.run(ledger.moveEdge, [run, step, number, high])
      return true
    },
    { lockMs },
  )
}

/** True where nothing is left for anyone, or where the job was paused or undone. Chunks that others hold may still come free. */
async function ended(tools: Tools, at: At): Promise<boolean> {
  const [job] = await at.on.database.rows<Job>(ledger.readJob, [tools.run, tools.step])
  if (job === undefined || job.state !== 'open') return true
  const [counts] = await at.on.database.rows<Tally>(ledger.tally, [tools.run, tools.step])
  return job.walked && counts?.free === 0
}

/** True after a wait that the throttle asked for: look again. The reason stands where every process can read it. */
async function held(at: At, brake: Brake): Promise<boolean> {
  const before = brake.shown
  const reason = await brake.look()
  if (reason !== before) {
    brake.shown = reason
    await showWait(at, reason)
  }
  if (reason === undefined) return false
  await at.clock.sleep(waitMs, at.signal)
  return true
}

/** Where a key is there already that was not when the chunk was read: somebody writes at the same moment. */
const milder: { readonly [mode in Mode]?: Mode } = { straight: 'merge', merge: 'stage' }

async function showWait(at: At, reason: string | undefined): Promise<void> {
  await at.on.database.run(ledger.setWaits, [at.run, at.step, reason ?? null], { lockMs })
}

/** What to do next after an error, or the error where nothing helps. */
async function afterFailure(tools: Tools, at: At, error: unknown, failures: number, mode: Mode): Promise<Mode> {
  if (error instanceof TooMany) {
    await at.on.database.transaction((tx) => noteRefused(tools, tx, error.number, error.refused), { lockMs })
    throw await rejected(tools, at, error.refused.length)
  }
  if (failures > tries) throw error instanceof Noted ? notCarried(tools.work) : error
  if (error instanceof Changed) return mode
  if (error instanceof Noted) {
    await letCarry(tools.work, tools.mirrors, at)
    return mode
  }
  if (isChangeoverError(error) && error.code === 'target.lock') {
    await showWait(at, `waits: ${error.message}`)
    await at.clock.sleep(Math.min(50 * 2 ** failures, 2000), at.signal)
    return mode
  }
  const state = sqlState(error)
  if (!isData(state) || mode === 'careful') throw error
  return state === '23505' ? (milder[mode] ?? 'careful') : 'careful'
}

/** Fails the step where more rows were refused than the plan tolerates. */
export async function judge(tools: Pick<Tools, 'run' | 'step' | 'work'>, at: At): Promise<void> {
  const [counts] = await at.on.database.rows<Tally>(ledger.tally, [tools.run, tools.step])
  const rejects = counts?.rejects ?? 0
  if (rejects > tools.work.tolerate) throw await rejected(tools, at, rejects)
}

async function rejected(tools: Pick<Tools, 'run' | 'step' | 'work'>, at: At, count: number): Promise<ChangeoverError> {
  const { run, step, work } = tools
  const first = await at.on.database.rows<{ key: Key; reason: string }>(ledger.firstRejects, [run, step])
  const shown = first.map(({ key, reason }) => `${JSON.stringify(key)} (${reason})`).join(', ')
  const message = `${count} row${count === 1 ? '' : 's'} of "${work.source}" refused, ${work.tolerate} tolerated; first keys: ${shown}`
  const query = `SELECT key, reason FROM changeover.rejects WHERE run = '${run}' AND step = '${step}'`
  return new ChangeoverError(
    'rows.rejected',
    message,
    `see them all with: ${query}; mend the rows or the lens, or raise \`tolerate\`, then \`changeover resume\``,
    {
      data: { count, first: first.map((each) => ({ key: each.key, reason: each.reason })) },
    },
  )
}
