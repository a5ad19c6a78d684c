/** Runs one part of a script exactly once, whatever is killed: its note is committed with it, or it is looked at before. */
import type { Mark, Writing } from '../../core/kind.ts'
import { quoteName } from '../../sql/index.ts'
import { parts as partsDone, write } from './applied.ts'
import { keepRows } from './keep.ts'
import { type DatabaseRole, persist } from './persist.ts'
import type { Line, Part } from './script.ts'
import type { ScriptWork } from './script-spec.ts'

/** Commits one part with its note; on the way down the rows of tables that go are put aside in the same transaction. */
export async function* runPart(
  work: ScriptWork,
  part: Part,
  number: number,
  at: Writing<DatabaseRole>,
  textOf: (line: Line) => string,
): AsyncGenerator<Mark> {
  const { database } = at.on
  const limit = { lockMs: work.lockMs, ...(work.statementMs === null ? {} : { statementMs: work.statementMs }) }
  const patience = { locks: part.locks, lockMs: work.lockMs, retries: work.retries }
  yield* persist(at, { part: number, tried: true }, patience, async () => {
    if ((await partsDone(database, at)).has(number)) return
    if (part.together) {
      await database.transaction(async (tx) => {
        if (number < 0) await keepRows(tx, at, work.keep)
        for (const line of part.lines) await tx.run(textOf(line))
        await write(tx, at, number)
      }, limit)
      return
    }
    for (const line of part.lines) await runAlone(line, textOf(line), at, limit)
    await database.transaction((tx) => write(tx, at, number))
  })
}

/** A statement that no transaction can hold: looked at first, because nothing can be noted together with it. */
async function runAlone(
  line: Line,
  text: string,
  at: Writing<DatabaseRole>,
  limit: { readonly lockMs: number },
): Promise<void> {
  const { database } = at.on
  // CONCURRENTLY waits for every older transaction as for a lock: a short limit would only leave an invalid index.
  const patient = { ...limit, lockMs: 0 }
  if (line.look === null) {
    await database.run(text, undefined, patient)
    return
  }
  const [schema = '', ...rest] = line.look.object.split('.')
  const name = rest.join('.')
  const [found] = await database.rows<{ valid: boolean | null; parent: boolean; pending: boolean }>(
    `SELECT i.indisvalid AS valid, h.inhrelid IS NOT NULL AS parent, coalesce((to_jsonb(h) ->> 'inhdetachpending')::boolean, false) AS pending
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
      WHERE n.nspname = $1 AND c.relname = $2`,
    [schema, name],
  )
  if (line.look.type === 'gone' && !found) return
  if (line.look.type === 'detached' && !found?.parent) return
  if (line.look.type === 'index' && found?.valid === true) return
  if (line.look.type === 'index' && found?.valid === false) {
    await database.run(`DROP INDEX CONCURRENTLY IF EXISTS ${quoteName(schema, name)}`, undefined, patient)
  }
  await database.run(found?.pending ? text.replace(/\bCONCURRENTLY\b/i, 'FINALIZE') : text, undefined, patient)
}
