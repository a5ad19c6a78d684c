/** `schema.sql`: a script up and a script down. Linted by the server's grammar, committed once, whatever is killed. */
import { z } from 'zod'
import { block, type Finding, note, risk } from '../../core/finding.ts'
import { equal, type Json, missed } from '../../core/json.ts'
import { defineKind, type Lock, type Mark, type Writing } from '../../core/kind.ts'
import type { Catalog } from '../../core/ports/index.ts'
import { destroys, lint, loadParser, predict, rules, scriptLocks } from '../../sql/index.ts'
import { begin, forget, parts as partsDone, write } from './applied.ts'
import { keepRows, keptSchema } from './keep.ts'
import { type DatabaseRole, blockers, persist } from './persist.ts'
import { type Line, type Part, cut, droppedColumns, droppedTables, shortened } from './script.ts'

// `plan` is pure and not asynchronous: the grammar is there before it is asked.
await loadParser()

const spec = z.strictObject({
  up: z.string().min(1).describe('SQL, or `./file.sql`, of which the text is read with the plan.'),
  down: z.string().describe('SQL that leads back. Empty only when `up` changes no structure.'),
  transaction: z.enum(['auto', 'none']).default('auto').describe('`none`: each statement commits by itself.'),
  lockMs: z.int().min(1).max(60_000).default(500).describe('How long one try may wait for its locks, in milliseconds.'),
  statementMs: z.int().min(1).optional().describe('How long one statement may run, in milliseconds.'),
  retries: z.int().min(0).max(1000).default(20).describe('Tries after the first, with growing pauses up to 30 s.'),
  allow: z
    .record(z.string(), z.string().min(10))
    .default({})
    .describe('Lint rules that are let pass, each with the reason.'),
  keep: z
    .enum(['table', 'drop'])
    .default('table')
    .describe(
      `Rows of tables that \`down\` drops: \`table\` copies them to schema ${keptSchema} first, \`drop\` loses them.`,
    ),
})

type Spec = z.output<typeof spec>

type Work = {
  readonly up: readonly Part[]
  readonly down: readonly Part[]
  readonly keep: readonly string[]
  readonly lockMs: number
  readonly statementMs: number | null
  readonly retries: number
}

export const schemaSql = defineKind<DatabaseRole, Spec, Work>({
  name: 'schema.sql',
  summary: 'Runs a script of SQL in one transaction where possible, and the script that leads back on rollback.',
  roles: { database: 'database' },
  spec: spec as unknown as z.ZodType<Spec>,
  example: { up: 'CREATE TABLE nodes (id uuid PRIMARY KEY)', down: 'DROP TABLE nodes' },

  plan(asked, { facts: { database } }) {
    const up = cut(asked.up, database)
    const after = predict(database, asked.up)
    const down = cut(asked.down, after.facts)
    const keep = asked.keep === 'table' ? droppedTables(asked.down) : []
    const findings = [
      ...refusals([...up.refused, ...down.refused]),
      ...upFindings(asked, database, up.written),
      ...downFindings(asked, database, after.facts),
      ...openEnds(after.certain),
    ]
    const lossy = asked.keep === 'drop' && droppedTables(asked.down).length > 0
    return {
      work: {
        up: each(asked, up.parts),
        down: each(asked, down.parts),
        keep,
        lockMs: asked.lockMs,
        statementMs: asked.statementMs ?? null,
        retries: asked.retries,
      },
      predicted: { database: after.facts },
      preview: [...up.parts.flatMap((part) => part.lines.map(({ text }) => shortened(text))), ...backwards(asked)],
      undo:
        lossy || lint(asked.up, { facts: database }).some(({ code }) => destroys(code.slice('lint.'.length)))
          ? 'lossy'
          : 'exact',
      locks: locksShown(asked, database),
      findings,
    }
  },

  async check(work, at) {
    const locks = work.up.flatMap((part) => part.locks)
    const inTheWay = await blockers(at.on.database, { locks, lockMs: 5000 })
    return inTheWay === undefined
      ? []
      : [
          risk(
            'schema.blocked',
            `the locks would not be granted now: ${inTheWay}`,
            'wait for the transaction to end; the step tries again by itself',
          ),
        ]
  },

  async *apply(work, at) {
    const { database } = at.on
    const done = await partsDone(database, at)
    if (!done.has(0)) await begin(database, at)
    for (const [index, part] of work.up.entries()) {
      if (!done.has(index + 1)) yield* runPart(work, part, index + 1, at, (line) => line.text)
      yield { at: { part: index + 1 }, done: index + 1, of: work.up.length, unit: 'part' }
    }
  },

  async verify(work, at) {
    const done = await partsDone(at.on.database, at)
    const left = work.up.filter((_, index) => !done.has(index + 1))
    return left.length === 0
      ? []
      : [
          block(
            'schema.unfinished',
            `${left.length} of ${work.up.length} parts of the script are not committed`,
            'run `changeover resume`',
          ),
        ]
  },

  async *rollback(work, at) {
    const { database } = at.on
    const done = await partsDone(database, at)
    if (done.size === 0) return
    const whole = work.up.every((_, index) => done.has(index + 1))
    const begun = work.up.some((part, index) => done.has(index + 1) || !part.together)
    for (const [index, part] of begun ? work.down.entries() : []) {
      const last = index === work.down.length - 1
      if (!done.has(-index - 1))
        yield* runPart(work, part, -index - 1, at, (line) => (whole ? line.text : line.tolerant))
      if (!last) yield { at: { part: -index - 1 }, done: index + 1, of: work.down.length, unit: 'part' }
    }
    await forget(database, at)
    yield { at: { part: 'forgotten' }, done: work.down.length, of: work.down.length, unit: 'part' }
  },
})

/** Commits one part with its note; on the way down the rows of tables that go are put aside in the same transaction. */
async function* runPart(
  work: Work,
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
    await database.run(
      `DROP INDEX CONCURRENTLY IF EXISTS "${schema.replaceAll('"', '""')}"."${name.replaceAll('"', '""')}"`,
      undefined,
      patient,
    )
  }
  await database.run(found?.pending ? text.replace(/\bCONCURRENTLY\b/i, 'FINALIZE') : text, undefined, patient)
}

/** With `transaction: none` every statement is a part of its own. */
function each(asked: Spec, parts: readonly Part[]): readonly Part[] {
  if (asked.transaction === 'auto') return parts
  return parts.flatMap((part) =>
    part.together ? part.lines.map((line) => ({ together: true, lines: [line], locks: part.locks })) : [part],
  )
}

const ruleNames = new Set(rules.map((rule) => rule.name))
/** The step sets limits and looks before each part, whatever the script says. */
const ours = { limited: { lock: true, statement: true }, exclude: ['prefer-robust-stmts'] }

function upFindings(asked: Spec, facts: Catalog, written: boolean): readonly Finding[] {
  const alone = cut(asked.up, facts).parts.some((part) => !part.together)
  const found = lint(asked.up, { ...ours, facts, inTransaction: asked.transaction === 'auto' && !written && !alone })
  const wrong = Object.keys(asked.allow).filter((name) => !ruleNames.has(name))
  return [
    ...wrong.map((name) =>
      block(
        'schema.unknown-rule',
        `"${name}" in \`allow\` is no rule`,
        'take the name from the finding, without `lint.`',
      ),
    ),
    ...found.filter(({ level }) => level !== 'note').map((finding) => allowed(asked, finding)),
  ]
}

function allowed(asked: Spec, finding: Finding): Finding {
  const reason = asked.allow[finding.code.slice('lint.'.length)]
  if (reason === undefined)
    return finding.level === 'block' ? { ...finding, help: `${finding.help}; or allow it with a reason` } : finding
  return note(finding.code, `${finding.message}; allowed: ${reason}`, 'nothing to do', finding.data)
}

function downFindings(asked: Spec, before: Catalog, after: Catalog): readonly Finding[] {
  const found = asked.down.trim() === '' ? [] : lint(asked.down, { ...ours, facts: after, inTransaction: true })
  const slow = found.filter(({ level, code }) => level === 'block' && !destroys(code.slice('lint.'.length)))
  const locks = slow.map((finding) => risk(finding.code, `on rollback: ${finding.message}`, finding.help, finding.data))
  if (asked.down.trim() === '') {
    const changes = !equal(before as unknown as Json, after as unknown as Json)
    return changes
      ? [
          block(
            'schema.no-way-back',
            'the script changes the structure, and `down` is empty',
            'write the statements that lead back into `down`',
          ),
        ]
      : []
  }
  const back = predict(after, asked.down)
  const left = missed(back.facts as unknown as Json, before as unknown as Json)
  return [
    ...locks,
    ...left
      .slice(0, 5)
      .map(({ path }) =>
        risk(
          'schema.down-differs',
          `\`down\` does not lead back: ${path.join('.')} would be another than before`,
          'mend `down`',
        ),
      ),
  ]
}

function refusals(refused: readonly string[]): readonly Finding[] {
  return refused.map((why) => block('schema.refused', why, 'use a step of the kind that fits, such as schema.index'))
}

function openEnds(certain: boolean): readonly Finding[] {
  return certain
    ? []
    : [
        risk(
          'schema.unpredicted',
          'the script holds a statement of which the effect is not known before (a DO block, a CASCADE)',
          'write the statements out, so that the plan can compare what it sees',
        ),
      ]
}

function backwards(asked: Spec): readonly string[] {
  const tables = droppedTables(asked.down)
  const columns = droppedColumns(asked.down)
  return [
    ...tables.map((table) =>
      asked.keep === 'table'
        ? `on rollback: rows of "${table}" are copied to schema "${keptSchema}" before it is dropped`
        : `on rollback: rows of "${table}" are lost`,
    ),
    ...columns.map((column) => `on rollback: values of "${column}" are dropped with the column`),
  ]
}

function locksShown(asked: Spec, facts: Catalog): readonly Lock[] {
  const shown = scriptLocks(asked.up, facts).flatMap(({ locks }) =>
    locks.filter(({ mode }) => !/^(ACCESS|ROW) SHARE$/.test(mode)),
  )
  return shown.map(({ object, mode, work }) => ({
    object,
    mode,
    holds:
      work.length === 0
        ? 'until the transaction commits'
        : `while the table is ${work.map((one) => ({ rewrite: 'rewritten', scan: 'read', build: 'indexed' })[one]).join(' and ')}`,
  }))
}
