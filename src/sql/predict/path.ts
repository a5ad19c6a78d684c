/** Where names without a schema lead: the search path as the script sets it, and temporary objects, which hide those of the same name. */
import type { Node } from 'libpg-query'
import { strings, walk } from '../names.ts'
import { type Draft, Unsure } from './draft.ts'

export interface Path {
  schemas: readonly string[]
  /** What holds again when the transaction ends, after a SET LOCAL. */
  outside?: readonly string[]
  readonly temporary: Set<string>
}

const usual = ['public']

export function newPath(): Path {
  return { schemas: usual, temporary: new Set() }
}

/** The same statement with a schema on every name that leads elsewhere than to `public`; a SET of the path is noted. */
export function placed(path: Path, draft: Draft, node: Node): Node {
  turn(path, node)
  const temporary = temporaryOf(node)
  if (path.schemas === usual && path.temporary.size === 0 && !temporary && !walks(node)) return node
  const copy = structuredClone(node)
  const made = madeBy(copy)
  if (made && (temporary || made['schemaname'] === 'pg_temp')) {
    made['schemaname'] = 'pg_temp'
    path.temporary.add(String(made['relname']))
  }
  for (const range of rangesOf(copy))
    if (range !== made || !range['schemaname']) place(path, draft, range, range === made)
  if (path.schemas !== usual || path.temporary.size > 0) placeNames(path, draft, copy)
  return copy
}

/** Follows SET search_path. What is put together at run time leads nobody knows where. */
function turn(path: Path, node: Node): void {
  const before = path.schemas
  if ('VariableSetStmt' in node) {
    const { name, kind, args = [] } = node.VariableSetStmt
    if (kind === 'VAR_RESET_ALL' || (name === 'search_path' && kind !== 'VAR_SET_VALUE')) path.schemas = usual
    else if (name === 'search_path') path.schemas = schemasOf(args.map(textOf))
    if (node.VariableSetStmt.is_local) path.outside ??= before
  } else if ('TransactionStmt' in node && path.outside) {
    path.schemas = path.outside
    delete path.outside
  }
  for (const { type, node: call } of walk('SelectStmt' in node ? node : undefined)) {
    if (type !== 'FuncCall' || strings(call['funcname'] as Node[]).at(-1) !== 'set_config') continue
    const [name, value] = ((call['args'] ?? []) as Node[]).map(textOf)
    if (name === undefined || (name === 'search_path' && value === undefined)) throw new Unsure('set_config')
    if (name === 'search_path')
      path.schemas = schemasOf(value!.split(',').map((each) => each.trim().replace(/^"(.*)"$/, '$1')))
  }
}

function schemasOf(names: readonly (string | undefined)[]): readonly string[] {
  const found = names.filter(
    (name) => name !== undefined && name !== '' && name !== '$user' && name !== 'pg_catalog',
  ) as string[]
  return found.length === 0 || (found.length === 1 && found[0] === 'public') ? usual : found
}

function textOf(node: Node | undefined): string | undefined {
  if (node && 'TypeCast' in node) return textOf(node.TypeCast.arg)
  return node && 'A_Const' in node ? node.A_Const.sval && (node.A_Const.sval.sval ?? '') : undefined
}

type Range = Record<string, unknown>

function temporaryOf(node: Node): boolean {
  return madeBy(node)?.['relpersistence'] === 't'
}

/** What the statement makes, where that is a relation. */
function madeBy(node: Node): Range | undefined {
  const range =
    'CreateStmt' in node
      ? node.CreateStmt.relation
      : 'CreateTableAsStmt' in node
        ? node.CreateTableAsStmt.into?.rel
        : 'SelectStmt' in node
          ? node.SelectStmt.intoClause?.rel
          : 'ViewStmt' in node
            ? node.ViewStmt.view
            : 'CreateSeqStmt' in node
              ? node.CreateSeqStmt.sequence
              : 'CreateForeignTableStmt' in node
                ? node.CreateForeignTableStmt.base?.relation
                : undefined
  return range as Range | undefined
}

function walks(node: Node): boolean {
  return rangesOf(node).some((range) => range['schemaname'] === 'pg_temp')
}

function rangesOf(value: unknown): readonly Range[] {
  if (Array.isArray(value)) return value.flatMap(rangesOf)
  if (typeof value !== 'object' || value === null) return []
  const own = typeof (value as Range)['relname'] === 'string' ? [value as Range] : []
  return [...own, ...Object.values(value).flatMap(rangesOf)]
}

function place(path: Path, draft: Draft, range: Range, made: boolean): void {
  if (range['schemaname'] !== undefined) return
  range['schemaname'] = leads(path, draft, String(range['relname']), made)
}

function leads(path: Path, draft: Draft, name: string, made: boolean): string {
  if (!made && path.temporary.has(name)) return 'pg_temp'
  const [first = 'public'] = path.schemas
  if (made) return first
  return path.schemas.find((schema) => there(draft, schema, name)) ?? first
}

function there(draft: Draft, schema: string, name: string): boolean {
  const groups = [draft.tables, draft.views, draft.sequences, draft.types] as readonly Record<string, unknown>[]
  const key = `${schema}.${name}`
  if (groups.some((group) => group[key] !== undefined)) return true
  if (typeof draft.functions === 'object' && Object.keys(draft.functions).some((each) => each.startsWith(`${key}(`)))
    return true
  return Object.entries(draft.tables).some(
    ([table, facts]) =>
      table.startsWith(`${schema}.`) && typeof facts === 'object' && facts.indexes[name] !== undefined,
  )
}

/** Names that are lists of words: types, functions, and what DROP and COMMENT name. */
function placeNames(path: Path, draft: Draft, node: Node): void {
  if ('CommentStmt' in node && /^OBJECT_(TABLE|COLUMN)$/.test(node.CommentStmt.objtype ?? '')) {
    const list =
      node.CommentStmt.object && 'List' in node.CommentStmt.object ? node.CommentStmt.object.List.items : undefined
    const own = node.CommentStmt.objtype === 'OBJECT_TABLE' ? 1 : 2
    if (list?.length === own) list.unshift(word(leads(path, draft, strings(list)[0] ?? '', false)))
  }
  if ('DropStmt' in node)
    for (const each of node.DropStmt.objects ?? []) placeDropped(path, draft, each, node.DropStmt.removeType ?? '')
  for (const key of ['typeName', 'domainname', 'funcname', 'defnames']) {
    const made = (Object.values(node)[0] as Record<string, unknown>)[key]
    if (!Array.isArray(made) || made.length !== 1) continue
    const creates = 'CreateEnumStmt' in node || 'CreateDomainStmt' in node || 'CreateFunctionStmt' in node
    made.unshift(word(leads(path, draft, strings(made as Node[])[0] ?? '', creates)))
  }
  for (const names of typesOf(node)) {
    const name = strings(names)[0] ?? ''
    const schema = path.schemas.find((each) => each !== 'public' && draft.types[`${each}.${name}`] !== undefined)
    if (names.length === 1 && schema !== undefined) names.unshift(word(schema))
  }
}

function placeDropped(path: Path, draft: Draft, object: Node, type: string): void {
  const own = /^OBJECT_(TRIGGER|POLICY|RULE)$/.test(type) ? 2 : 1
  const list =
    'List' in object
      ? object.List.items
      : 'TypeName' in object
        ? object.TypeName.names
        : 'ObjectWithArgs' in object
          ? object.ObjectWithArgs.objname
          : undefined
  if (list?.length === own) list.unshift(word(leads(path, draft, strings(list)[0] ?? '', false)))
}

function typesOf(value: unknown): readonly Node[][] {
  if (Array.isArray(value)) return value.flatMap(typesOf)
  if (typeof value !== 'object' || value === null) return []
  const names = (value as Range)['names']
  return [...(Array.isArray(names) ? [names as Node[]] : []), ...Object.values(value).flatMap(typesOf)]
}

function word(sval: string): Node {
  return { String: { sval } }
}
