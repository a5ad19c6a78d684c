/** `schema.index`: an index made while everybody goes on writing. One that a failed attempt left invalid is dropped and built again. */
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { block, risk } from '../../core/finding.ts'
import { defineKind, type Mark, type Writing } from '../../core/kind.ts'
import type { Row } from '../../core/ports/index.ts'
import { loadParser, predict, qualify, quoteKey, quoteName } from '../../sql/index.ts'
import { invalidThere, standing, withoutInvalid } from './index-standing.ts'
import { mustOwn } from './owner.ts'
import { type DatabaseRole, persist } from './persist.ts'

// `plan` is pure and not asynchronous: the grammar is there before it is asked.
await loadParser()

const spec = z.strictObject({
  table: z.string().min(1).describe('`users`, or with its schema `shop.users`.'),
  name: z.string().min(1).max(63).describe('The name of the index.'),
  columns: z
    .array(z.string().min(1))
    .min(1)
    .describe('Columns; with an order as `created_at DESC`; expressions in brackets.'),
  unique: z.boolean().default(false),
  method: z.enum(['btree', 'hash', 'gin', 'gist', 'brin', 'spgist']).default('btree'),
  include: z.array(z.string().min(1)).default([]),
  where: z.string().min(1).optional().describe('SQL: only rows for which this is true.'),
  retries: z.int().min(0).max(100).default(5).describe('Tries after the first.'),
})

type Spec = z.output<typeof spec>

type Work = {
  readonly table: string
  readonly name: string
  readonly index: string
  readonly create: string
  readonly drop: string
  readonly retries: number
}

export const schemaIndex = defineKind<DatabaseRole, Spec, Work>({
  name: 'schema.index',
  summary: 'Makes an index CONCURRENTLY, mends an invalid one, and drops it CONCURRENTLY on rollback.',
  roles: { database: 'database' },
  spec: spec as unknown as z.ZodType<Spec>,
  example: { table: 'federation_nodes', name: 'idx_federation_nodes_region', columns: ['region'] },

  plan(asked, { facts: { database } }) {
    const table = qualify(asked.table)
    const index = `${table.slice(0, table.indexOf('.'))}.${asked.name}`
    const create = statement(asked, table)
    const drop = `DROP INDEX CONCURRENTLY IF EXISTS ${quoteKey(index)}`
    return {
      work: { table, name: asked.name, index, create, drop, retries: asked.retries },
      predicted: { database: predict(withoutInvalid(database, table, asked.name), create).facts },
      preview: [create, `on rollback: ${drop}`],
      undo: invalidThere(database, table, asked.name) ? 'lossy' : 'exact',
      locks: [
        { object: table, mode: 'SHARE UPDATE EXCLUSIVE', holds: 'while the index is built; reads and writes go on' },
      ],
      findings: standing(database, table, asked.name, index),
    }
  },

  async check(work, at) {
    const strange = await mustOwn(at.on.database, [work.table])
    const [oldest] = await at.on.database.rows<{ pid: number; seconds: number }>(
      `SELECT pid, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds FROM pg_stat_activity
        WHERE xact_start < clock_timestamp() - interval '1 minute' AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND datname = current_database() ORDER BY 2 DESC LIMIT 1`,
    )
    if (!oldest) return strange
    return [
      ...strange,
      risk(
        'schema.index-waits',
        `pid ${oldest.pid} has had a transaction open for ${Math.round(oldest.seconds)} s: the index is not finished before it ends`,
        'end that transaction',
      ),
    ]
  },

  async *apply(work, at) {
    yield* settle(work, at, false)
    if ((await state(work, at)) !== 'valid') yield* build(work, at)
    yield { at: 'made', done: 1, of: 1, unit: 'index' }
  },

  async verify(work, at) {
    const now = await state(work, at)
    return now === 'valid'
      ? []
      : [
          block(
            'schema.index-not-valid',
            `index "${work.index}" is ${now}`,
            'run `changeover resume`: it is built again',
          ),
        ]
  },

  async *rollback(work, at) {
    yield* settle(work, at, true)
    if ((await state(work, at)) !== 'absent') {
      yield* persist(at, 'dropping', { locks: [], lockMs: 0, retries: work.retries }, () =>
        at.on.database.run(work.drop, undefined, unlimited).then(() => undefined),
      )
    }
    yield { at: 'dropped', done: 1, of: 1, unit: 'index' }
  },
})

/** CONCURRENTLY waits for every older transaction as for a lock: a limit would end the work and leave an invalid index. */
const unlimited = { lockMs: 0 }

/** Builds until it is valid, showing the server's own progress. */
async function* build(work: Work, at: Writing<DatabaseRole>): AsyncGenerator<Mark> {
  const outcome: { error?: unknown; ended?: true } = {}
  const attempt = make(work, at)
    .catch((error: unknown) => void (outcome.error = error))
    .then(() => void (outcome.ended = true))
  const awake = new AbortController()
  try {
    while (!outcome.ended) {
      const pause = at.clock.sleep(1000, AbortSignal.any([at.signal, awake.signal])).catch(() => undefined)
      await Promise.race([attempt, pause])
      const mark = outcome.ended ? undefined : await progress(work, at)
      if (mark) yield mark
    }
  } finally {
    awake.abort()
  }
  if (outcome.error !== undefined) throw outcome.error
  if ((await state(work, at)) !== 'valid')
    throw new ChangeoverError(
      'target.failed',
      `index "${work.index}" is invalid after it was built`,
      'look for rows that break it, then run `changeover resume`',
    )
}

async function make(work: Work, at: Writing<DatabaseRole>): Promise<void> {
  if ((await state(work, at)) === 'invalid') await at.on.database.run(work.drop, undefined, unlimited)
  if ((await state(work, at)) === 'absent') await at.on.database.run(work.create, undefined, unlimited)
}

/**
 * Whoever began may be dead while the server still runs their statement. Polled, never waited for with a lock: the statement itself
 * waits for every transaction that is older, and the two would stand in each other's way for good.
 */
async function* settle(work: Work, at: Writing<DatabaseRole>, cancel: boolean): AsyncGenerator<Mark> {
  for (;;) {
    const running = await at.on.database.rows<{ pid: number }>(
      `SELECT pid${cancel ? ', pg_cancel_backend(pid)' : ''} FROM pg_stat_activity
        WHERE state = 'active' AND pid <> pg_backend_pid() AND left(query, 1000) IN (left($1, 1000), left($2, 1000))`,
      [work.create, work.drop],
    )
    if (running.length === 0) return
    yield { at: 'settling', note: `pid ${running[0]?.pid} still works on "${work.index}" for a runner that is gone` }
    await at.clock.sleep(200, at.signal)
  }
}

async function state(
  work: Work,
  at: { readonly on: { readonly database: Pick<Writing<DatabaseRole>['on']['database'], 'rows'> } },
): Promise<'absent' | 'valid' | 'invalid'> {
  const [found] = await at.on.database.rows<{ valid: boolean }>(
    // One of that name on another table is not ours to mend or to drop.
    'SELECT indisvalid AND indisready AS valid FROM pg_index WHERE indexrelid = to_regclass($1) AND indrelid = to_regclass($2)',
    [quoteKey(work.index), quoteKey(work.table)],
  )
  return found === undefined ? 'absent' : found.valid ? 'valid' : 'invalid'
}

interface Progress extends Row {
  readonly phase: string
  readonly done: number
  readonly of: number
  readonly waits: number
}

async function progress(work: Work, at: Writing<DatabaseRole>): Promise<Mark | undefined> {
  const [now] = await at.on.database.rows<Progress>(
    `SELECT phase, greatest(blocks_done, tuples_done)::float8 AS done, greatest(blocks_total, tuples_total)::float8 AS of, current_locker_pid AS waits
       FROM pg_stat_progress_create_index WHERE relid = to_regclass($1)`,
    [quoteKey(work.table)],
  )
  if (!now) return undefined
  const waits = now.waits > 0 ? `; waits for pid ${now.waits}` : ''
  return {
    at: 'building',
    ...(now.of > 0 ? { done: now.done, of: now.of, unit: 'block' } : {}),
    note: `${now.phase}${waits}`,
  }
}

function statement(asked: Spec, table: string): string {
  const include =
    asked.include.length === 0 ? '' : ` INCLUDE (${asked.include.map((name) => quoteName(name)).join(', ')})`
  const where = asked.where === undefined ? '' : ` WHERE ${asked.where}`
  const columns = asked.columns.map(element).join(', ')
  return `CREATE ${asked.unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${quoteName(asked.name)} ON ${quoteKey(table)} USING ${asked.method} (${columns})${include}${where}`
}

/** A name is quoted; `name DESC`, an operator class and an expression in brackets stay as they are. */
function element(text: string): string {
  return /^[^\s()"]+$/.test(text) ? quoteName(text) : text
}
