/** The locks a statement takes, by table, before it is run. Held against pg_locks of real servers in `locks.test.ts`. */
import type { AlterDomainStmt, CreateStmt, IndexStmt, Node, RenameStmt, TruncateStmt, VacuumStmt } from 'libpg-query'
import { alterLocks, references } from './locks-alter.ts'
import { dropLocks, indexTable, ownerOf } from './locks-drop.ts'
import { type LockMode, type Touch, lockModes, merged } from './lock.ts'
import { schemaElements } from './made.ts'
import { objectName, partsName, strings, tableName, walk } from './names.ts'
import { defaultPartition, descendants, referring } from './relatives.ts'
import { type World, tableFacts } from './world.ts'

/** Tables (and indexes that are named) that the statement locks; objects that it makes itself are left out. */
export function locksOf(node: Node, world: World): readonly Touch[] {
  return merged(touches(node, world))
}

function touches(node: Node, world: World): readonly Touch[] {
  if ('AlterTableStmt' in node) return alterLocks(node.AlterTableStmt, world)
  if ('CreateStmt' in node) return createLocks(node.CreateStmt, world)
  if ('CreateSchemaStmt' in node) return schemaElements(node.CreateSchemaStmt).flatMap((each) => touches(each, world))
  if ('IndexStmt' in node) return indexLocks(node.IndexStmt, world)
  if ('DropStmt' in node) return dropLocks(node.DropStmt, world)
  if ('RenameStmt' in node) return renameLocks(node.RenameStmt, world)
  if ('TruncateStmt' in node) return truncateLocks(node.TruncateStmt, world)
  if ('LockStmt' in node)
    return family(node.LockStmt.relations, lockModes[(node.LockStmt.mode ?? 8) - 1] ?? 'ACCESS EXCLUSIVE', world)
  if ('VacuumStmt' in node) return vacuumLocks(node.VacuumStmt, world)
  return statementLocks(node, world)
}

function statementLocks(node: Node, world: World): readonly Touch[] {
  if ('CreateTrigStmt' in node) return family(rangeList(node.CreateTrigStmt.relation), 'SHARE ROW EXCLUSIVE', world)
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
  if ('AlterDomainStmt' in node) return domainLocks(node.AlterDomainStmt, world)
  if ('CreatePublicationStmt' in node) return published(node.CreatePublicationStmt.pubobjects)
  if ('AlterPublicationStmt' in node) return published(node.AlterPublicationStmt.pubobjects)
  if ('AlterObjectSchemaStmt' in node && node.AlterObjectSchemaStmt.relation)
    return one(tableName(node.AlterObjectSchemaStmt.relation), 'ACCESS EXCLUSIVE')
  if ('ClusterStmt' in node)
    return node.ClusterStmt.relation ? one(tableName(node.ClusterStmt.relation), 'ACCESS EXCLUSIVE', 'rewrite') : []
  if ('CopyStmt' in node && node.CopyStmt.relation)
    return one(tableName(node.CopyStmt.relation), node.CopyStmt.is_from ? 'ROW EXCLUSIVE' : 'ACCESS SHARE')
  return queryLocks(node, world)
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

function rangeList(range: CreateStmt['relation']): readonly Node[] {
  return range === undefined ? [] : [{ RangeVar: range }]
}

/** The tables named, and their partitions and children unless ONLY is said. */
function family(nodes: readonly Node[] | undefined, mode: LockMode, world: World): readonly Touch[] {
  return (nodes ?? []).flatMap((node) => {
    if (!('RangeVar' in node)) return []
    const table = tableName(node.RangeVar)
    const below = node.RangeVar.inh === true ? descendants(world, table) : []
    return [table, ...below].flatMap((each) => one(each, mode))
  })
}

function createLocks({ relation, tableElts, inhRelations, partbound }: CreateStmt, world: World): readonly Touch[] {
  const self = tableName(relation)
  const parents = ranges(inhRelations, partbound ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE')
  const fallback = partbound && parents[0] ? defaultPartition(world, parents[0].object) : undefined
  const peers = (tableElts ?? []).flatMap((each) => references(each)).filter((peer) => peer !== self)
  const models = (tableElts ?? []).flatMap((each) =>
    'TableLikeClause' in each ? ranges(rangeList(each.TableLikeClause.relation), 'ACCESS SHARE') : [],
  )
  return [
    ...parents,
    ...(fallback === undefined ? [] : one(fallback, 'ACCESS EXCLUSIVE', 'scan')),
    ...peers.flatMap((object) => one(object, 'SHARE ROW EXCLUSIVE')),
    ...models,
  ]
}

/** An index ON ONLY a partitioned table is a mere frame, and one that is there already is not built again. */
function indexLocks(stmt: IndexStmt, world: World): readonly Touch[] {
  const table = tableName(stmt.relation)
  const there = stmt.if_not_exists === true && tableFacts(world, table)?.indexes[stmt.idxname ?? ''] !== undefined
  const below = stmt.relation?.inh === true ? descendants(world, table) : []
  const build = there || stmt.relation?.inh !== true ? [] : (['build'] as const)
  const mode: LockMode = stmt.concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE'
  return [table, ...(there ? [] : below)].flatMap((each) => one(each, mode, ...build))
}

function renameLocks(stmt: RenameStmt, world: World): readonly Touch[] {
  if (!stmt.relation) return []
  if (stmt.renameType === 'OBJECT_COLUMN') return family(rangeList(stmt.relation), 'ACCESS EXCLUSIVE', world)
  return one(
    tableName(stmt.relation),
    stmt.renameType === 'OBJECT_INDEX' ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE',
  )
}

/** CASCADE goes on to every table that refers to one that is emptied. */
function truncateLocks({ relations, behavior }: TruncateStmt, world: World): readonly Touch[] {
  const emptied = new Set(family(relations, 'ACCESS EXCLUSIVE', world).map(({ object }) => object))
  // A set that grows while it is walked: what comes in later is walked too.
  if (behavior === 'DROP_CASCADE')
    for (const table of emptied) for (const each of referring(world, table)) emptied.add(each)
  return [...emptied].flatMap((each) => one(each, 'ACCESS EXCLUSIVE'))
}

/** A constraint that a domain gets is tried on every column of it that the facts know. */
function domainLocks(stmt: AlterDomainStmt, world: World): readonly Touch[] {
  const added = stmt.def && 'Constraint' in stmt.def ? stmt.def.Constraint : undefined
  const tries = (added && !added.skip_validation) || /^[OV]$/.test(stmt.subtype ?? '')
  const domain = partsName(strings(stmt.typeName))
  const uses = (type: string) => (type.includes('.') ? type : `public.${type}`).replaceAll('"', '') === domain
  return Object.entries(tries ? (world.facts?.tables ?? {}) : {}).flatMap(([table, { columns }]) =>
    Object.values(columns).some(({ type }) => uses(type)) ? one(table, 'SHARE', 'scan') : [],
  )
}

function published(objects: readonly Node[] | undefined): readonly Touch[] {
  return (objects ?? []).flatMap((each) =>
    'PublicationObjSpec' in each
      ? ranges(rangeList(each.PublicationObjSpec.pubtable?.relation), 'SHARE UPDATE EXCLUSIVE')
      : [],
  )
}

function vacuumLocks(stmt: VacuumStmt, world: World): readonly Touch[] {
  const full = hasOption(stmt.options, 'full')
  const targets = (stmt.rels ?? []).flatMap((each) => {
    const range = 'VacuumRelation' in each ? each.VacuumRelation.relation : undefined
    return range === undefined ? [] : [tableName(range), ...(range.inh ? descendants(world, tableName(range)) : [])]
  })
  return targets.flatMap((name) =>
    full ? one(name, 'ACCESS EXCLUSIVE', 'rewrite') : one(name, 'SHARE UPDATE EXCLUSIVE', 'scan'),
  )
}

/** True for an option that is set and not switched off: `(FULL)`, `(FULL true)`, `FULL`. `on` false asks for one that is switched off. */
export function hasOption(options: readonly Node[] | undefined, name: string, on = true): boolean {
  return (options ?? []).some((each) => {
    if (!('DefElem' in each) || each.DefElem.defname !== name) return false
    const arg = each.DefElem.arg
    if (arg === undefined) return on
    if ('String' in arg) return /^(false|off|0)$/i.test(arg.String.sval ?? '') !== on
    if ('Integer' in arg) return ((arg.Integer.ival ?? 0) !== 0) === on
    return 'Boolean' in arg ? (arg.Boolean.boolval === true) === on : on
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
  if (/^OBJECT_(TABLE|VIEW|MATVIEW|SEQUENCE|INDEX|FOREIGN_TABLE)$/.test(objtype ?? ''))
    return one(objectName(object), 'SHARE UPDATE EXCLUSIVE')
  return objtype === 'OBJECT_COLUMN' && object ? one(ownerOf(object), 'SHARE UPDATE EXCLUSIVE') : []
}

/** False for a statement that only keeps or explains another one: the inner tables are locked, no row of them is touched. */
export function executes(node: Node): boolean {
  if ('ExplainStmt' in node) return hasOption(node.ExplainStmt.options, 'analyze')
  return !['CreateFunctionStmt', 'RuleStmt', 'PrepareStmt', 'ViewStmt'].some((type) => type in node)
}

/** Queries and changes of data: what is written to, and every other table they name. */
function queryLocks(node: Node, world: World): readonly Touch[] {
  const found: Touch[] = []
  // A view that is replaced waits for its readers; one that nobody knows yet does not.
  if ('ViewStmt' in node && node.ViewStmt.replace) {
    const view = tableName(node.ViewStmt.view)
    const there = world.facts === undefined || world.facts.views[view] !== undefined
    if (there && !world.others.has(`OBJECT_VIEW ${view}`))
      found.push({ object: view, mode: 'ACCESS EXCLUSIVE', work: [] })
  }
  for (const { type, node: inner } of walk(node)) {
    if (type === 'InsertStmt' || type === 'UpdateStmt' || type === 'DeleteStmt' || type === 'MergeStmt') {
      const scans = type !== 'InsertStmt' && executes(node)
      found.push({ object: tableName(inner['relation'] as never), mode: 'ROW EXCLUSIVE', work: scans ? ['scan'] : [] })
    } else if (type === 'RangeVar') found.push({ object: tableName(inner as never), mode: 'ACCESS SHARE', work: [] })
    else if (type === 'SelectStmt' && inner['lockingClause']) {
      const chosen = new Set(
        [...walk(inner['lockingClause'])].flatMap((each) => (each.type === 'RangeVar' ? [each.node['relname']] : [])),
      )
      for (const { type: kind, node: from } of walk(inner['fromClause'])) {
        const alias = (from['alias'] as { aliasname?: string } | undefined)?.aliasname ?? from['relname']
        if (kind === 'RangeVar' && (chosen.size === 0 || chosen.has(alias)))
          found.push({ object: tableName(from as never), mode: 'ROW SHARE', work: [] })
      }
    }
  }
  const defined = new Set(
    [...walk(node)].flatMap(({ type, node: inner }) =>
      type === 'CommonTableExpr' ? [`public.${String(inner['ctename'])}`] : [],
    ),
  )
  const made = createdBy(node)
  return found.filter(
    ({ object, mode }) =>
      object !== 'public.' && !defined.has(object) && (object !== made || mode === 'ACCESS EXCLUSIVE'),
  )
}

function createdBy(node: Node): string {
  if ('CreateTableAsStmt' in node) return tableName(node.CreateTableAsStmt.into?.rel)
  if ('ViewStmt' in node) return tableName(node.ViewStmt.view)
  if ('CreateSeqStmt' in node) return tableName(node.CreateSeqStmt.sequence)
  return 'SelectStmt' in node ? tableName(node.SelectStmt.intoClause?.rel) : ''
}
