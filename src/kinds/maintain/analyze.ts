/** `maintain.analyze`: fresh statistics for the planner, table by table, outside any transaction. */
import { z } from 'zod'
import { isChangeoverError } from '../../core/errors.ts'
import { block } from '../../core/finding.ts'
import { isObject, type Json } from '../../core/json.ts'
import { defineKind, type Mark, type Writing } from '../../core/kind.ts'
import { qualify, quoteKey, tableIn } from '../../sql/index.ts'

const spec = z.strictObject({
  tables: z.array(z.string().min(1)).default([]).describe('Empty: every table of the target.'),
  vacuum: z.boolean().default(false).describe('Also clear dead rows away and set the visibility map (VACUUM).'),
  lockMs: z
    .int()
    .min(1)
    .max(600_000)
    .default(5000)
    .describe('How long one try may wait for the lock, in milliseconds.'),
})

type Spec = z.output<typeof spec>
type Work = { readonly lines: readonly { readonly table: string; readonly text: string }[]; readonly lockMs: number }
type DatabaseRole = { readonly database: 'database' }

const tries = 10
const pauseMs = 1000

export const maintainAnalyze = defineKind<DatabaseRole, Spec, Work>({
  name: 'maintain.analyze',
  summary: 'Runs ANALYZE, or VACUUM ANALYZE, on the tables named, or on all.',
  roles: { database: 'database' },
  spec: spec as unknown as z.ZodType<Spec>,
  example: { tables: ['federation_nodes'] },

  plan(asked, { facts: { database } }) {
    const known = typeof database.tables === 'object' ? Object.keys(database.tables).sort() : []
    const tables = asked.tables.length > 0 ? asked.tables.map((name) => qualify(name)) : known
    const absent = tables.filter((table) => tableIn(database, table) === undefined)
    const lines = tables.map((table) => ({
      table,
      text: `${asked.vacuum ? 'VACUUM (ANALYZE)' : 'ANALYZE'} ${quoteKey(table)}`,
    }))
    return {
      work: { lines, lockMs: asked.lockMs },
      predicted: {},
      preview: lines.length > 0 ? lines.map(({ text }) => text) : ['there is no table to look at'],
      undo: 'exact',
      locks: tables.map((object) => ({
        object,
        mode: 'SHARE UPDATE EXCLUSIVE',
        holds: 'while a sample is read; reads and writes go on',
      })),
      findings: absent.map((table) =>
        block(
          'maintain.no-table',
          `there is no table "${table}" in the database`,
          'mend `tables`, or make it in an earlier step',
        ),
      ),
    }
  },

  async *apply(work, at, from) {
    for (const [index, line] of work.lines.entries()) {
      if (index < reached(from)) continue
      yield* patiently(work, line.text, at, index)
      yield { at: { next: index + 1 }, done: index + 1, of: work.lines.length, unit: 'table', note: line.table }
    }
  },

  // Statistics are no state of the system: there is nothing to turn back.
  async *rollback() {},
})

function reached(from: Mark): number {
  const place: Json = from?.at ?? null
  return isObject(place) && typeof place['next'] === 'number' ? place['next'] : 0
}

async function* patiently(work: Work, text: string, at: Writing<DatabaseRole>, index: number): AsyncGenerator<Mark> {
  for (let tried = 1; ; tried++) {
    try {
      await at.on.database.run(text, undefined, { lockMs: work.lockMs })
      return
    } catch (error) {
      if (tried >= tries || !isChangeoverError(error) || error.code !== 'target.lock') throw error
      yield {
        at: { next: index },
        done: index,
        of: work.lines.length,
        unit: 'table',
        note: `${error.message}; try ${tried + 1} of ${tries}`,
      }
      await at.clock.sleep(pauseMs, at.signal)
    }
  }
}
