/** Plans a mirror from facts: its two sides, its triggers as they will be, and what stands in the way. Pure. */
import { suggestion } from '../../../core/errors.ts'
import { block, type Finding } from '../../../core/finding.ts'
import type { Draft, Site } from '../../../core/kind.ts'
import type { Catalog, TableFacts } from '../../../core/ports/index.ts'
import { describeLens, type LensData } from '../../../lens/index.ts'
import {
  alwaysMark,
  givenWhen,
  type Installation,
  type MirrorShape,
  mirrorByNotes,
  mirrorInPlace,
  mirrorTables,
  type Side,
} from '../../../mirror/index.ts'
import { baseType, called, enumsOf, postgresWriter, touched } from '../../../rows/index.ts'
import { faults, foreign, noSql } from './faults.ts'
import { lensColumns, lensWays, sideTypes } from './lens.ts'
import type { MirrorSpec, MirrorWork } from './spec.ts'

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
  const shape = shapeOf(spec, old, fresh, facts)
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

function shapeOf(spec: MirrorSpec, old: string, fresh: string, facts: Catalog): MirrorShape {
  const [from, to] = [facts.tables[old]!, facts.tables[fresh]!]
  const columns = lensColumns(spec.lens, from)
  const two = old !== fresh
  const side = (table: string, seen: TableFacts, key: readonly string[], names: readonly string[]): Side => ({
    table,
    key,
    columns: names
      .filter((name) => Object.hasOwn(seen.columns, name))
      .map((name) => {
        const { type, default: fallback } = seen.columns[name]!
        const [schema, own] = type.split(/\.(.*)/)
        return { name, type, fallback, ...(own !== undefined && own in facts.extensions ? { schema: schema! } : {}) }
      }),
  })
  return {
    name: stem(spec.name ?? (two ? `${bare(old)}_to_${bare(fresh)}` : `${bare(old)}_${columns.writes[0] ?? 'rows'}`)),
    old: side(old, from, from.key, two ? Object.keys(from.columns) : columns.reads),
    new: side(
      fresh,
      to,
      from.key.map((name) => called(spec.key, name)),
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

function withTriggers(facts: Catalog, install: Installation): Catalog {
  const tables = { ...facts.tables }
  for (const { table, name, text } of install.triggers) {
    const before = tables[table]!
    tables[table] = { ...before, triggers: { ...before.triggers, [name]: `${text}${alwaysMark}` } }
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
