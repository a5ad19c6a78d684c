/** Which columns of two tables stand side by side, and as which type. Pure. */
import type { Look } from '../../../compare/index.ts'
import { block, type Finding } from '../../../core/finding.ts'
import type { TableFacts } from '../../../core/ports/index.ts'
import { type KeyColumn, postgresWriter } from '../../../rows/index.ts'
import { lensColumns as lensReads, lensWays } from '../mirror/lens.ts'
import type { CompareSpec } from './spec.ts'

type Asked = CompareSpec['tables'][number]
const { quote } = postgresWriter

const texts = /^(text|character|varchar|char|citext|name)/

/** The columns of a key and their types. Two databases may sort texts otherwise: there a key is cut by its bytes. */
export function keyColumns(table: TableFacts, names: readonly string[], same: boolean): readonly KeyColumn[] {
  return names.map((name) => {
    const type = table.columns[name]?.type ?? 'text'
    return { name, type: !same && texts.test(type) && !type.includes(' COLLATE ') ? `${type} COLLATE "C"` : type }
  })
}

/** The same names on both sides, and what stands for them there. */
type Columns = {
  readonly left: Look['columns']
  readonly right: Look['columns']
  readonly findings: readonly Finding[]
}

/** A value is cast to the target's type: varchar against text, int against bigint are the same value. */
export function plainColumns(asked: Asked, from: TableFacts, to: TableFacts): Columns {
  const both = Object.keys(from.columns).filter(
    (name) => Object.hasOwn(to.columns, name) && !from.key.includes(name) && !stored(from, name),
  )
  const names = asked.columns ?? both
  const absent = names.filter((name) => !(Object.hasOwn(from.columns, name) && Object.hasOwn(to.columns, name)))
  const there = names.filter((name) => !absent.includes(name))
  return {
    left: there.map((name) => ({ name, expression: `s.${quote(name)}::${to.columns[name]!.type}` })),
    right: there.map((name) => ({ name, expression: `t.${quote(name)}` })),
    findings: absent.map((name) =>
      block(
        'compare.no-column',
        `the column "${name}" is not on both sides`,
        'mend its name in `columns`, or give a lens',
      ),
    ),
  }
}

function stored(table: TableFacts, name: string): boolean {
  return / (STORED|VIRTUAL)$/.test(table.columns[name]?.generated ?? '')
}

/** What the lens makes of the source, beside the columns of the target. */
export function lensColumns(asked: Asked, target: string, from: TableFacts, to: TableFacts): Columns {
  const ways = lensWays(asked.lens!, from, to)
  if ('refused' in ways) {
    const message = `the lens from "${asked.source}" to "${target}" has no SQL: ${ways.refused}`
    return {
      left: [],
      right: [],
      findings: [
        block(
          'compare.lens',
          message,
          'the step that transforms checks such a lens itself; compare other columns here',
        ),
      ],
    }
  }
  // In one row the columns that the lens reads stand beside those it makes: they are no part of the new shape.
  const old = asked.source === target ? lensReads(asked.lens!, from).reads : []
  const mine = (column: string) =>
    Object.hasOwn(to.columns, column) && !old.includes(column) && (asked.columns?.includes(column) ?? true)
  const made = ways.write('s', 't').forward.filter(({ column }) => mine(column))
  return {
    left: made.map(({ column, expression }) => ({
      name: column,
      expression: `(${expression})::${to.columns[column]!.type}`,
    })),
    right: made.map(({ column }) => ({ name: column, expression: `t.${quote(column)}` })),
    findings: [],
  }
}
