/** The facts after a script. Certain where the server's own text is; elsewhere `unknown`, which anything meets. */
import type { Constraint, CreateStmt, Node, PartitionSpec, TableLikeClause } from 'libpg-query'
import { unknown } from '../../core/json.ts'
import type { Catalog } from '../../core/ports/index.ts'
import { strings, tableName } from '../names.ts'
import { parse } from '../parser.ts'
import { alter } from './alter.ts'
import { type Draft, type DraftTable, Unsure, chosenName, draftOf, known } from './draft.ts'
import { drop } from './drops.ts'
import { addColumn, addConstraint, addIndex } from './elements.ts'
import { changeExtras } from './extras.ts'
import { blurBelow } from './kin.ts'
import { rename, setSchema } from './moves.ts'
import { changeObject, unseen } from './objects.ts'
import { type Path, newPath, placed } from './path.ts'
import { printedName } from './printed.ts'

/** `certain` is false where a statement (a DO block, say) may have done anything: then every group of facts is `unknown`. */
export function predict(facts: Catalog, sql: string): { readonly facts: Catalog; readonly certain: boolean } {
  const open = groups.filter((group) => typeof facts[group] !== 'object')
  const draft = draftOf({ ...facts, ...Object.fromEntries(open.map((group) => [group, {}])) })
  const observed = schemasOf(draft as unknown as Catalog)
  const path = newPath()
  let certain = true
  for (const { node } of parse(sql)) certain = follow(draft, path, node) && certain
  if (!certain) return { facts: nothingCertain(), certain }
  for (const group of Object.values(draft).filter((each) => typeof each === 'object'))
    for (const name of Object.keys(group))
      if (name.startsWith('pg_temp.')) delete group[name]
      else if (!observed(name) && !knownBefore(facts, name)) group[name] = unknown
  return {
    facts: { ...draft, ...Object.fromEntries(open.map((group) => [group, unknown])) } as unknown as Catalog,
    certain,
  }
}

/** The statements of a script with a schema on every name, as its own SET search_path and its temporary objects have it. */
export function settledNames(sql: string, facts: Catalog): readonly Node[] {
  const draft = draftOf({ ...nothingKnown, ...onlyKnown(facts) })
  const path = newPath()
  return parse(sql).flatMap(({ node }) => {
    try {
      return [placed(path, draft, node)]
    } catch (error) {
      if (!(error instanceof Unsure)) throw error
      return [node]
    }
  })
}

const nothingKnown: Catalog = { tables: {}, views: {}, functions: {}, types: {}, sequences: {}, extensions: {} }

function onlyKnown(facts: Catalog): Partial<Catalog> {
  return Object.fromEntries(
    groups.flatMap((group) => (typeof facts[group] === 'object' ? [[group, facts[group]]] : [])),
  )
}

/** One statement, with its names settled. False where it may have done anything. */
function follow(draft: Draft, path: Path, written: Node): boolean {
  let node = written
  try {
    node = placed(path, draft, written)
    after(draft, path, node)
    return true
  } catch (error) {
    if (!(error instanceof Unsure)) throw error
    return blurTouched(draft, node)
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
  else if ('AlterTableStmt' in node) blurAltered(draft, tableName(node.AlterTableStmt.relation))
  else if ('IndexStmt' in node) draft.tables[tableName(node.IndexStmt.relation)] = unknown
  else return false
  const touched = 'AlterTableStmt' in node ? node.AlterTableStmt : 'IndexStmt' in node ? node.IndexStmt : undefined
  if (touched) blurBelow(draft, tableName(touched.relation))
  return true
}

function blurAltered(draft: Draft, table: string): void {
  blurBelow(draft, table)
  if (draft.tables[table] !== undefined) draft.tables[table] = unknown
}

function after(draft: Draft, path: Path, node: Node): void {
  if ('CreateStmt' in node) return createTable(draft, node.CreateStmt)
  if ('CreateForeignTableStmt' in node && node.CreateForeignTableStmt.base)
    return createTable(draft, node.CreateForeignTableStmt.base)
  if ('IndexStmt' in node) return addIndex(draft, node.IndexStmt)
  if ('DropStmt' in node) return drop(draft, node.DropStmt)
  if ('RenameStmt' in node) return rename(draft, node.RenameStmt)
  if ('AlterObjectSchemaStmt' in node) return setSchema(draft, node.AlterObjectSchemaStmt)
  if ('AlterTableStmt' in node) return alter(draft, node.AlterTableStmt)
  if ('CreateSchemaStmt' in node) {
    const inside: Path = { ...path, schemas: [node.CreateSchemaStmt.schemaname ?? '', ...path.schemas] }
    for (const each of node.CreateSchemaStmt.schemaElts ?? []) after(draft, inside, placed(inside, draft, each))
    return
  }
  if ('ExplainStmt' in node) {
    const analyzed = (node.ExplainStmt.options ?? []).some(
      (each) => 'DefElem' in each && each.DefElem.defname === 'analyze',
    )
    return analyzed && node.ExplainStmt.query ? after(draft, path, node.ExplainStmt.query) : undefined
  }
  if (!changeObject(draft, node) && !changeExtras(draft, node) && !unseen(draft, node))
    throw new Unsure(Object.keys(node)[0])
}

function createTable(draft: Draft, stmt: CreateStmt): void {
  const table = tableName(stmt.relation)
  if (stmt.if_not_exists && draft.tables[table] !== undefined) return
  if (stmt.inhRelations || stmt.partbound || stmt.ofTypename) throw new Unsure(table)
  // Default privileges may give others rights on it.
  const facts: DraftTable = { columns: {}, key: [], indexes: {}, constraints: {}, triggers: {}, rights: unknown }
  if (stmt.options) facts.options = unknown
  if (stmt.partspec) facts.partition = dividedBy(stmt.partspec)
  draft.tables[table] = facts
  const elements = stmt.tableElts ?? []
  const likes = elements.flatMap((each) => ('TableLikeClause' in each ? [each.TableLikeClause] : []))
  if (likes.length > 0) return copied(draft, table, likes)
  for (const each of elements) if ('ColumnDef' in each) addColumn(draft, table, facts, each.ColumnDef)
  for (const each of elements) if ('Constraint' in each) addConstraint(draft, table, facts, each.Constraint)
  // The server makes one key of two over the same columns.
  if (sameKeys(elements)) throw new Unsure(table)
}

/** As `pg_get_partkeydef` prints it, where it is over columns alone. */
function dividedBy(spec: PartitionSpec): string {
  const columns = (spec.partParams ?? []).map((each) =>
    'PartitionElem' in each && !each.PartitionElem.opclass && !each.PartitionElem.collation
      ? each.PartitionElem.name
      : undefined,
  )
  if (columns.includes(undefined)) return unknown
  const strategy = (spec.strategy ?? '').replace('PARTITION_STRATEGY_', '')
  return `BY ${strategy} (${columns.map((name) => printedName(name ?? '')).join(', ')})`
}

/** INCLUDING IDENTITY in the bits of a LIKE clause. */
const withIdentity = 32

/** LIKE: the table is open, and so are the sequences that come with identities. */
function copied(draft: Draft, table: string, likes: readonly TableLikeClause[]): void {
  draft.tables[table] = unknown
  for (const { relation, options = 0 } of likes) {
    if ((options & withIdentity) === 0) continue
    for (const [column, is] of Object.entries(known(draft, tableName(relation))?.columns ?? {}))
      if (typeof is === 'object' && is.generated?.endsWith('IDENTITY'))
        draft.sequences[`${table.split('.')[0]}.${chosenName(draft, table, [column], 'seq')}`] = unknown
  }
}

function sameKeys(elements: readonly Node[]): boolean {
  const keys = elements.flatMap((each) => {
    if ('Constraint' in each) return keyOf(each.Constraint, strings(each.Constraint.keys))
    if (!('ColumnDef' in each)) return []
    const { colname = '', constraints = [] } = each.ColumnDef
    return constraints.flatMap((one) => ('Constraint' in one ? keyOf(one.Constraint, [colname]) : []))
  })
  return new Set(keys).size < keys.length
}

function keyOf({ contype }: Constraint, columns: readonly string[]): readonly string[] {
  return contype === 'CONSTR_UNIQUE' || contype === 'CONSTR_PRIMARY' ? [JSON.stringify(columns)] : []
}
