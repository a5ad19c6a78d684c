/** Plans a mirror from facts: its two sides, its triggers as they will be, and what stands in the way. Pure. */
import { suggestion } from '../../core/errors.ts'
import { block, type Finding, note, risk } from '../../core/finding.ts'
import type { Draft, Site } from '../../core/kind.ts'
import type { Catalog, TableFacts } from '../../core/ports/index.ts'
import { describeLens, type LensData } from '../../lens/index.ts'
import {
  givenWhen,
  type Installation,
  type MirrorShape,
  mirrorByNotes,
  mirrorInPlace,
  mirrorTables,
  type Side,
} from '../../mirror/index.ts'
import { baseType, enumsOf, postgresWriter, touched } from '../../rows/index.ts'
import { lensColumns, lensWays, sideTypes, stored } from './mirror-lens.ts'
import type { MirrorSpec, MirrorWork } from './mirror-spec.ts'

type Roles = { readonly database: 'database' }

export function draftMirror(spec: MirrorSpec, site: Site<Roles>): Draft<Roles, MirrorWork> {
  const facts = site.facts.database
  const [old, fresh] = [fullName(spec.table, facts), fullName(spec.into ?? spec.table, facts)]
  const [from, to] = [facts.tables[old], facts.tables[fresh]]
  if (from === undefined || to === undefined) {
    const findings = [...missing(old, facts), ...(fresh === old ? [] : missing(fresh, facts))]
    return {
      work: emptyWork(spec, old, fresh),
      predicted: {},
      preview: ['cannot be planned, see the findings'],
      undo: 'exact',
      findings,
    }
  }
  const shape = shapeOf(spec, old, fresh, from, to)
  const ways = lensWays(spec.lens, from, to, spec.key)
  const work = withReading(workOf(spec, shape, from, to, ways), facts)
  const findings = [
    ...faults(shape, from, to, lensColumns(spec.lens, from)),
    ...('refused' in ways ? noSql(shape, ways.refused) : []),
    ...foreign(shape, facts),
  ]
  return {
    work,
    predicted: { database: withTriggers(facts, work.install) },
    preview: preview(work),
    undo: 'exact',
    locks: work.install.tables.map((object) => ({
      object,
      mode: 'SHARE ROW EXCLUSIVE',
      holds: `a few milliseconds, when it is made and when it goes; each try waits ${work.lockMs} ms at most, and writers behind it`,
    })),
    findings,
  }
}

function fullName(name: string, facts: Catalog): string {
  return name in facts.tables || !(`public.${name}` in facts.tables) ? name : `public.${name}`
}

function missing(name: string, facts: Catalog): readonly Finding[] {
  if (name in facts.tables) return []
  return [
    block(
      'mirror.no-table',
      `there is no table "${name}"${suggestion(name, Object.keys(facts.tables))}`,
      'create it in an earlier step, or mend the name',
    ),
  ]
}

function shapeOf(spec: MirrorSpec, old: string, fresh: string, from: TableFacts, to: TableFacts): MirrorShape {
  const columns = lensColumns(spec.lens, from)
  const two = old !== fresh
  const side = (table: string, facts: TableFacts, key: readonly string[], names: readonly string[]): Side => ({
    table,
    key,
    columns: names
      .filter((name) => name in facts.columns)
      .map((name) => ({ name, type: facts.columns[name]!.type, fallback: facts.columns[name]!.default })),
  })
  return {
    name: stem(spec.name ?? (two ? `${bare(old)}_to_${bare(fresh)}` : `${bare(old)}_${columns.writes[0] ?? 'rows'}`)),
    old: side(old, from, from.key, two ? Object.keys(from.columns) : columns.reads),
    new: side(
      fresh,
      to,
      from.key.map((name) => spec.key[name] ?? name),
      two ? Object.keys(to.columns) : columns.writes,
    ),
    decides: spec.decides,
    versions: spec.versions,
  }
}

function bare(table: string): string {
  return table.slice(table.indexOf('.') + 1)
}

/** Part of names that may have 63 bytes. */
function stem(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
  if (plain.length <= 34) return plain
  let sum = 0
  for (const letter of name) sum = (Math.imul(sum, 31) + letter.codePointAt(0)!) >>> 0
  return `${plain.slice(0, 26)}_${sum.toString(36)}`
}

function emptyWork(spec: MirrorSpec, old: string, fresh: string): MirrorWork {
  const side = (table: string): Side => ({ table, key: [], columns: [] })
  const shape = { name: 'none', old: side(old), new: side(fresh), decides: spec.decides, versions: spec.versions }
  const install = { tables: [], functions: [], triggers: [] }
  return {
    mode: 'row',
    why: '',
    shape,
    install,
    lens: spec.lens,
    types: { a: {}, b: {} },
    made: [],
    written: 'true',
    touched: { a: [], b: [], made: [] },
    enums: [],
    lockMs: spec.lockMs,
    patienceMs: spec.patienceMs,
  }
}

function workOf(
  spec: MirrorSpec,
  shape: MirrorShape,
  from: TableFacts,
  to: TableFacts,
  ways: ReturnType<typeof lensWays>,
): MirrorWork {
  const two = shape.old.table !== shape.new.table
  const base = {
    shape,
    touched: { a: [], b: [], made: [] },
    enums: [],
    lens: spec.lens,
    types: sideTypes(spec.lens, from, to),
    lockMs: spec.lockMs,
    patienceMs: spec.patienceMs,
  }
  const written = givenWhen(postgresWriter, shape.new, two ? 't' : 's')
  if ('refused' in ways) {
    const install = mirrorByNotes(postgresWriter, shape)
    return {
      ...base,
      mode: 'notes',
      why: `${ways.refused}: triggers note what changed, and a worker applies the lens`,
      install,
      made: [],
      written,
    }
  }
  const exact = lensWays(spec.lens, from, to, spec.key, true) as { readonly write: typeof ways.write }
  const made = exact.write('s', two ? 't' : 's').forward
  const install: Installation = two
    ? mirrorTables(postgresWriter, shape, ways.write)
    : mirrorInPlace(postgresWriter, shape, ways.write)
  return {
    ...base,
    mode: two ? 'tables' : 'row',
    why: 'every operation of the lens renders as SQL: the server carries each write over in its own transaction',
    install,
    made,
    written,
  }
}

/** How the lens gets its values, for samples and for lenses without SQL. */
function withReading(work: MirrorWork, facts: Catalog): MirrorWork {
  const enums = enumsOf(facts.types)
  const read = (types: MirrorWork['types']['a'], names: readonly string[]) =>
    names.map((name) => touched(name, baseType(types[name] ?? 'text', facts.types), enums))
  const { a, b } = work.types
  const lens = {
    a: read(a, Object.keys(a)),
    b: read(b, Object.keys(b)),
    made: read(
      b,
      work.made.map((each) => each.column),
    ),
  }
  return { ...work, touched: lens, enums }
}

function faults(
  shape: MirrorShape,
  from: TableFacts,
  to: TableFacts,
  lens: ReturnType<typeof lensColumns>,
): readonly Finding[] {
  const two = shape.old.table !== shape.new.table
  const absent = (table: string, facts: TableFacts, names: readonly string[]) =>
    names
      .filter((name) => !(name in facts.columns))
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

function rowFaults(shape: MirrorShape, facts: TableFacts, lens: ReturnType<typeof lensColumns>): readonly Finding[] {
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
function foreign(shape: MirrorShape, facts: Catalog): readonly Finding[] {
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

function noSql(shape: MirrorShape, why: string): readonly Finding[] {
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
  return [
    note(
      'mirror.notes',
      `${message}; the other shape follows a little later, by a worker`,
      'nothing to do; the lag is shown while it runs',
    ),
  ]
}

function withTriggers(facts: Catalog, install: Installation): Catalog {
  const tables = { ...facts.tables }
  for (const { table, name, text } of install.triggers) {
    const before = tables[table]!
    tables[table] = { ...before, triggers: { ...before.triggers, [name]: text } }
  }
  return { ...facts, tables }
}

function preview(work: MirrorWork): readonly string[] {
  const { old, new: fresh } = work.shape
  const where = old.table === fresh.table ? `columns of ${old.table}` : `${old.table} ⇄ ${fresh.table}`
  return [
    `keep in step: ${where}: ${work.why}`,
    ...describeLens(work.lens as unknown as LensData).map((line) => `lens: ${line}`),
    `where one statement changes both, the version of the session decides (changeover.version = '${work.shape.versions.old}' or '${work.shape.versions.new}'), else the ${work.shape.decides} one`,
    ...work.install.triggers.map((each) => each.text),
  ]
}
