/** Rules about changes of rows in a script. */
import type { Node } from 'libpg-query'
import { columnsOf } from '../expression.ts'
import { executes } from '../locks.ts'
import { objectName, strings, tableName, walk } from '../names.ts'
import { bodyOf } from '../parser.ts'
import { tableFacts } from '../world.ts'
import type { Rule, Scene } from './rule.ts'

const batches = 'change the rows in batches by key (data.transform), each in a transaction of its own'

const unbatchedUpdate: Rule = {
  name: 'unbatched-update',
  level: 'risk',
  why: 'One UPDATE over many rows locks them all until it ends, fills the log and leaves as many dead rows behind.',
  help: batches,
  also: ['strong_migrations:backfill'],
  grows: true,
  *look(scene) {
    for (const { node } of changes(scene, 'UpdateStmt')) {
      const table = tableName(node['relation'] as never)
      if (!scene.fresh(table) && !bounded(scene, table, node))
        yield {
          object: table,
          message: `UPDATE of "${table}" ${node['whereClause'] ? 'is not bounded by a key' : 'changes every row'}`,
        }
    }
  },
}

const unbatchedDelete: Rule = {
  name: 'unbatched-delete',
  level: 'risk',
  why: 'One DELETE over many rows locks them all until it ends, and follows every foreign key.',
  help: batches,
  grows: true,
  *look(scene) {
    for (const { node } of changes(scene, 'DeleteStmt')) {
      const table = tableName(node['relation'] as never)
      if (scene.fresh(table) || bounded(scene, table, node)) continue
      if (node['whereClause']) yield { object: table, message: `DELETE from "${table}" is not bounded by a key` }
      else yield { object: table, level: 'block', message: `DELETE from "${table}" removes every row` }
    }
  },
}

/** Tables of the tools that run migrations: a row or two for each. */
const bookkeeping =
  /\.(alembic_version|schema_migrations|schema_version|schema_history|flyway_schema_history|django_migrations|databasechangelog(lock)?|knex_migrations(_lock)?|_prisma_migrations|__drizzle_migrations|pgmigrations|goose_db_version|atlas_schema_revisions|SequelizeMeta|migrations)$/i

/** Tables of which a statement writes more rows than it names. */
export function massWrites(scene: Scene): readonly string[] {
  const { node } = scene
  if ('CopyStmt' in node) return node.CopyStmt.is_from ? [tableName(node.CopyStmt.relation)] : []
  if (!executes(node)) return []
  return [...walk(node)].flatMap(({ type, node: inner }) => {
    const table = tableName(inner['relation'] as never)
    if (bookkeeping.test(table)) return []
    if (type === 'UpdateStmt' || type === 'DeleteStmt') return bounded(scene, table, inner) ? [] : [table]
    if (type === 'MergeStmt') return [table]
    return type === 'InsertStmt' && readsRows(inner['selectStmt'] as Node | undefined) ? [table] : []
  })
}

function readsRows(query: Node | undefined): boolean {
  return query !== undefined && 'SelectStmt' in query && !!query.SelectStmt.fromClause && !query.SelectStmt.limitCount
}

/** True when the rows are named by a key or bounded by LIMIT: a batch, or a single row. */
function bounded(scene: Scene, table: string, node: Record<string, unknown>): boolean {
  const where = node['whereClause'] as Node | undefined
  if (where === undefined) return false
  const limits = [...walk(node)].some(
    ({ type, node: inner }) => type === 'SelectStmt' && inner['limitCount'] !== undefined,
  )
  return limits || pinned(scene, table, where)
}

/** The statements of a type that are run at once, those on bookkeeping tables left out. */
function changes(scene: Scene, type: string): readonly { readonly node: Record<string, unknown> }[] {
  if (!executes(scene.node)) return []
  return [...walk(scene.node)].filter(
    (each) => each.type === type && !bookkeeping.test(tableName(each.node['relation'] as never)),
  )
}

function pinned(scene: Scene, table: string, where: Node): boolean {
  if ('CurrentOfExpr' in where) return true
  if ('BoolExpr' in where) {
    const args = where.BoolExpr.args ?? []
    if (where.BoolExpr.boolop === 'OR_EXPR') return args.every((each) => pinned(scene, table, each))
    if (where.BoolExpr.boolop !== 'AND_EXPR') return false
    return args.some((each) => pinned(scene, table, each)) || rangeOf(scene, table, args)
  }
  if (!('A_Expr' in where)) return false
  const { kind, name, lexpr, rexpr } = where.A_Expr
  const operator = strings(name)[0]
  if (!keyColumn(scene, table, lexpr) && !keyColumn(scene, table, rexpr)) return false
  if (kind === 'AEXPR_IN') return operator === '='
  if (kind === 'AEXPR_BETWEEN') return true
  if (kind === 'AEXPR_OP_ANY') return operator === '='
  return kind === 'AEXPR_OP' && operator === '=' && (steadyValue(rexpr) || steadyValue(lexpr))
}

function steadyValue(node: Node | undefined): boolean {
  return node !== undefined && columnsOf(node).length === 0
}

/** `id > 10 AND id <= 20`. */
function rangeOf(scene: Scene, table: string, args: readonly Node[]): boolean {
  const operators = args.flatMap((each) => {
    if (!('A_Expr' in each)) return []
    const { kind, name, lexpr } = each.A_Expr
    return kind === 'AEXPR_OP' && keyColumn(scene, table, lexpr) ? [strings(name)[0] ?? ''] : []
  })
  return operators.some((each) => each.startsWith('>')) && operators.some((each) => each.startsWith('<'))
}

function keyColumn(scene: Scene, table: string, node: Node | undefined): boolean {
  if (node === undefined) return false
  const columns = columnsOf(node)
  // Of (a, b) IN (…) one key is enough.
  if (columns.length !== 1 && !('RowExpr' in node)) return false
  return columns.some((each) => isKeyColumn(scene, table, each))
}

function isKeyColumn(scene: Scene, table: string, column: string): boolean {
  const facts = tableFacts(scene.world, table)
  if (column === 'ctid') return true
  if (!facts) return /^(id|uuid|key|code|slug|.*_(id|uuid|key|code))$/i.test(column)
  const unique = Object.values(facts.indexes).filter(({ definition }) => definition.includes(' UNIQUE '))
  return (
    facts.key.includes(column) || unique.some(({ definition }) => new RegExp(`\\("?${column}"?[,) ]`).test(definition))
  )
}

const duplicates: Rule = {
  name: 'ban-duplicate-column-assignments',
  level: 'block',
  why: 'The server refuses a statement that gives a column two values.',
  help: 'give each column one value',
  *look(scene) {
    for (const { type, node } of walk(scene.node)) {
      const conflict = node['onConflictClause'] as { targetList?: Node[] } | undefined
      const lists =
        type === 'UpdateStmt' || type === 'MergeWhenClause'
          ? [node['targetList']]
          : type === 'InsertStmt'
            ? [node['cols'], conflict?.targetList]
            : []
      for (const list of lists) {
        const names = ((list ?? []) as Node[]).flatMap((each) =>
          'ResTarget' in each && !each.ResTarget.indirection ? [each.ResTarget.name ?? ''] : [],
        )
        for (const name of names.filter((each) => names.indexOf(each) !== names.lastIndexOf(each))) {
          yield { object: name, message: `column "${name}" is given more than one value` }
        }
      }
    }
  },
}

const opaque: Rule = {
  name: 'unchecked-code',
  level: 'note',
  why: 'What a DO block puts together at run time is not seen by these rules.',
  help: 'write the statements out, or read the block with care',
  also: ['strong_migrations:execute'],
  *look({ node, statement }) {
    if ('DoStmt' in node && (otherLanguage(node.DoStmt.args) || bodyOf(statement.text).opaque))
      yield { object: '', message: 'a DO block runs statements that cannot be read' }
  },
}

function otherLanguage(args: readonly Node[] | undefined): boolean {
  return (args ?? []).some(
    (each) =>
      'DefElem' in each &&
      each.DefElem.defname === 'language' &&
      objectName(each.DefElem.arg).toLowerCase() !== 'plpgsql',
  )
}

export const dataRules: readonly Rule[] = [unbatchedUpdate, unbatchedDelete, duplicates, opaque]
