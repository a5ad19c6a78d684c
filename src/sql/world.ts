/** What is known of the database before a statement of a script: the facts, and what the statements before it did. Judges nothing. */
import type { Constraint, Node } from 'libpg-query'
import type { Catalog, TableFacts } from '../core/ports/index.ts'
import { demandsValue } from './expression.ts'
import { objectName, strings, tableName } from './names.ts'

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
  readonly dropped: Set<string>
  /** `table.column` proved not to be null by a valid CHECK. */
  readonly proved: Set<string>
  /** CHECKs added NOT VALID: `table.constraint` to the columns they prove, once validated. */
  readonly pending: Map<string, readonly string[]>
  /** Tables of which a constraint that the script did not write was validated: it may prove anything. */
  readonly validated: Set<string>
}

export function newWorld(given: Catalog | undefined): World {
  const facts = given && settled(given)
  const world: World = {
    facts,
    created: new Set(),
    indexes: new Map(),
    dropped: new Set(),
    proved: new Set(),
    pending: new Map(),
    validated: new Set(),
  }
  for (const [name, table] of Object.entries(facts?.tables ?? {})) {
    for (const definition of Object.values(table.constraints)) {
      for (const column of provedBy(definition)) world.proved.add(`${name}.${column}`)
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

/** The columns that a valid constraint, as the server prints it, keeps from being null. */
function provedBy(definition: string): readonly string[] {
  if (/NOT VALID\s*$/.test(definition) || !definition.startsWith('CHECK')) return []
  const tests = definition.replace(/^CHECK\s*/, '').split(/\bAND\b/)
  const whole = /\bOR\b/.test(definition) ? [] : tests
  return whole.flatMap((test) => {
    const found = /^[\s(]*("(?:[^"]|"")+"|\w+) IS NOT NULL[\s)]*$/.exec(test)?.[1]
    return found === undefined ? [] : [found.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found]
  })
}

/** Notes what a statement did. */
export function advance(world: World, node: Node): void {
  if ('CreateStmt' in node) made(world, tableName(node.CreateStmt.relation), node.CreateStmt.if_not_exists === true)
  else if ('CreateTableAsStmt' in node)
    made(world, tableName(node.CreateTableAsStmt.into?.rel), node.CreateTableAsStmt.if_not_exists === true)
  else if ('SelectStmt' in node && node.SelectStmt.intoClause)
    made(world, tableName(node.SelectStmt.intoClause.rel), false)
  else if ('IndexStmt' in node) {
    const { idxname, relation, indexParams, unique } = node.IndexStmt
    const columns = (indexParams ?? []).map((each) =>
      'IndexElem' in each ? (each.IndexElem.name ?? '(expression)') : '',
    )
    if (idxname)
      world.indexes.set(`${relation?.schemaname ?? 'public'}.${idxname}`, {
        table: tableName(relation),
        columns,
        unique: unique === true,
      })
  } else if ('DropStmt' in node) {
    for (const object of node.DropStmt.objects ?? []) {
      world.created.delete(objectName(object))
      world.indexes.delete(objectName(object))
      world.dropped.add(objectName(object))
    }
  } else if ('RenameStmt' in node && node.RenameStmt.renameType === 'OBJECT_TABLE') {
    const from = tableName(node.RenameStmt.relation)
    if (world.created.delete(from)) world.created.add(`${from.split('.')[0]}.${node.RenameStmt.newname}`)
  } else if ('AlterTableStmt' in node) {
    for (const cmd of node.AlterTableStmt.cmds ?? []) altered(world, tableName(node.AlterTableStmt.relation), cmd)
  }
}

function made(world: World, table: string, unlessThere: boolean): void {
  if (unlessThere && world.facts?.tables[table]) return
  world.created.add(table)
  world.dropped.delete(table)
}

function altered(world: World, table: string, node: Node): void {
  if (!('AlterTableCmd' in node)) return
  const { subtype, name, def } = node.AlterTableCmd
  if (subtype === 'AT_AddConstraint' && def && 'Constraint' in def) {
    const proves = provedColumns(def.Constraint)
    if (def.Constraint.skip_validation) world.pending.set(`${table}.${def.Constraint.conname}`, proves)
    else for (const column of proves) world.proved.add(`${table}.${column}`)
  }
  if (subtype === 'AT_DropConstraint') world.pending.delete(`${table}.${name}`)
  if (subtype !== 'AT_ValidateConstraint') return
  const proves = world.pending.get(`${table}.${name}`) ?? knownProof(world, table, name ?? '')
  if (proves === undefined) world.validated.add(table)
  for (const column of proves ?? []) world.proved.add(`${table}.${column}`)
}

function knownProof(world: World, table: string, constraint: string): readonly string[] | undefined {
  const definition = world.facts?.tables[table]?.constraints[constraint]
  return definition === undefined ? undefined : provedBy(definition.replace(/\s*NOT VALID\s*$/, ''))
}

function provedColumns(constraint: Constraint): readonly string[] {
  if (constraint.contype === 'CONSTR_NOTNULL') return strings(constraint.keys)
  return constraint.contype === 'CONSTR_CHECK' ? demandsValue(constraint.raw_expr) : []
}
