/**
 * Which parts of a step's script are committed: rows of `changeover.applied`, written in the same transaction as the part itself.
 * Part 0 says that the step has begun; parts of the way up count from 1, of the way down from -1.
 */
import type { SqlReader, SqlSession, SqlWriter } from '../../core/ports/index.ts'

export interface Whose {
  readonly run: string
  readonly step: string
}

/** Made under a lock: IF NOT EXISTS alone lets two runners collide in the catalog. `7210` is a number of this tool. */
const make = `SELECT pg_advisory_xact_lock(7210, hashtext('changeover.applied'));
  CREATE SCHEMA IF NOT EXISTS changeover;
  CREATE TABLE IF NOT EXISTS changeover.applied (run text, step text, part integer, PRIMARY KEY (run, step, part))`

/** Notes that the step has begun, before anything else is done. */
export async function begin(db: SqlWriter, whose: Whose): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.run(make)
    await write(tx, whose, 0)
  })
}

export async function write(tx: Pick<SqlSession, 'run'>, whose: Whose, part: number): Promise<void> {
  await tx.run('INSERT INTO changeover.applied VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    whose.run,
    whose.step,
    part,
  ])
}

/** The parts that are there; none where the step never began. */
export async function parts(db: Pick<SqlReader, 'rows'>, whose: Whose): Promise<ReadonlySet<number>> {
  const [found] = await db.rows<{ there: boolean }>("SELECT to_regclass('changeover.applied') IS NOT NULL AS there")
  if (!found?.there) return new Set()
  const rows = await db.rows<{ part: number }>('SELECT part FROM changeover.applied WHERE run = $1 AND step = $2', [
    whose.run,
    whose.step,
  ])
  return new Set(rows.map((row) => row.part))
}

/** Takes the step's rows away, the table when it is empty, and the schema when nothing else is in it. */
export async function forget(db: SqlWriter, whose: Whose): Promise<void> {
  await db.transaction(async (tx) => {
    const [found] = await tx.rows<{ there: boolean }>("SELECT to_regclass('changeover.applied') IS NOT NULL AS there")
    if (!found?.there) return
    await tx.run('DELETE FROM changeover.applied WHERE run = $1 AND step = $2', [whose.run, whose.step])
    await tx.run(sweep)
  })
}

const sweep = `DO $$
BEGIN
  PERFORM pg_advisory_xact_lock(7210, hashtext('changeover.applied'));
  LOCK TABLE changeover.applied IN ACCESS EXCLUSIVE MODE;
  IF NOT EXISTS (SELECT FROM changeover.applied) THEN
    DROP TABLE changeover.applied;
  END IF;
  BEGIN
    DROP SCHEMA changeover;
  EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
    NULL;
  END;
END $$`
