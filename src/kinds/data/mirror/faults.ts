/** What in the facts stands in the way of a mirror. Pure. */
import { suggestion } from '../../../core/errors.ts'
import { block, type Finding, note, risk } from '../../../core/finding.ts'
import type { Catalog, TableFacts } from '../../../core/ports/index.ts'
import type { MirrorShape } from '../../../mirror/index.ts'
import { isDeferrable } from '../transform/keys.ts'
import { type LensColumns, stored } from './lens.ts'

export function faults(shape: MirrorShape, from: TableFacts, to: TableFacts, lens: LensColumns): readonly Finding[] {
  const two = shape.old.table !== shape.new.table
  const absent = (table: string, facts: TableFacts, names: readonly string[]) =>
    names
      .filter((name) => !Object.hasOwn(facts.columns, name))
      .map((name) =>
        block(
          'mirror.no-column',
          `"${table}" has no column "${name}"${suggestion(name, Object.keys(facts.columns))}`,
          'add it in an earlier step, or mend the lens',
        ),
      )
  return [
    ...absent(shape.old.table, from, lens.reads),
    ...absent(shape.new.table, to, lens.writes),
    ...(two ? keyFaults(shape, from, to) : rowFaults(shape, from, lens)),
  ]
}

function rowFaults(shape: MirrorShape, facts: TableFacts, lens: LensColumns): readonly Finding[] {
  const { table } = shape.old
  const both = lens.writes.filter((name) => lens.reads.includes(name))
  const computed = [...lens.reads, ...lens.writes].filter((name) => stored(facts, name))
  return [
    ...both.map((name) =>
      block(
        'mirror.same-column',
        `the lens reads column "${name}" of "${table}" and writes it too: one column cannot hold both shapes`,
        'let it write a new column',
      ),
    ),
    ...(lens.writes.length === 0
      ? [
          block(
            'mirror.nothing',
            `the lens writes no column of "${table}"`,
            'let it write a column that was added before',
          ),
        ]
      : []),
    ...computed.map((name) =>
      block(
        'mirror.computed',
        `"${name}" of "${table}" is computed by the server after the mirror's trigger has run`,
        'let the lens read the columns it is computed from',
      ),
    ),
  ]
}

function keyFaults(shape: MirrorShape, from: TableFacts, to: TableFacts): readonly Finding[] {
  const [old, fresh] = [shape.old, shape.new]
  if (old.key.length === 0)
    return [
      block(
        'mirror.no-key',
        `"${old.table}" has no primary key: its rows cannot be found again in "${fresh.table}"`,
        'give it one in an earlier step',
      ),
    ]
  const unkeyed = fresh.key.length === to.key.length && fresh.key.every((name) => to.key.includes(name))
  if (!unkeyed)
    return [
      block(
        'mirror.other-key',
        `the key of "${fresh.table}" (${to.key.join(', ')}) is not that of "${old.table}" (${old.key.join(', ')})`,
        'say in `key` how its columns are called: key: { id: user_id }',
      ),
    ]
  // Each side is written by the key of the other.
  const late = [
    [old.table, from],
    [fresh.table, to],
  ] as const
  const deferrable = late.filter(([, facts]) => isDeferrable(facts))
  if (deferrable.length > 0)
    return [
      block(
        'mirror.deferrable',
        `the key of ${deferrable.map(([table]) => `"${table}"`).join(' and ')} is DEFERRABLE: rows that swap their keys cannot be carried one by one`,
        'make it NOT DEFERRABLE',
      ),
    ]
  return old.key.flatMap((name, at) =>
    sources(old.table, fresh.table, name, from.columns[name]!, to.columns[fresh.key[at]!]!),
  )
}

type Column = TableFacts['columns'][string]

/** Two counters would give the same number to two different rows. */
function sources(old: string, fresh: string, name: string, a: Column, b: Column): readonly Finding[] {
  const counts = (column: Column): string | undefined =>
    (column.generated ?? '').endsWith('IDENTITY')
      ? 'its own identity'
      : (column.default ?? '').startsWith('nextval(')
        ? column.default!
        : undefined
  const [first, second] = [counts(a), counts(b)]
  const types =
    a.type === b.type
      ? []
      : [
          block(
            'mirror.key-type',
            `the key "${name}" is ${a.type} in "${old}" and ${b.type} in "${fresh}"`,
            'give both one type',
          ),
        ]
  if (second === undefined || (first === second && first !== 'its own identity')) return types
  const help = first?.startsWith('nextval')
    ? `ALTER TABLE ${fresh} ALTER ${name} SET DEFAULT ${first}`
    : `let "${fresh}" draw its "${name}" from the sequence of "${old}": SET DEFAULT nextval(pg_get_serial_sequence(…))`
  return [
    ...types,
    block(
      'mirror.two-counters',
      `"${old}" and "${fresh}" number their rows by counters of their own, so that two different rows would get one "${name}"`,
      help,
    ),
  ]
}

/** A row of the new side whose partner was not brought over yet cannot be carried, and the write of the old client would fail. */
export function foreign(shape: MirrorShape, facts: Catalog): readonly Finding[] {
  if (shape.old.table === shape.new.table) return []
  const keys = Object.entries(facts.tables[shape.new.table]?.constraints ?? {}).filter(([, text]) =>
    text.startsWith('FOREIGN KEY'),
  )
  return keys.map(([name, text]) =>
    risk(
      'mirror.foreign-key',
      `"${shape.new.table}" has the foreign key "${name}" (${text}): a write of an old client fails while the row it refers to is not there`,
      'bring the rows it refers to over first, or add the key after the transformation, NOT VALID and validated later',
    ),
  )
}

export function noSql(shape: MirrorShape, why: string): readonly Finding[] {
  const message = `the lens has no SQL: ${why}`
  if (shape.old.table !== shape.new.table)
    return [
      block(
        'mirror.no-sql',
        `${message}; between two tables a mirror needs SQL`,
        'write the operation without a function, or let the new shape be columns of the same table',
      ),
    ]
  if (shape.old.key.length === 0)
    return [
      block(
        'mirror.no-key',
        `${message}, and "${shape.old.table}" has no primary key by which a worker could find its rows`,
        'give it one in an earlier step',
      ),
    ]
  const names = [...shape.old.columns, ...shape.new.columns].map(({ name }) => name)
  if (names.includes('__proto__'))
    return [
      block(
        'mirror.name',
        'the lens touches the column "__proto__", a name that JavaScript keeps for itself',
        'rename it',
      ),
    ]
  return [
    note(
      'mirror.notes',
      `${message}; the other shape follows a little later, by a worker`,
      'nothing to do; the lag is shown while it runs',
    ),
  ]
}
