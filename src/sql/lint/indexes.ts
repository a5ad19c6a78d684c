/** Rules about indexes: made, dropped and rebuilt without stopping anybody, and never half there. */
import { hasOption } from '../locks.ts'
import { indexTable } from '../locks-drop.ts'
import { objectName, tableName } from '../names.ts'
import { isPartitioned } from '../relatives.ts'
import { tableFacts } from '../world.ts'
import type { Rule } from './rule.ts'

const creation: Rule = {
  name: 'require-concurrent-index-creation',
  level: 'block',
  why: 'CREATE INDEX holds SHARE: no write to the table until the index is built.',
  help: 'CREATE INDEX CONCURRENTLY outside a transaction, or the kind schema.index, which also mends invalid leftovers',
  also: ['eugene:E6', 'strong_migrations:add_index'],
  grows: true,
  *look({ node, world, fresh }) {
    // ON ONLY makes the frame on a partitioned table: nothing is built.
    if (!('IndexStmt' in node) || node.IndexStmt.concurrent || node.IndexStmt.relation?.inh !== true) return
    const table = tableName(node.IndexStmt.relation)
    if (!fresh(table))
      yield {
        object: table,
        message: `index "${node.IndexStmt.idxname ?? 'unnamed'}" is built while nobody can write "${table}"`,
        ...(isPartitioned(world, table) ? { help: byPartition } : {}),
      }
  },
}

const byPartition =
  'CREATE INDEX ON ONLY the partitioned table, CREATE INDEX CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION'

const onPartitioned: Rule = {
  name: 'concurrent-index-on-partitioned-table',
  level: 'block',
  why: 'The server makes no index CONCURRENTLY on a partitioned table.',
  help: byPartition,
  *look({ node, world }) {
    if (!('IndexStmt' in node) || !node.IndexStmt.concurrent) return
    const table = tableName(node.IndexStmt.relation)
    if (isPartitioned(world, table))
      yield {
        object: table,
        message: `"${table}" is partitioned: index "${node.IndexStmt.idxname ?? 'unnamed'}" is refused`,
      }
  },
}

const uniqueOverRows: Rule = {
  name: 'unique-index-over-rows',
  level: 'note',
  why: 'When two rows have the same values the build fails at its end, and CONCURRENTLY leaves an invalid index.',
  help: 'look for duplicates first',
  also: ['atlas:MF101'],
  *look({ node, fresh }) {
    if (!('IndexStmt' in node) || !node.IndexStmt.unique || fresh(tableName(node.IndexStmt.relation))) return
    const table = tableName(node.IndexStmt.relation)
    yield {
      object: table,
      message: `unique index "${node.IndexStmt.idxname ?? 'unnamed'}" is made over the rows of "${table}"`,
    }
  },
}

const deletion: Rule = {
  name: 'require-concurrent-index-deletion',
  level: 'block',
  why: 'DROP INDEX holds ACCESS EXCLUSIVE on the table and waits for every running query, while all later ones wait behind it.',
  help: 'DROP INDEX CONCURRENTLY outside a transaction',
  also: ['strong_migrations:remove_index'],
  *look({ node, world, fresh }) {
    if (!('DropStmt' in node) || node.DropStmt.removeType !== 'OBJECT_INDEX' || node.DropStmt.concurrent) return
    const names = (node.DropStmt.objects ?? []).map(objectName)
    const risky = names.filter((name) => !fresh(indexTable(world, name) ?? ''))
    if (risky.length > 0)
      yield {
        object: risky[0]!,
        message: `dropping index ${risky.map((name) => `"${name}"`).join(', ')} locks out every reader and writer of its table`,
      }
  },
}

const reindex: Rule = {
  name: 'require-concurrent-reindex',
  level: 'block',
  why: 'REINDEX stops writes to the table and every query that would use the index.',
  help: 'REINDEX … CONCURRENTLY outside a transaction',
  grows: true,
  *look({ node, fresh }) {
    if (!('ReindexStmt' in node)) return
    const { kind, params, relation } = node.ReindexStmt
    if (kind === 'REINDEX_OBJECT_SYSTEM' || hasOption(params, 'concurrently')) return
    const name = relation ? tableName(relation) : (node.ReindexStmt.name ?? '')
    if (!fresh(name)) yield { object: name, message: `REINDEX of "${name}" stops writes until it is done` }
  },
}

const inTransaction: Rule = {
  name: 'ban-concurrent-index-creation-in-transaction',
  level: 'block',
  why: 'CONCURRENTLY cannot run inside a transaction block; the server refuses it.',
  help: 'put it into a step of its own (schema.index), or let the script run outside a transaction',
  *look({ node, transaction, script }) {
    if (transaction === 'none' || (transaction === 'assumed' && script.length === 1)) return
    const what =
      'IndexStmt' in node && node.IndexStmt.concurrent
        ? `index "${node.IndexStmt.idxname ?? 'unnamed'}" is made`
        : undefined
    if (what && 'IndexStmt' in node)
      yield { object: tableName(node.IndexStmt.relation), message: `${what} CONCURRENTLY inside a transaction` }
  },
}

const otherInTransaction: Rule = {
  name: 'ban-concurrently-in-transaction',
  level: 'block',
  why: 'DROP INDEX, REINDEX and DETACH PARTITION with CONCURRENTLY, VACUUM and the like cannot run inside a transaction block; the server refuses them.',
  help: 'put it into a step of its own',
  *look({ node, transaction, script }) {
    if (transaction === 'none' || (transaction === 'assumed' && script.length === 1) || 'IndexStmt' in node) return
    if (needsOwnTransaction(node))
      yield {
        object: '',
        message: `statement "${Object.keys(node)[0]?.replace(/Stmt$/, '')}" cannot run inside a transaction`,
      }
  },
}

/** True for what the server refuses inside a transaction block. */
export function needsOwnTransaction(node: Parameters<Rule['look']>[0]['node']): boolean {
  if ('IndexStmt' in node) return node.IndexStmt.concurrent === true
  if ('DropStmt' in node) return node.DropStmt.concurrent === true
  if ('ReindexStmt' in node)
    return hasOption(node.ReindexStmt.params, 'concurrently') || !/_(TABLE|INDEX)$/.test(node.ReindexStmt.kind ?? '')
  if ('VacuumStmt' in node) return node.VacuumStmt.is_vacuumcmd === true
  if ('ClusterStmt' in node) return node.ClusterStmt.relation === undefined
  if ('AlterTableStmt' in node) {
    return (node.AlterTableStmt.cmds ?? []).some(
      (each) =>
        'AlterTableCmd' in each &&
        each.AlterTableCmd.subtype === 'AT_DetachPartition' &&
        each.AlterTableCmd.def !== undefined &&
        'PartitionCmd' in each.AlterTableCmd.def &&
        each.AlterTableCmd.def.PartitionCmd.concurrent === true,
    )
  }
  if ('AlterDatabaseStmt' in node) return hasOption(node.AlterDatabaseStmt.options, 'tablespace')
  if ('CreateSubscriptionStmt' in node) {
    const { options } = node.CreateSubscriptionStmt
    return !['create_slot', 'connect'].some((name) => hasOption(options, name, false))
  }
  return [
    'CreatedbStmt',
    'DropdbStmt',
    'CreateTableSpaceStmt',
    'DropTableSpaceStmt',
    'AlterSystemStmt',
    'DropSubscriptionStmt',
  ].some((type) => type in node)
}

const ifNotExists: Rule = {
  name: 'concurrent-index-if-not-exists',
  level: 'risk',
  why: 'A failed CREATE INDEX CONCURRENTLY leaves an invalid index; IF NOT EXISTS then takes it for the real one, and nothing uses it.',
  help: 'DROP INDEX CONCURRENTLY IF EXISTS first, or use schema.index, which looks whether the index is valid',
  also: ['migrationpilot:concurrent-index-if-not-exists'],
  *look({ node, world, fresh }) {
    if (!('IndexStmt' in node) || !node.IndexStmt.concurrent || !node.IndexStmt.if_not_exists) return
    const { idxname = '', relation } = node.IndexStmt
    const table = tableName(relation)
    const key = `${table.split('.')[0]}.${idxname}`
    if (fresh(table) || world.dropped.has(key)) return
    const facts = tableFacts(world, table)
    if (facts && facts.indexes[idxname] === undefined) return
    if (facts?.indexes[idxname]?.valid === true) return
    if (facts)
      yield {
        object: key,
        level: 'block',
        message: `index "${idxname}" is there and invalid: IF NOT EXISTS leaves it so`,
      }
    else
      yield {
        object: key,
        message: `index "${idxname}" IF NOT EXISTS: an invalid one left by a failed attempt would be taken for the real one`,
      }
  },
}

const wide: Rule = {
  name: 'wide-index',
  level: 'note',
  why: 'A non-unique index of more than three columns is rarely used in full, and every write pays for it.',
  help: 'begin with the column that selects best',
  also: ['strong_migrations:add_index_columns'],
  *look({ node }) {
    if (!('IndexStmt' in node) || node.IndexStmt.unique || (node.IndexStmt.indexParams?.length ?? 0) <= 3) return
    yield {
      object: tableName(node.IndexStmt.relation),
      message: `index "${node.IndexStmt.idxname ?? 'unnamed'}" has ${node.IndexStmt.indexParams?.length} columns`,
    }
  },
}

export const indexRules: readonly Rule[] = [
  creation,
  onPartitioned,
  uniqueOverRows,
  deletion,
  reindex,
  inTransaction,
  otherInTransaction,
  ifNotExists,
  wide,
]
