/** What a form of ALTER TABLE does to the rows while its lock is held: copies, reads or indexes them. Knows no lock. */
import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint, Node } from 'libpg-query'
import { volatileCalls } from './expression.ts'
import type { Touch } from './lock.ts'
import { builtin, partsName, strings, writtenType } from './names.ts'
import { keepsBytes, printedType } from './widening.ts'
import { type World, nullsRuledOut, tableFacts } from './world.ts'

export type Work = Touch['work'][number]

export function workOf(table: string, cmd: AlterTableCmd, world: World, stmt: AlterTableStmt): readonly Work[] {
  const { subtype, def, name = '' } = cmd
  switch (subtype) {
    case 'AT_AddColumn':
      return def && 'ColumnDef' in def ? columnWork(def.ColumnDef, world) : []
    case 'AT_AddConstraint':
    case 'AT_AddIndexConstraint':
      return def && 'Constraint' in def ? constraintWork(table, def.Constraint, world) : []
    case 'AT_AlterColumnType':
      return typeKept(table, cmd, world) === true ? kept(table, cmd, world) : ['rewrite']
    case 'AT_SetNotNull':
      return nullsRuledOut(world, table, name, droppedConstraints(stmt)) ? [] : ['scan']
    case 'AT_ValidateConstraint':
      return validAlready(world, table, name) ? [] : ['scan']
    case 'AT_SetLogged':
    case 'AT_SetUnLogged':
    case 'AT_SetAccessMethod':
    case 'AT_SetTableSpace':
    case 'AT_SetExpression':
      return ['rewrite']
    default:
      return []
  }
}

/** Constraints that a statement drops: it does so first, wherever it says so. */
export function droppedConstraints(stmt: AlterTableStmt): readonly string[] {
  return (stmt.cmds ?? []).flatMap((each) =>
    'AlterTableCmd' in each && each.AlterTableCmd.subtype === 'AT_DropConstraint'
      ? [each.AlterTableCmd.name ?? '']
      : [],
  )
}

function validAlready(world: World, table: string, constraint: string): boolean {
  const known = tableFacts(world, table)?.constraints[constraint]
  return known !== undefined && !/NOT VALID\s*$/.test(known) && !world.pending.has(`${table}.${constraint}`)
}

/** Why adding the column copies the whole table; undefined when it does not. */
export function columnRewrites(column: ColumnDef, world: World): string | undefined {
  const type = writtenType(column.typeName)
  if (/^(big|small)?serial[248]?$/.test(type.name) && builtin(type))
    return `the type "${type.name}" gives every row a number of its own`
  if (constrainedDomain(world, partsName(strings(column.typeName?.names))))
    return `the domain "${type.name}" is checked for every row`
  for (const { contype, generated_kind, raw_expr } of constraintsIn(column)) {
    if (contype === 'CONSTR_IDENTITY') return 'an identity gives every row a number of its own'
    if (contype === 'CONSTR_GENERATED' && generated_kind !== 'v')
      return 'a stored generated column is computed for every row'
    if (contype !== 'CONSTR_DEFAULT') continue
    const calls = volatileCalls(raw_expr)
    if (calls.length > 0)
      return `the default calls ${calls.map((call) => `"${call}"`).join(', ')}, which may differ from row to row`
  }
  return undefined
}

/** The facts write a domain as `DOMAIN base`, then its constraints. */
function constrainedDomain(world: World, type: string): boolean {
  const known = world.facts?.types[type] ?? []
  const written =
    Array.isArray(known) &&
    known[0]?.startsWith('DOMAIN ') === true &&
    (known.length > 1 || / NOT NULL\b/.test(known[0]))
  return written || world.domains.has(type)
}

function constraintsIn(column: ColumnDef): readonly Constraint[] {
  return (column.constraints ?? []).flatMap((each) => ('Constraint' in each ? [each.Constraint] : []))
}

/** True when the column is given a value, by a default that is not NULL, an identity, a sequence or an expression. */
export function filled(column: ColumnDef): boolean {
  const type = writtenType(column.typeName)
  if (/^(big|small)?serial[248]?$/.test(type.name) && builtin(type)) return true
  return constraintsIn(column).some(({ contype, raw_expr }) => {
    if (contype === 'CONSTR_GENERATED' || contype === 'CONSTR_IDENTITY') return true
    return contype === 'CONSTR_DEFAULT' && !(raw_expr && 'A_Const' in raw_expr && raw_expr.A_Const.isnull === true)
  })
}

function columnWork(column: ColumnDef, world: World): readonly Work[] {
  const rewrites = columnRewrites(column, world) !== undefined
  const works = constraintsIn(column).flatMap(({ contype }): readonly Work[] => {
    if (contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_UNIQUE') return ['build']
    if (contype === 'CONSTR_FOREIGN' || contype === 'CONSTR_NOTNULL')
      return filled(column) === (contype === 'CONSTR_FOREIGN') ? ['scan'] : []
    return contype === 'CONSTR_CHECK' ? ['scan'] : []
  })
  return [...(rewrites ? (['rewrite'] as const) : []), ...works]
}

function constraintWork(table: string, constraint: Constraint, world: World): readonly Work[] {
  const { contype, skip_validation, indexname, keys } = constraint
  if (contype === 'CONSTR_EXCLUSION') return ['build']
  if (contype === 'CONSTR_UNIQUE') return indexname ? [] : ['build']
  if (contype === 'CONSTR_PRIMARY') {
    const columns = indexname ? indexColumns(world, table, indexname) : strings(keys)
    const proved = columns !== undefined && columns.every((each) => nullsRuledOut(world, table, each))
    return [...(indexname ? [] : (['build'] as const)), ...(proved ? [] : (['scan'] as const))]
  }
  if (contype === 'CONSTR_NOTNULL' && strings(keys).every((each) => nullsRuledOut(world, table, each))) return []
  return skip_validation ? [] : ['scan']
}

/** The columns of an index of the script or the facts, as far as they are plain. */
export function indexColumns(world: World, table: string, index: string): readonly string[] | undefined {
  const made = world.indexes.get(`${table.split('.')[0]}.${index}`)
  if (made) return made.columns
  const known = tableFacts(world, table)?.indexes[index]?.definition
  return known === undefined ? undefined : printedColumns(known)
}

/** `CREATE INDEX i ON public.t USING btree (a, lower(b), "C" DESC)`: `a`, `lower(b)`, `C`. */
export function printedColumns(definition: string): readonly string[] {
  return (/\((.*?)\)(?: INCLUDE| WHERE| WITH|$)/.exec(definition)?.[1] ?? '')
    .split(',')
    .map((each) => each.trim().split(' ')[0]!.replaceAll('"', ''))
}

/** Whether the change of type keeps the bytes; undefined when the present type is not known. */
export function typeKept(table: string, cmd: AlterTableCmd, world: World): boolean | undefined {
  const said = world.types.get(`${table}.${cmd.name}`)
  const known = tableFacts(world, table)?.columns[cmd.name ?? '']
  if ((said === undefined && known === undefined) || !cmd.def || !('ColumnDef' in cmd.def)) return undefined
  if (cmd.def.ColumnDef.raw_default && !plainCast(cmd.def.ColumnDef.raw_default, cmd.name ?? '')) return false
  return keepsBytes(said ? writtenType(said) : printedType(known!.type), writtenType(cmd.def.ColumnDef.typeName))
}

/** The rows stay as they are, but a CHECK on the column is tried again, and an index that cannot be kept is built again. */
function kept(table: string, cmd: AlterTableCmd, world: World): readonly Work[] {
  const facts = tableFacts(world, table)
  const sorted = cmd.def !== undefined && 'ColumnDef' in cmd.def && cmd.def.ColumnDef.collClause !== undefined
  const named = new RegExp(`(?<![\\w"])"?${(cmd.name ?? '').replace(/\W/g, '\\$&')}"?(?![\\w"])`)
  const checks = Object.values(facts?.constraints ?? {}).some(
    (each) => each.startsWith('CHECK') && !/NOT (VALID|ENFORCED)\s*$/.test(each) && named.test(each),
  )
  const indexes = Object.values(facts?.indexes ?? {}).some(({ definition }) => {
    const body = definition.replace(/^.*? USING /, '')
    const plain = /^\w+ \([^()]*\)(?: INCLUDE \([^()]*\))?(?: WITH \([^()]*\))?$/.test(body)
    return named.test(body) && (!plain || sorted)
  })
  return [...(checks ? (['scan'] as const) : []), ...(indexes ? (['build'] as const) : [])]
}

function plainCast(expression: Node, column: string): boolean {
  const inner = 'TypeCast' in expression ? expression.TypeCast.arg : expression
  return inner !== undefined && 'ColumnRef' in inner && strings(inner.ColumnRef.fields).at(-1) === column
}
