/** Plans a transformation from facts: which column goes where, over which path, and what stands in the way. Pure. */
import type { Catalog, TableFacts } from '../../core/ports/index.ts'
import { block, type Finding, note } from '../../core/finding.ts'
import { suggestion } from '../../core/errors.ts'
import type { Draft, Lock, Site } from '../../core/kind.ts'
import {
  baseType,
  columnType,
  enumsOf,
  type KeyColumn,
  type Layout,
  moves,
  type Passed,
  touched,
} from '../../rows/index.ts'
import { asSql, columnsOf, describe } from './transform-lens.ts'
import type { Spec } from './transform-spec.ts'
import { type Path, routeOf, type Types, type Work } from './transform-work.ts'

type Roles = { readonly database: 'database' }

/** What a preview shows in place of the moment that is read from the server when the step starts. */
const someMoment = '2000-01-01T00:00:00.000Z'

export function draftTransform(spec: Spec, site: Site<Roles>): Draft<Roles, Work> {
  const facts = site.facts.database
  const source = fullName(spec.table, facts)
  const target = spec.into === undefined ? source : fullName(spec.into, facts)
  const findings = [...missing(source, facts), ...(target === source ? [] : missing(target, facts))]
  const draft = emptyWork(spec, source, target)
  const [from, to] = [facts.tables[source], facts.tables[target]]
  if (from === undefined || to === undefined) return answer(draft, findings)
  return planBetween(draft, from, to, facts, findings)
}

function planBetween(
  draft: Work,
  from: TableFacts,
  to: TableFacts,
  facts: Catalog,
  found: readonly Finding[],
): Draft<Roles, Work> {
  const key = keyOf(draft.source, from, facts)
  const { layout, findings } = lay(draft, key.columns, from, to, facts)
  const live = draft.live || Object.keys(from.triggers).length > 0
  const base = {
    ...draft,
    layout,
    live,
    types: { source: typesOf(from), target: typesOf(to) },
    defaults: defaultsOf(to, layout),
  }
  const all = [...found, ...key.findings, ...(key.columns.length === 0 ? [] : keyFits(base, to)), ...findings]
  if (key.columns.length === 0) return answer(base, all)
  const { path, why } = choosePath(base)
  return answer({ ...base, path, why }, all)
}

function emptyWork(spec: Spec, source: string, target: string): Work {
  return {
    source,
    target,
    inPlace: source === target,
    lens: spec.lens,
    layout: { key: [], passed: [], reads: [], writes: [], enums: [] },
    types: { source: {}, target: {} },
    defaults: {},
    keyNames: spec.key,
    path: 'sql',
    why: '',
    live: spec.live,
    tolerate: spec.tolerate,
    targetMs: spec.targetMs,
    batchSize: spec.batchSize ?? null,
    hands: spec.hands,
    throttle: {
      commitMs: spec.throttle.commitMs ?? null,
      lagMs: spec.throttle.lagMs ?? null,
      walPerSecond: spec.throttle.walPerSecond ?? null,
    },
    sample: spec.sample,
  }
}

function fullName(name: string, facts: Catalog): string {
  return name in facts.tables || !(`public.${name}` in facts.tables) ? name : `public.${name}`
}

function missing(name: string, facts: Catalog): readonly Finding[] {
  if (name in facts.tables) return []
  const message = `there is no table "${name}"${suggestion(name, Object.keys(facts.tables))}`
  return [block('rows.no-table', message, 'create it in an earlier step, or mend the name in the spec')]
}

/** The primary key, or else a unique index over columns that are never null. */
function keyOf(
  table: string,
  facts: TableFacts,
  catalog: Catalog,
): { readonly columns: readonly KeyColumn[]; readonly findings: readonly Finding[] } {
  const names = facts.key.length > 0 ? facts.key : uniqueColumns(facts)
  const columns = names.map((name) => ({ name, type: baseType(facts.columns[name]?.type ?? 'text', catalog.types) }))
  if (columns.length > 0) return { columns, findings: [] }
  const help = `add a key in an earlier step: ALTER TABLE ${table} ADD PRIMARY KEY (…), or CREATE UNIQUE INDEX CONCURRENTLY over columns that are NOT NULL`
  return {
    columns: [],
    findings: [block('rows.no-key', `table "${table}" has no key, so its rows cannot be told apart`, help)],
  }
}

function uniqueColumns(facts: TableFacts): readonly string[] {
  for (const { definition, valid } of Object.values(facts.indexes)) {
    const list = /^CREATE UNIQUE INDEX .* USING btree \(([^()]*)\)$/.exec(definition)?.[1]
    if (list === undefined || !valid) continue
    const names = list.split(', ').map((name) => name.replace(/^"(.*)"$/, '$1').replaceAll('""', '"'))
    if (names.every((name) => facts.columns[name]?.nullable === false)) return names
  }
  return []
}

/** The target must be keyed by the same columns, or a row could stand there twice. */
function keyFits(work: Work, to: TableFacts): readonly Finding[] {
  if (work.inPlace) return []
  const wanted = work.layout.key.map(({ name }) => work.keyNames[name] ?? name)
  const keys = [to.key, uniqueColumns(to)]
  const same = keys.some((key) => key.length === wanted.length && wanted.every((name) => key.includes(name)))
  if (same) return []
  const message = `table "${work.target}" is not keyed by ${list(wanted)}, as the rows of "${work.source}" are`
  return [
    block(
      'rows.other-key',
      message,
      'give it that primary key, or say in `key` how its columns are called: key: { id: user_id }',
    ),
  ]
}

interface Laid {
  readonly layout: Layout
  readonly findings: readonly Finding[]
}

function lay(work: Work, key: readonly KeyColumn[], from: TableFacts, to: TableFacts, facts: Catalog): Laid {
  const enums = enumsOf(facts.types)
  const lens = columnsOf(work.lens)
  const plain = (side: TableFacts, name: string): string => baseType(side.columns[name]?.type ?? 'text', facts.types)
  const unknownReads = lens.reads.filter((name) => !(name in from.columns))
  const reads = lens.reads.filter((name) => name in from.columns).map((name) => touched(name, plain(from, name), enums))
  const writable = lens.writes.filter((name) => name in to.columns && !stored(to, name))
  const writes = writable.map((name) => touched(name, plain(to, name), enums))
  const passed = work.inPlace
    ? key.map(({ name }) => ({ from: name, to: name }))
    : passing(work, key, from, to, writable)
  const layout = { key, passed, reads, writes, enums }
  const findings = [
    ...unknownReads.map((name) => unknownColumn(work.source, name, from)),
    ...lens.writes.filter((name) => !(name in to.columns)).map((name) => unknownColumn(work.target, name, to)),
    ...(work.inPlace ? overwritten(work, lens) : uncovered(work, layout, from, to)),
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
  const keys = key.map(({ name }) => ({ from: name, to: work.keyNames[name] ?? name }))
  const others = Object.keys(to.columns)
    .filter((name) => !keys.some((each) => each.to === name) && !written.includes(name) && !stored(to, name))
    .map((name) => ({ from: back[name] ?? name, to: name }))
    .filter((each) => each.from in from.columns)
  return [...keys.filter((each) => each.to in to.columns), ...others]
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
            `columns of "${work.source}" that go nowhere: ${list(gone)}`,
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

function choosePath(work: Work): { readonly path: Path; readonly why: string } {
  const sql = asSql(work, someMoment)
  if (!('refused' in sql))
    return { path: 'sql', why: 'every operation of the lens renders as SQL, so the server does the work' }
  if (work.inPlace)
    return { path: 'stage', why: `${sql.refused}; new columns go over a temporary table into the rows they belong to` }
  const odd = work.layout.writes.filter((each) => each.as === 'text')
  if (odd.length > 0)
    return {
      path: 'stage',
      why: `${sql.refused}; the binary form of ${list(odd.map((each) => `${each.name} (${each.type})`))} is not known, so the server reads it as text`,
    }
  return {
    path: 'copy',
    why: `${sql.refused}; rows are copied through the lens here, straight into chunks that are empty, merged where a mirror wrote before`,
  }
}

function answer(work: Work, findings: readonly Finding[]): Draft<Roles, Work> {
  const blocked = findings.some((each) => each.level === 'block')
  return {
    work,
    predicted: {},
    preview: blocked
      ? [`rows of ${work.source} → ${work.target}`, 'cannot be planned, see the findings']
      : preview(work),
    undo: 'exact',
    locks: locks(work),
    findings,
  }
}

function preview(work: Work): readonly string[] {
  const { layout } = work
  const where = work.inPlace ? `new columns of ${work.source}` : `${work.source} → ${work.target}`
  const range = { low: null, high: null }
  const route = routeOf(work)
  const sql = asSql(work, someMoment)
  return [
    `rows: ${where}, in chunks of the key (${layout.key.map(({ name }) => name).join(', ')})`,
    `path: ${work.path}: ${work.why}`,
    ...describe(work.lens).map((line) => `lens: ${line}`),
    ...(work.inPlace || layout.passed.length === 0
      ? []
      : [`as they are: ${list(layout.passed.map((each) => each.to))}`]),
    ...('refused' in sql
      ? []
      : [`sql: ${work.inPlace ? moves.updateRange(route, sql, range) : moves.insertSelect(route, sql, range, false)}`]),
    `each chunk takes about ${work.targetMs} ms, ${work.hands} at once; ${work.tolerate} refused rows are tolerated`,
    `back: ${work.inPlace ? 'the columns are set to their defaults' : `the rows are deleted from ${work.target}`}`,
  ]
}

function locks(work: Work): readonly Lock[] {
  const holds = `each chunk, about ${work.targetMs} ms`
  const writes = { object: work.target, mode: 'ROW EXCLUSIVE', holds }
  if (work.inPlace) return [writes, { object: `rows of ${work.target}`, mode: 'FOR NO KEY UPDATE', holds }]
  return work.live ? [writes, { object: `rows of ${work.source}`, mode: 'FOR KEY SHARE', holds }] : [writes]
}

function typesOf(table: TableFacts): Types {
  return Object.fromEntries(Object.entries(table.columns).map(([name, { type }]) => [name, type]))
}

function defaultsOf(table: TableFacts, layout: Layout): Work['defaults'] {
  return Object.fromEntries(layout.writes.map(({ name }) => [name, table.columns[name]?.default ?? null]))
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
