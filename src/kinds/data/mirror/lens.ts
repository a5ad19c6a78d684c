/** A lens as the expressions of a mirror: over record variables, with the moment of the write where the lens says `now`. */
import type { Json } from '../../../core/json.ts'
import type { TableFacts } from '../../../core/ports/index.ts'
import { type LensData, toSql, touched } from '../../../lens/index.ts'
import type { Assign, Writing } from '../../../mirror/index.ts'
import { called, postgresWriter } from '../../../rows/index.ts'

/** Stands for the moment in what is rendered. No value of a person's looks like it. */
export const someMoment = '0001-02-03T04:05:06.789Z'
const moment = `to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

export interface LensColumns {
  /** Columns of the old side that the lens reads, and of the new side that it writes. */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
}

export function lensColumns(lens: Json, from: TableFacts): LensColumns {
  const { reads, writes } = touched(lens as unknown as LensData)
  return {
    reads: reads.includes('*') ? Object.keys(from.columns).filter((name) => !writes.includes(name)) : reads,
    writes,
  }
}

type Types = { readonly [column: string]: string }

/** Types of both sides. In one table, the columns of one side are not there for the other. */
export function sideTypes(lens: Json, from: TableFacts, to: TableFacts): { readonly a: Types; readonly b: Types } {
  const { reads, writes } = lensColumns(lens, from)
  const without = (table: TableFacts, names: readonly string[]): Types =>
    Object.fromEntries(
      Object.entries(table.columns).flatMap(([name, { type }]) => (names.includes(name) ? [] : [[name, type]])),
    )
  return from === to
    ? { a: without(from, writes), b: without(to, reads) }
    : { a: without(from, []), b: without(to, []) }
}

/** The lens in SQL, or why it has none. Two tables: columns of one name that the lens does not touch are carried as they are. */
export function lensWays(
  lens: Json,
  from: TableFacts,
  to: TableFacts,
  keyNames: { readonly [name: string]: string } = {},
  exact = false,
): { readonly write: Writing } | { readonly refused: string } {
  const types = sideTypes(lens, from, to)
  const data = lens as unknown as LensData
  const render = (row: string, was?: string) =>
    toSql(data, { dialect: 'postgres', row, ...(was === undefined ? {} : { was }), types, now: someMoment })
  const first = render('x')
  if ('refused' in first)
    return { refused: `operation ${first.refused.at + 1} (${first.refused.op}): ${first.refused.why}` }
  const ahead = passing(from, to, keyNames, first.sql.forward)
  const back = passing(
    to,
    from,
    Object.fromEntries(Object.entries(keyNames).map(([a, b]) => [b, a])),
    first.sql.backward,
  )
  const timed = (values: readonly Assign[]): readonly Assign[] =>
    exact ? values : values.map(({ column, expression }) => ({ column, expression: atMoment(expression) }))
  return {
    write: (row, was) => {
      const made = render(row, was)
      if ('refused' in made)
        throw new Error(`a lens that renders without memory must render with it: ${made.refused.why}`)
      const carried = (passed: readonly Passed[]) =>
        passed.map(({ from: column, to: name }) => ({
          column: name,
          expression: `${row}.${postgresWriter.quote(column)}`,
        }))
      const written = (values: readonly Assign[], table: TableFacts) =>
        values.filter(({ column }) => !stored(table, column))
      return {
        forward: [...carried(ahead), ...timed(written(made.sql.forward, to))],
        backward: [...carried(back), ...timed(written(made.sql.backward, from))],
      }
    },
  }
}

type Passed = { readonly from: string; readonly to: string }

function passing(
  from: TableFacts,
  to: TableFacts,
  names: { readonly [name: string]: string },
  written: readonly Assign[],
): readonly Passed[] {
  if (from === to) return []
  const done = new Set(written.map((each) => each.column))
  return Object.keys(from.columns)
    .map((name) => ({ from: name, to: called(names, name) }))
    .filter((each) => Object.hasOwn(to.columns, each.to) && !done.has(each.to) && !stored(to, each.to))
}

/** A column that the server computes. */
export function stored(table: TableFacts, column: string): boolean {
  return / (STORED|VIRTUAL)$/.test(table.columns[column]?.generated ?? '')
}

/** Each literal that holds the stand-in becomes a literal that is put together when the row is written. */
export function atMoment(expression: string): string {
  if (!expression.includes(someMoment)) return expression
  return expression.replaceAll(/(E?)'((?:[^'\\]|''|\\.)*)'/g, (literal: string, escape: string, text: string) => {
    if (!text.includes(someMoment)) return literal
    const pieces = text.split(someMoment).map((piece) => `${escape}'${piece}'`)
    return `(${pieces.join(` || ${moment} || `)})`
  })
}
