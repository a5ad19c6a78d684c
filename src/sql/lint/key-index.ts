/** The rule about foreign keys that no index of their own table serves: what an index is, in scripts, facts and keys. */
import type { Node } from 'libpg-query'
import { demandsValue } from '../expression.ts'
import { strings, tableName } from '../names.ts'
import { indexColumns, printedColumns } from '../work-alter.ts'
import { tableFacts } from '../world.ts'
import { type Rule, type Scene, commands, constraintsOf, creation } from './rule.ts'

export const keyWithoutIndex: Rule = {
  name: 'foreign-key-without-index',
  level: 'risk',
  why: 'Without an index on the referring columns, each delete or key change of the other table reads this one whole.',
  help: 'create an index on the columns first (schema.index)',
  also: ['eugene:E15'],
  *look(scene) {
    for (const { table, columns } of foreignKeys(scene)) {
      if (!indexed(scene, table, columns))
        yield {
          object: table,
          message: `no index of "${table}" begins with ${columns.map((each) => `"${each}"`).join(', ')}, which refer to another table`,
        }
    }
  },
}

function* foreignKeys(scene: Scene): Generator<{ readonly table: string; readonly columns: readonly string[] }> {
  for (const { table, cmd } of commands(scene)) {
    if (cmd.def && 'Constraint' in cmd.def && cmd.def.Constraint.contype === 'CONSTR_FOREIGN')
      yield { table, columns: strings(cmd.def.Constraint.fk_attrs) }
    if (
      cmd.def &&
      'ColumnDef' in cmd.def &&
      constraintsOf(cmd.def.ColumnDef).some((each) => each.contype === 'CONSTR_FOREIGN')
    )
      yield { table, columns: [cmd.def.ColumnDef.colname ?? ''] }
  }
  const made = creation(scene.node)
  for (const each of made?.tableElts ?? []) {
    const table = tableName(made?.relation)
    if ('Constraint' in each && each.Constraint.contype === 'CONSTR_FOREIGN')
      yield { table, columns: strings(each.Constraint.fk_attrs) }
    if ('ColumnDef' in each && constraintsOf(each.ColumnDef).some((one) => one.contype === 'CONSTR_FOREIGN'))
      yield { table, columns: [each.ColumnDef.colname ?? ''] }
  }
}

/** True when an index of the script (anywhere in it), of the facts or of a key begins with the columns, in any order. */
function indexed(scene: Scene, table: string, columns: readonly string[]): boolean {
  const begins = (index: readonly string[]) =>
    columns.every((column) => index.slice(0, columns.length).includes(column))
  const facts = tableFacts(scene.world, table)
  const known = Object.values(facts?.indexes ?? {})
    .filter(({ definition }) => !definition.includes(' WHERE ') || / WHERE \(\S+ IS NOT NULL\)$/.test(definition))
    .map(({ definition }) => printedColumns(definition))
  const written = scene.script.flatMap(({ node }) => keysWritten(scene, node, table))
  return [...known, ...written, facts?.key ?? []].some((index) => index.length > 0 && begins(index))
}

/** The columns of each index that a statement makes for the table, by itself or for a key. */
function keysWritten(scene: Scene, node: Node, table: string): readonly (readonly string[])[] {
  if ('IndexStmt' in node) {
    const { relation, indexParams, whereClause } = node.IndexStmt
    const part = whereClause !== undefined && demandsValue(whereClause).length === 0
    if (tableName(relation) !== table || part) return []
    return [(indexParams ?? []).map((each) => ('IndexElem' in each ? (each.IndexElem.name ?? '') : ''))]
  }
  const made = creation(node)
  if (made && tableName(made.relation) === table)
    return (made.tableElts ?? []).flatMap((each) => keyOf(scene, table, each))
  if (!('AlterTableStmt' in node) || tableName(node.AlterTableStmt.relation) !== table) return []
  return (node.AlterTableStmt.cmds ?? []).flatMap((each) =>
    'AlterTableCmd' in each && each.AlterTableCmd.def ? keyOf(scene, table, each.AlterTableCmd.def) : [],
  )
}

function keyOf(scene: Scene, table: string, node: Node): readonly (readonly string[])[] {
  const key = (contype: string | undefined) => /PRIMARY|UNIQUE/.test(contype ?? '')
  if ('Constraint' in node && key(node.Constraint.contype)) {
    const { indexname, keys } = node.Constraint
    return [indexname ? (indexColumns(scene.world, table, indexname) ?? []) : strings(keys)]
  }
  return 'ColumnDef' in node && constraintsOf(node.ColumnDef).some((each) => key(each.contype))
    ? [[node.ColumnDef.colname ?? '']]
    : []
}
