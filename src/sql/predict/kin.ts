/** Tables that descend from others: partitions and children. What is done to the whole reaches them, unless the statement says ONLY. */
import type { AlterTableCmd, Constraint } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { type Draft, type DraftTable, Unsure, known } from './draft.ts'
import { printedKey } from './printed.ts'

/** The tables below this one, at any depth. */
export function descendants(draft: Draft, table: string): readonly string[] {
  const below = Object.keys(draft.tables).filter((each) => childOf(known(draft, each), table))
  return below.flatMap((each) => [each, ...descendants(draft, each)])
}

/** Its own parts: they go with it. */
export function partitions(draft: Draft, table: string): readonly string[] {
  return descendants(draft, table).filter((each) => known(draft, each)?.partition?.includes('OF ') === true)
}

function childOf(facts: DraftTable | undefined, table: string): boolean {
  if (facts === undefined) return false
  const parent = printedKey(table)
  return partOf(facts.partition, parent) || (facts.inherits?.split(', ').includes(parent) ?? false)
}

function partOf(partition: string | undefined, parent: string): boolean {
  return partition?.startsWith(`OF ${parent} `) === true || partition?.includes(` OF ${parent} `) === true
}

/** Makes all below it open: what reached them is the server's to say. */
export function blurBelow(draft: Draft, table: string): void {
  for (const each of descendants(draft, table)) draft.tables[each] = unknown
}

/** The parent has another name: those below it say so. */
export function renameParent(draft: Draft, from: string, to: string): void {
  for (const facts of Object.values(draft.tables)) {
    if (typeof facts !== 'object') continue
    const [was, is] = [printedKey(from), printedKey(to)]
    if (partOf(facts.partition, was)) facts.partition = facts.partition!.replace(`OF ${was} `, () => `OF ${is} `)
    const parents = facts.inherits?.split(', ')
    if (parents?.includes(was)) facts.inherits = parents.map((each) => (each === was ? is : each)).join(', ')
  }
}

/** Forms that stay with the table they name, even where it has children. */
const own = new Set(
  (
    'AT_SetStatistics AT_SetOptions AT_ResetOptions AT_SetStorage AT_ChangeOwner AT_ClusterOn AT_DropCluster AT_SetLogged AT_SetUnLogged AT_SetTableSpace ' +
    'AT_SetAccessMethod AT_ReplicaIdentity AT_EnableRowSecurity AT_DisableRowSecurity AT_ForceRowSecurity AT_NoForceRowSecurity AT_SetRelOptions ' +
    'AT_ResetRelOptions AT_EnableRule AT_DisableRule AT_EnableAlwaysRule AT_EnableReplicaRule AT_AttachPartition AT_DetachPartition AT_DetachPartitionFinalize ' +
    'AT_AddInherit AT_DropInherit'
  ).split(' '),
)

/** What a form of ALTER TABLE does below the table: nothing, the same as above, or what only the server knows. */
export function below(
  draft: Draft,
  table: string,
  cmd: AlterTableCmd,
  again: (facts: DraftTable, table: string) => void,
) {
  if (own.has(cmd.subtype ?? '')) return
  for (const each of descendants(draft, table)) {
    const facts = known(draft, each)
    if (!facts) continue
    if (!same(cmd, facts)) draft.tables[each] = unknown
    else
      try {
        again(facts, each)
      } catch (error) {
        if (!(error instanceof Unsure)) throw error
        draft.tables[each] = unknown
      }
  }
}

function same({ subtype, name = '', def, missing_ok }: AlterTableCmd, facts: DraftTable): boolean {
  if (subtype === 'AT_ColumnDefault' || subtype === 'AT_SetNotNull' || subtype === 'AT_AlterColumnType') return true
  // A column may be the child's own as well, and stay; a part has none of its own.
  if (subtype === 'AT_DropColumn') return facts.partition !== undefined && facts.columns[name] !== undefined
  if (subtype !== 'AT_AddColumn' || !def || !('ColumnDef' in def) || missing_ok) return false
  const stated = (def.ColumnDef.constraints ?? []).flatMap((each) => ('Constraint' in each ? [each.Constraint] : []))
  return facts.columns[def.ColumnDef.colname ?? ''] === undefined && stated.every(inherited)
}

function inherited({ contype }: Constraint): boolean {
  return contype === 'CONSTR_DEFAULT' || contype === 'CONSTR_NULL' || contype === 'CONSTR_NOTNULL'
}
