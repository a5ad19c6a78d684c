/** Rows that refer to rows that are not there, as SQL. Knows foreign keys as the server words them, and joins that a person names. */
import type { Quote } from './fingerprint.ts'

/** `columns` of `table` refer to `by` of `to`; tables as `schema.name`. */
export type Relation = {
  readonly name: string
  readonly table: string
  readonly columns: readonly string[]
  readonly to: string
  readonly by: readonly string[]
}

/** A foreign key out of pg_get_constraintdef, or undefined for another constraint. */
export function declaredRelation(name: string, table: string, definition: string): Relation | undefined {
  const found = /^FOREIGN KEY \((.+?)\) REFERENCES ((?:"(?:[^"]|"")+"|[^("]+)+)\((.+?)\)/.exec(definition)
  if (!found) return undefined
  const [, columns, to, by] = found
  return { name, table, columns: names(columns!, ','), to: names(to!, '.').join('.'), by: names(by!, ',') }
}

function names(text: string, between: string): readonly string[] {
  const parts = text.match(between === ',' ? /"(?:[^"]|"")+"|[^,"]+/g : /"(?:[^"]|"")+"|[^."]+/g) ?? []
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part))
}

/** `FROM … WHERE …` of the rows without a partner. A row with a NULL among its columns refers to nothing, as MATCH SIMPLE has it. */
export function orphans(sql: Quote, relation: Relation): string {
  const some = relation.columns.map((column) => `t.${sql.quote(column)} IS NOT NULL`)
  const same = relation.by.map((column, at) => `r.${sql.quote(column)} = t.${sql.quote(relation.columns[at]!)}`)
  const [table, to] = [relation.table, relation.to].map((name) => sql.quote(...name.split('.')))
  return `FROM ${table} t WHERE ${some.join(' AND ')} AND NOT EXISTS (SELECT FROM ${to} r WHERE ${same.join(' AND ')})`
}
