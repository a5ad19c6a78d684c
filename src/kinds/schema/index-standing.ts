/** What stands where an index is to be made: its table, one of the same name, an invalid one, partitions. Asks the facts alone. */
import { block, type Finding, risk } from '../../core/finding.ts'
import type { Catalog, TableFacts } from '../../core/ports/index.ts'
import { nameTaken, tableIn } from '../../sql/index.ts'

export function standing(facts: Catalog, table: string, name: string, index: string): readonly Finding[] {
  return [...findingsFor(tableIn(facts, table), table, name), ...elsewhere(facts, table, index)]
}

/** Names of indexes are of the schema: another table may have the index, or be called so. */
function elsewhere(facts: Catalog, table: string, index: string): readonly Finding[] {
  const divided = tableIn(facts, table)
  const taken = nameTaken(facts, index)
  return [
    ...(taken === undefined || taken === table
      ? []
      : [block('schema.name-taken', `"${index}" is there already: it belongs to "${taken}"`, 'choose another name')]),
    ...(typeof divided === 'object' && divided.partition?.startsWith('BY ')
      ? [
          block(
            'schema.index-divided',
            `"${table}" has partitions, and the server makes no index CONCURRENTLY on such a table`,
            'make one on each partition, then one on the table by schema.sql: it takes those in',
          ),
        ]
      : []),
  ]
}

function findingsFor(table: TableFacts | 'open' | undefined, key: string, name: string): readonly Finding[] {
  if (typeof table !== 'object')
    return table === undefined
      ? [
          block(
            'schema.no-table',
            `there is no table "${key}" in the database`,
            'mend `table`, or make it in an earlier step',
          ),
        ]
      : []
  const index = table.indexes[name]
  if (index === undefined) return []
  if (typeof index === 'object' && !index.valid)
    return [
      risk(
        'schema.index-invalid',
        `an invalid index "${name}" is there; it is dropped and built anew, and a rollback does not bring it back`,
        'nothing to do',
      ),
    ]
  return [
    block('schema.index-there', `"${key}" has an index "${name}" already`, 'choose another name, or remove the step'),
  ]
}

/** The facts without an invalid index of that name, which is built anew. */
export function withoutInvalid(facts: Catalog, key: string, name: string): Catalog {
  const table = tableIn(facts, key)
  if (typeof table !== 'object' || !table.indexes[name]) return facts
  const indexes = Object.fromEntries(Object.entries(table.indexes).filter(([each]) => each !== name))
  return { ...facts, tables: { ...facts.tables, [key]: { ...table, indexes } } }
}

/** An invalid index that is mended does not come back on rollback. */
export function invalidThere(facts: Catalog, key: string, name: string): boolean {
  const table = tableIn(facts, key)
  const index = typeof table === 'object' ? table.indexes[name] : undefined
  return typeof index === 'object' && !index.valid
}
