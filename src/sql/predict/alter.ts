/** What ALTER TABLE does to the facts, form by form. */
import type { AlterTableCmd, AlterTableStmt } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { tableName, writtenType } from '../names.ts'
import { printedType as parsedType } from '../widening.ts'
import { blurFunctions, blurKeysTo, blurSequences, blurViews } from './blur.ts'
import { type Draft, type DraftTable, Unsure, chosenName, known } from './draft.ts'
import { addColumn, addConstraint, change, collated, enumsOf } from './elements.ts'
import { alterExtras, forgetColumn } from './extras.ts'
import { below } from './kin.ts'
import { printedDefault, printedType } from './printed.ts'

/** Follows a whole statement, its partitions and children too; views, indexes and sequences may be altered by the same words. */
export function alter(draft: Draft, stmt: AlterTableStmt): void {
  const table = tableName(stmt.relation)
  // A composite type: facts do not hold its fields.
  if (stmt.objtype === 'OBJECT_TYPE') return
  for (const each of stmt.cmds ?? []) {
    if (!('AlterTableCmd' in each)) continue
    const cmd = each.AlterTableCmd
    // Attached or detached: the part is changed as much as the whole.
    if (cmd.def && 'PartitionCmd' in cmd.def) attach(draft, tableName(cmd.def.PartitionCmd.name))
    if (draft.views[table] !== undefined) alterView(draft, table)
    else if (stmt.objtype === 'OBJECT_INDEX') alterIndex(draft, table)
    const facts = known(draft, table)
    if (!facts) continue
    const depends = cmd.behavior === 'DROP_CASCADE' && /^AT_Drop(Column|Constraint)$/.test(cmd.subtype ?? '')
    if (depends) blurDependents(draft, table, facts)
    // ONLY is told by what is left out.
    if (stmt.relation?.inh) below(draft, table, cmd, (part, name) => alterTable(draft, name, part, cmd))
    alterTable(draft, table, facts, cmd)
  }
}

/** A part is named; where it is an index, the table it stands on is looked for. */
function attach(draft: Draft, part: string): void {
  if (draft.tables[part] !== undefined) draft.tables[part] = unknown
}

/** Options and rights are printed with the view. */
function alterView(draft: Draft, view: string): void {
  draft.views[view] = unknown
}

function alterIndex(draft: Draft, index: string): void {
  const schema = index.slice(0, index.indexOf('.') + 1)
  for (const [table, facts] of Object.entries(draft.tables))
    if (table.startsWith(schema) && typeof facts === 'object') {
      const name = index.slice(schema.length)
      if (facts.indexes[name] === undefined) continue
      facts.indexes[name] = unknown
      if (facts.constraints[name] !== undefined) facts.constraints[name] = unknown
    }
  blurViews(draft)
}

/** What stands on a column or a key, and goes with it. */
function blurDependents(draft: Draft, table: string, facts: DraftTable): void {
  blurViews(draft, table)
  blurFunctions(draft)
  blurKeysTo(draft, table)
  if (facts.policies !== undefined) facts.policies = unknown
  for (const [name, column] of Object.entries(facts.columns))
    if (typeof column === 'object' && column.generated?.includes(' AS (')) facts.columns[name] = unknown
}

export function alterTable(draft: Draft, table: string, facts: DraftTable, cmd: AlterTableCmd): void {
  const { subtype, name = '', def } = cmd
  switch (subtype) {
    case 'AT_AddColumn':
      if (!def || !('ColumnDef' in def)) throw new Unsure(subtype)
      if (!(cmd.missing_ok && facts.columns[def.ColumnDef.colname ?? ''])) addColumn(draft, table, facts, def.ColumnDef)
      return
    case 'AT_DropColumn':
      return dropColumn(draft, table, facts, name)
    case 'AT_AddConstraint':
      if (!def || !('Constraint' in def)) throw new Unsure(subtype)
      return addConstraint(draft, table, facts, def.Constraint)
    case 'AT_DropConstraint':
      return dropConstraint(facts, name)
    case 'AT_ValidateConstraint':
      facts.constraints[name] = (facts.constraints[name] ?? unknown).replace(/ NOT VALID$/, '')
      return
    default:
      if (alterColumn(draft, table, facts, cmd)) return
      if (subtype === 'AT_ChangeOwner' && facts.rights !== undefined) facts.rights = unknown
      if (!alterExtras(facts, cmd) && !unseen.has(subtype ?? '')) throw new Unsure(subtype)
  }
}

/** Follows the forms of ALTER COLUMN. False for any other form. */
function alterColumn(
  draft: Draft,
  table: string,
  facts: DraftTable,
  { subtype, name = '', def }: AlterTableCmd,
): boolean {
  const column = facts.columns[name]
  if (subtype === 'AT_SetNotNull') change(facts, name, { nullable: false })
  else if (subtype === 'AT_DropNotNull') change(facts, name, { nullable: true })
  else if (subtype === 'AT_AddIdentity') addIdentity(draft, table, facts, name)
  else if (subtype === 'AT_SetIdentity' || subtype === 'AT_DropIdentity') {
    blurSequences(draft, table, name)
    if (typeof column === 'object' && column.generated?.endsWith('IDENTITY'))
      change(facts, name, { generated: subtype === 'AT_DropIdentity' ? null : unknown })
  } else if (subtype === 'AT_ColumnDefault') {
    if (typeof column === 'object')
      change(facts, name, {
        default: def ? printedDefault(def, { ...parsedType(column.type), schema: undefined }, enumsOf(draft)) : null,
      })
  } else if (subtype === 'AT_AlterColumnType') {
    if (!def || !('ColumnDef' in def)) throw new Unsure(subtype)
    const { typeName, collClause } = def.ColumnDef
    changeType(draft, table, facts, name, collated(printedType(writtenType(typeName), enumsOf(draft)), collClause))
  } else return false
  return true
}

function addIdentity(draft: Draft, table: string, facts: DraftTable, name: string): void {
  draft.sequences[`${table.split('.')[0]}.${chosenName(draft, table, [name], 'seq')}`] = unknown
  change(facts, name, { generated: unknown })
}

/** Forms that leave no trace in the facts. */
const unseen = new Set([
  'AT_SetStatistics',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_SetStorage',
  'AT_SetCompression',
  'AT_ChangeOwner',
  'AT_ClusterOn',
  'AT_DropCluster',
  'AT_SetLogged',
  'AT_SetUnLogged',
  'AT_SetTableSpace',
  'AT_SetAccessMethod',
  'AT_ReplicaIdentity',
])

function mentions(definition: string, column: string): boolean {
  return (
    definition === unknown ||
    new RegExp(`(^|[^\\w"])"?${column.replaceAll('"', '""').replace(/[^\w]/g, '\\$&')}"?($|[^\\w"])`).test(definition)
  )
}

/** What names the column goes with it; whether it really did is left open where only the text says so. */
function dropColumn(draft: Draft, table: string, facts: DraftTable, name: string): void {
  delete facts.columns[name]
  forgetColumn(facts, name)
  for (const [index, is] of Object.entries(facts.indexes))
    if (typeof is !== 'object' || mentions(is.definition, name)) facts.indexes[index] = unknown
  for (const [constraint, is] of Object.entries(facts.constraints))
    if (mentions(is, name)) facts.constraints[constraint] = unknown
  for (const [trigger, is] of Object.entries(facts.triggers)) if (mentions(is, name)) facts.triggers[trigger] = unknown
  if (facts.key !== unknown && facts.key.includes(name)) facts.key = []
  blurSequences(draft, table, name)
}

/** One that the facts do not name is perhaps that of a NOT NULL, which is a constraint since version 18. */
function dropConstraint(facts: DraftTable, name: string): void {
  const is = facts.constraints[name]
  if (is === undefined || is.startsWith('NOT NULL') || is === unknown)
    for (const [column, was] of Object.entries(facts.columns))
      if (typeof was === 'object' && !was.nullable) facts.columns[column] = { ...was, nullable: unknown }
  if (is?.startsWith('PRIMARY KEY')) facts.key = []
  if (is === unknown) facts.key = unknown
  delete facts.constraints[name]
  delete facts.indexes[name]
}

function changeType(draft: Draft, table: string, facts: DraftTable, name: string, type: string): void {
  const was = facts.columns[name]
  change(facts, name, { type, ...(typeof was === 'object' && was.default !== null ? { default: unknown } : {}) })
  for (const [index, is] of Object.entries(facts.indexes))
    if (typeof is === 'object' && mentions(is.definition, name)) facts.indexes[index] = unknown
  for (const [constraint, is] of Object.entries(facts.constraints))
    if (/^(CHECK|EXCLUDE)/.test(is) && mentions(is, name)) facts.constraints[constraint] = unknown
  blurSequences(draft, table, name)
  blurViews(draft)
}
