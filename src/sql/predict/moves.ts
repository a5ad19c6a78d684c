/** What another name or another schema does to the facts: of the object, and in every text that prints its name. */
import type { AlterObjectSchemaStmt, Node, RenameStmt } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import { objectName, tableName } from '../names.ts'
import { type Draft, type DraftTable, Unsure, known } from './draft.ts'
import { blurExtras } from './extras.ts'
import { blurBelow, renameParent } from './kin.ts'
import { printedKey } from './printed.ts'
import { blurFunctions, blurSequences, blurViews } from './blur.ts'

export function rename(draft: Draft, stmt: RenameStmt): void {
  const { renameType = '', relationType } = stmt
  const to = stmt.newname ?? ''
  const from = stmt.relation ? tableName(stmt.relation) : objectName(stmt.object)
  const next = `${from.split('.')[0]}.${to}`
  if (renameType === 'OBJECT_COLUMN') return renameColumn(draft, from, stmt.subname ?? '', to)
  if (renameType === 'OBJECT_INDEX') return renameIndex(draft, from, to)
  if (moved(draft, renameType, from, next)) return
  if (renameType === 'OBJECT_ATTRIBUTE' || renameType === 'OBJECT_RULE') return blurRule(draft, stmt, from, to)
  if (/^OBJECT_(DOMCONSTRAINT)$/.test(renameType)) draft.types[from] = unknown
  else if (/^OBJECT_(TRIGGER|POLICY|TABCONSTRAINT)$/.test(renameType)) {
    if (known(draft, from)) draft.tables[from] = unknown
    if (renameType !== 'OBJECT_POLICY') blurBelow(draft, from)
  } else if (renameType !== 'OBJECT_ROLE') throw new Unsure(`${renameType} ${relationType}`)
}

export function setSchema(draft: Draft, stmt: AlterObjectSchemaStmt): void {
  const from = stmt.relation ? tableName(stmt.relation) : objectName(stmt.object)
  if (stmt.objectType === 'OBJECT_EXTENSION') throw new Unsure(from)
  const to = `${stmt.newschema}.${from.slice(from.indexOf('.') + 1)}`
  if (stmt.objectType === 'OBJECT_TABLE') blurSequences(draft, from)
  if (!moved(draft, stmt.objectType ?? '', from, to)) throw new Unsure(stmt.objectType)
  if (stmt.objectType !== 'OBJECT_TABLE') return
  // What belongs to it goes along.
  for (const name of Object.keys(draft.sequences))
    if (draft.sequences[name] === unknown)
      draft.sequences[`${stmt.newschema}.${name.slice(name.indexOf('.') + 1)}`] = unknown
  if (known(draft, to)) draft.tables[to] = unknown
}

/** One object under another key. False for a type that is not one of these. */
function moved(draft: Draft, type: string, from: string, to: string): boolean {
  if (type === 'OBJECT_TABLE' || type === 'OBJECT_FOREIGN_TABLE') moveTable(draft, from, to)
  else if (type === 'OBJECT_VIEW' || type === 'OBJECT_MATVIEW') moveView(draft, from, to)
  else if (type === 'OBJECT_SEQUENCE') moveSequence(draft, from, to)
  else if (/^OBJECT_(FUNCTION|PROCEDURE|ROUTINE|AGGREGATE)$/.test(type)) moveFunctions(draft, from, to)
  else if (type === 'OBJECT_TYPE' || type === 'OBJECT_DOMAIN') moveType(draft, from, to)
  else return false
  return true
}

function moveTable(draft: Draft, from: string, to: string): void {
  if (draft.views[from] !== undefined) return moveView(draft, from, to)
  if (draft.sequences[from] !== undefined) return moveSequence(draft, from, to)
  blurViews(draft, from)
  const facts = draft.tables[from]
  if (facts === undefined) return
  delete draft.tables[from]
  draft.tables[to] = facts
  blurSequences(draft, from)
  blurFunctions(draft)
  blurReferences(draft, from, to)
  renameParent(draft, from, to)
  if (typeof facts === 'object') reprint(facts, from, to)
}

/** The texts of a table's own parts, which name the table; what names more than that is left open. */
function reprint(facts: DraftTable, from: string, to: string): void {
  const [was, is] = [printedKey(from), printedKey(to)]
  for (const index of Object.values(facts.indexes))
    if (typeof index === 'object')
      index.definition = index.definition.replace(
        / ON (ONLY )?(.+?) USING /,
        (whole, only: string | undefined, name) => (name === was ? ` ON ${only ?? ''}${is} USING ` : whole),
      )
  for (const name of Object.keys(facts.triggers)) facts.triggers[name] = unknown
  if (facts.policies !== undefined) facts.policies = unknown
}

function blurReferences(draft: Draft, from: string, to: string): void {
  const [was, is] = [`REFERENCES ${printedKey(from)}(`, `REFERENCES ${printedKey(to)}(`]
  for (const [table, facts] of Object.entries(draft.tables)) {
    if (typeof facts !== 'object') continue
    for (const [name, text] of Object.entries(facts.constraints)) facts.constraints[name] = text.replace(was, () => is)
    for (const [name, column] of Object.entries(facts.columns))
      if (typeof column === 'object' && column.type.includes(printedKey(from))) facts.columns[name] = unknown
    if (typeof facts.policies === 'object' && table !== to)
      for (const [name, text] of Object.entries(facts.policies))
        if (text.includes(printedKey(from))) facts.policies = { ...facts.policies, [name]: unknown }
  }
}

function moveView(draft: Draft, from: string, to: string): void {
  const text = draft.views[from]
  if (text === undefined) return
  blurViews(draft, from)
  delete draft.views[from]
  draft.views[to] = text
  blurFunctions(draft)
}

function moveSequence(draft: Draft, from: string, to: string): void {
  const text = draft.sequences[from]
  if (text === undefined) return
  delete draft.sequences[from]
  draft.sequences[to] = text
  const [was, is] = [from, to].map((key) => `'${printedKey(key)}'::regclass`) as [string, string]
  for (const facts of Object.values(draft.tables))
    if (typeof facts === 'object')
      for (const column of Object.values(facts.columns))
        if (typeof column === 'object') column.default = column.default?.replace(was, () => is) ?? null
  blurViews(draft)
}

function moveFunctions(draft: Draft, from: string, to: string): void {
  for (const signature of Object.keys(draft.functions)) {
    if (!signature.startsWith(`${from}(`)) continue
    draft.functions[signature] = unknown
    draft.functions[to + signature.slice(from.length)] = unknown
  }
  blurCallers(draft)
}

/** A function may be called anywhere: the texts that could hold a call are open. */
function blurCallers(draft: Draft): void {
  blurViews(draft)
  for (const facts of Object.values(draft.tables)) if (typeof facts === 'object') blurTexts(facts, /\(/)
}

function moveType(draft: Draft, from: string, to: string): void {
  const is = draft.types[from]
  if (is !== undefined) {
    delete draft.types[from]
    draft.types[to] = is
  }
  blurViews(draft)
  ;(draft as { functions: unknown }).functions = unknown
  for (const [name, type] of Object.entries(draft.types))
    if (typeof type === 'object' && type[0]?.startsWith('DOMAIN')) draft.types[name] = unknown
  for (const facts of Object.values(draft.tables))
    if (typeof facts === 'object') retype(facts, printedKey(from), printedKey(to))
}

function retype(facts: DraftTable, was: string, is: string): void {
  for (const column of Object.values(facts.columns)) {
    if (typeof column !== 'object') continue
    if (column.type === was || column.type === `${was}[]`) column.type = column.type.replace(was, () => is)
    if (column.default?.includes(was)) column.default = unknown
    if (column.generated?.includes(was)) column.generated = unknown
  }
  blurTexts(facts, was)
}

/** Texts that hold the words are open. */
export function blurTexts(facts: DraftTable, words: string | RegExp): void {
  const holds = (text: string) => (typeof words === 'string' ? text.includes(words) : words.test(text))
  for (const [name, index] of Object.entries(facts.indexes))
    if (typeof index === 'object' && holds(index.definition)) facts.indexes[name] = unknown
  for (const group of [facts.constraints, facts.triggers])
    for (const [name, text] of Object.entries(group)) if (holds(text)) group[name] = unknown
  for (const column of Object.values(facts.columns)) {
    if (typeof column !== 'object') continue
    if (column.default !== null && holds(column.default)) column.default = unknown
    if (column.generated !== null && holds(column.generated)) column.generated = unknown
  }
  if (typeof facts.policies === 'object' && Object.values(facts.policies).some(holds)) facts.policies = unknown
}

function renameColumn(draft: Draft, table: string, from: string, to: string): void {
  const facts = known(draft, table)
  blurViews(draft)
  blurSequences(draft, table)
  if (draft.views[table] !== undefined) return
  blurBelow(draft, table)
  if (!facts) return
  const column = facts.columns[from]
  delete facts.columns[from]
  facts.columns[to] = column ?? unknown
  blur(facts)
  const mark = `REFERENCES ${printedKey(table)}(`
  for (const other of Object.values(draft.tables))
    if (typeof other === 'object')
      for (const [name, is] of Object.entries(other.constraints))
        if (is.includes(mark)) other.constraints[name] = unknown
}

/** Definitions that print the names of columns are printed anew. */
function blur(facts: DraftTable): void {
  for (const group of [facts.indexes, facts.constraints, facts.triggers])
    for (const name of Object.keys(group)) group[name] = unknown
  for (const column of Object.values(facts.columns))
    if (typeof column === 'object' && column.generated?.includes(' AS (')) column.generated = unknown
  facts.key = unknown
  blurExtras(facts)
}

function renameIndex(draft: Draft, index: string, to: string): void {
  const schema = index.slice(0, index.indexOf('.'))
  const name = index.slice(index.indexOf('.') + 1)
  if (draft.tables[index] !== undefined || draft.views[index] !== undefined)
    return moveTable(draft, index, `${schema}.${to}`)
  blurViews(draft)
  for (const [table, facts] of Object.entries(draft.tables)) {
    if (typeof facts !== 'object' || !table.startsWith(`${schema}.`) || facts.indexes[name] === undefined) continue
    delete facts.indexes[name]
    facts.indexes[to] = unknown
    if (facts.constraints[name] !== undefined) facts.constraints[to] = facts.constraints[name]
    delete facts.constraints[name]
  }
}

function blurRule(draft: Draft, stmt: RenameStmt, table: string, to: string): void {
  const facts = known(draft, table)
  if (stmt.renameType !== 'OBJECT_RULE' || !facts) return
  delete facts.triggers[`rule ${stmt.subname}`]
  facts.triggers[`rule ${to}`] = unknown
}

export type Renamed = Extract<Node, { RenameStmt: unknown }>
