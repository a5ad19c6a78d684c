/** Reads a script as the server would and says what would hurt. Pure; runs no statement, asks no database. */
import { isChangeoverError } from '../../core/errors.ts'
import type { Finding, Level } from '../../core/finding.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Catalog } from '../../core/ports/index.ts'
import { type Touch, merged } from '../lock.ts'
import { locksOf } from '../locks.ts'
import { type Statement, bodyOf, parse, withoutMark } from '../parser.ts'
import { type World, advance, newWorld } from '../world.ts'
import { type Ignore, covers, ignores } from './ignore.ts'
import type { Hit, Rule, Scene } from './rule.ts'
import { rules } from './rules.ts'
import { scenes } from './scenes.ts'

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
  return judged(withoutMark(text), options, newWorld(options.facts))
}

function judged(sql: string, options: LintOptions, world: World): readonly Finding[] {
  const script = parse(sql)
  const comments = ignores(sql, script)
  const chosen = rules.filter(
    (rule) => (!rule.optional || options.include?.includes(rule.name)) && !options.exclude?.includes(rule.name),
  )
  const used = new Set<Ignore>()
  const findings: Finding[] = []
  // One scene at a time: the world goes on with the script.
  for (const scene of scenes(sql, script, options, world)) {
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
  const skipped = rules
    .map(({ name }) => name)
    .filter((name) => comments.some((each) => covers(each, name, scene.index)))
  const exclude = [...(options.exclude ?? []), ...skipped, 'combine-alter-table']
  const around: LintOptions = { ...options, exclude, inTransaction: true, limited: scene.limited }
  return judged(blockText(scene.statement), around, scene.world).map((each) => ({
    ...each,
    data: { ...(each.data as JsonObject), statement: scene.index + 1, line: scene.statement.line },
  }))
}

/** The statements in a DO block that are SQL by themselves. */
function blockText({ text }: Statement): string {
  return bodyOf(text)
    .lines.map((each) => each.text)
    .filter(isPlain)
    .join(';\n')
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

/** The locks of every statement of a script, in order, for a preview; those of a DO block are its statements' own. */
export function scriptLocks(
  sql: string,
  facts?: Catalog,
): readonly { readonly statement: Statement; readonly locks: readonly Touch[] }[] {
  const world: World = newWorld(facts)
  const taken = (statement: Statement): readonly Touch[] => {
    if ('DoStmt' in statement.node) return merged(parse(blockText(statement)).flatMap(taken))
    const locks = locksOf(statement.node, world).filter((each) => !world.created.has(each.object))
    advance(world, statement.node)
    return locks
  }
  return parse(sql).map((statement) => ({ statement, locks: taken(statement) }))
}
