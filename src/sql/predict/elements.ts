/** Columns, constraints and indexes as facts, the way the server will print them. */
import type { ColumnDef, Constraint, IndexStmt, Node } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { columnsOf } from '../expression.ts'
import { builtin, strings, tableName, writtenType } from '../names.ts'
import { type Draft, type DraftTable, chosenName, known } from './draft.ts'
import { printedDefault, printedKey, printedName, printedType } from './printed.ts'

export function enumsOf(draft: Draft): ReadonlySet<string> {
  return new Set(Object.keys(draft.types))
}

/** Adds a column and the constraints written on it. */
export function addColumn(draft: Draft, table: string, facts: DraftTable, column: ColumnDef): void {
  const name = column.colname ?? ''
  const type = writtenType(column.typeName)
  const constraints = (column.constraints ?? []).flatMap((each) => ('Constraint' in each ? [each.Constraint] : []))
  const has = (kind: Constraint['contype']) => constraints.find((each) => each.contype === kind)
  const serial = builtin(type) && /^(big|small)?serial[248]?$/.test(type.name)
  const identity = has('CONSTR_IDENTITY')
  const stated = has('CONSTR_DEFAULT')
  facts.columns[name] = {
    type: column.collClause ? unknown : printedType(type, enumsOf(draft)),
    nullable: !(serial || identity || has('CONSTR_NOTNULL') || has('CONSTR_PRIMARY')),
    default: stated ? printedDefault(stated.raw_expr, type, enumsOf(draft)) : null,
    generated: identity
      ? `GENERATED ${identity.generated_when === 'a' ? 'ALWAYS' : 'BY DEFAULT'} AS IDENTITY`
      : has('CONSTR_GENERATED')
        ? unknown
        : null,
  }
  if (serial || identity) {
    const sequence = `${table.split('.')[0]}.${chosenName(draft, table, [name], 'seq')}`
    draft.sequences[sequence] = unknown
    if (serial)
      facts.columns[name] = { ...facts.columns[name], default: `nextval('${printedKey(sequence)}'::regclass)` }
  }
  for (const each of constraints) addConstraint(draft, table, facts, each, [name])
}

/** Adds a constraint; `own` is the column it was written on. */
export function addConstraint(
  draft: Draft,
  table: string,
  facts: DraftTable,
  constraint: Constraint,
  own: readonly string[] = [],
): void {
  const { contype } = constraint
  if (contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_UNIQUE') addKey(draft, table, facts, constraint, own)
  else if (contype === 'CONSTR_FOREIGN') {
    const columns = constraint.fk_attrs ? strings(constraint.fk_attrs) : own
    facts.constraints[constraint.conname ?? chosenName(draft, table, columns, 'fkey')] = foreignKey(
      draft,
      table,
      constraint,
      columns,
    )
  } else if (contype === 'CONSTR_CHECK') {
    const named = columnsOf(constraint.raw_expr)
    const about = own.length > 0 ? own : named.length === 1 ? named : []
    facts.constraints[constraint.conname ?? chosenName(draft, table, about, 'check')] = unknown
  } else if (contype === 'CONSTR_EXCLUSION') {
    facts.constraints[constraint.conname ?? ''] = unknown
    facts.indexes[constraint.conname ?? ''] = unknown
  } else if (contype === 'CONSTR_NOTNULL' && own.length === 0) {
    for (const column of strings(constraint.keys)) change(facts, column, { nullable: false })
    if (constraint.skip_validation)
      facts.constraints[constraint.conname ?? chosenName(draft, table, strings(constraint.keys), 'not_null')] = unknown
  }
}

function addKey(draft: Draft, table: string, facts: DraftTable, constraint: Constraint, own: readonly string[]): void {
  const primary = constraint.contype === 'CONSTR_PRIMARY'
  const columns = constraint.keys ? strings(constraint.keys) : own
  const name =
    constraint.conname ??
    constraint.indexname ??
    (primary ? chosenName(draft, table, [], 'pkey') : chosenName(draft, table, columns, 'key'))
  if (constraint.indexname) {
    const index = facts.indexes[constraint.indexname]
    delete facts.indexes[constraint.indexname]
    facts.indexes[name] = name === constraint.indexname ? (index ?? unknown) : unknown
    facts.constraints[name] = unknown
    if (primary) facts.key = unknown
    return
  }
  const plain =
    !constraint.nulls_not_distinct &&
    !constraint.including &&
    !constraint.options &&
    !constraint.deferrable &&
    !constraint.without_overlaps
  const list = columns.map(printedName).join(', ')
  facts.constraints[name] = plain ? `${primary ? 'PRIMARY KEY' : 'UNIQUE'} (${list})` : unknown
  facts.indexes[name] = plain
    ? {
        definition: `CREATE UNIQUE INDEX ${printedName(name)} ON ${printedKey(table)} USING btree (${list})`,
        valid: true,
      }
    : unknown
  if (!primary) return
  facts.key = columns
  for (const column of columns) change(facts, column, { nullable: false })
}

const actions: Readonly<Record<string, string>> = { r: 'RESTRICT', c: 'CASCADE', n: 'SET NULL', d: 'SET DEFAULT' }

function foreignKey(draft: Draft, table: string, constraint: Constraint, columns: readonly string[]): string {
  const target = tableName(constraint.pktable)
  const known_ = target === table ? undefined : known(draft, target)
  const named = constraint.pk_attrs ? strings(constraint.pk_attrs) : known_?.key
  if (
    !Array.isArray(named) ||
    constraint.fk_del_set_cols ||
    constraint.fk_with_period ||
    constraint.is_enforced === false
  )
    return unknown
  const parts = [
    `FOREIGN KEY (${columns.map(printedName).join(', ')}) REFERENCES ${printedKey(target)}(${(named as readonly string[]).map(printedName).join(', ')})`,
    constraint.fk_matchtype === 'f' ? 'MATCH FULL' : '',
    actions[constraint.fk_upd_action ?? ''] ? `ON UPDATE ${actions[constraint.fk_upd_action ?? '']}` : '',
    actions[constraint.fk_del_action ?? ''] ? `ON DELETE ${actions[constraint.fk_del_action ?? '']}` : '',
    constraint.deferrable ? 'DEFERRABLE' : '',
    constraint.initdeferred ? 'INITIALLY DEFERRED' : '',
    constraint.skip_validation ? 'NOT VALID' : '',
  ]
  return parts.filter((each) => each !== '').join(' ')
}

/** Changes a known column in place. */
export function change(
  facts: DraftTable,
  column: string,
  what: Partial<{ nullable: boolean; default: string | null; type: string; generated: string | null }>,
): void {
  const was = facts.columns[column]
  if (typeof was === 'object') facts.columns[column] = { ...was, ...what }
}

export function addIndex(draft: Draft, stmt: IndexStmt): void {
  const table = tableName(stmt.relation)
  const facts = known(draft, table)
  if (!facts) return
  const elements = (stmt.indexParams ?? []).map(printedElement)
  const columns = (stmt.indexParams ?? []).map((each) => ('IndexElem' in each ? (each.IndexElem.name ?? 'expr') : ''))
  const name = stmt.idxname ?? chosenName(draft, table, columns, 'idx')
  if (stmt.if_not_exists && facts.indexes[name]) return
  const certain =
    elements.every((each) => each !== undefined) &&
    !stmt.whereClause &&
    !stmt.indexIncludingParams &&
    !stmt.options &&
    !stmt.nulls_not_distinct &&
    !stmt.tableSpace &&
    stmt.relation?.inh !== false
  const definition = `CREATE ${stmt.unique ? 'UNIQUE ' : ''}INDEX ${printedName(name)} ON ${printedKey(table)} USING ${stmt.accessMethod ?? 'btree'} (${elements.join(', ')})`
  facts.indexes[name] = certain ? { definition, valid: true } : unknown
}

function printedElement(node: Node): string | undefined {
  if (!('IndexElem' in node) || !node.IndexElem.name) return undefined
  const { name, ordering, nulls_ordering, opclass, collation } = node.IndexElem
  if (opclass || collation) return undefined
  const descending = ordering === 'SORTBY_DESC'
  const nulls =
    nulls_ordering === 'SORTBY_NULLS_LAST' && descending
      ? ' NULLS LAST'
      : nulls_ordering === 'SORTBY_NULLS_FIRST' && !descending
        ? ' NULLS FIRST'
        : ''
  return `${printedName(name)}${descending ? ' DESC' : ''}${nulls}`
}
