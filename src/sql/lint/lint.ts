/** Reads a script as the server would and says what would hurt. Pure; runs no statement, asks no database. */
import type { Node } from 'libpg-query'
import { isChangeoverError } from '../../core/errors.ts'
import type { Finding, Level } from '../../core/finding.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Catalog } from '../../core/ports/index.ts'
import type { Touch } from '../lock.ts'
import { locksOf } from '../locks.ts'
import { madeBy } from '../made.ts'
import { partsName, strings } from '../names.ts'
import { type Statement, bodyOf, parse, withoutMark } from '../parser.ts'
import { type Transaction, type World, advance, newWorld } from '../world.ts'
import { massWrites } from './data.ts'
import { type Ignore, covers, ignores, longNames } from './ignore.ts'
import { Limits } from './limits.ts'
import type { Held, Hit, Rule, Scene } from './rule.ts'
import { rules } from './rules.ts'
import { chains, control, isClosing, isOpening } from './transactions.ts'

export interface LintOptions {
  /** What is in the database before the script; with it, proofs (valid CHECKs, present types, keys) are known. */
  readonly facts?: Catalog
  /** Rows by table, where somebody counted: rules whose harm grows with the rows are notes on a small one. */
  readonly rows?: Readonly<Record<string, number>>
  /** True: whoever runs the script wraps it in a transaction. False: each statement commits by itself. Left out: as false, but tables the script makes count as its own. */
  readonly inTransaction?: boolean
  /** Major version of the server, 18 unless said. */
  readonly version?: number
  /** Whoever runs the script has set these limits already. */
  readonly limited?: { readonly lock?: boolean; readonly statement?: boolean }
  /** Optional rules to ask for, and rules to leave out, by name. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

/** Below this number of rows a table is small: it is read or rewritten in a few milliseconds. */
const smallTable = 10_000

/** Findings in order of statements. `code` is `lint.<rule>`; `data` holds statement (from 1), line, rule, object and lock. */
export function lint(text: string, options: LintOptions = {}): readonly Finding[] {
  const sql = withoutMark(text)
  const script = parse(sql)
  const comments = ignores(sql, script)
  const chosen = rules.filter(
    (rule) => (!rule.optional || options.include?.includes(rule.name)) && !options.exclude?.includes(rule.name),
  )
  const used = new Set<Ignore>()
  const findings: Finding[] = []
  // One scene at a time: the world goes on with the script.
  for (const scene of scenes(sql, script, options)) {
    for (const rule of chosen) {
      const hits = [...rule.look(scene)]
      const ignored = comments.find((each) => covers(each, rule.name, scene.index))
      if (ignored && (hits.length > 0 || 'DoStmt' in scene.node)) used.add(ignored)
      if (!ignored) findings.push(...hits.map((hit) => finding(rule, hit, scene, options)))
    }
    if ('DoStmt' in scene.node) findings.push(...inside(scene, options, comments))
  }
  return [...findings, ...idle(comments, used, chosen)]
}

/** What a DO block runs is one transaction; its findings stand at the statement of the block. */
function inside(scene: Scene, options: LintOptions, comments: readonly Ignore[]): readonly Finding[] {
  const { lines } = bodyOf(scene.statement.text)
  const skipped = rules
    .map(({ name }) => name)
    .filter((name) => comments.some((each) => covers(each, name, scene.index)))
  const exclude = [...(options.exclude ?? []), ...skipped, 'combine-alter-table']
  const text = lines.map((each) => each.text).filter(isPlain)
  return lint(text.join(';\n'), { ...options, exclude, inTransaction: true }).map((each) => ({
    ...each,
    data: { ...(each.data as JsonObject), statement: scene.index + 1, line: scene.statement.line },
  }))
}

/** PL/pgSQL has forms of its own (INTO, variables) that are no SQL by themselves. */
function isPlain(text: string): boolean {
  try {
    return parse(text).length > 0
  } catch (error) {
    if (isChangeoverError(error)) return false
    throw error
  }
}

function idle(comments: readonly Ignore[], used: ReadonlySet<Ignore>, chosen: readonly Rule[]): readonly Finding[] {
  const rule = chosen.find((each) => each.name === 'unused-ignore')
  if (!rule) return []
  return comments
    .filter((each) => !used.has(each) && chosen.some(({ name }) => name === each.rule))
    .map(({ rule: name, line }) => ({
      level: rule.level,
      code: 'lint.unused-ignore',
      message: `line ${line} ignores "${name}", which finds nothing`,
      help: rule.help,
      data: { line, rule: 'unused-ignore' },
    }))
}

function finding(rule: Rule, hit: Hit, scene: Scene, options: LintOptions): Finding {
  const rows = rule.grows ? options.rows?.[hit.object] : undefined
  const small = rows !== undefined && rows < smallTable
  const level: Level = small ? 'note' : (hit.level ?? rule.level)
  const lock = scene.locks.find((each) => each.object === hit.object)?.mode ?? null
  return {
    level,
    code: `lint.${rule.name}`,
    message: `${hit.message} (line ${scene.statement.line})${small ? `; the table is small, ${rows} rows` : ''}`,
    help: hit.help ?? rule.help,
    data: { statement: scene.index + 1, line: scene.statement.line, rule: rule.name, object: hit.object, lock },
  }
}

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

function* scenes(sql: string, script: readonly Statement[], options: LintOptions): Generator<Scene> {
  const world = newWorld(options.facts)
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
  const shared = new Set<string>()
  for (const [index, statement] of script.entries()) {
    const { node } = statement
    const fresh = (table: string) =>
      table.startsWith('pg_temp.') || world.temporary.has(table) || (world.created.has(table) && !shared.has(table))
    const locks = locksOf(node, world)
    const scene: Scene = {
      statement,
      node,
      index,
      script,
      world,
      locks,
      fresh,
      ...snapshot(course),
      version: options.version ?? 18,
      longNames: long[index] ?? [],
    }
    yield scene
    proceed(course, scene, around)
    advance(world, node)
    if (course.transaction === 'none' && options.inTransaction === false)
      for (const table of world.created) shared.add(table)
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

/** The locks of every statement of a script, in order, for a preview. */
export function scriptLocks(
  sql: string,
  facts?: Catalog,
): readonly { readonly statement: Statement; readonly locks: readonly Touch[] }[] {
  const world: World = newWorld(facts)
  return parse(sql).map((statement) => {
    const locks = locksOf(statement.node, world).filter((each) => !world.created.has(each.object))
    advance(world, statement.node)
    return { statement, locks }
  })
}
