/** Rules about whole tables: copied, partitioned, locked by hand, or with their triggers switched off. */
import { lockModes, rank, stops } from '../lock.ts'
import { concurrentDetach } from '../locks-alter.ts'
import { hasOption } from '../locks.ts'
import { tableName } from '../names.ts'
import { type Hit, type Rule, type Scene, commands } from './rule.ts'

const rewriting: Rule = {
  name: 'rewriting-table',
  level: 'block',
  why: 'The whole table is copied under ACCESS EXCLUSIVE.',
  help: 'plain VACUUM or pg_repack often do; else do it in a window without traffic, or move the rows to a new table in batches',
  also: ['eugene:E10'],
  grows: true,
  *look(scene) {
    const names: Readonly<Record<string, string>> = {
      AT_SetLogged: 'SET LOGGED',
      AT_SetUnLogged: 'SET UNLOGGED',
      AT_SetTableSpace: 'SET TABLESPACE',
      AT_SetAccessMethod: 'SET ACCESS METHOD',
      AT_SetExpression: 'SET EXPRESSION',
    }
    for (const { table, cmd } of commands(scene)) {
      const what = names[cmd.subtype ?? '']
      if (what && !scene.fresh(table))
        yield { object: table, message: `${what} copies "${table}" while nobody can read or write it` }
    }
    if (scene.version < 19) yield* copied(scene)
  },
}

const vacuumFull: Rule = {
  name: 'prefer-repack',
  level: 'block',
  why: 'VACUUM FULL and CLUSTER copy the table under ACCESS EXCLUSIVE.',
  help: 'REPACK (CONCURRENTLY)',
  grows: true,
  *look(scene) {
    if (scene.version >= 19) yield* copied(scene)
  },
}

/** VACUUM FULL and CLUSTER; before PostgreSQL 19 the server itself has no better way. */
function* copied({ node, fresh }: Scene): Generator<Hit> {
  const full = 'VacuumStmt' in node && hasOption(node.VacuumStmt.options, 'full')
  if (!full && !('ClusterStmt' in node)) return
  const table =
    'ClusterStmt' in node
      ? tableName(node.ClusterStmt.relation)
      : 'VacuumStmt' in node
        ? vacuumed(node.VacuumStmt.rels)
        : ''
  if (fresh(table)) return
  yield {
    object: table,
    message: `${full ? 'VACUUM FULL' : 'CLUSTER'} copies ${table === 'public.' ? 'every table' : `"${table}"`} while nobody can read or write it`,
  }
}

function vacuumed(rels: readonly Parameters<Rule['look']>[0]['node'][] | undefined): string {
  const first = rels?.[0]
  return first && 'VacuumRelation' in first ? tableName(first.VacuumRelation.relation) : 'public.'
}

const detach: Rule = {
  name: 'require-concurrent-partition-detach',
  level: 'block',
  why: 'DETACH PARTITION holds ACCESS EXCLUSIVE on the whole partitioned table.',
  help: 'DETACH PARTITION … CONCURRENTLY outside a transaction',
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      if (cmd.subtype === 'AT_DetachPartition' && !concurrentDetach(cmd) && !scene.fresh(table))
        yield { object: table, message: `a partition is detached from "${table}" while nobody can read or write it` }
    }
  },
}

const attach: Rule = {
  name: 'attach-partition-without-check',
  level: 'risk',
  why: 'Without a valid CHECK that fits its bounds, the partition is read whole under ACCESS EXCLUSIVE while it is attached.',
  help: 'add a matching CHECK NOT VALID to the partition and VALIDATE it first',
  also: ['migrationpilot:attach-partition-without-check'],
  grows: true,
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      if (cmd.subtype !== 'AT_AttachPartition' || !cmd.def || !('PartitionCmd' in cmd.def)) continue
      const part = tableName(cmd.def.PartitionCmd.name)
      if (!scene.fresh(part) && !checked(scene, part))
        yield { object: part, message: `"${part}" is read whole when it is attached to "${table}"` }
    }
  },
}

const partitionOf: Rule = {
  name: 'creating-partition',
  level: 'risk',
  why: 'CREATE TABLE … PARTITION OF holds ACCESS EXCLUSIVE on the partitioned table until the transaction ends.',
  help: 'create the table by itself (LIKE), then ATTACH PARTITION, which stops no reads or writes',
  *look({ node, fresh }) {
    if (!('CreateStmt' in node) || !node.CreateStmt.partbound) return
    const parent = node.CreateStmt.inhRelations?.[0]
    const table = parent && 'RangeVar' in parent ? tableName(parent.RangeVar) : ''
    if (!fresh(table))
      yield { object: table, message: `a partition of "${table}" is made while nobody can read or write it` }
  },
}

/** True when the table has some valid CHECK: by the facts, or validated by this script. */
function checked(scene: Parameters<Rule['look']>[0], table: string): boolean {
  const known = Object.values(scene.world.facts?.tables[table]?.constraints ?? {}).some(
    (each) => each.startsWith('CHECK') && !/NOT VALID\s*$/.test(each),
  )
  const written = scene.script.slice(0, scene.index).some(({ node }) => {
    if (!('AlterTableStmt' in node) || tableName(node.AlterTableStmt.relation) !== table) return false
    return (node.AlterTableStmt.cmds ?? []).some((each) => {
      if (!('AlterTableCmd' in each)) return false
      const { subtype, def } = each.AlterTableCmd
      return (
        subtype === 'AT_ValidateConstraint' ||
        (subtype === 'AT_AddConstraint' &&
          def !== undefined &&
          'Constraint' in def &&
          def.Constraint.contype === 'CONSTR_CHECK' &&
          !def.Constraint.skip_validation)
      )
    })
  })
  return known || written
}

const triggersOff: Rule = {
  name: 'disabling-triggers',
  level: 'risk',
  why: 'Without triggers, foreign keys are not checked and audits and mirrors miss the writes of everybody.',
  help: 'let the triggers be, and set session_replication_role for your own session where you must',
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      if (cmd.subtype?.startsWith('AT_DisableTrig') && !scene.fresh(table))
        yield {
          object: table,
          level: cmd.subtype === 'AT_DisableTrigAll' ? 'block' : 'risk',
          message: `${cmd.name ? `trigger "${cmd.name}"` : 'triggers'} of "${table}" ${cmd.name ? 'is' : 'are'} switched off for everybody`,
        }
    }
  },
}

const trigger: Rule = {
  name: 'creating-trigger',
  level: 'note',
  why: 'CREATE TRIGGER holds SHARE ROW EXCLUSIVE: writes wait while it is made, and run its function from then on.',
  help: 'keep it the only statement on the table in its transaction',
  *look({ node, fresh }) {
    if ('CreateTrigStmt' in node && !fresh(tableName(node.CreateTrigStmt.relation))) {
      const table = tableName(node.CreateTrigStmt.relation)
      yield { object: table, message: `trigger "${node.CreateTrigStmt.trigname}" is put on "${table}"` }
    }
  },
}

const refresh: Rule = {
  name: 'refresh-without-concurrently',
  level: 'risk',
  why: 'REFRESH MATERIALIZED VIEW locks out every reader until it is done.',
  help: 'REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index',
  grows: true,
  *look({ node, fresh }) {
    if (!('RefreshMatViewStmt' in node) || node.RefreshMatViewStmt.concurrent || node.RefreshMatViewStmt.skipData)
      return
    const view = tableName(node.RefreshMatViewStmt.relation)
    if (!fresh(view)) yield { object: view, message: `"${view}" cannot be read while it is refreshed` }
  },
}

const byHand: Rule = {
  name: 'explicit-lock',
  level: 'risk',
  why: 'A lock taken by hand is held until the transaction ends, whatever it does meanwhile.',
  help: 'let the statement take the lock it needs',
  *look({ node, locks, fresh }) {
    if (!('LockStmt' in node)) return
    for (const { object, mode } of locks) {
      if (rank(mode) >= lockModes.indexOf('SHARE') && !fresh(object))
        yield { object, message: `LOCK TABLE "${object}" IN ${mode} MODE ${stops(mode)}` }
    }
  },
}

const rowSecurity: Rule = {
  name: 'enabling-row-security',
  level: 'risk',
  why: 'With row security and no policy, everybody but the owner sees no rows at all.',
  help: 'create the policies in the same transaction',
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      const allowed = scene.script.some(
        ({ node }) => 'CreatePolicyStmt' in node && tableName(node.CreatePolicyStmt.table) === table,
      )
      if (cmd.subtype === 'AT_EnableRowSecurity' && !allowed && !scene.fresh(table))
        yield { object: table, message: `row security is switched on for "${table}", and no policy is made with it` }
    }
  },
}

const securityOff: Rule = {
  name: 'disabling-row-security',
  level: 'risk',
  why: 'Without row security everybody with rights on the table reads and writes every row.',
  help: 'let the policies be, and change them one by one',
  also: ['pg-schema-diff:AUTHZ_UPDATE'],
  *look(scene) {
    for (const { table, cmd } of commands(scene)) {
      if (/^AT_(Disable|NoForce)RowSecurity$/.test(cmd.subtype ?? '') && !scene.fresh(table))
        yield { object: table, message: `row security of "${table}" is switched off` }
    }
  },
}

const storage: Rule = {
  name: 'locking-storage-parameter',
  level: 'risk',
  why: 'Most storage parameters of an index, such as fastupdate, are set under ACCESS EXCLUSIVE, and planning a query needs the index.',
  help: 'do it when no long query runs on the table',
  *look({ node, locks }) {
    if (!('AlterTableStmt' in node) || node.AlterTableStmt.objtype !== 'OBJECT_INDEX') return
    for (const { object, mode } of locks)
      if (mode === 'ACCESS EXCLUSIVE') yield { object, message: `index "${object}" is changed under ACCESS EXCLUSIVE` }
  },
}

export const tableRules: readonly Rule[] = [
  rewriting,
  vacuumFull,
  detach,
  attach,
  partitionOf,
  triggersOff,
  trigger,
  refresh,
  byHand,
  rowSecurity,
  securityOff,
  storage,
]
