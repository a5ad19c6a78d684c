/** Which column of the source goes where in the target, and what fits nowhere. */
import { suggestion } from '../../../core/errors.ts'
import { block, type Finding, note } from '../../../core/finding.ts'
import type { Catalog, TableFacts } from '../../../core/ports/index.ts'
import type { LensData } from '../../../lens/index.ts'
import {
  baseType,
  called,
  columnType,
  enumsOf,
  type KeyColumn,
  type Layout,
  type Passed,
  touched,
} from '../../../rows/index.ts'
import { columnsOf } from './lens.ts'
import { named, type Work } from './work.ts'

interface Laid {
  readonly layout: Layout
  readonly findings: readonly Finding[]
}

/** Lays the columns of both sides out. `work` knows its tables, lens, types and the names of its key. */
export function lay(work: Work, key: readonly KeyColumn[], from: TableFacts, to: TableFacts, facts: Catalog): Laid {
  const enums = enumsOf(facts.types)
  const seen = columnsOf(work.lens as unknown as LensData, work.types.source, work.types.target)
  const keys = key.map(({ name }) => called(work.keyNames, name))
  const lens = { reads: seen.reads, writes: seen.writes.filter((name) => !keys.includes(name)) }
  const plain = (side: TableFacts, name: string): string => baseType(side.columns[name]?.type ?? 'text', facts.types)
  const unknownReads = lens.reads.filter((name) => !Object.hasOwn(from.columns, name))
  const reads = lens.reads
    .filter((name) => Object.hasOwn(from.columns, name))
    .map((name) => touched(name, plain(from, name), enums))
  const writable = lens.writes.filter((name) => Object.hasOwn(to.columns, name) && !stored(to, name))
  const writes = writable.map((name) => touched(name, plain(to, name), enums))
  const passed = work.inPlace
    ? key.map(({ name }) => ({ from: name, to: name }))
    : passing(work, key, from, to, writable)
  const layout = { key, passed, reads, writes, enums }
  const findings = [
    ...unknownReads.map((name) => unknownColumn(work.source, name, from)),
    ...lens.writes
      .filter((name) => !Object.hasOwn(to.columns, name))
      .map((name) => unknownColumn(work.target, name, to)),
    ...[...lens.reads, ...lens.writes].filter((name) => name === '__proto__').map(unnameable),
    ...(seen.whole ? [] : keyChanged(work, key, seen.writes)),
    ...(work.inPlace ? overwritten(work, seen) : uncovered(work, layout, from, to)),
    ...(writes.length === 0 && work.inPlace
      ? [
          block(
            'rows.nothing',
            `the lens writes no column of "${work.target}"`,
            'let it write a column that was added before',
          ),
        ]
      : []),
  ]
  return { layout, findings }
}

/** A key that is moved or renamed goes as it is; one that is computed would no longer tell which row it was. */
function keyChanged(work: Work, key: readonly KeyColumn[], writes: readonly string[]): readonly Finding[] {
  const changed = key.filter(
    ({ name }) => !Object.hasOwn(work.keyNames, name) && writes.includes(name) && !work.inPlace,
  )
  const help = 'leave the key as it is, or rename it; give the new key a column of its own'
  return changed.map(({ name }) =>
    block('rows.key-changed', `the lens computes column "${name}", which is the key of "${work.source}"`, help),
  )
}

function stored(table: TableFacts, name: string): boolean {
  return (
    table.columns[name]?.generated?.endsWith(') STORED') === true ||
    table.columns[name]?.generated?.endsWith(') VIRTUAL') === true
  )
}

function unknownColumn(table: string, name: string, facts: TableFacts): Finding {
  const message = `the lens names a column "${name}" that table "${table}" does not have${suggestion(name, Object.keys(facts.columns))}`
  return block('rows.no-column', message, 'add the column in an earlier step, or mend the lens')
}

/** No row that a lens is given could hold it. */
function unnameable(name: string): Finding {
  return block(
    'rows.name',
    `the lens touches the column "${name}", a name that JavaScript keeps for itself`,
    'rename it',
  )
}

/** Old clients still read what is there: a new shape goes into new columns. */
function overwritten(
  work: Work,
  lens: { readonly reads: readonly string[]; readonly writes: readonly string[] },
): readonly Finding[] {
  const both = lens.writes.filter(
    (name) => lens.reads.includes(name) || work.layout.key.some((column) => column.name === name),
  )
  const help = 'add a column for the new shape and let the lens write that; the old one goes when the run is sealed'
  return both.map((name) =>
    block('rows.overwrites', `the lens reads column "${name}" of "${work.source}" and writes it too`, help),
  )
}

function passing(
  work: Work,
  key: readonly KeyColumn[],
  from: TableFacts,
  to: TableFacts,
  written: readonly string[],
): readonly Passed[] {
  const back = Object.fromEntries(Object.entries(work.keyNames).map(([source, target]) => [target, source]))
  const keys = key.map(({ name }) => ({ from: name, to: called(work.keyNames, name) }))
  const others = Object.keys(to.columns)
    .filter((name) => !keys.some((each) => each.to === name) && !written.includes(name) && !stored(to, name))
    .map((name) => ({ from: called(back, name), to: name }))
    .filter((each) => Object.hasOwn(from.columns, each.from))
  return [...keys.filter((each) => Object.hasOwn(to.columns, each.to)), ...others]
}

/** Columns of the target that nothing fills, columns whose bytes do not fit, and columns of the source that go nowhere. */
function uncovered(work: Work, layout: Layout, from: TableFacts, to: TableFacts): readonly Finding[] {
  const filled = new Set([...layout.passed.map((each) => each.to), ...layout.writes.map((each) => each.name)])
  const empty = Object.entries(to.columns).filter(
    ([name, facts]) => !filled.has(name) && !facts.nullable && facts.default === null && facts.generated === null,
  )
  const gone = Object.keys(from.columns).filter(
    (name) => !layout.passed.some((each) => each.from === name) && !layout.reads.some((each) => each.name === name),
  )
  return [
    ...empty.map(([name]) =>
      block(
        'rows.no-value',
        `nothing fills column "${name}" of "${work.target}", which is NOT NULL`,
        'let the lens add it, or give the column a default',
      ),
    ),
    ...layout.passed
      .filter((each) => !sameBytes(from.columns[each.from]?.type, to.columns[each.to]?.type))
      .map((each) => {
        const types = `${from.columns[each.from]?.type} and ${to.columns[each.to]?.type}`
        return block(
          'rows.other-type',
          `column "${each.to}" has another type in "${work.target}": ${types}`,
          'let the lens convert it',
        )
      }),
    ...(gone.length === 0
      ? []
      : [
          note(
            'rows.left-behind',
            `columns of "${work.source}" that go nowhere: ${named(gone)}`,
            'nothing to do where they are meant to go',
          ),
        ]),
  ]
}

const texts = new Set(['text', 'character varying', 'citext'])

function sameBytes(a = '', b = ''): boolean {
  const [from, to] = [columnType(a), columnType(b)]
  return from.array === to.array && (from.base === to.base || (texts.has(from.base) && texts.has(to.base)))
}
