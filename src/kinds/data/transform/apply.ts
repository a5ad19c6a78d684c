/** Opens the job, hires hands, and shows their progress from the chunks they have committed. Moves no row itself. */
import { ChangeoverError } from '../../../core/errors.ts'
import type { Mark, Writing } from '../../../core/kind.ts'
import { type Job, ledger, moves, type Tally } from '../../../rows/index.ts'
import { judge, readJob } from './hands.ts'
import { routeOf, type Work } from './work.ts'

type At = Writing<{ readonly database: 'database' }>

/** How often progress is read, milliseconds. */
const lookMs = 250
const lockMs = 10_000

export async function* applyTransform(work: Work, at: At): AsyncGenerator<Mark> {
  const { database } = at.on
  await openJob(work, at)
  yield await progress(at)
  const hands = at.wishes.workers ?? work.hands
  let done = await isDone(at)
  while (!done) {
    const crew = at.hire(hands, work.path === 'sql' ? 'here' : 'threads')
    let working = true
    try {
      const ended = crew.ended.then(() => (working = false))
      // Heard in the race below, unless nobody asks for another mark.
      ended.catch(() => undefined)
      while (working) {
        await Promise.race([ended, at.clock.sleep(lookMs, at.signal)])
        if (working) yield await progress(at)
      }
      done = await isDone(at)
      if (!done) await at.clock.sleep(lookMs, at.signal)
    } finally {
      // Also when no further mark is asked for: then hands on other machines must rest too.
      await crew.dismiss()
      if (!done) await database.run(ledger.setJob, [at.run, at.step, 'paused'], { lockMs })
    }
    if (!done) await database.run(ledger.setJob, [at.run, at.step, 'open'], { lockMs })
  }
  await judge({ run: at.run, step: at.step, work }, at)
  await raiseSequences(work, at)
  yield await progress(at)
}

/** Makes the tables and the job, or opens a job again that was paused; rows that were refused are tried again. */
async function openJob(work: Work, at: At): Promise<void> {
  const before = await readJob(at)
  if (before?.state === 'undone')
    throw new ChangeoverError(
      'run.refused',
      `step "${at.step}" is being rolled back`,
      'run `changeover rollback` to its end first',
    )
  const route = routeOf(work)
  await at.on.database.transaction(
    async (tx) => {
      for (const statement of ledger.createLedger) await tx.run(statement)
      const [there] = await tx.rows<{ there: boolean }>(moves.anyThere(route, { low: null, high: null }))
      const total = await rowsExpected(work, tx)
      await tx.run(ledger.openJob, [at.run, at.step, there?.there !== true, total])
      const [counts] = await tx.rows<Tally>(ledger.tally, [at.run, at.step])
      if ((counts?.rejects ?? 0) <= work.tolerate) return
      for (const statement of ledger.freeRejected) await tx.run(statement, [at.run, at.step])
    },
    { lockMs },
  )
}

/** The planner's estimate, or a count where the table was never analysed. */
export async function rowsExpected(work: Work, db: Pick<At['on']['database'], 'rows'>): Promise<number> {
  const { source } = routeOf(work)
  const [seen] = await db.rows<{ rows: number }>(
    `SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = $1::text::regclass`,
    [source],
  )
  if (seen !== undefined && seen.rows > 0) return Math.round(seen.rows)
  const [counted] = await db.rows<{ rows: number }>(`SELECT count(*)::float8 AS rows FROM ${source}`)
  return counted?.rows ?? 0
}

async function isDone(at: At): Promise<boolean> {
  const [job] = await at.on.database.rows<Job>(ledger.readJob, [at.run, at.step])
  const [counts] = await at.on.database.rows<Tally>(ledger.tally, [at.run, at.step])
  return job?.walked === true && counts?.free === 0
}

async function progress(at: At): Promise<Mark> {
  const [job] = await at.on.database.rows<Job>(ledger.readJob, [at.run, at.step])
  const [counts] = await at.on.database.rows<Tally>(ledger.tally, [at.run, at.step])
  const { rows = 0, rejects = 0, done = 0, free = 0 } = counts ?? {}
  const whole = job?.walked === true && free === 0
  const notes = [...(job?.waits == null ? [] : [job.waits]), ...(rejects === 0 ? [] : [`${rejects} rows refused`])]
  return {
    at: { chunks: done, rows },
    done: rows,
    of: whole ? rows : Math.max(rows, job?.total ?? 0),
    unit: 'rows',
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  }
}

/** Counters of the target must go on after what was moved, whatever way they count. One that the source draws from too is ahead already. */
async function raiseSequences(work: Work, at: At): Promise<void> {
  if (work.inPlace) return
  const { sql, source, target } = routeOf(work)
  const counters = await at.on.database.rows<{ column: string; sequence: string; up: boolean }>(countersText, [
    target,
    source,
  ])
  for (const { column, sequence, up } of counters) {
    const edge = `SELECT ${up ? 'max' : 'min'}(${sql.quote(column)})::bigint AS edge FROM ${target}`
    const next = `CASE WHEN q.is_called THEN q.last_value + p.seqincrement ELSE q.last_value END`
    await at.on.database.run(
      `SELECT setval(p.seqrelid, edge) FROM (${edge}) m, ${sequence} q, pg_sequence p
        WHERE p.seqrelid = ${sql.literal(sequence)}::regclass AND edge ${up ? '>=' : '<='} ${next} AND edge BETWEEN p.seqmin AND p.seqmax`,
    )
  }
}

/** Columns that a sequence of their own fills. */
const countersText = `SELECT a.attname AS column, d.objid::regclass::text AS sequence, p.seqincrement > 0 AS up
   FROM pg_depend d JOIN pg_sequence p ON p.seqrelid = d.objid JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjid = $1::text::regclass
    AND NOT EXISTS (SELECT FROM pg_attrdef f JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = f.oid
                     WHERE f.adrelid = $2::text::regclass AND u.refobjid = d.objid)`
