/** What ALTER TABLE, RENAME and DROP do to the facts. */
import type { AlterTableCmd, DropStmt, RenameStmt } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { objectName, strings, tableName, writtenType } from '../names.ts'
import { type Draft, type DraftTable, Unsure, known } from './draft.ts'
import { addColumn, addConstraint, change, enumsOf } from './elements.ts'
import { alterExtras, blurExtras, dropPolicy, forgetColumn } from './extras.ts'
import { printedDefault, printedType } from './printed.ts'
import { printedType as parsedType } from '../widening.ts'

export function alterTable(draft: Draft, table: string, facts: DraftTable, cmd: AlterTableCmd): void {
  const { subtype, name = '', def } = cmd
  const column = facts.columns[name]
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
    case 'AT_SetNotNull':
      return change(facts, name, { nullable: false })
    case 'AT_DropNotNull':
      return change(facts, name, { nullable: true })
    case 'AT_ColumnDefault':
      if (typeof column !== 'object') return
      return change(facts, name, {
        default: def ? printedDefault(def, { ...parsedType(column.type), schema: undefined }, enumsOf(draft)) : null,
      })
    case 'AT_AlterColumnType':
      if (!def || !('ColumnDef' in def)) throw new Unsure(subtype)
      return changeType(draft, facts, name, printedType(writtenType(def.ColumnDef.typeName), enumsOf(draft)))
    default:
      if (!alterExtras(facts, cmd) && !unseen.has(subtype ?? '')) throw new Unsure(subtype)
  }
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
    new RegExp(`(^|[^\\w"])"?${column.replace(/[^\w]/g, '\\$&')}"?($|[^\\w"])`).test(definition)
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

/** Sequences of the table, or of one column: gone, or printed anew. */
function blurSequences(draft: Draft, table: string, column?: string): void {
  for (const [name, is] of Object.entries(draft.sequences)) {
    const owner = ` OWNED BY ${table}.`
    const guessed = is === unknown && name.startsWith(`${table}_`)
    if (is.includes(owner) ? column === undefined || is.endsWith(`${owner}${column}`) : guessed)
      draft.sequences[name] = unknown
  }
}

function dropConstraint(facts: DraftTable, name: string): void {
  if (facts.constraints[name]?.startsWith('PRIMARY KEY')) facts.key = []
  if (facts.constraints[name] === unknown) facts.key = unknown
  delete facts.constraints[name]
  delete facts.indexes[name]
}

function changeType(draft: Draft, facts: DraftTable, name: string, type: string): void {
  const was = facts.columns[name]
  change(facts, name, { type, ...(typeof was === 'object' && was.default !== null ? { default: unknown } : {}) })
  for (const [index, is] of Object.entries(facts.indexes))
    if (typeof is === 'object' && mentions(is.definition, name)) facts.indexes[index] = unknown
  for (const [constraint, is] of Object.entries(facts.constraints))
    if (/^(CHECK|EXCLUDE)/.test(is) && mentions(is, name)) facts.constraints[constraint] = unknown
  for (const view of Object.keys(draft.views)) draft.views[view] = unknown
}

export function rename(draft: Draft, stmt: RenameStmt): void {
  const table = tableName(stmt.relation)
  const facts = known(draft, table)
  const to = stmt.newname ?? ''
  for (const view of Object.keys(draft.views)) draft.views[view] = unknown
  if (stmt.renameType === 'OBJECT_TABLE' || stmt.renameType === 'OBJECT_COLUMN') blurSequences(draft, table)
  if (stmt.renameType === 'OBJECT_TABLE') {
    if (draft.tables[table] === undefined) return
    delete draft.tables[table]
    draft.tables[`${table.split('.')[0]}.${to}`] = unknown
    return blurKeys(draft)
  }
  if (stmt.renameType === 'OBJECT_COLUMN' && facts) {
    const column = facts.columns[stmt.subname ?? '']
    delete facts.columns[stmt.subname ?? '']
    facts.columns[to] = column ?? unknown
    blur(facts)
    return blurKeys(draft)
  }
  if (stmt.renameType === 'OBJECT_INDEX') return renameIndex(draft, table, to)
  if (facts) draft.tables[table] = unknown
  else if (stmt.renameType !== 'OBJECT_VIEW') throw new Unsure(stmt.renameType)
}

function renameIndex(draft: Draft, index: string, to: string): void {
  const name = index.slice(index.indexOf('.') + 1)
  for (const facts of Object.values(draft.tables)) {
    if (typeof facts !== 'object' || facts.indexes[name] === undefined) continue
    delete facts.indexes[name]
    facts.indexes[to] = unknown
    if (facts.constraints[name] !== undefined) facts.constraints[to] = facts.constraints[name]
    delete facts.constraints[name]
  }
}

/** Definitions that print names are printed anew. */
function blur(facts: DraftTable): void {
  for (const group of [facts.indexes, facts.constraints, facts.triggers])
    for (const name of Object.keys(group)) group[name] = unknown
  facts.key = unknown
  blurExtras(facts)
}

function blurKeys(draft: Draft): void {
  for (const facts of Object.values(draft.tables)) {
    if (typeof facts !== 'object') continue
    for (const [name, is] of Object.entries(facts.constraints))
      if (is.startsWith('FOREIGN KEY')) facts.constraints[name] = unknown
  }
}

export function drop(draft: Draft, stmt: DropStmt): void {
  for (const object of stmt.objects ?? []) {
    const name = objectName(object)
    if (stmt.removeType === 'OBJECT_TABLE') dropTable(draft, name)
    else if (stmt.removeType === 'OBJECT_INDEX') dropIndex(draft, name)
    else if (stmt.removeType === 'OBJECT_VIEW' || stmt.removeType === 'OBJECT_MATVIEW') delete draft.views[name]
    else if (stmt.removeType === 'OBJECT_TYPE' || stmt.removeType === 'OBJECT_DOMAIN') delete draft.types[name]
    else if (stmt.removeType === 'OBJECT_SEQUENCE') delete draft.sequences[name]
    else if (stmt.removeType === 'OBJECT_EXTENSION') delete draft.extensions[name]
    else if (stmt.removeType === 'OBJECT_TRIGGER' && 'List' in object) {
      const parts = strings(object.List.items)
      delete known(draft, parts.length > 2 ? parts.slice(0, -1).join('.') : `public.${parts[0]}`)?.triggers[
        parts.at(-1) ?? ''
      ]
    } else if (
      stmt.removeType === 'OBJECT_FUNCTION' ||
      stmt.removeType === 'OBJECT_PROCEDURE' ||
      stmt.removeType === 'OBJECT_ROUTINE'
    ) {
      for (const signature of Object.keys(draft.functions))
        if (signature.startsWith(`${name}(`)) draft.functions[signature] = unknown
    } else if (stmt.removeType === 'OBJECT_POLICY') dropPolicy(draft, object)
    else if (stmt.removeType !== 'OBJECT_RULE') throw new Unsure(stmt.removeType)
  }
  if (stmt.behavior === 'DROP_CASCADE') throw new Unsure('cascade')
}

function dropTable(draft: Draft, table: string): void {
  delete draft.tables[table]
  blurSequences(draft, table)
}

function dropIndex(draft: Draft, index: string): void {
  const name = index.slice(index.indexOf('.') + 1)
  for (const [table, facts] of Object.entries(draft.tables)) {
    if (table.split('.')[0] === index.split('.')[0] && typeof facts === 'object') delete facts.indexes[name]
  }
}
