/** What DROP does to the facts; with CASCADE also to what stood on it, as far as the facts tell. */
import type { DropStmt, Node } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { objectName, strings } from '../names.ts'
import { blurFunctions, blurKeysTo, blurViews, ownSequences } from './blur.ts'
import { type Draft, Unsure, known } from './draft.ts'
import { dropPolicy } from './extras.ts'
import { descendants, partitions } from './kin.ts'
import { blurTexts } from './moves.ts'
import { printedKey, printedName } from './printed.ts'

export function drop(draft: Draft, stmt: DropStmt): void {
  const cascade = stmt.behavior === 'DROP_CASCADE'
  for (const object of stmt.objects ?? []) dropOne(draft, stmt.removeType ?? '', object, cascade)
}

function dropOne(draft: Draft, type: string, object: Node, cascade: boolean): void {
  const name = objectName(object)
  if (type === 'OBJECT_TABLE' || type === 'OBJECT_FOREIGN_TABLE') dropTable(draft, name, cascade)
  else if (type === 'OBJECT_VIEW' || type === 'OBJECT_MATVIEW') dropView(draft, name, cascade)
  else if (type === 'OBJECT_SEQUENCE') dropSequence(draft, name, cascade)
  else if (type === 'OBJECT_INDEX') dropIndex(draft, name)
  else if (type === 'OBJECT_SCHEMA') dropSchema(draft, name, cascade)
  else if (type === 'OBJECT_TRIGGER' || type === 'OBJECT_RULE') dropTrigger(draft, object, type === 'OBJECT_RULE')
  else if (type === 'OBJECT_POLICY') dropPolicy(draft, object)
  else if (quiet.has(type)) return
  else if (cascade) throw new Unsure(type)
  else if (type === 'OBJECT_TYPE' || type === 'OBJECT_DOMAIN') dropType(draft, name)
  else if (type === 'OBJECT_EXTENSION') delete draft.extensions[name]
  else if (/^OBJECT_(FUNCTION|PROCEDURE|ROUTINE|AGGREGATE)$/.test(type)) dropFunctions(draft, name)
  else throw new Unsure(type)
}

/** Objects that facts do not hold. */
const quiet = new Set(
  'OBJECT_STATISTIC_EXT OBJECT_PUBLICATION OBJECT_EVENT_TRIGGER OBJECT_TSCONFIGURATION OBJECT_TSDICTIONARY OBJECT_TSPARSER OBJECT_TSTEMPLATE OBJECT_CONVERSION OBJECT_TRANSFORM'.split(
    ' ',
  ),
)

function dropTable(draft: Draft, table: string, cascade: boolean): void {
  if (draft.tables[table] === undefined) return
  const gone = [table, ...(cascade ? descendants(draft, table) : partitions(draft, table))]
  for (const each of gone) {
    if (cascade) dropDependents(draft, each)
    for (const name of ownSequences(draft, each))
      if (draft.sequences[name] === unknown) continue
      else delete draft.sequences[name]
  }
  for (const each of gone) delete draft.tables[each]
}

/** What stands on the rows or the type of a table or view. */
function dropDependents(draft: Draft, name: string): void {
  blurViews(draft, name)
  blurFunctions(draft)
  blurKeysTo(draft, name)
  for (const [each, facts] of Object.entries(draft.tables)) {
    if (typeof facts !== 'object' || each === name) continue
    const type = printedKey(name)
    for (const [column, is] of Object.entries(facts.columns))
      if (typeof is === 'object' && (is.type === type || is.type === `${type}[]`)) draft.tables[each] = unknown
      else if (typeof is === 'object' && is.default?.includes(type)) facts.columns[column] = { ...is, default: unknown }
    if (typeof facts.policies === 'object' && JSON.stringify(facts.policies).includes(type)) facts.policies = unknown
    for (const [trigger, text] of Object.entries(facts.triggers))
      if (text.includes(`FROM ${type}`)) facts.triggers[trigger] = unknown
  }
  for (const [each, is] of Object.entries(draft.sequences))
    if (is === unknown && each.startsWith(`${name}_`)) draft.sequences[each] = unknown
}

function dropView(draft: Draft, view: string, cascade: boolean): void {
  if (cascade && draft.views[view] !== undefined) dropDependents(draft, view)
  delete draft.views[view]
}

function dropSequence(draft: Draft, sequence: string, cascade: boolean): void {
  delete draft.sequences[sequence]
  if (!cascade) return
  blurViews(draft, sequence)
  const call = `'${printedKey(sequence)}'::regclass`
  for (const facts of Object.values(draft.tables))
    if (typeof facts === 'object')
      for (const column of Object.values(facts.columns))
        if (typeof column === 'object' && column.default?.includes(call)) column.default = null
}

function dropIndex(draft: Draft, index: string): void {
  const schema = index.slice(0, index.indexOf('.') + 1)
  const name = index.slice(schema.length)
  for (const [table, facts] of Object.entries(draft.tables)) {
    if (!table.startsWith(schema) || typeof facts !== 'object' || facts.indexes[name] === undefined) continue
    delete facts.indexes[name]
    blurKeysTo(draft, table)
    // The parts of an index of a divided table have names of their own.
    for (const part of partitions(draft, table)) {
      const below = known(draft, part)
      if (below) for (const each of Object.keys(below.indexes)) below.indexes[each] = unknown
    }
  }
}

/** DROP TRIGGER name ON table: the name comes last. The parts of a divided table have the same. */
function dropTrigger(draft: Draft, object: Node, rule: boolean): void {
  if (!('List' in object)) return
  const parts = strings(object.List.items)
  const table = parts.length > 2 ? parts.slice(-3, -1).join('.') : `public.${parts[0]}`
  const name = `${rule ? 'rule ' : ''}${parts.at(-1) ?? ''}`
  for (const each of [table, ...(rule ? [] : partitions(draft, table))]) delete known(draft, each)?.triggers[name]
}

/** A range brings functions of its own. */
function dropType(draft: Draft, type: string): void {
  if (draft.types[type] === undefined) (draft as { functions: unknown }).functions = unknown
  delete draft.types[type]
}

function dropFunctions(draft: Draft, name: string): void {
  if (typeof draft.functions !== 'object') return
  const met = Object.keys(draft.functions).filter((signature) => signature.startsWith(`${name}(`))
  for (const signature of met)
    if (met.length === 1) delete draft.functions[signature]
    else draft.functions[signature] = unknown
}

function dropSchema(draft: Draft, schema: string, cascade: boolean): void {
  if (!cascade) return
  const inside = (name: string) => name.startsWith(`${schema}.`)
  for (const group of [draft.tables, draft.views, draft.types, draft.sequences, draft.functions] as Record<
    string,
    unknown
  >[])
    if (typeof group === 'object') for (const name of Object.keys(group)) if (inside(name)) delete group[name]
  const word = `${printedName(schema)}.`
  for (const [name, text] of Object.entries(draft.views))
    if (text.includes(word)) {
      draft.views[name] = unknown
      blurViews(draft, name)
    }
  for (const [name, facts] of Object.entries(draft.tables))
    if (typeof facts === 'object' && JSON.stringify(facts).includes(word)) {
      const typed = Object.values(facts.columns).some((is) => typeof is === 'object' && is.type.includes(word))
      if (typed || facts.inherits !== undefined || facts.partition !== undefined) draft.tables[name] = unknown
      else blurTexts(facts, word)
    }
  blurFunctions(draft)
  for (const name of Object.keys(draft.types)) draft.types[name] = unknown
  for (const name of Object.keys(draft.extensions)) draft.extensions[name] = unknown
}
