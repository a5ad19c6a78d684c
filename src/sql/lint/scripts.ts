/** Rules about the script as a whole: limits, names, and whether it can be run a second time. */
import type { AlterTableCmd, Node } from 'libpg-query'
import { rank } from '../lock.ts'
import { objectName, tableName, walk } from '../names.ts'
import { type Rule, type Scene, commands } from './rule.ts'

/** Squawk's set: statements that may wait for a lock. */
const waiting = [
  'AlterTableStmt',
  'IndexStmt',
  'DropStmt',
  'RenameStmt',
  'ReindexStmt',
  'CreateTrigStmt',
  'ClusterStmt',
  'VacuumStmt',
]

/** A table that is made new waits for nobody. */
function waits({ node, locks, fresh }: Scene): boolean {
  if (locks.some((each) => rank(each.mode) >= rank('SHARE UPDATE EXCLUSIVE') && !fresh(each.object))) return true
  return waiting.some((type) => type in node) && locks.every((each) => !fresh(each.object))
}

function limitRule(
  name: string,
  limit: keyof Scene['limited'],
  setting: string,
  why: string,
  also: readonly string[],
): Rule {
  return {
    name,
    level: 'risk',
    why,
    help: `SET ${setting} = '${limit === 'lock' ? '1s' : '5s'}' first; steps of this tool always do`,
    also,
    *look(scene) {
      if (scene.limited[limit] || !waits(scene)) return
      const first = scene.script.findIndex((each) => strong(each.node))
      if (first >= 0 && first < scene.index) return
      yield { object: scene.locks[0]?.object ?? '', message: `a lock is asked for without ${setting}` }
    },
  }
}

function strong(node: Node): boolean {
  return [...waiting, 'TruncateStmt', 'LockStmt'].some((type) => type in node)
}

const robust: Rule = {
  name: 'prefer-robust-stmts',
  level: 'note',
  why: 'A script that fails half-way outside a transaction cannot be run again.',
  help: 'run it in a transaction, or say IF NOT EXISTS and IF EXISTS; schema.sql looks before each statement by itself',
  *look(scene) {
    // One statement is a transaction by itself: it is done or it is not.
    if (scene.script.length === 1) return
    if (scene.transaction !== 'none' && !('IndexStmt' in scene.node && scene.node.IndexStmt.concurrent)) return
    for (const fragile of fragileParts(scene))
      yield { object: fragile, message: `"${fragile}" would fail when the script is run a second time` }
  },
}

function fragileParts(scene: Scene): readonly string[] {
  const { node } = scene
  if ('CreateStmt' in node) return node.CreateStmt.if_not_exists ? [] : [tableName(node.CreateStmt.relation)]
  if ('IndexStmt' in node) {
    const { if_not_exists, idxname = 'unnamed', relation } = node.IndexStmt
    return if_not_exists || cleared(scene, `${relation?.schemaname ?? 'public'}.${idxname}`) ? [] : [idxname]
  }
  if ('DropStmt' in node) {
    const counted = ['OBJECT_TABLE', 'OBJECT_INDEX', 'OBJECT_TYPE'].includes(node.DropStmt.removeType ?? '')
    return node.DropStmt.missing_ok || !counted ? [] : [objectName(node.DropStmt.objects?.[0])]
  }
  if ('RenameStmt' in node && node.RenameStmt.renameType === 'OBJECT_TABLE')
    return [tableName(node.RenameStmt.relation)]
  if ('RenameStmt' in node && /^OBJECT_(COLUMN|TABCONSTRAINT)$/.test(node.RenameStmt.renameType ?? ''))
    return [node.RenameStmt.subname ?? '']
  return [...commands(scene)]
    .filter(({ table, cmd }) => fragile(scene, table, cmd))
    .map(({ table, cmd }) => cmd.name ?? table)
}

/** True when the script drops the index IF EXISTS before. */
function cleared(scene: Scene, index: string): boolean {
  return scene.script
    .slice(0, scene.index)
    .some(
      ({ node }) =>
        'DropStmt' in node &&
        node.DropStmt.missing_ok === true &&
        node.DropStmt.removeType === 'OBJECT_INDEX' &&
        (node.DropStmt.objects ?? []).some((each) => objectName(each) === index),
    )
}

/** Forms that the server refuses the second time; the others say again what is so. */
const once =
  /^AT_(AddColumn|DropColumn|AddConstraint|DropConstraint|AddIdentity|DropIdentity|DropExpression|AddInherit|DropInherit|AttachPartition|DetachPartition)$/

function fragile(scene: Scene, table: string, cmd: AlterTableCmd): boolean {
  if (cmd.missing_ok || !once.test(cmd.subtype ?? '')) return false
  if (cmd.subtype !== 'AT_AddConstraint' || !cmd.def || !('Constraint' in cmd.def)) return true
  const { conname } = cmd.def.Constraint
  const before = scene.script.slice(0, scene.index).flatMap(({ node }) => {
    if (!('AlterTableStmt' in node) || tableName(node.AlterTableStmt.relation) !== table) return []
    return (node.AlterTableStmt.cmds ?? []).flatMap((each) => ('AlterTableCmd' in each ? [each.AlterTableCmd] : []))
  })
  const last = before.findLast(
    ({ name, def }) => name === conname || (def && 'Constraint' in def && def.Constraint.conname === conname),
  )
  return !(last?.subtype === 'AT_DropConstraint' && last.missing_ok === true)
}

const combine: Rule = {
  name: 'combine-alter-table',
  level: 'note',
  why: 'Several ALTER TABLE of one table take its lock, and may read it, as many times.',
  help: 'one ALTER TABLE with all the changes',
  also: ['eugene:W12'],
  *look(scene) {
    const { node } = scene
    const previous = scene.script[scene.index - 1]?.node
    if (!('AlterTableStmt' in node) || previous === undefined || !('AlterTableStmt' in previous)) return
    const table = tableName(node.AlterTableStmt.relation)
    if (tableName(previous.AlterTableStmt.relation) !== table || scene.fresh(table)) return
    if ([node, previous].some((each) => separate(each))) return
    yield { object: table, message: `"${table}" is altered by two statements in a row` }
  },
}

/** Forms that belong into a statement, or a transaction, of their own; a CHECK that proves NOT NULL must outlive SET NOT NULL. */
function separate(node: Node): boolean {
  if (!('AlterTableStmt' in node)) return true
  return (node.AlterTableStmt.cmds ?? []).some(
    (each) =>
      'AlterTableCmd' in each &&
      /Validate|AttachPartition|DetachPartition|SetNotNull/.test(each.AlterTableCmd.subtype ?? ''),
  )
}

const tooLong: Rule = {
  name: 'identifier-too-long',
  level: 'risk',
  why: 'The server cuts names at 63 bytes in silence; two names may become one.',
  help: 'choose a shorter name',
  *look({ statement, longNames }) {
    for (const name of longNames)
      yield {
        object: name,
        message: `the name "${name}" has ${Buffer.byteLength(name)} bytes; statement in line ${statement.line}`,
      }
  },
}

const qualified: Rule = {
  name: 'require-table-schema',
  level: 'note',
  why: 'A name without a schema means what the search_path of the moment says.',
  help: 'write schema.table',
  optional: true,
  *look({ node }) {
    const made = new Set(
      [...walk(node)].flatMap(({ type, node: inner }) =>
        type === 'CommonTableExpr' ? [String(inner['ctename'])] : [],
      ),
    )
    for (const { type, node: inner } of walk(node)) {
      const name = inner['relname'] as string
      if (type === 'RangeVar' && inner['schemaname'] === undefined && !made.has(name))
        yield { object: name, message: `"${name}" names no schema` }
    }
  },
}

export const scriptRules: readonly Rule[] = [
  limitRule(
    'require-lock-timeout',
    'lock',
    'lock_timeout',
    'A statement that waits for a lock makes everybody behind it wait too.',
    ['eugene:E9', 'strong_migrations:lock_timeout'],
  ),
  limitRule(
    'require-statement-timeout',
    'statement',
    'statement_timeout',
    'A statement that runs away holds its lock for as long.',
    ['strong_migrations:statement_timeout'],
  ),
  robust,
  combine,
  tooLong,
  qualified,
]
