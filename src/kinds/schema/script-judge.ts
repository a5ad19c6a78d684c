/** What a plan says about a script before it is run: lint, the way back, locks, preview. Pure. */
import { block, type Finding, note, risk } from '../../core/finding.ts'
import { equal, type Json, missed } from '../../core/json.ts'
import type { Lock } from '../../core/kind.ts'
import type { Catalog } from '../../core/ports/index.ts'
import { destroys, lint, predict, rules, scriptLocks } from '../../sql/index.ts'
import { keptSchema } from './keep.ts'
import { cut, droppedColumns, droppedTables } from './script.ts'
import type { ScriptSpec } from './script-spec.ts'

const ruleNames = new Set(rules.map((rule) => rule.name))
/** The step sets limits and looks before each part, whatever the script says. */
const ours = { limited: { lock: true, statement: true }, exclude: ['prefer-robust-stmts'] }

export function upFindings(asked: ScriptSpec, facts: Catalog, written: boolean): readonly Finding[] {
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

function allowed(asked: ScriptSpec, finding: Finding): Finding {
  const reason = asked.allow[finding.code.slice('lint.'.length)]
  if (reason === undefined)
    return finding.level === 'block' ? { ...finding, help: `${finding.help}; or allow it with a reason` } : finding
  return note(finding.code, `${finding.message}; allowed: ${reason}`, 'nothing to do', finding.data)
}

export function downFindings(asked: ScriptSpec, before: Catalog, after: Catalog): readonly Finding[] {
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

export function refusals(refused: readonly string[]): readonly Finding[] {
  return refused.map((why) => block('schema.refused', why, 'use a step of the kind that fits, such as schema.index'))
}

export function openEnds(certain: boolean): readonly Finding[] {
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

export function backwards(asked: ScriptSpec, after: Catalog): readonly string[] {
  const tables = droppedTables(asked.down, after)
  const columns = droppedColumns(asked.down, after)
  return [
    ...tables.map((table) =>
      asked.keep === 'table'
        ? `on rollback: rows of "${table}" are copied to schema "${keptSchema}" before it is dropped`
        : `on rollback: rows of "${table}" are lost`,
    ),
    ...columns.map((column) => `on rollback: values of "${column}" are dropped with the column`),
  ]
}

export function locksShown(asked: ScriptSpec, facts: Catalog): readonly Lock[] {
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
