/** Rules about transactions: how they nest, how long they hold a lock, and what does not belong into one. */
import type { TransactionStmtKind } from 'libpg-query'
import { rank } from '../lock.ts'
import { massWrites } from './data.ts'
import type { Rule, Scene } from './rule.ts'

export function control(scene: Pick<Scene, 'node'>): TransactionStmtKind | undefined {
  return 'TransactionStmt' in scene.node ? scene.node.TransactionStmt.kind : undefined
}

const opens = new Set<TransactionStmtKind>(['TRANS_STMT_BEGIN', 'TRANS_STMT_START'])
const closes = new Set<TransactionStmtKind>(['TRANS_STMT_COMMIT', 'TRANS_STMT_ROLLBACK', 'TRANS_STMT_PREPARE'])
const savepoints = new Set<TransactionStmtKind>([
  'TRANS_STMT_SAVEPOINT',
  'TRANS_STMT_RELEASE',
  'TRANS_STMT_ROLLBACK_TO',
])

export const isOpening = (kind: TransactionStmtKind | undefined) => kind !== undefined && opens.has(kind)
export const isClosing = (kind: TransactionStmtKind | undefined) => kind !== undefined && closes.has(kind)

/** True for COMMIT AND CHAIN and ROLLBACK AND CHAIN: the next transaction begins at once. */
export function chains(node: Scene['node']): boolean {
  return 'TransactionStmt' in node && node.TransactionStmt.chain === true
}

const nesting: Rule = {
  name: 'transaction-nesting',
  level: 'block',
  why: 'PostgreSQL has no nested transactions: a second BEGIN does nothing, and the first COMMIT ends all.',
  help: 'remove the inner BEGIN and COMMIT; whoever runs the script opens the transaction',
  *look(scene) {
    const kind = control(scene)
    if (isOpening(kind) && scene.transaction !== 'none')
      yield { object: '', message: 'a transaction is begun inside a transaction' }
    if (isClosing(kind) && scene.transaction !== 'written')
      yield {
        object: '',
        message:
          scene.transaction === 'none'
            ? 'a transaction is ended that was never begun'
            : 'the script ends the transaction it is run in',
      }
    if (kind !== undefined && savepoints.has(kind) && scene.transaction === 'none')
      yield { object: '', message: 'a savepoint needs a transaction, and none is open; the server refuses it' }
  },
}

const uncommitted: Rule = {
  name: 'ban-uncommitted-transaction',
  level: 'block',
  why: 'A BEGIN without a COMMIT changes nothing: the server rolls it back when the session ends.',
  help: 'end the transaction with COMMIT',
  *look(scene) {
    if (!isOpening(control(scene))) return
    const rest = scene.script.slice(scene.index + 1)
    if (!rest.some((each) => isClosing(control(each)) && !chains(each.node)))
      yield { object: '', message: 'the transaction begun here is never committed' }
  },
}

const moreUnderLock: Rule = {
  name: 'statement-under-exclusive-lock',
  level: 'note',
  why: 'Each statement after one that took ACCESS EXCLUSIVE makes everybody wait longer for the table.',
  help: 'put the statement that takes the lock last, or into a transaction of its own',
  also: ['eugene:E4'],
  *look(scene) {
    if (scene.transaction === 'none' || control(scene) !== undefined || 'VariableSetStmt' in scene.node) return
    const holding = scene.held.find((each) => each.mode === 'ACCESS EXCLUSIVE')
    if (!holding) return
    const written = massWrites(scene)
    const slow = scene.locks.find(
      ({ object, mode, work }) =>
        work.length > 0 && !scene.fresh(object) && (mode !== 'ROW EXCLUSIVE' || written.includes(object)),
    )
    const message = `"${holding.object}" has been locked for everybody since statement ${holding.statement + 1}`
    yield slow
      ? { object: holding.object, level: 'risk', message: `${message}, and now "${slow.object}" is worked through` }
      : { object: holding.object, message }
  },
}

const manyTables: Rule = {
  name: 'multi-table-ddl-transaction',
  level: 'risk',
  why: 'A transaction that locks several tables can deadlock with clients that take them in another order, and holds the first while it waits for the next.',
  help: 'one table in each transaction',
  also: ['migrationpilot:multi-table-ddl-transaction'],
  *look(scene) {
    if (scene.transaction === 'none') return
    const strong = scene.locks.filter(
      (each) => rank(each.mode) >= rank('SHARE') && !scene.fresh(each.object) && !isIndex(scene, each.object),
    )
    const before = scene.held.filter((each) => rank(each.mode) >= rank('SHARE') && !isIndex(scene, each.object))
    const added = strong.find((each) => before.length > 0 && before.every((one) => one.object !== each.object))
    const known = new Set(before.map((each) => each.object))
    if (added && known.size === 1)
      yield { object: added.object, message: `"${added.object}" is locked while "${before[0]!.object}" is still held` }
  },
}

function isIndex(scene: Scene, object: string): boolean {
  return (
    'DropStmt' in scene.node && scene.node.DropStmt.removeType === 'OBJECT_INDEX' && !scene.world.facts?.tables[object]
  )
}

const backfillUnderLock: Rule = {
  name: 'ddl-and-backfill-in-one-transaction',
  level: 'block',
  why: 'The lock of the schema change is held until all rows are written: the table stands still for the whole backfill.',
  help: 'commit the schema change first, then fill the rows in batches (data.transform)',
  also: ['strong_migrations:backfill', 'migrationpilot:ddl-and-backfill'],
  *look(scene) {
    if (scene.transaction === 'none') return
    for (const table of massWrites(scene)) {
      const holding = scene.held.find((each) => rank(each.mode) >= rank('SHARE') && each.object === table)
      if (holding && !scene.fresh(table))
        yield {
          object: table,
          message: `rows of "${table}" are changed while it is locked by statement ${holding.statement + 1}`,
        }
    }
  },
}

const backfillThenChange: Rule = {
  name: 'backfill-before-ddl-in-one-transaction',
  level: 'risk',
  why: 'The rows stay locked until the schema change has got its lock, and the change cannot get it while other sessions wait for the rows.',
  help: 'fill the rows in batches in a step of their own',
  *look(scene) {
    if (scene.transaction === 'none') return
    for (const { object, mode } of scene.locks) {
      if (rank(mode) >= rank('SHARE') && !scene.fresh(object) && scene.filled.has(object))
        yield { object, message: `"${object}" is changed in the transaction that rewrote its rows` }
    }
  },
}

export const transactionRules: readonly Rule[] = [
  nesting,
  uncommitted,
  moreUnderLock,
  manyTables,
  backfillUnderLock,
  backfillThenChange,
]
