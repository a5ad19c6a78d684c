/** What is known of the database before a statement of a script: the facts, and what the statements before it did. Judges nothing. */
import type { ColumnDef, Constraint, CreateStmt, DropStmt, IndexStmt, Node, RangeVar, TypeName } from 'libpg-query'
import type { Catalog, TableFacts } from '../core/ports/index.ts'
import { demandsValue } from './expression.ts'
import { madeBy, schemaElements } from './made.ts'
import { objectName, partsName, strings, tableName } from './names.ts'

/** An index that the script made. `ready` is false for one made CONCURRENTLY IF NOT EXISTS: it may be an invalid leftover. */
interface NewIndex {
  readonly table: string
  readonly columns: readonly string[]
  readonly unique: boolean
}

/** Where the transaction stands: outside, inside one the script opened, or inside one that whoever runs the script opened. */
export type Transaction = 'none' | 'written' | 'assumed'

export interface World {
  readonly facts: Catalog | undefined
  /** Tables and materialized views made by the script; nobody else can see rows in them yet. */
  readonly created: Set<string>
  readonly indexes: Map<string, NewIndex>
  /** Those of `created` that no other session can ever see. */
  readonly temporary: Set<string>
  /** Those of `created` that are committed: others may have filled them. */
  readonly shared: Set<string>
  /** Everything else that the script made, as `kind name`: see `madeBy`. */
  readonly others: Set<string>
  readonly dropped: Set<string>
  /** Valid constraints that prove columns not to be null: `table.constraint` to the columns. */
  readonly proofs: Map<string, readonly string[]>
  /** The same for constraints that are NOT VALID yet. */
  readonly pending: Map<string, readonly string[]>
  /** Tables of which a constraint that the script did not write was validated: it may prove anything. */
  readonly validated: Set<string>
  /** What the script said last about `table.column`. */
  readonly nullable: Map<string, boolean>
  readonly types: Map<string, TypeName>
  /** Domains of the script with a constraint, and its partitioned tables. */
  readonly domains: Set<string>
  readonly partitioned: Set<string>
  /** The schema that names without one are looked up in first, where the script has set it. */
  path: string | undefined
}

export function newWorld(given: Catalog | undefined): World {
  const facts = given && settled(given)
  const world: World = {
    facts,
    created: new Set(),
    indexes: new Map(),
    temporary: new Set(),
    shared: new Set(),
    others: new Set(),
    dropped: new Set(),
    proofs: new Map(),
    pending: new Map(),
    validated: new Set(),
    nullable: new Map(),
    types: new Map(),
    domains: new Set(),
    partitioned: new Set(),
    path: undefined,
  }
  for (const [table, { constraints }] of Object.entries(facts?.tables ?? {})) {
    for (const [name, definition] of Object.entries(constraints)) {
      const known = /NOT VALID\s*$/.test(definition) ? world.pending : world.proofs
      known.set(`${table}.${name}`, provedBy(definition))
    }
  }
  return world
}

/** Facts that were predicted may hold `unknown`: what is not known is left out here. */
function settled(facts: Catalog): Catalog {
  const objects = <T>(group: { readonly [name: string]: T }): { readonly [name: string]: T } =>
    typeof group === 'object'
      ? Object.fromEntries(Object.entries(group).filter(([, each]) => typeof each === 'object'))
      : {}
  const tables = Object.entries(objects(facts.tables)).map(([name, table]) => [
    name,
    {
      ...table,
      columns: objects(table.columns),
      indexes: objects(table.indexes),
      key: Array.isArray(table.key) ? table.key : [],
    },
  ])
  return { ...facts, tables: Object.fromEntries(tables) as Catalog['tables'] }
}

/** A table as the facts know it: `open` where a prediction leaves it open, undefined where there is none. */
export function tableIn(facts: Catalog, table: string): TableFacts | 'open' | undefined {
  if (typeof facts.tables !== 'object') return 'open'
  const found = facts.tables[table]
  return found === undefined || typeof found === 'object' ? found : 'open'
}

/** Whose the name of a relation is: the table that has such an index, or the object itself. Undefined where it is free, or not known. */
export function nameTaken(facts: Catalog, key: string): string | undefined {
  const groups = [facts.tables, facts.views, facts.sequences].filter((group) => typeof group === 'object')
  if (groups.some((group) => Object.hasOwn(group, key))) return key
  const dot = key.indexOf('.') + 1
  if (typeof facts.tables !== 'object') return undefined
  return Object.keys(facts.tables).find((table) => {
    const indexes = table.startsWith(key.slice(0, dot)) ? facts.tables[table]?.indexes : undefined
    return typeof indexes === 'object' && Object.hasOwn(indexes, key.slice(dot))
  })
}

export function tableFacts(world: World, table: string): TableFacts | undefined {
  return world.created.has(table) ? undefined : world.facts?.tables[table]
}

/** True for a table that the script made and that nobody else can have filled. */
export function isFresh(world: World, table: string): boolean {
  if (table.startsWith('pg_temp.') || world.temporary.has(table)) return true
  return world.created.has(table) && !world.shared.has(table)
}

/** The columns that a valid constraint, as the server prints it, keeps from being null. */
function provedBy(definition: string): readonly string[] {
  if (!definition.startsWith('CHECK')) return []
  const tests = definition
    .replace(/^CHECK\s*/, '')
    .replace(/ NOT VALID\s*$/, '')
    .split(/\bAND\b/)
  const whole = /\bOR\b/.test(definition) ? [] : tests
  return whole.flatMap((test) => {
    const found = /^[\s(]*("(?:[^"]|"")+"|\w+) IS NOT NULL[\s)]*$/.exec(test)?.[1]
    return found === undefined ? [] : [found.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found]
  })
}

/** True when the server knows that the column holds no NULL; constraints that the same statement drops prove nothing. */
export function nullsRuledOut(world: World, table: string, column: string, dropping: readonly string[] = []): boolean {
  const said = world.nullable.get(`${table}.${column}`)
  if (said === false || (said === undefined && tableFacts(world, table)?.columns[column]?.nullable === false))
    return true
  const proved = [...world.proofs].some(
    ([key, columns]) =>
      key.startsWith(`${table}.`) && columns.includes(column) && !dropping.includes(key.slice(table.length + 1)),
  )
  return proved || world.validated.has(table)
}

/** Notes what a statement did. */
export function advance(world: World, node: Node): void {
  const other = madeBy(node)
  if (other) world.others.add(other)
  if ('CreateStmt' in node) created(world, node.CreateStmt)
  else if ('CreateTableAsStmt' in node)
    made(world, node.CreateTableAsStmt.into?.rel, node.CreateTableAsStmt.if_not_exists === true)
  else if ('SelectStmt' in node && node.SelectStmt.intoClause) made(world, node.SelectStmt.intoClause.rel, false)
  else if ('CreateSchemaStmt' in node) for (const each of schemaElements(node.CreateSchemaStmt)) advance(world, each)
  else if ('CreateDomainStmt' in node) {
    const { domainname, constraints } = node.CreateDomainStmt
    if (constraints?.some((each) => 'Constraint' in each && /CHECK|NOTNULL/.test(each.Constraint.contype ?? '')))
      world.domains.add(partsName(strings(domainname)))
  } else if ('IndexStmt' in node) indexed(world, node.IndexStmt)
  else if ('DropStmt' in node) dropped(world, node.DropStmt)
  else if ('RenameStmt' in node && node.RenameStmt.renameType === 'OBJECT_TABLE') {
    const from = tableName(node.RenameStmt.relation)
    if (world.created.delete(from)) world.created.add(`${from.split('.')[0]}.${node.RenameStmt.newname}`)
  } else if ('AlterTableStmt' in node) {
    for (const cmd of node.AlterTableStmt.cmds ?? []) altered(world, tableName(node.AlterTableStmt.relation), cmd)
  } else if ('VariableSetStmt' in node && node.VariableSetStmt.name === 'search_path') {
    const [first] = node.VariableSetStmt.args ?? []
    world.path = first && 'A_Const' in first ? first.A_Const.sval?.sval : undefined
  }
}

function made(world: World, range: RangeVar | undefined, unlessThere: boolean): void {
  const table = tableName(range)
  if (unlessThere && world.facts?.tables[table]) return
  // A name without a schema is read as one of `public`, so a table of the search path goes by both.
  const twin = range?.schemaname === undefined ? world.path : range.schemaname === world.path ? 'public' : undefined
  for (const name of [table, ...(twin === undefined ? [] : [`${twin}.${range?.relname}`])]) {
    world.created.add(name)
    world.dropped.delete(name)
    if (range?.relpersistence === 't') world.temporary.add(name)
  }
}

function created(world: World, { relation, tableElts, if_not_exists, partspec }: CreateStmt): void {
  made(world, relation, if_not_exists === true)
  if (partspec) world.partitioned.add(tableName(relation))
  for (const each of tableElts ?? []) if ('ColumnDef' in each) typed(world, tableName(relation), each.ColumnDef)
}

function typed(world: World, table: string, { colname, typeName }: ColumnDef, name = colname): void {
  if (typeName) world.types.set(`${table}.${name}`, typeName)
}

function indexed(world: World, { idxname, relation, indexParams, unique }: IndexStmt): void {
  if (!idxname) return
  world.indexes.set(`${relation?.schemaname ?? 'public'}.${idxname}`, {
    table: tableName(relation),
    columns: (indexParams ?? []).map((each) => ('IndexElem' in each ? (each.IndexElem.name ?? '(expression)') : '')),
    unique: unique === true,
  })
}

function dropped(world: World, { objects, removeType }: DropStmt): void {
  for (const object of objects ?? []) {
    const name = objectName(object)
    world.created.delete(name)
    world.indexes.delete(name)
    world.others.delete(`${removeType} ${name}`)
    world.dropped.add(name)
  }
}

function altered(world: World, table: string, node: Node): void {
  if (!('AlterTableCmd' in node)) return
  const { subtype, name = '', def } = node.AlterTableCmd
  const key = `${table}.${name}`
  if (subtype === 'AT_SetNotNull') world.nullable.set(key, false)
  if (subtype === 'AT_DropNotNull') world.nullable.set(key, true)
  if ((subtype === 'AT_AddColumn' || subtype === 'AT_AlterColumnType') && def && 'ColumnDef' in def)
    typed(world, table, def.ColumnDef, def.ColumnDef.colname ?? name)
  if (subtype === 'AT_AddConstraint' && def && 'Constraint' in def) {
    const known = def.Constraint.skip_validation ? world.pending : world.proofs
    known.set(`${table}.${def.Constraint.conname ?? `#${known.size}`}`, provedColumns(def.Constraint))
  }
  if (subtype === 'AT_DropConstraint') for (const known of [world.pending, world.proofs]) known.delete(key)
  if (subtype !== 'AT_ValidateConstraint') return
  const proves = world.pending.get(key) ?? world.proofs.get(key)
  if (proves) world.proofs.set(key, proves)
  else world.validated.add(table)
}

function provedColumns(constraint: Constraint): readonly string[] {
  if (constraint.contype === 'CONSTR_NOTNULL') return strings(constraint.keys)
  return constraint.contype === 'CONSTR_CHECK' ? demandsValue(constraint.raw_expr) : []
}
