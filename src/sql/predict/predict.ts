/** The facts after a script. Certain where the server's own text is; elsewhere `unknown`, which anything meets. */
import type { AlterTableStmt, CreateStmt, Node } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import type { Catalog } from '../../core/ports/index.ts'
import { partsName, strings, tableName, writtenType } from '../names.ts'
import { parse } from '../parser.ts'
import { alterTable, drop, rename } from './alter.ts'
import { type Draft, type DraftTable, Unsure, draftOf, known } from './draft.ts'
import { changeExtras } from './extras.ts'
import { addColumn, addConstraint, addIndex, enumsOf } from './elements.ts'
import { printedName, printedType } from './printed.ts'

/** `certain` is false where a statement (a DO block, say) may have done anything: then every group of facts is `unknown`. */
export function predict(facts: Catalog, sql: string): { readonly facts: Catalog; readonly certain: boolean } {
  const open = groups.filter((group) => typeof facts[group] !== 'object')
  const draft = draftOf({ ...facts, ...Object.fromEntries(open.map((group) => [group, {}])) })
  const observed = schemasOf(draft as unknown as Catalog)
  let certain = true
  for (const { node } of parse(sql)) {
    try {
      after(draft, node)
    } catch (error) {
      if (!(error instanceof Unsure)) throw error
      certain = blurTouched(draft, node) && certain
    }
  }
  if (!certain) return { facts: nothingCertain(), certain }
  for (const group of Object.values(draft).filter((each) => typeof each === 'object'))
    for (const name of Object.keys(group)) if (!observed(name) && !knownBefore(facts, name)) group[name] = unknown
  return {
    facts: { ...draft, ...Object.fromEntries(open.map((group) => [group, unknown])) } as unknown as Catalog,
    certain,
  }
}

const groups = ['tables', 'views', 'functions', 'types', 'sequences', 'extensions'] as const

/** An object of a schema that is not observed may never show. Extensions have no schema. */
function schemasOf(facts: Catalog): (name: string) => boolean {
  const seen = new Set(
    [facts.tables, facts.views, facts.functions, facts.types, facts.sequences].flatMap((group) =>
      Object.keys(group).map((name) => name.split('.')[0]),
    ),
  )
  return (name) =>
    !name.includes('.') || seen.has(name.split('.')[0]) || (seen.size === 0 && name.startsWith('public.'))
}

function knownBefore(facts: Catalog, name: string): boolean {
  return Object.values(facts).some((group: object) => name in group)
}

function nothingCertain(): Catalog {
  return Object.fromEntries(groups.map((group) => [group, unknown])) as unknown as Catalog
}

/** Makes the tables of a statement that could not be followed unknown. False when it is not said which they are. */
function blurTouched(draft: Draft, node: Node): boolean {
  if ('CreateStmt' in node) draft.tables[tableName(node.CreateStmt.relation)] = unknown
  else if ('AlterTableStmt' in node) draft.tables[tableName(node.AlterTableStmt.relation)] = unknown
  else if ('IndexStmt' in node) draft.tables[tableName(node.IndexStmt.relation)] = unknown
  else return false
  return true
}

function after(draft: Draft, node: Node): void {
  if ('CreateStmt' in node) return createTable(draft, node.CreateStmt)
  if ('IndexStmt' in node) return addIndex(draft, node.IndexStmt)
  if ('DropStmt' in node) return drop(draft, node.DropStmt)
  if ('RenameStmt' in node) return rename(draft, node.RenameStmt)
  if ('AlterTableStmt' in node) return alter(draft, node.AlterTableStmt)
  if (!created(draft, node) && !changeExtras(draft, node) && !unseen(node)) throw new Unsure(Object.keys(node)[0])
}

function alter(draft: Draft, stmt: AlterTableStmt): void {
  const table = tableName(stmt.relation)
  for (const each of stmt.cmds ?? []) {
    if (!('AlterTableCmd' in each)) continue
    const { def } = each.AlterTableCmd
    // Attached or detached: the part is changed as much as the whole.
    if (def && 'PartitionCmd' in def) draft.tables[tableName(def.PartitionCmd.name)] = unknown
    const facts = known(draft, table)
    if (facts) alterTable(draft, table, facts, each.AlterTableCmd)
  }
}

function createTable(draft: Draft, stmt: CreateStmt): void {
  const table = tableName(stmt.relation)
  if (stmt.if_not_exists && draft.tables[table] !== undefined) return
  if (stmt.relation?.relpersistence === 't') return
  if (stmt.inhRelations || stmt.partbound || stmt.partspec || stmt.ofTypename) throw new Unsure(table)
  // Default privileges may give others rights on it.
  const facts: DraftTable = { columns: {}, key: [], indexes: {}, constraints: {}, triggers: {}, rights: unknown }
  if (stmt.options) facts.options = unknown
  draft.tables[table] = facts
  for (const each of stmt.tableElts ?? []) if ('ColumnDef' in each) addColumn(draft, table, facts, each.ColumnDef)
  for (const each of stmt.tableElts ?? []) {
    if ('TableLikeClause' in each) throw new Unsure(table)
    if ('Constraint' in each) addConstraint(draft, table, facts, each.Constraint)
  }
}

/** Other objects that are made. Their text is the server's. */
function created(draft: Draft, node: Node): boolean {
  if ('ViewStmt' in node) draft.views[tableName(node.ViewStmt.view)] = unknown
  else if ('CreateTableAsStmt' in node) {
    const group = node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW' ? draft.views : draft.tables
    group[tableName(node.CreateTableAsStmt.into?.rel)] ??= unknown
  } else if ('CreateTrigStmt' in node) {
    const facts = known(draft, tableName(node.CreateTrigStmt.relation))
    if (facts) facts.triggers[node.CreateTrigStmt.trigname ?? ''] = unknown
  } else if ('CreateEnumStmt' in node)
    draft.types[partsName(strings(node.CreateEnumStmt.typeName))] = strings(node.CreateEnumStmt.vals)
  else if ('AlterEnumStmt' in node) draft.types[partsName(strings(node.AlterEnumStmt.typeName))] = unknown
  else if ('CreateDomainStmt' in node) draft.types[partsName(strings(node.CreateDomainStmt.domainname))] = unknown
  else if ('CreateSeqStmt' in node) draft.sequences[tableName(node.CreateSeqStmt.sequence)] = unknown
  else if ('AlterSeqStmt' in node) draft.sequences[tableName(node.AlterSeqStmt.sequence)] = unknown
  else if ('CreateExtensionStmt' in node) draft.extensions[node.CreateExtensionStmt.extname ?? ''] = unknown
  else if ('CreateFunctionStmt' in node) return createdFunction(draft, node)
  else return false
  return true
}

/** The key of a function holds the printed names and types of its arguments; where they are not certain, all functions are open. */
function createdFunction(draft: Draft, node: Extract<Node, { CreateFunctionStmt: unknown }>): boolean {
  const name = partsName(strings(node.CreateFunctionStmt.funcname))
  const printed = (node.CreateFunctionStmt.parameters ?? []).map((each) => {
    if (!('FunctionParameter' in each) || !/_(DEFAULT|IN)$/.test(each.FunctionParameter.mode ?? '')) return unknown
    const type = printedType(writtenType(each.FunctionParameter.argType), enumsOf(draft))
    const called = each.FunctionParameter.name
    return type === unknown || called === undefined ? type : `${printedName(called)} ${type}`
  })
  if (printed.includes(unknown)) draft.functions = unknown as unknown as Draft['functions']
  else if (typeof draft.functions === 'object') draft.functions[`${name}(${printed.join(', ')})`] = unknown
  return true
}

/** Statements that change no structure, or none that the facts show. */
function unseen(node: Node): boolean {
  const quiet =
    'SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt CopyStmt TransactionStmt VariableSetStmt VariableShowStmt GrantRoleStmt VacuumStmt ' +
    'ReindexStmt ClusterStmt RefreshMatViewStmt TruncateStmt LockStmt ExplainStmt CreateStatsStmt AlterStatsStmt CreateSchemaStmt ' +
    'AlterDefaultPrivilegesStmt AlterOwnerStmt CreateRoleStmt AlterRoleStmt RuleStmt CheckPointStmt NotifyStmt ListenStmt CreatePublicationStmt AlterPublicationStmt'
  const type = Object.keys(node)[0] ?? ''
  if ('SelectStmt' in node && node.SelectStmt.intoClause) return false
  return quiet.split(' ').includes(type)
}
