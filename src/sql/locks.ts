/** The locks a statement takes, by table, before it is run. Held against pg_locks of real servers in `locks.test.ts`. */
import type { DropStmt, IndexStmt, Node, RenameStmt, VacuumStmt } from 'libpg-query'
import { alterLocks, references } from './locks-alter.ts'
import { type LockMode, type Touch, lockModes, merged } from './lock.ts'
import { objectName, strings, tableName, walk } from './names.ts'
import type { World } from './world.ts'

/** Tables (and indexes that are named) that the statement locks; objects that it makes itself are left out. */
export function locksOf(node: Node, world: World): readonly Touch[] {
  return merged(touches(node, world))
}

function touches(node: Node, world: World): readonly Touch[] {
  if ('AlterTableStmt' in node) return alterLocks(node.AlterTableStmt, world)
  if ('CreateStmt' in node) return createLocks(node)
  if ('IndexStmt' in node) return indexLocks(node.IndexStmt)
  if ('DropStmt' in node) return dropLocks(node.DropStmt, world)
  if ('RenameStmt' in node) return renameLocks(node.RenameStmt)
  if ('TruncateStmt' in node) return ranges(node.TruncateStmt.relations, 'ACCESS EXCLUSIVE')
  if ('LockStmt' in node)
    return ranges(node.LockStmt.relations, lockModes[(node.LockStmt.mode ?? 8) - 1] ?? 'ACCESS EXCLUSIVE')
  if ('VacuumStmt' in node) return vacuumLocks(node.VacuumStmt)
  return statementLocks(node, world)
}

function statementLocks(node: Node, world: World): readonly Touch[] {
  if ('CreateTrigStmt' in node) return one(tableName(node.CreateTrigStmt.relation), 'SHARE ROW EXCLUSIVE')
  if ('RuleStmt' in node) return one(tableName(node.RuleStmt.relation), 'ACCESS EXCLUSIVE')
  if ('CreatePolicyStmt' in node) return one(tableName(node.CreatePolicyStmt.table), 'ACCESS EXCLUSIVE')
  if ('AlterPolicyStmt' in node) return one(tableName(node.AlterPolicyStmt.table), 'ACCESS EXCLUSIVE')
  if ('CreateStatsStmt' in node) return ranges(node.CreateStatsStmt.relations, 'SHARE UPDATE EXCLUSIVE')
  if ('RefreshMatViewStmt' in node) {
    return one(
      tableName(node.RefreshMatViewStmt.relation),
      node.RefreshMatViewStmt.concurrent ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE',
      node.RefreshMatViewStmt.concurrent ? 'scan' : 'rewrite',
    )
  }
  if ('AlterSeqStmt' in node) return one(tableName(node.AlterSeqStmt.sequence), 'SHARE ROW EXCLUSIVE')
  if ('ReindexStmt' in node) return reindexLocks(node, world)
  if ('CommentStmt' in node) return commentLocks(node)
  if ('AlterObjectSchemaStmt' in node && node.AlterObjectSchemaStmt.relation)
    return one(tableName(node.AlterObjectSchemaStmt.relation), 'ACCESS EXCLUSIVE')
  if ('ClusterStmt' in node)
    return node.ClusterStmt.relation ? one(tableName(node.ClusterStmt.relation), 'ACCESS EXCLUSIVE', 'rewrite') : []
  if ('CopyStmt' in node && node.CopyStmt.relation)
    return one(tableName(node.CopyStmt.relation), node.CopyStmt.is_from ? 'ROW EXCLUSIVE' : 'ACCESS SHARE')
  return queryLocks(node)
}

function one(object: string, mode: LockMode, ...work: Touch['work'][number][]): readonly Touch[] {
  return [{ object, mode, work }]
}

function ranges(
  nodes: readonly Node[] | undefined,
  mode: LockMode,
  ...work: Touch['work'][number][]
): readonly Touch[] {
  return (nodes ?? []).flatMap((node) => ('RangeVar' in node ? one(tableName(node.RangeVar), mode, ...work) : []))
}

function createLocks(node: Extract<Node, { CreateStmt: unknown }>): readonly Touch[] {
  const { relation, tableElts, inhRelations, partbound } = node.CreateStmt
  const self = tableName(relation)
  const parents = ranges(inhRelations, partbound ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE')
  const peers = (tableElts ?? []).flatMap((each) => references(each)).filter((peer) => peer !== self)
  return [...parents, ...peers.map((object): Touch => ({ object, mode: 'SHARE ROW EXCLUSIVE', work: [] }))]
}

function indexLocks(stmt: IndexStmt): readonly Touch[] {
  return one(tableName(stmt.relation), stmt.concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE', 'build')
}

function dropLocks(stmt: DropStmt, world: World): readonly Touch[] {
  const mode: LockMode = stmt.concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE'
  return (stmt.objects ?? []).flatMap((object) => {
    const name = objectName(object)
    if (stmt.removeType === 'OBJECT_INDEX') {
      const table = indexTable(world, name)
      return [...one(name, mode), ...(table === undefined ? [] : one(table, mode))]
    }
    if (stmt.removeType === 'OBJECT_TABLE')
      return [...one(name, mode), ...peersOf(world, name).flatMap((peer) => one(peer, 'ACCESS EXCLUSIVE'))]
    if (
      stmt.removeType === 'OBJECT_VIEW' ||
      stmt.removeType === 'OBJECT_MATVIEW' ||
      stmt.removeType === 'OBJECT_SEQUENCE'
    )
      return one(name, mode)
    if (
      stmt.removeType === 'OBJECT_TRIGGER' ||
      stmt.removeType === 'OBJECT_POLICY' ||
      stmt.removeType === 'OBJECT_RULE'
    )
      return one(ownerOf(object), mode)
    return []
  })
}

/** `DROP TRIGGER t ON s.x` names the table in all parts but the last. */
function ownerOf(object: Node): string {
  const parts = 'List' in object ? strings(object.List.items).slice(0, -1) : []
  return parts.length > 1 ? parts.join('.') : `public.${parts[0] ?? ''}`
}

/** The table of an index, from the script or the facts. */
export function indexTable(world: World, index: string): string | undefined {
  const made = world.indexes.get(index)
  if (made) return made.table
  const name = index.slice(index.indexOf('.') + 1)
  return Object.entries(world.facts?.tables ?? {}).find(
    ([table, facts]) => table.split('.')[0] === index.split('.')[0] && facts.indexes[name],
  )?.[0]
}

/** Tables joined to `table` by a foreign key, either way, as far as the facts know. */
function peersOf(world: World, table: string): readonly string[] {
  return Object.entries(world.facts?.tables ?? {}).flatMap(([name, facts]) =>
    Object.values(facts.constraints).flatMap((definition) => {
      const target = /^FOREIGN KEY .*? REFERENCES ("?[\w."]+)/.exec(definition)?.[1]?.replaceAll('"', '')
      const key = target === undefined ? undefined : target.includes('.') ? target : `public.${target}`
      if (key === undefined) return []
      return name === table && key !== table ? [key] : key === table && name !== table ? [name] : []
    }),
  )
}

function renameLocks(stmt: RenameStmt): readonly Touch[] {
  if (!stmt.relation) return []
  return one(
    tableName(stmt.relation),
    stmt.renameType === 'OBJECT_INDEX' ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE',
  )
}

function vacuumLocks(stmt: VacuumStmt): readonly Touch[] {
  const full = hasOption(stmt.options, 'full')
  const targets = (stmt.rels ?? []).flatMap((each) =>
    'VacuumRelation' in each ? [tableName(each.VacuumRelation.relation)] : [],
  )
  return targets.flatMap((name) =>
    full ? one(name, 'ACCESS EXCLUSIVE', 'rewrite') : one(name, 'SHARE UPDATE EXCLUSIVE', 'scan'),
  )
}

/** True for an option that is set and not switched off: `(FULL)`, `(FULL true)`, `FULL`. */
export function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((each) => {
    if (!('DefElem' in each) || each.DefElem.defname !== name) return false
    const arg = each.DefElem.arg
    if (arg === undefined) return true
    if ('String' in arg) return !/^(false|off|0)$/i.test(arg.String.sval ?? '')
    return 'Integer' in arg ? (arg.Integer.ival ?? 0) !== 0 : 'Boolean' in arg ? arg.Boolean.boolval === true : true
  })
}

function reindexLocks(node: Extract<Node, { ReindexStmt: unknown }>, world: World): readonly Touch[] {
  const { kind, relation, params } = node.ReindexStmt
  const concurrent = hasOption(params, 'concurrently')
  const name = tableName(relation)
  if (kind === 'REINDEX_OBJECT_TABLE') return one(name, concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE', 'build')
  if (kind !== 'REINDEX_OBJECT_INDEX') return []
  const table = indexTable(world, name)
  const self = one(name, concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE', 'build')
  return table === undefined ? self : [...self, ...one(table, concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE', 'build')]
}

function commentLocks(node: Extract<Node, { CommentStmt: unknown }>): readonly Touch[] {
  const { objtype, object } = node.CommentStmt
  if (objtype === 'OBJECT_TABLE' || objtype === 'OBJECT_VIEW') return one(objectName(object), 'SHARE UPDATE EXCLUSIVE')
  return objtype === 'OBJECT_COLUMN' && object ? one(ownerOf(object), 'SHARE UPDATE EXCLUSIVE') : []
}

/** Queries and changes of data: what is written to, and every other table they name. */
function queryLocks(node: Node): readonly Touch[] {
  const found: Touch[] = []
  for (const { type, node: inner } of walk(node)) {
    if (type === 'InsertStmt' || type === 'UpdateStmt' || type === 'DeleteStmt' || type === 'MergeStmt') {
      const scans = type !== 'InsertStmt'
      found.push({ object: tableName(inner['relation'] as never), mode: 'ROW EXCLUSIVE', work: scans ? ['scan'] : [] })
    } else if (type === 'RangeVar') found.push({ object: tableName(inner as never), mode: 'ACCESS SHARE', work: [] })
    else if (type === 'SelectStmt' && inner['lockingClause']) {
      for (const each of walk(inner['fromClause'])) {
        if (each.type === 'RangeVar') found.push({ object: tableName(each.node as never), mode: 'ROW SHARE', work: [] })
      }
    }
  }
  const defined = new Set(
    [...walk(node)].flatMap(({ type, node: inner }) =>
      type === 'CommonTableExpr' ? [`public.${String(inner['ctename'])}`] : [],
    ),
  )
  return found.filter(({ object }) => object !== 'public.' && !defined.has(object) && object !== createdBy(node))
}

function createdBy(node: Node): string {
  if ('CreateTableAsStmt' in node) return tableName(node.CreateTableAsStmt.into?.rel)
  if ('ViewStmt' in node) return tableName(node.ViewStmt.view)
  if ('CreateSeqStmt' in node) return tableName(node.CreateSeqStmt.sequence)
  return 'SelectStmt' in node ? tableName(node.SelectStmt.intoClause?.rel) : ''
}
