/** What tells the rows of a table apart, and whether the target is told apart the same way. */
import { block, type Finding, risk } from '../../../core/finding.ts'
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

export function isDeferrable(table: TableFacts): boolean {
  return Object.values(table.constraints).some((text) => /^PRIMARY KEY .*\) DEFERRABLE/.test(text))
}

/** The target must be keyed by the same columns, or a row could stand there twice. */
export function keyFits(work: Work, to: TableFacts): readonly Finding[] {
  if (work.inPlace) return []
  const wanted = work.layout.key.map(({ name }) => called(work.keyNames, name))
  if (to.key.length === wanted.length && wanted.every((name) => to.key.includes(name)) && isDeferrable(to))
    return [
      block(
        'rows.deferrable',
        `the key of "${work.target}" is DEFERRABLE: the server does not say at once whether a row is there already`,
        'make it NOT DEFERRABLE',
      ),
    ]
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

/** Where both sides sort a key otherwise, ranges are cut on both as the source sorts: the index of the target does not help there. */
export function sortedAlike(
  columns: readonly KeyColumn[],
  from: TableFacts,
  to: TableFacts,
  names: Work['keyNames'],
): { readonly columns: readonly KeyColumn[]; readonly findings: readonly Finding[] } {
  const other = columns.filter(
    ({ name }) => collationOf(from.columns[name]?.type) !== collationOf(to.columns[called(names, name)]?.type),
  )
  const sorted = columns.map((each) =>
    other.includes(each)
      ? {
          ...each,
          type: `${each.type.replace(/ COLLATE .*$/, '')} COLLATE ${collationOf(from.columns[each.name]?.type)}`,
        }
      : each,
  )
  const message = `the key is sorted otherwise in the target (${other.map(({ name }) => `"${name}"`).join(', ')}): it is read whole for each chunk`
  const help = 'give both the same collation where the table is large'
  return { columns: sorted, findings: other.length === 0 ? [] : [risk('rows.collation', message, help)] }
}

function collationOf(type = ''): string {
  return / COLLATE (.*)$/.exec(type)?.[1] ?? 'pg_catalog."default"'
}
