/**
 * The tables of schema `changeover` that hold the progress of a move in the database it moves rows in: jobs, chunks, rejects.
 * Statements only; knows neither connection nor rows. Values: `$1` is the run, `$2` the step.
 */

/** Made by one runner under a lock: IF NOT EXISTS alone lets two of them collide. `7210` is any number that others do not use. */
export const createLedger: readonly string[] = [
  `SELECT pg_advisory_xact_lock(7210, hashtext('changeover.chunks'))`,
  `CREATE SCHEMA IF NOT EXISTS changeover`,
  `CREATE TABLE IF NOT EXISTS changeover.jobs (
     run text, step text, state text NOT NULL, now text NOT NULL, fresh boolean NOT NULL, total bigint NOT NULL,
     walked boolean NOT NULL DEFAULT false, low_key jsonb, last_number bigint NOT NULL DEFAULT 0, waits text,
     PRIMARY KEY (run, step))`,
  `CREATE TABLE IF NOT EXISTS changeover.chunks (
     run text, step text, number bigint, low_key jsonb, high_key jsonb, state text NOT NULL,
     rows bigint NOT NULL DEFAULT 0, hash bigint, rejects bigint NOT NULL DEFAULT 0, took_ms integer, path text,
     PRIMARY KEY (run, step, number))`,
  `CREATE INDEX IF NOT EXISTS chunks_free ON changeover.chunks (run, step, number) WHERE state = 'free'`,
  `CREATE TABLE IF NOT EXISTS changeover.rejects (run text, step text, number bigint, key jsonb, reason text NOT NULL)`,
  `CREATE INDEX IF NOT EXISTS rejects_step ON changeover.rejects (run, step)`,
]

/** True once the tables are there; false in a database where nothing was ever moved. */
export const ledgerThere = `SELECT to_regclass('changeover.jobs') IS NOT NULL AND to_regclass('changeover.chunks') IS NOT NULL
  AND to_regclass('changeover.rejects') IS NOT NULL AS there`

/** `$3`: was the target empty, `$4`: rows expected. The clock is read once, so that every worker writes the same `now`. */
export const openJob = `INSERT INTO changeover.jobs (run, step, state, now, fresh, total)
  VALUES ($1, $2, 'open', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), $3, $4)
  ON CONFLICT (run, step) DO UPDATE SET state = 'open', waits = NULL WHERE changeover.jobs.state <> 'undone'`

export interface Job {
  readonly [column: string]: unknown
  readonly state: 'open' | 'paused' | 'undone'
  readonly now: string
  readonly fresh: boolean
  readonly total: number
  readonly walked: boolean
  readonly low_key: readonly string[] | null
  readonly last_number: number
  readonly waits: string | null
}

const jobColumns = `state, now, fresh, total::float8 AS total, walked, low_key, last_number::float8 AS last_number, waits`
export const readJob = `SELECT ${jobColumns} FROM changeover.jobs WHERE run = $1 AND step = $2`
export const lockJob = `${readJob} FOR UPDATE`

/** `$3`: open, paused or undone. */
export const setJob = `UPDATE changeover.jobs SET state = $3 WHERE run = $1 AND step = $2 AND state <> $3`
/** `$3`: why the hands wait, or null. */
export const setWaits = `UPDATE changeover.jobs SET waits = $3 WHERE run = $1 AND step = $2 AND waits IS DISTINCT FROM $3`

/** Cuts the next chunk off. `$3`: its number, `$4`/`$5`: its keys as JSON text, null at an end of the table. */
export const cutChunk = `INSERT INTO changeover.chunks (run, step, number, low_key, high_key, state)
  VALUES ($1, $2, $3, $4::text::jsonb, $5::text::jsonb, 'free')`
/** `$3`: the number, `$4`: where the next chunk begins. Null there: the table was walked to its end. */
export const moveEdge = `UPDATE changeover.jobs SET last_number = $3, low_key = coalesce($4::text::jsonb, low_key), walked = $4::text IS NULL
  WHERE run = $1 AND step = $2`

export interface Chunk {
  readonly [column: string]: unknown
  readonly number: number
  readonly low_key: readonly string[] | null
  readonly high_key: readonly string[] | null
  /** Only of chunks that are done. */
  readonly rows: number
  readonly hash: string | null
  readonly state: 'free' | 'done'
}

const chunkColumns = `c.number::float8 AS number, c.low_key, c.high_key, c.rows::float8 AS rows, c.hash::text AS hash, c.state`

/** Takes a free chunk that nobody holds, until the transaction ends. A killed worker's lock goes with its connection. */
export const claimChunk = `SELECT ${chunkColumns} FROM changeover.chunks c JOIN changeover.jobs j ON j.run = c.run AND j.step = c.step
  WHERE c.run = $1 AND c.step = $2 AND c.state = 'free' AND j.state = 'open' ORDER BY c.number LIMIT 1 FOR UPDATE OF c SKIP LOCKED`

/** `$3` number, `$4` rows, `$5` hash, `$6` rejects, `$7` milliseconds, `$8` the path they took. */
export const finishChunk = `UPDATE changeover.chunks SET state = 'done', rows = $4, hash = $5, rejects = $6, took_ms = $7, path = $8
  WHERE run = $1 AND step = $2 AND number = $3`

/** `$3` number, `$4` a JSON list of `{key, reason}`. */
export const noteRejects = `INSERT INTO changeover.rejects (run, step, number, key, reason)
  SELECT $1, $2, $3, each->'key', each->>'reason' FROM jsonb_array_elements($4::text::jsonb) each`

export interface Tally {
  readonly [column: string]: unknown
  readonly rows: number
  readonly rejects: number
  readonly done: number
  readonly free: number
}
export const tally = `SELECT coalesce(sum(rows), 0)::float8 AS rows, coalesce(sum(rejects), 0)::float8 AS rejects,
  count(*) FILTER (WHERE state = 'done')::float8 AS done, count(*) FILTER (WHERE state = 'free')::float8 AS free
  FROM changeover.chunks WHERE run = $1 AND step = $2`

export const firstRejects = `SELECT key, reason FROM changeover.rejects WHERE run = $1 AND step = $2 ORDER BY number, key LIMIT 5`

/** Chunks with rows that were refused are done again, after the lens or the rows were mended. */
export const freeRejected: readonly string[] = [
  `DELETE FROM changeover.rejects WHERE run = $1 AND step = $2`,
  `UPDATE changeover.chunks SET state = 'free', rejects = 0, rows = 0 WHERE run = $1 AND step = $2 AND rejects > 0`,
]

/** `$3`: chunks after this number, `$4`: at most so many. */
export const chunksDone = `SELECT ${chunkColumns} FROM changeover.chunks c
  WHERE c.run = $1 AND c.step = $2 AND c.state = 'done' AND c.number > $3 ORDER BY c.number LIMIT $4`

/** The last chunk that stands, taken for undoing: waits for a worker that still holds it. */
export const takeBack = `SELECT ${chunkColumns} FROM changeover.chunks c WHERE c.run = $1 AND c.step = $2
  ORDER BY c.number DESC LIMIT 1 FOR UPDATE`
export const dropChunk = `DELETE FROM changeover.chunks WHERE run = $1 AND step = $2 AND number = $3`
export const dropJob: readonly string[] = [
  `DELETE FROM changeover.rejects WHERE run = $1 AND step = $2`,
  `DELETE FROM changeover.chunks WHERE run = $1 AND step = $2`,
  `DELETE FROM changeover.jobs WHERE run = $1 AND step = $2`,
]

/** Takes the tables away when no job is left in them, and the schema when nothing else is in it. One transaction. */
export const dropLedger = `DO $$
BEGIN
  PERFORM pg_advisory_xact_lock(7210, hashtext('changeover.chunks'));
  IF to_regclass('changeover.jobs') IS NOT NULL THEN
    LOCK TABLE changeover.jobs IN ACCESS EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT FROM changeover.jobs) THEN
      DROP TABLE IF EXISTS changeover.rejects, changeover.chunks, changeover.jobs;
    END IF;
  END IF;
  IF to_regnamespace('changeover') IS NOT NULL THEN
    BEGIN
      DROP SCHEMA changeover;
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
      NULL;
    END;
  END IF;
END $$`

/** Marks the transaction's writes as the tool's own, so that mirrors leave them alone. */
export const asTool = `SELECT set_config('changeover.writer', 'tool', true)`
