/** Plans a transformation from facts: which column goes where, over which path, and what stands in the way. Pure. */
import { suggestion } from '../../../core/errors.ts'
import { block, type Finding, risk } from '../../../core/finding.ts'
import type { Json } from '../../../core/json.ts'
import type { Draft, Lock, Site } from '../../../core/kind.ts'
import type { Catalog, TableFacts } from '../../../core/ports/index.ts'
import { describeLens, type LensData } from '../../../lens/index.ts'
import { triggerPrefix } from '../../../mirror/index.ts'
import { baseType, type Layout, moves } from '../../../rows/index.ts'
import { lay } from './columns.ts'
import { keyFits, keyOf, sortedAlike } from './keys.ts'
import { asSql, divide, renamed } from './lens.ts'
import type { Spec } from './spec.ts'
import { named, type Path, routeOf, type Types, type Work } from './work.ts'

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
  const names = key.columns.map(({ name }) => name)
  const seen: Work = {
    ...draft,
    live: draft.live || Object.keys(from.triggers).length > 0,
    keyNames: draft.inPlace ? {} : { ...renamed(draft.lens as unknown as LensData, names), ...draft.keyNames },
    types: { source: typesOf(from, facts), target: typesOf(to, facts) },
  }
  const sorted = sortedAlike(key.columns, from, to, seen.keyNames)
  const { layout, findings } = lay(seen, sorted.columns, from, to, facts)
  const base: Work = { ...seen, layout, defaults: defaultsOf(to, layout) }
  const all = [
    ...found,
    ...ownTriggers(base, to),
    ...key.findings,
    ...sorted.findings,
    ...(key.columns.length === 0 ? [] : keyFits(base, to)),
    ...findings,
  ]
  if (key.columns.length === 0) return answer(base, all)
  const { there, here, why } = divide(base, someMoment)
  const divided: Work = { ...base, there: there as unknown as Json, here: here as unknown as Json }
  return answer({ ...divided, ...choosePath(divided, why) }, all)
}

/** The owner's triggers run for what we write, forward and back: what they change beside it is neither compared nor taken back. */
function ownTriggers(work: Work, to: TableFacts): readonly Finding[] {
  const written = work.layout.writes.map(({ name }) => name)
  const runs = Object.entries(to.triggers).filter(([name, text]) => {
    if (name.startsWith(triggerPrefix) || text.includes('changeover.writer') || text.endsWith(' [disabled]'))
      return false
    const [, events = '', columns] = /(?:BEFORE|AFTER) (.*?)(?: OF (.*?))? ON /.exec(text) ?? []
    if (!work.inPlace) return /INSERT|DELETE/.test(events)
    return (
      events.includes('UPDATE') && (columns === undefined || columns.split(', ').some((each) => written.includes(each)))
    )
  })
  if (runs.length === 0) return []
  const message = `${runs.length === 1 ? 'a trigger runs' : 'triggers run'} for each row that is written to "${work.target}", and for each that is taken back: ${named(runs.map(([name]) => name))}`
  const help = `where it shall not, let it leave the tool alone: CREATE TRIGGER … WHEN (current_setting('changeover.writer', true) IS DISTINCT FROM 'tool')`
  return [risk('rows.trigger', message, help)]
}

function emptyWork(spec: Spec, source: string, target: string): Work {
  return {
    source,
    target,
    inPlace: source === target,
    lens: spec.lens as unknown as Json,
    there: [],
    here: [],
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

function choosePath(work: Work, noSql: string | undefined): { readonly path: Path; readonly why: string } {
  if (noSql === undefined)
    return { path: 'sql', why: 'every operation of the lens renders as SQL, so the server does the work' }
  if (work.inPlace)
    return { path: 'join', why: `${noSql}; new columns go over a temporary table into the rows they belong to` }
  const back = 'what is computed here goes back over a temporary table'
  if ((work.there as readonly Json[]).length > 0)
    return { path: 'join', why: `${noSql}; ${back}, beside what the server computes of the same rows` }
  const odd = work.layout.writes.filter((each) => each.as === 'text')
  if (odd.length > 0)
    return {
      path: 'join',
      why: `${noSql}; ${back}, since the binary form of ${named(odd.map((each) => `${each.name} (${each.type})`))} is not known and the server reads it as text`,
    }
  return {
    path: 'copy',
    why: `${noSql}; rows are copied through the lens here, straight into chunks that are empty, merged where a mirror wrote before`,
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
    ...describeLens(work.lens as unknown as LensData).map((line) => `lens: ${line}`),
    ...(work.inPlace || layout.passed.length === 0
      ? []
      : [`as they are: ${named(layout.passed.map((each) => each.to))}`]),
    ...('refused' in sql || sql.length === 0 || work.path === 'sql'
      ? []
      : [`by the server: ${named(sql.map(({ column }) => column))}`]),
    ...('refused' in sql || work.path !== 'sql'
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

/** Without collations, and domains as the type they stand on: the assignment makes the domain of it. */
function typesOf(table: TableFacts, facts: Catalog): Types {
  const plain = (type: string): string => baseType(type, facts.types).replace(/ COLLATE .*$/, '')
  return Object.fromEntries(Object.entries(table.columns).map(([name, { type }]) => [name, plain(type)]))
}

function defaultsOf(table: TableFacts, layout: Layout): Work['defaults'] {
  return Object.fromEntries(layout.writes.map(({ name }) => [name, table.columns[name]?.default ?? null]))
}
