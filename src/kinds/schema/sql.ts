/** `schema.sql`: a script up and a script down. Linted by the server's grammar, committed once, whatever is killed. */
import type { z } from 'zod'
import { block } from '../../core/finding.ts'
import { defineKind } from '../../core/kind.ts'
import { destroys, lint, loadParser, predict } from '../../sql/index.ts'
import { begin, forget, parts as partsDone } from './applied.ts'
import { type DatabaseRole, blocked } from './persist.ts'
import { type Part, cut, droppedTables, lasting, shortened } from './script.ts'
import { backwards, downFindings, locksShown, openEnds, refusals, upFindings } from './script-judge.ts'
import { runPart } from './script-run.ts'
import { type ScriptSpec, type ScriptWork, scriptSpec } from './script-spec.ts'

// `plan` is pure and not asynchronous: the grammar is there before it is asked.
await loadParser()

export const schemaSql = defineKind<DatabaseRole, ScriptSpec, ScriptWork>({
  name: 'schema.sql',
  summary: 'Runs a script of SQL in one transaction where possible, and the script that leads back on rollback.',
  roles: { database: 'database' },
  spec: scriptSpec as unknown as z.ZodType<ScriptSpec>,
  example: { up: 'CREATE TABLE nodes (id uuid PRIMARY KEY)', down: 'DROP TABLE nodes' },

  plan(asked, { facts: { database } }) {
    const up = cut(asked.up, database)
    const after = predict(database, asked.up)
    const down = cut(asked.down, after.facts)
    const keep = asked.keep === 'table' ? droppedTables(asked.down, after.facts) : []
    const findings = [
      ...refusals([...up.refused, ...down.refused]),
      ...upFindings(asked, database, up.written),
      ...downFindings(asked, database, after.facts),
      ...openEnds(after.certain),
    ]
    const lossy = asked.keep === 'drop' && droppedTables(asked.down, after.facts).length > 0
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
      preview: [
        ...up.parts.flatMap((part) => part.lines.map(({ text }) => shortened(text))),
        ...backwards(asked, after.facts),
      ],
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
    return blocked(at.on.database, locks)
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

/** With `transaction: none` every statement is a part of its own. */
function each(asked: ScriptSpec, parts: readonly Part[]): readonly Part[] {
  if (asked.transaction === 'auto') return parts
  return parts.flatMap((part) =>
    part.together
      ? part.lines.map((line, index) => ({
          together: true,
          lines: [...lasting(part.lines.slice(0, index)).filter(({ text }) => text !== line.text), line],
          locks: part.locks,
        }))
      : [part],
  )
}
