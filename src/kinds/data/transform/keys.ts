/** What tells the rows of a table apart, and whether the target is told apart the same way. */
import { block, type Finding } from '../../../core/finding.ts'
import type { Catalog, TableFacts } from '../../../core/ports/index.ts'
import { baseType, called, type KeyColumn } from '../../../rows/index.ts'
import type { Work } from './work.ts'

/** The primary key, or else a unique index over columns that are never null. */
export function keyOf(
  table: string,
  facts: TableFacts,
  catalog: Catalog,
): { readonly columns: readonly KeyColumn[]; readonly findings: readonly Finding[] } {
  const names = facts.key.length > 0 ? facts.key : uniqueColumns(facts)
  const columns = names.map((name) => ({ name, type: baseType(facts.columns[name]?.type ?? 'text', catalog.types) }))
  if (columns.length > 0) return { columns, findings: [] }
  const help = `add a key in an earlier step: ALTER TABLE ${table} ADD PRIMARY KEY (…), or CREATE UNIQUE INDEX CONCURRENTLY over columns that are NOT NULL`
  return {
    columns: [],
    findings: [block('rows.no-key', `table "${table}" has no key, so its rows cannot be told apart`, help)],
  }
}

function uniqueColumns(facts: TableFacts): readonly string[] {
  for (const { definition, valid } of Object.values(facts.indexes)) {
    const list = /^CREATE UNIQUE INDEX .* USING btree \(([^()]*)\)$/.exec(definition)?.[1]
    if (list === undefined || !valid) continue
    const names = list.split(', ').map((name) => name.replace(/^"(.*)"$/, '$1').replaceAll('""', '"'))
    if (names.every((name) => facts.columns[name]?.nullable === false)) return names
  }
  return []
}

/** The target must be keyed by the same columns, or a row could stand there twice. */
export function keyFits(work: Work, to: TableFacts): readonly Finding[] {
  if (work.inPlace) return []
  const wanted = work.layout.key.map(({ name }) => called(work.keyNames, name))
  const keys = [to.key, uniqueColumns(to)]
  const same = keys.some((key) => key.length === wanted.length && wanted.every((name) => key.includes(name)))
  if (same) return []
  const message = `table "${work.target}" is not keyed by ${wanted.join(', ')}, as the rows of "${work.source}" are`
  return [
    block(
      'rows.other-key',
      message,
      'give it that primary key, or say in `key` how its columns are called: key: { id: user_id }',
    ),
  ]
}
