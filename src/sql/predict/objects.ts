/** Objects beside tables: views, sequences, types, functions, extensions. Their text is the server's, so most of it is open. */
import type { AlterEnumStmt, Node } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { objectName, partsName, strings, tableName, walk, writtenType } from '../names.ts'
import { blurViews } from './blur.ts'
import { type Draft, Unsure, known } from './draft.ts'
import { enumsOf } from './elements.ts'
import { partitions } from './kin.ts'
import { blurTexts } from './moves.ts'
import { printedKey, printedName, printedType } from './printed.ts'

/** Follows what is made or changed. False for any other statement. */
export function changeObject(draft: Draft, node: Node): boolean {
  if ('ViewStmt' in node) draft.views[tableName(node.ViewStmt.view)] = unknown
  else if ('CreateTableAsStmt' in node) {
    const group = node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW' ? draft.views : draft.tables
    group[tableName(node.CreateTableAsStmt.into?.rel)] ??= unknown
  } else if ('SelectStmt' in node && node.SelectStmt.intoClause)
    draft.tables[tableName(node.SelectStmt.intoClause.rel)] = unknown
  else if ('CreateTrigStmt' in node)
    addTrigger(draft, tableName(node.CreateTrigStmt.relation), node.CreateTrigStmt.trigname ?? '')
  else if ('RuleStmt' in node) addTrigger(draft, tableName(node.RuleStmt.relation), `rule ${node.RuleStmt.rulename}`)
  else if ('CreateSeqStmt' in node) draft.sequences[tableName(node.CreateSeqStmt.sequence)] = unknown
  else if ('AlterSeqStmt' in node) draft.sequences[tableName(node.AlterSeqStmt.sequence)] = unknown
  else if ('CreateExtensionStmt' in node) draft.extensions[node.CreateExtensionStmt.extname ?? ''] = unknown
  else if ('AlterExtensionStmt' in node) draft.extensions[node.AlterExtensionStmt.extname ?? ''] = unknown
  else return changeType(draft, node) || changeFunction(draft, node)
  return true
}

/** Parts of a divided table have the trigger as well; that of a view is told with the view. */
function addTrigger(draft: Draft, table: string, name: string): void {
  if (draft.views[table] !== undefined) draft.views[table] = unknown
  const rule = name.startsWith('rule ')
  for (const each of [table, ...(rule ? [] : partitions(draft, table))]) {
    const facts = known(draft, each)
    if (facts) facts.triggers[name] = unknown
  }
}

function changeType(draft: Draft, node: Node): boolean {
  if ('CreateEnumStmt' in node)
    draft.types[partsName(strings(node.CreateEnumStmt.typeName))] = strings(node.CreateEnumStmt.vals)
  else if ('AlterEnumStmt' in node) alterEnum(draft, node.AlterEnumStmt)
  else if ('CreateDomainStmt' in node) draft.types[partsName(strings(node.CreateDomainStmt.domainname))] = unknown
  else if ('AlterDomainStmt' in node) draft.types[partsName(strings(node.AlterDomainStmt.typeName))] = unknown
  else if ('CreateRangeStmt' in node || ('DefineStmt' in node && node.DefineStmt.kind === 'OBJECT_AGGREGATE'))
    openFunctions(draft)
  else return 'CompositeTypeStmt' in node || 'DefineStmt' in node || 'AlterTypeStmt' in node
  return true
}

/** A label is put in its place; one that is called otherwise changes every text that holds it. */
function alterEnum(draft: Draft, stmt: AlterEnumStmt): void {
  const name = partsName(strings(stmt.typeName))
  const labels = draft.types[name]
  const { oldVal, newVal = '', newValNeighbor } = stmt
  if (oldVal !== undefined) {
    const was = `'${oldVal.replaceAll("'", "''")}'::${printedKey(name)}`
    for (const facts of Object.values(draft.tables)) if (typeof facts === 'object') blurTexts(facts, was)
    blurViews(draft)
  }
  if (typeof labels !== 'object') {
    draft.types[name] = unknown
    return
  }
  if (oldVal !== undefined) draft.types[name] = labels.map((label) => (label === oldVal ? newVal : label))
  else if (!labels.includes(newVal)) {
    const beside =
      newValNeighbor === undefined ? labels.length : labels.indexOf(newValNeighbor) + (stmt.newValIsAfter ? 1 : 0)
    draft.types[name] = labels.toSpliced(beside, 0, newVal)
  }
}

function changeFunction(draft: Draft, node: Node): boolean {
  if ('CreateFunctionStmt' in node) return createdFunction(draft, node)
  if (!('AlterFunctionStmt' in node)) return false
  const name = objectName(node.AlterFunctionStmt.func && { ObjectWithArgs: node.AlterFunctionStmt.func })
  if (typeof draft.functions === 'object')
    for (const signature of Object.keys(draft.functions))
      if (signature.startsWith(`${name}(`)) draft.functions[signature] = unknown
  return true
}

function openFunctions(draft: Draft): void {
  ;(draft as { functions: unknown }).functions = unknown
}

/** The key of a function holds the printed names and types of its arguments; where they are not certain, all functions are open. */
function createdFunction(draft: Draft, node: Extract<Node, { CreateFunctionStmt: unknown }>): boolean {
  const name = partsName(strings(node.CreateFunctionStmt.funcname))
  const parameters = (node.CreateFunctionStmt.parameters ?? []).flatMap((each) =>
    'FunctionParameter' in each && each.FunctionParameter.mode !== 'FUNC_PARAM_TABLE' ? [each.FunctionParameter] : [],
  )
  const printed = parameters.map((each) => {
    if (!/_(DEFAULT|IN)$/.test(each.mode ?? '') || node.CreateFunctionStmt.is_procedure) return unknown
    // Modifiers of a type are no part of a signature.
    const type = printedType({ ...writtenType(each.argType), args: [] }, enumsOf(draft))
    return type === unknown || each.name === undefined ? type : `${printedName(each.name)} ${type}`
  })
  if (printed.includes(unknown)) openFunctions(draft)
  else if (typeof draft.functions === 'object') draft.functions[`${name}(${printed.join(', ')})`] = unknown
  return true
}

const quiet = new Set(
  (
    'SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt CopyStmt TransactionStmt VariableSetStmt VariableShowStmt GrantRoleStmt VacuumStmt ' +
    'ReindexStmt ClusterStmt RefreshMatViewStmt TruncateStmt LockStmt CreateStatsStmt AlterStatsStmt AlterDefaultPrivilegesStmt AlterOwnerStmt ' +
    'CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt AlterDatabaseStmt AlterDatabaseSetStmt AlterSystemStmt CheckPointStmt NotifyStmt ListenStmt ' +
    'UnlistenStmt LoadStmt PrepareStmt DeallocateStmt DiscardStmt DeclareCursorStmt FetchStmt ClosePortalStmt ConstraintsSetStmt CreatePublicationStmt ' +
    'AlterPublicationStmt CreateSubscriptionStmt AlterSubscriptionStmt DropSubscriptionStmt CreateFdwStmt AlterFdwStmt CreateForeignServerStmt ' +
    'AlterForeignServerStmt CreateUserMappingStmt AlterUserMappingStmt DropUserMappingStmt CreateEventTrigStmt AlterEventTrigStmt CreatePLangStmt ' +
    'CreateCastStmt CreateConversionStmt CreateTransformStmt CreateOpClassStmt CreateOpFamilyStmt AlterOpFamilyStmt AlterOperatorStmt CreateAmStmt ' +
    'AlterCollationStmt AlterTSConfigurationStmt AlterTSDictionaryStmt AlterObjectDependsStmt SecLabelStmt AlterTableMoveAllStmt'
  ).split(' '),
)

/** Statements that change no structure, or none that the facts show. One that calls a function of the site may do anything. */
export function unseen(draft: Draft, node: Node): boolean {
  if (!quiet.has(Object.keys(node)[0] ?? '')) return false
  if ('TransactionStmt' in node && node.TransactionStmt.kind?.includes('ROLLBACK')) throw new Unsure('rollback')
  if (!('SelectStmt' in node)) return true
  const own = typeof draft.functions === 'object' ? Object.keys(draft.functions) : []
  for (const { type, node: call } of walk(node)) {
    if (type !== 'FuncCall') continue
    const name = partsName(strings(call['funcname'] as Node[]))
    if (own.some((signature) => signature.startsWith(`${name}(`))) throw new Unsure(name)
  }
  return true
}
