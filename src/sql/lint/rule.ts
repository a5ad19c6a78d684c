/** What a rule is, and the scene it looks at: one statement, with all that stood before it. Holds no rule. */
import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint, CreateStmt, Node } from 'libpg-query'
import type { Level } from '../../core/finding.ts'
import type { Touch } from '../lock.ts'
import { tableName } from '../names.ts'
import type { Statement } from '../parser.ts'
import type { Transaction, World } from '../world.ts'

/** What a rule found. `level` and `help` replace those of the rule; `object` is what the lock or the loss is about. */
export interface Hit {
  readonly object: string
  readonly message: string
  readonly help?: string
  readonly level?: Level
}

export interface Rule {
  /** Squawk's name where the rule is theirs. The code of its findings is `lint.<name>`. */
  readonly name: string
  readonly level: Level
  /** Why it hurts, in a sentence. */
  readonly why: string
  /** The safe way. */
  readonly help: string
  /** What peers call it: `eugene:E6`, `strong_migrations:add_index`. */
  readonly also?: readonly string[]
  /** Only on request: too much a matter of taste for everybody. */
  readonly optional?: boolean
  /** The harm grows with the rows: on a table known to be small it is only a note. */
  readonly grows?: boolean
  look(scene: Scene): Iterable<Hit>
}

/** A lock that the transaction holds already, and the number of the statement that took it. */
export interface Held extends Touch {
  readonly statement: number
}

export interface Scene {
  readonly statement: Statement
  readonly node: Node
  /** Position in the script, from 0, and how many there are. */
  readonly index: number
  readonly script: readonly Statement[]
  readonly world: World
  readonly transaction: Transaction
  /** Major version of the server. */
  readonly version: number
  readonly locks: readonly Touch[]
  readonly held: readonly Held[]
  /** Limits that are in force. */
  readonly limited: { readonly lock: boolean; readonly statement: boolean }
  /** Values added to enumerations in this transaction. */
  readonly newEnumValues: ReadonlySet<string>
  /** NOT VALID constraints made in this transaction, as `table.name`. */
  readonly unvalidated: ReadonlySet<string>
  /** Tables of which more than a few rows were written in this transaction. */
  readonly filled: ReadonlySet<string>
  /** Names in the statement that the server would cut. */
  readonly longNames: readonly string[]
  /** True for a table that this script made and that nobody else can have filled. */
  readonly fresh: (table: string) => boolean
}

/** The commands of an ALTER TABLE, with the table. */
export function* commands(
  scene: Scene,
): Generator<{ readonly table: string; readonly cmd: AlterTableCmd; readonly stmt: AlterTableStmt }> {
  if (!('AlterTableStmt' in scene.node) || scene.node.AlterTableStmt.objtype !== 'OBJECT_TABLE') return
  const table = tableName(scene.node.AlterTableStmt.relation)
  for (const each of scene.node.AlterTableStmt.cmds ?? []) {
    if ('AlterTableCmd' in each) yield { table, cmd: each.AlterTableCmd, stmt: scene.node.AlterTableStmt }
  }
}

/** Columns added to tables that may hold rows. */
export function* addedColumns(scene: Scene): Generator<{ readonly table: string; readonly column: ColumnDef }> {
  for (const { table, cmd } of commands(scene)) {
    if (cmd.subtype === 'AT_AddColumn' && cmd.def && 'ColumnDef' in cmd.def && !scene.fresh(table))
      yield { table, column: cmd.def.ColumnDef }
  }
}

/** Every column whose type is written: in CREATE TABLE, ADD COLUMN and ALTER COLUMN TYPE. */
export function* writtenColumns(
  scene: Scene,
): Generator<{ readonly table: string; readonly name: string; readonly column: ColumnDef }> {
  for (const { table, cmd } of commands(scene)) {
    if ((cmd.subtype === 'AT_AddColumn' || cmd.subtype === 'AT_AlterColumnType') && cmd.def && 'ColumnDef' in cmd.def) {
      yield { table, name: cmd.def.ColumnDef.colname ?? cmd.name ?? '', column: cmd.def.ColumnDef }
    }
  }
  const made = creation(scene.node)
  for (const each of made?.tableElts ?? []) {
    if ('ColumnDef' in each)
      yield { table: tableName(made?.relation), name: each.ColumnDef.colname ?? '', column: each.ColumnDef }
  }
}

/** Constraints added by ALTER TABLE ADD CONSTRAINT to tables that may hold rows. */
export function* addedConstraints(
  scene: Scene,
): Generator<{ readonly table: string; readonly constraint: Constraint }> {
  for (const { table, cmd } of commands(scene)) {
    if (cmd.subtype === 'AT_AddConstraint' && cmd.def && 'Constraint' in cmd.def && !scene.fresh(table))
      yield { table, constraint: cmd.def.Constraint }
  }
}

export function constraintsOf(column: ColumnDef): readonly Constraint[] {
  return (column.constraints ?? []).flatMap((each) => ('Constraint' in each ? [each.Constraint] : []))
}

export function creation(node: Node): CreateStmt | undefined {
  return 'CreateStmt' in node ? node.CreateStmt : undefined
}

/** The name of a constraint, or what it is where it has none yet. */
export function called(constraint: Constraint): string {
  return constraint.conname ? `constraint "${constraint.conname}"` : 'the constraint'
}
