/** The lock of every form of ALTER TABLE, after AlterTableGetLockLevel of the server. */
import type { AlterTableCmd, AlterTableStmt, Node } from 'libpg-query'
import type { LockMode, Touch } from './lock.ts'
import { indexTable } from './locks-drop.ts'
import { tableName } from './names.ts'
import { defaultPartition, descendants, foreignKeys, referring } from './relatives.ts'
import { type Work, printedColumns, workOf } from './work-alter.ts'
import { type World, tableFacts } from './world.ts'

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
  /^(autovacuum_\w+|log_autovacuum_\w+|fillfactor|parallel_workers|vacuum_index_cleanup|vacuum_truncate|vacuum_max_eager_freeze_failure_rate|toast_tuple_target|deduplicate_items)$/

/** Forms that partitions and children follow, unless ONLY is said. */
const descends =
  /^AT_(AddColumn|DropColumn|ColumnDefault|SetNotNull|DropNotNull|SetExpression|DropExpression|SetStatistics|SetStorage|AlterColumnType|AddConstraint|AlterConstraint|ValidateConstraint|DropConstraint|(Enable|Disable)\w*Trig\w*)$/

export function alterLocks(stmt: AlterTableStmt, world: World): readonly Touch[] {
  const object = tableName(stmt.relation)
  return (stmt.cmds ?? []).flatMap((each) => {
    if (!('AlterTableCmd' in each)) return []
    const cmd = each.AlterTableCmd
    const self: Touch = { object, mode: modeOf(cmd), work: workOf(object, cmd, world, stmt) }
    const below = stmt.relation?.inh === true && descends.test(cmd.subtype ?? '') ? descendants(world, object) : []
    const parts = stmt.objtype === 'OBJECT_INDEX' ? indexPart(cmd, object, world) : peersOf(cmd, object, world)
    return [self, ...below.map((child): Touch => ({ ...self, object: child })), ...parts]
  })
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

/** ALTER INDEX … ATTACH PARTITION: nothing is read, and the tables are only looked at. */
function indexPart({ def }: AlterTableCmd, index: string, world: World): readonly Touch[] {
  if (!def || !('PartitionCmd' in def)) return []
  const part = tableName(def.PartitionCmd.name)
  const tables = [indexTable(world, index), indexTable(world, part)]
  return [...touch([part], 'ACCESS EXCLUSIVE'), ...touch(tables, 'ACCESS SHARE')]
}

function touch(objects: readonly (string | undefined)[], mode: LockMode, ...work: Work[]): readonly Touch[] {
  return objects.flatMap((object) => (object === undefined ? [] : [{ object, mode, work }]))
}

function peersOf(cmd: AlterTableCmd, self: string, world: World): readonly Touch[] {
  const { subtype, def, name = '' } = cmd
  const others = (tables: readonly string[]) => tables.filter((each) => each !== self)
  const keys = foreignKeys(world, self)
  if (def && 'PartitionCmd' in def) return partitionPeers(cmd, self, world)
  switch (subtype) {
    case 'AT_AddInherit':
    case 'AT_DropInherit':
      return def && 'RangeVar' in def
        ? touch([tableName(def.RangeVar)], subtype === 'AT_AddInherit' ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS SHARE')
        : []
    case 'AT_DropColumn':
    case 'AT_AlterColumnType':
      return touch(
        others(keys.flatMap(({ columns, target }) => (columns.includes(name) ? [target] : []))),
        'ACCESS EXCLUSIVE',
      )
    case 'AT_DropConstraint': {
      const behind = cmd.behavior === 'DROP_CASCADE' ? referring(world, self) : []
      return touch([...others(targetsOf(keys, name)), ...behind], 'ACCESS EXCLUSIVE')
    }
    case 'AT_AlterConstraint':
      return def && 'ATAlterConstraint' in def && def.ATAlterConstraint.alterEnforceability
        ? touch(others(targetsOf(keys, def.ATAlterConstraint.conname ?? '')), 'ACCESS EXCLUSIVE')
        : []
    case 'AT_ValidateConstraint':
      return touch(others(targetsOf(keys, name)), 'ROW SHARE')
    default:
      return touch(others(references(def)), 'SHARE ROW EXCLUSIVE')
  }
}

function targetsOf(keys: ReturnType<typeof foreignKeys>, name: string): readonly string[] {
  return keys.flatMap((each) => (each.name === name ? [each.target] : []))
}

function partitionPeers({ subtype, def }: AlterTableCmd, self: string, world: World): readonly Touch[] {
  if (!def || !('PartitionCmd' in def)) return []
  const part = tableName(def.PartitionCmd.name)
  const reads = subtype === 'AT_AttachPartition' && !world.created.has(part)
  const builds = reads && missesIndex(self, part, world)
  const fallback = def.PartitionCmd.concurrent ? undefined : defaultPartition(world, self)
  return [
    ...touch(
      [part],
      'ACCESS EXCLUSIVE',
      ...(reads ? (['scan'] as const) : []),
      ...(builds ? (['build'] as const) : []),
    ),
    ...touch([fallback], 'ACCESS EXCLUSIVE', ...(subtype === 'AT_AttachPartition' ? (['scan'] as const) : [])),
  ]
}

/** A partition gets every index of its parent that it lacks, while it is attached. */
function missesIndex(parent: string, part: string, world: World): boolean {
  const of = (table: string) =>
    Object.values(tableFacts(world, table)?.indexes ?? {}).map(({ definition }) => printedColumns(definition).join())
  const there = of(part)
  return of(parent).some((each) => !there.includes(each))
}

/** The tables that a column or a constraint refers to by a foreign key. */
export function references(node: Node | undefined): readonly string[] {
  if (node === undefined) return []
  if ('ColumnDef' in node) return (node.ColumnDef.constraints ?? []).flatMap(references)
  return 'Constraint' in node && node.Constraint.contype === 'CONSTR_FOREIGN'
    ? [tableName(node.Constraint.pktable)]
    : []
}
