/** A lens as one expression a column, in both directions, or the first operation that has none. */
import { memoryOf, planLens, type Step } from '../plan.ts'
import type { LensData } from '../operations.ts'
import { assign } from './assign.ts'
import type { Held } from './memory.ts'
import { runChain } from './run.ts'
import { quoteName } from './text.ts'
import { absent, NoSql, type SqlValue } from './value.ts'

/** `expression` over `${row}.column` and `${was}.column`. */
export interface Assignment {
  readonly column: string
  readonly expression: string
}
export interface SqlLens {
  readonly forward: readonly Assignment[]
  readonly backward: readonly Assignment[]
}
/** `at` counts the operations of the data from 0. */
export interface NotRendered {
  readonly at: number
  readonly op: string
  readonly why: string
}
export interface SqlOptions {
  readonly dialect: 'postgres'
  /** The alias or record that holds the side that is read: `t`, `NEW`. Written as it is. */
  readonly row: string
  /** The alias or record that holds what the other side holds now. Where it may have no row, its columns are NULL. Left out: no memory. */
  readonly was?: string
  /** Columns and types of both sides, by PostgreSQL's names. */
  readonly types: { readonly a: Readonly<Record<string, string>>; readonly b: Readonly<Record<string, string>> }
  /** As in `LensContext`. */
  readonly now: string
}

/** Longer expressions are no longer plain: the row path is faster to plan and to read. */
const longest = 60_000

/**
 * Renders a lens for PostgreSQL 14 or later. An expression raises SQLSTATE 22P02 with `lens refused …` for a row that the compiled lens refuses;
 * not where what would be refused is thrown away by a later operation: no column asks for it.
 * Assigned are the columns that the lens writes; columns on both sides that it does not name pass through and are not listed.
 */
export function toSql(
  data: LensData,
  options: SqlOptions,
): { readonly sql: SqlLens } | { readonly refused: NotRendered } {
  const steps = planLens(data)
  let at: Pick<Step, 'at' | 'op'> = { at: 0, op: data[0]?.op ?? 'rename' }
  const hear = (step: Step) => (at = step)
  try {
    const [a, b] = [options.types.a, options.types.b]
    return {
      sql: {
        forward: side(steps, 'forward', a, b, options, hear),
        backward: side(steps, 'backward', b, a, options, hear),
      },
    }
  } catch (error) {
    if (!(error instanceof NoSql)) throw error
    return { refused: { at: at.at, op: data[at.at]?.op ?? at.op, why: error.message } }
  }
}

type Types = Readonly<Record<string, string>>

function side(
  steps: readonly Step[],
  direction: 'forward' | 'backward',
  from: Types,
  to: Types,
  options: SqlOptions,
  hear: (step: Step) => void,
): readonly Assignment[] {
  const root = rowOf(from, options.row)
  const held: Held = { root: options.was === undefined ? absent : rowOf(to, options.was), tests: [] }
  const last = runChain(steps, direction, root, () => held, { now: options.now }, hear)
  if (last.form !== 'object' || last.base !== undefined) throw new NoSql('the result is no row')
  const writers = (name: string) =>
    steps.find((step) => step[direction].some((edit) => 'at' in edit && edit.at[0] === name))
  return [...last.fields].flatMap(([column, value]): readonly Assignment[] => {
    if (value === root.fields.get(column)) return []
    const writer = writers(column)
    if (writer) hear(writer)
    const type = Object.hasOwn(to, column) ? to[column] : undefined
    if (type === undefined) {
      if (value.form === 'absent' || Object.hasOwn(from, column) || isRemembered(steps, direction, column)) return []
      throw new NoSql(`the other side has no column "${column}"`)
    }
    const expression = assign(value, type, column)
    if (expression.length > longest)
      throw new NoSql(`the expression for "${column}" would be ${expression.length} characters long`)
    return [{ column, expression }]
  })
}

/** Only put back from memory: a column that the table has dropped by now is not missed. */
function isRemembered(steps: readonly Step[], direction: 'forward' | 'backward', column: string): boolean {
  return steps.some((step) =>
    memoryOf(step[direction]).some(
      (path) => path.length === 0 || (path.length === 1 && path[0] === column && step.op === 'remove'),
    ),
  )
}

function rowOf(types: Types, row: string): Extract<SqlValue, { form: 'object' }> {
  const columns = Object.entries(types).map(([name, type]): [string, SqlValue] => [
    name,
    { form: 'column', sql: `${row}.${quoteName(name)}`, type },
  ])
  return { form: 'object', base: undefined, fields: new Map(columns), at: '' }
}
