/** The lock of every form of ALTER TABLE, after AlterTableGetLockLevel of the server, and the work each one does. */
import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint, Node } from 'libpg-query'
import { volatileCalls } from './expression.ts'
import type { LockMode, Touch } from './lock.ts'
import { builtin, strings, tableName, writtenType } from './names.ts'
import { keepsBytes, printedType } from './widening.ts'
import { type World, tableFacts } from './world.ts'

type Work = Touch['work'][number]

/** Forms that need less than ACCESS EXCLUSIVE. */
const weaker: Partial<Record<NonNullable<AlterTableCmd['subtype']>, LockMode>> = {
  AT_SetStatistics: 'SHARE UPDATE EXCLUSIVE',
  AT_SetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ResetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ClusterOn: 'SHARE UPDATE EXCLUSIVE',
  AT_DropCluster: 'SHARE UPDATE EXCLUSIVE',
  AT_ValidateConstraint: 'SHARE UPDATE EXCLUSIVE',
  AT_AttachPartition: 'SHARE UPDATE EXCLUSIVE',
  AT_DetachPartitionFinalize: 'SHARE UPDATE EXCLUSIVE',
  AT_EnableTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableAlwaysTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableReplicaTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigUser: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrig: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigUser: 'SHARE ROW EXCLUSIVE',
}

/** Storage parameters that are changed under SHARE UPDATE EXCLUSIVE; any other needs ACCESS EXCLUSIVE. */
const lightOption =
  /^(autovacuum_\w+|log_autovacuum_\w+|fillfactor|parallel_workers|vacuum_index_cleanup|vacuum_truncate|vacuum_max_eager_freeze_failure_rate|toast_tuple_target|n_distinct(_inherited)?|deduplicate_items|pages_per_range|autosummarize|gin_pending_list_limit|effective_io_concurrency|maintenance_io_concurrency|seq_page_cost|random_page_cost)$/

export function alterLocks(stmt: AlterTableStmt, world: World): readonly Touch[] {
  const object = tableName(stmt.relation)
  return (stmt.cmds ?? []).flatMap((each) =>
    'AlterTableCmd' in each ? commandLocks(object, each.AlterTableCmd, world) : [],
  )
}

function commandLocks(object: string, cmd: AlterTableCmd, world: World): readonly Touch[] {
  const self: Touch = { object, mode: modeOf(cmd), work: workOf(object, cmd, world) }
  const peers = peersOf(cmd, object, world)
  return [self, ...peers]
}

function modeOf(cmd: AlterTableCmd): LockMode {
  const { subtype = 'AT_AddColumn', def } = cmd
  if (subtype === 'AT_AddConstraint' && def && 'Constraint' in def) {
    return def.Constraint.contype === 'CONSTR_FOREIGN' ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE'
  }
  if (subtype === 'AT_SetRelOptions' || subtype === 'AT_ResetRelOptions') {
    const names =
      def && 'List' in def
        ? (def.List.items ?? []).flatMap((each) => ('DefElem' in each ? [each.DefElem.defname ?? ''] : []))
        : []
    return names.every((name) => lightOption.test(name)) ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE'
  }
  if (subtype === 'AT_DetachPartition') return concurrentDetach(cmd) ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE'
  return weaker[subtype] ?? 'ACCESS EXCLUSIVE'
}

export function concurrentDetach(cmd: AlterTableCmd): boolean {
  return cmd.def !== undefined && 'PartitionCmd' in cmd.def && cmd.def.PartitionCmd.concurrent === true
}

function peersOf(cmd: AlterTableCmd, self: string, world: World): readonly Touch[] {
  const { subtype, def } = cmd
  if (def && 'PartitionCmd' in def) {
    const part = tableName(def.PartitionCmd.name)
    const work: readonly Work[] = subtype === 'AT_AttachPartition' && !world.created.has(part) ? ['scan'] : []
    return [{ object: part, mode: 'ACCESS EXCLUSIVE', work }]
  }
  if (subtype === 'AT_AddInherit' || subtype === 'AT_DropInherit') {
    return def && 'RangeVar' in def
      ? [{ object: tableName(def.RangeVar), mode: 'SHARE UPDATE EXCLUSIVE', work: [] }]
      : []
  }
  if (subtype === 'AT_DropConstraint' || subtype === 'AT_ValidateConstraint') {
    const peer = keyTarget(tableFacts(world, self)?.constraints[cmd.name ?? ''])
    const mode: LockMode = subtype === 'AT_DropConstraint' ? 'ACCESS EXCLUSIVE' : 'ROW SHARE'
    return peer === undefined || peer === self ? [] : [{ object: peer, mode, work: [] }]
  }
  return references(def).flatMap((peer): readonly Touch[] =>
    peer === self ? [] : [{ object: peer, mode: 'SHARE ROW EXCLUSIVE', work: [] }],
  )
}

/** The tables that a column or a constraint refers to by a foreign key. */
export function references(node: Node | undefined): readonly string[] {
  if (node === undefined) return []
  if ('ColumnDef' in node) return (node.ColumnDef.constraints ?? []).flatMap(references)
  return 'Constraint' in node && node.Constraint.contype === 'CONSTR_FOREIGN'
    ? [tableName(node.Constraint.pktable)]
    : []
}

/** The table that a foreign key, as the server prints it, refers to. */
function keyTarget(definition: string | undefined): string | undefined {
  const target = /^FOREIGN KEY .*? REFERENCES ("?[\w."]+)/.exec(definition ?? '')?.[1]?.replaceAll('"', '')
  return target === undefined || target.includes('.') ? target : `public.${target}`
}

function workOf(table: string, cmd: AlterTableCmd, world: World): readonly Work[] {
  const { subtype, def, name } = cmd
  switch (subtype) {
    case 'AT_AddColumn':
      return def && 'ColumnDef' in def ? columnWork(def.ColumnDef) : []
    case 'AT_AddConstraint':
      return def && 'Constraint' in def ? constraintWork(def.Constraint) : []
    case 'AT_AlterColumnType':
      return typeKept(table, cmd, world) === true ? [] : ['rewrite']
    case 'AT_SetNotNull':
      return nullsRuledOut(table, name ?? '', world) ? [] : ['scan']
    case 'AT_ValidateConstraint':
      return ['scan']
    case 'AT_SetLogged':
    case 'AT_SetUnLogged':
    case 'AT_SetAccessMethod':
    case 'AT_SetTableSpace':
    case 'AT_SetExpression':
      return ['rewrite']
    default:
      return []
  }
}

/** Why adding the column copies the whole table; undefined when it does not. */
export function columnRewrites(column: ColumnDef): string | undefined {
  const type = writtenType(column.typeName)
  if (/^(big|small)?serial[248]?$/.test(type.name) && builtin(type))
    return `the type "${type.name}" gives every row a number of its own`
  for (const each of column.constraints ?? []) {
    if (!('Constraint' in each)) continue
    const { contype, generated_kind, raw_expr } = each.Constraint
    if (contype === 'CONSTR_IDENTITY') return 'an identity gives every row a number of its own'
    if (contype === 'CONSTR_GENERATED' && generated_kind !== 'v')
      return 'a stored generated column is computed for every row'
    if (contype !== 'CONSTR_DEFAULT') continue
    const calls = volatileCalls(raw_expr)
    if (calls.length > 0)
      return `the default calls ${calls.map((call) => `"${call}"`).join(', ')}, which may differ from row to row`
  }
  return undefined
}

function columnWork(column: ColumnDef): readonly Work[] {
  const constraints = (column.constraints ?? []).flatMap((each) => ('Constraint' in each ? [each.Constraint] : []))
  const works = constraints.flatMap((each): readonly Work[] => {
    if (each.contype === 'CONSTR_PRIMARY' || each.contype === 'CONSTR_UNIQUE') return ['build']
    return each.contype === 'CONSTR_CHECK' || each.contype === 'CONSTR_NOTNULL' ? ['scan'] : []
  })
  const constant =
    constraints.some((each) => each.contype === 'CONSTR_DEFAULT') &&
    constraints.every((each) => each.contype !== 'CONSTR_CHECK')
  const rewrites = columnRewrites(column) !== undefined
  return [...(rewrites ? (['rewrite'] as const) : []), ...works.filter((work) => work !== 'scan' || !constant)]
}

function constraintWork(constraint: Constraint): readonly Work[] {
  const { contype, skip_validation, indexname } = constraint
  if (contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_UNIQUE') return indexname ? [] : ['build']
  if (contype === 'CONSTR_EXCLUSION') return ['build']
  return skip_validation ? [] : ['scan']
}

/** Whether the change of type keeps the bytes; undefined when the present type is not known. */
export function typeKept(table: string, cmd: AlterTableCmd, world: World): boolean | undefined {
  const known = tableFacts(world, table)?.columns[cmd.name ?? '']
  if (known === undefined || !cmd.def || !('ColumnDef' in cmd.def)) return undefined
  if (cmd.def.ColumnDef.raw_default && !plainCast(cmd.def.ColumnDef.raw_default, cmd.name ?? '')) return false
  return keepsBytes(printedType(known.type), writtenType(cmd.def.ColumnDef.typeName))
}

function plainCast(expression: Node, column: string): boolean {
  const inner = 'TypeCast' in expression ? expression.TypeCast.arg : expression
  return inner !== undefined && 'ColumnRef' in inner && strings(inner.ColumnRef.fields).at(-1) === column
}

/** True when SET NOT NULL need not look at the rows: a valid CHECK has done so, or the column is NOT NULL already. */
export function nullsRuledOut(table: string, column: string, world: World): boolean {
  return (
    world.proved.has(`${table}.${column}`) ||
    world.validated.has(table) ||
    tableFacts(world, table)?.columns[column]?.nullable === false
  )
}
