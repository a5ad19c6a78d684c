/** Walks through a script and keeps what one statement leaves to the next: transaction, locks held, limits, new values. Judges nothing. */
import type { Node } from 'libpg-query'
import { locksOf } from '../locks.ts'
import { madeBy } from '../made.ts'
import { partsName, strings } from '../names.ts'
import type { Statement } from '../parser.ts'
import { type Transaction, type World, advance, isFresh } from '../world.ts'
import { massWrites } from './data.ts'
import { longNames } from './ignore.ts'
import { Limits } from './limits.ts'
import type { LintOptions } from './lint.ts'
import type { Held, Scene } from './rule.ts'
import { chains, control, isClosing, isOpening } from './transactions.ts'

/** The state of the script that is carried from statement to statement. */
interface Course {
  transaction: Transaction
  held: Held[]
  /** Types made in this transaction: values they get can be used at once. */
  types: Set<string>
  newEnumValues: Set<string>
  unvalidated: Set<string>
  filled: Set<string>
  /** Locks that each savepoint found held: rolling back to it lets the later ones go. */
  savepoints: Map<string, number>
  readonly limits: Limits
}

/** The script statement by statement, each with what stood before it; the world goes on with it. */
export function* scenes(
  sql: string,
  script: readonly Statement[],
  options: LintOptions,
  world: World,
): Generator<Scene> {
  const long = longNames(sql, script)
  const around: Transaction = options.inTransaction ? 'assumed' : 'none'
  const course: Course = {
    transaction: around,
    held: [],
    types: new Set(),
    newEnumValues: new Set(),
    unvalidated: new Set(),
    filled: new Set(),
    savepoints: new Map(),
    limits: new Limits(options.limited),
  }
  for (const [index, statement] of script.entries()) {
    const { node } = statement
    const locks = locksOf(node, world)
    const scene: Scene = {
      statement,
      node,
      index,
      script,
      world,
      locks,
      fresh: (table) => isFresh(world, table),
      ...snapshot(course),
      version: options.version ?? 18,
      longNames: long[index] ?? [],
    }
    yield scene
    proceed(course, scene, around)
    advance(world, node)
    if (course.transaction === 'none' && options.inTransaction === false)
      for (const table of world.created) world.shared.add(table)
  }
}

function snapshot(
  course: Course,
): Pick<Scene, 'transaction' | 'held' | 'newEnumValues' | 'unvalidated' | 'filled' | 'limited'> {
  return {
    transaction: course.transaction,
    held: [...course.held],
    newEnumValues: new Set(course.newEnumValues),
    unvalidated: new Set(course.unvalidated),
    filled: new Set(course.filled),
    limited: course.limits.now(),
  }
}

function proceed(course: Course, scene: Scene, around: Transaction): void {
  const { node, index, locks, fresh } = scene
  turn(course, node, around)
  course.limits.take(node, course.transaction !== 'none')
  if (course.transaction === 'none') return
  for (const lock of locks) if (!fresh(lock.object)) course.held.push({ ...lock, statement: index })
  for (const table of massWrites(scene)) course.filled.add(table)
  const made = madeBy(node)
  if (made) course.types.add(made)
  for (const value of addedValues(node, course.types)) course.newEnumValues.add(value)
  for (const name of unvalidatedIn(node)) course.unvalidated.add(name)
}

/** BEGIN, COMMIT, savepoints: where the transaction stands after the statement, and what it still holds. */
function turn(course: Course, node: Node, around: Transaction): void {
  const kind = control({ node })
  const savepoint = ('TransactionStmt' in node && node.TransactionStmt.savepoint_name) || ''
  if (isOpening(kind) && course.transaction === 'none') course.transaction = 'written'
  if (kind === 'TRANS_STMT_SAVEPOINT') course.savepoints.set(savepoint, course.held.length)
  if (kind === 'TRANS_STMT_ROLLBACK_TO') course.held = course.held.slice(0, course.savepoints.get(savepoint))
  if (!isClosing(kind)) return
  if (!chains(node)) course.transaction = course.transaction === 'written' ? around : 'none'
  course.limits.endTransaction()
  course.held = []
  course.types = new Set()
  course.newEnumValues = new Set()
  course.unvalidated = new Set()
  course.filled = new Set()
}

/** A value that an enumeration of an earlier transaction gets. */
function addedValues(node: Node, made: ReadonlySet<string>): readonly string[] {
  if (!('AlterEnumStmt' in node) || node.AlterEnumStmt.oldVal || node.AlterEnumStmt.newVal === undefined) return []
  return made.has(`OBJECT_TYPE ${partsName(strings(node.AlterEnumStmt.typeName))}`) ? [] : [node.AlterEnumStmt.newVal]
}

function unvalidatedIn(node: Node): readonly string[] {
  if (!('AlterTableStmt' in node)) return []
  const { relation, cmds } = node.AlterTableStmt
  return (cmds ?? []).flatMap((each) => {
    const def =
      'AlterTableCmd' in each && each.AlterTableCmd.subtype === 'AT_AddConstraint' ? each.AlterTableCmd.def : undefined
    return def && 'Constraint' in def && def.Constraint.skip_validation
      ? [`${relation?.schemaname ?? 'public'}.${relation?.relname}.${def.Constraint.conname}`]
      : []
  })
}
