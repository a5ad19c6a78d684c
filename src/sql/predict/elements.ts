/** Columns, constraints and indexes as facts, the way the server will print them. */
import type { CollateClause, ColumnDef, Constraint, IndexStmt, Node } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { columnsOf } from '../expression.ts'
import { builtin, strings, tableName, writtenType } from '../names.ts'
import { type Draft, type DraftTable, Unsure, chosenName, known } from './draft.ts'
import { partitions } from './kin.ts'
import { printedDefault, printedKey, printedName, printedType } from './printed.ts'

export function enumsOf(draft: Draft): ReadonlySet<string> {
  return new Set(Object.keys(draft.types))
}

/** Adds a column and the constraints written on it. */
export function addColumn(draft: Draft, table: string, facts: DraftTable, column: ColumnDef): void {
  const name = column.colname ?? ''
  const type = writtenType(column.typeName)
  const constraints = withTiming(
    (column.constraints ?? []).flatMap((each) => ('Constraint' in each ? [each.Constraint] : [])),
  )
  const has = (kind: Constraint['contype']) => constraints.find((each) => each.contype === kind)
  const serial = builtin(type) && /^(big|small)?serial[248]?$/.test(type.name)
  const identity = has('CONSTR_IDENTITY')
  const stated = has('CONSTR_DEFAULT')
  facts.columns[name] = {
    type: collated(printedType(type, enumsOf(draft)), column.collClause),
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

/** The type with the collation that is written on the column; that of the type itself is not printed, and only the server knows it. */
export function collated(type: string, clause: CollateClause | undefined): string {
  return clause === undefined ? type : strings(clause.collname).join('.') === 'C' ? `${type} COLLATE "C"` : unknown
}

/** On a column DEFERRABLE and the like are written as constraints of their own: they belong to the one before. */
function withTiming(written: readonly Constraint[]): readonly Constraint[] {
  const whole: Constraint[] = []
  for (const each of written) {
    const last = whole.at(-1)
    const timing = timings[each.contype ?? '']
    if (timing === undefined) whole.push(each)
    else if (last) whole[whole.length - 1] = { ...last, ...timing }
  }
  return whole
}

const timings: Readonly<Record<string, Partial<Constraint>>> = {
  CONSTR_ATTR_DEFERRABLE: { deferrable: true },
  CONSTR_ATTR_NOT_DEFERRABLE: { deferrable: false },
  CONSTR_ATTR_DEFERRED: { deferrable: true, initdeferred: true },
  CONSTR_ATTR_IMMEDIATE: { initdeferred: false },
  CONSTR_ATTR_ENFORCED: {},
  CONSTR_ATTR_NOT_ENFORCED: { is_enforced: false, skip_validation: true },
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
    const columns = (constraint.exclusions ?? []).map(excluded)
    const name = constraint.conname ?? chosenName(draft, table, columns, 'excl')
    facts.constraints[name] = unknown
    facts.indexes[name] = unknown
  } else if (contype === 'CONSTR_NOTNULL' && own.length === 0) {
    for (const column of strings(constraint.keys)) change(facts, column, { nullable: false })
    if (constraint.skip_validation)
      facts.constraints[constraint.conname ?? chosenName(draft, table, strings(constraint.keys), 'not_null')] = unknown
  }
}

function excluded(node: Node): string {
  const [element] = 'List' in node ? (node.List.items ?? []) : []
  return element && 'IndexElem' in element ? elementName(element) : 'expr'
}

/** What an index is called after: the column, or the function of an expression. */
function elementName(node: Node): string {
  if (!('IndexElem' in node)) return 'expr'
  const { name, indexcolname, expr } = node.IndexElem
  if (name !== undefined) return name
  if (indexcolname !== undefined) return indexcolname
  const called = expr && 'FuncCall' in expr ? strings(expr.FuncCall.funcname).at(-1) : undefined
  if (called !== undefined) return called
  if (expr && 'CoalesceExpr' in expr) return 'coalesce'
  if (expr && ('A_Expr' in expr || 'BoolExpr' in expr || 'A_Const' in expr)) return 'expr'
  throw new Unsure('expression')
}

/** Two elements of one name are told apart by a number. */
function elementNames(nodes: readonly Node[]): readonly string[] {
  const names: string[] = []
  for (const node of nodes) {
    const base = elementName(node)
    let name = base
    for (let more = 1; names.includes(name); more++) name = `${base}${more}`
    names.push(name)
  }
  return names
}

function addKey(draft: Draft, table: string, facts: DraftTable, constraint: Constraint, own: readonly string[]): void {
  const primary = constraint.contype === 'CONSTR_PRIMARY'
  const columns = constraint.keys ? strings(constraint.keys) : own
  const name =
    constraint.conname ??
    constraint.indexname ??
    (primary
      ? chosenName(draft, table, [], 'pkey')
      : chosenName(draft, table, [...columns, ...strings(constraint.including)], 'key'))
  if (constraint.indexname) {
    const index = facts.indexes[constraint.indexname]
    delete facts.indexes[constraint.indexname]
    facts.indexes[name] = name === constraint.indexname ? (index ?? unknown) : unknown
    facts.constraints[name] = unknown
    if (!primary) return
    facts.key = unknown
    for (const [column, was] of Object.entries(facts.columns))
      if (typeof was === 'object' && was.nullable === true) facts.columns[column] = { ...was, nullable: unknown }
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
  const divided = facts.partition?.startsWith('BY ') === true
  facts.indexes[name] = plain
    ? {
        definition: `CREATE UNIQUE INDEX ${printedName(name)} ON ${divided ? 'ONLY ' : ''}${printedKey(table)} USING btree (${list})`,
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
    constraint.is_enforced !== true
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
  what: Partial<{ nullable: boolean | typeof unknown; default: string | null; type: string; generated: string | null }>,
): void {
  const was = facts.columns[column]
  if (typeof was === 'object') facts.columns[column] = { ...was, ...what }
}

export function addIndex(draft: Draft, stmt: IndexStmt): void {
  const table = tableName(stmt.relation)
  const facts = known(draft, table)
  if (!facts) return addToView(draft, table)
  if (stmt.if_not_exists && stmt.idxname && taken(draft, table, stmt.idxname)) return
  const params = stmt.indexParams ?? []
  const elements = params.map(printedElement)
  const name =
    stmt.idxname ?? chosenName(draft, table, elementNames([...params, ...(stmt.indexIncludingParams ?? [])]), 'idx')
  const divided = facts.partition?.startsWith('BY ') === true
  const certain =
    elements.every((each) => each !== undefined) &&
    !stmt.whereClause &&
    !stmt.indexIncludingParams &&
    !stmt.options &&
    !stmt.nulls_not_distinct &&
    !stmt.tableSpace &&
    facts.partition !== unknown &&
    stmt.relation?.inh === true
  const definition = `CREATE ${stmt.unique ? 'UNIQUE ' : ''}INDEX ${printedName(name)} ON ${divided ? 'ONLY ' : ''}${printedKey(table)} USING ${stmt.accessMethod ?? 'btree'} (${elements.join(', ')})`
  facts.indexes[name] = certain ? { definition, valid: true } : unknown
  if (divided && stmt.relation?.inh) for (const part of partitions(draft, table)) draft.tables[part] = unknown
}

/** The indexes of a materialized view are told with it. */
function addToView(draft: Draft, view: string): void {
  if (draft.views[view] !== undefined) draft.views[view] = unknown
}

/** True where an index of the schema, or anything that is kept like a table, has the name. */
function taken(draft: Draft, table: string, name: string): boolean {
  const schema = table.slice(0, table.indexOf('.') + 1)
  if ([draft.tables, draft.views, draft.sequences].some((group) => (group as Record<string, unknown>)[schema + name]))
    return true
  return Object.keys(draft.tables).some(
    (each) => each.startsWith(schema) && known(draft, each)?.indexes[name] !== undefined,
  )
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
