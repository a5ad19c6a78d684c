/** `data.compare`: are the rows on two sides the same, do relations and rules hold? Lists what is not, row by row. Writes nothing. */
import type { z } from 'zod'
import { orphans } from '../../../compare/index.ts'
import { block, type Finding, note, risk } from '../../../core/finding.ts'
import type { Json } from '../../../core/json.ts'
import { defineKind, type Mark, type Reading } from '../../../core/kind.ts'
import type { SqlReader } from '../../../core/ports/index.ts'
import { type Key, postgresWriter } from '../../../rows/index.ts'
import { draftCompare } from './plan.ts'
import { type CompareSpec, compareSpec, type CompareWork, type PairWork, type TableResult } from './spec.ts'
import { nothing, walkChunk, type Walked } from './walk.ts'

const roles = { source: 'database', target: 'database' } as const
type Roles = typeof roles

/** The checkpoint: the table that is being walked, where, and what was found so far. */
type Place = { readonly table: number; readonly low: Key | null; readonly results: readonly TableResult[] }

export const dataCompare = defineKind<Roles, CompareSpec, CompareWork>({
  name: 'data.compare',
  summary:
    'Compares rows by count and checksum, down to the row and column that differ; looks for orphans and broken rules.',
  roles,
  spec: compareSpec as unknown as z.ZodType<CompareSpec>,
  example: {
    tables: [{ source: 'public.users', target: 'public.users_v4', critical: ['email'] }],
    rules: [{ name: 'no negative balance', sql: 'SELECT id FROM accounts WHERE balance < 0' }],
  },

  plan: (spec, site) => draftCompare(spec, site),

  async *apply(work, at, from) {
    for await (const place of walk(work, at, placeOf(from))) yield mark(work, place)
  },

  async verify(work, at) {
    let last: Place = start
    for await (const place of walk(work, at, start)) last = place
    const tables = work.tables.flatMap((pair, index) => judge(pair, last.results[index] ?? nothing))
    const found = [...tables, ...(await orphaned(work, at)), ...(await broken(work, at))]
    if (found.some((each) => each.level !== 'note')) return found
    const rows = last.results.reduce((sum, each) => sum + each.source, 0)
    const message = `${rows} rows in ${work.tables.length} tables are equal, ${work.relations.length} relations and ${work.rules.length} rules hold`
    return [...found, note('compare.equal', message, 'nothing to do', { rows })]
  },

  // Nothing was written: there is nothing to take back.
  async *rollback() {},
})

const start: Place = { table: 0, low: null, results: [] }

function placeOf(from: Mark): Place {
  return from === null ? start : (from.at as unknown as Place)
}

async function* walk(work: CompareWork, at: Reading<Roles>, from: Place): AsyncGenerator<Place> {
  const sides = {
    source: at.on.source,
    target: work.same ? at.on.source : at.on.target,
    clock: at.clock,
    signal: at.signal,
  }
  let place = from
  while (place.table < work.tables.length) {
    at.signal.throwIfAborted()
    const pair = work.tables[place.table]!
    const before: Walked = { low: place.low, done: false, result: place.results[place.table] ?? nothing }
    const after = await walkChunk(work, pair, sides, before)
    const results = [...place.results.slice(0, place.table), after.result]
    place = after.done
      ? { table: place.table + 1, low: null, results }
      : { table: place.table, low: after.low, results }
    yield place
  }
}

function mark(work: CompareWork, place: Place): Mark {
  const rows = place.results.reduce((sum, each) => sum + each.source, 0)
  const different = place.results.reduce((sum, each) => sum + each.different, 0)
  const table = work.tables[place.table]?.source
  const said = [
    ...(table === undefined ? [] : [`comparing "${table}"`]),
    ...(different === 0 ? [] : [`${different} rows differ`]),
  ]
  return {
    at: place as unknown as Json,
    done: rows,
    unit: 'rows',
    ...(said.length === 0 ? {} : { note: said.join('; ') }),
  }
}

function judge(pair: PairWork, result: TableResult): readonly Finding[] {
  if (result.different === 0) return []
  const names = pair.source === pair.target ? `"${pair.source}"` : `"${pair.source}" and "${pair.target}"`
  const listed = result.listed.map(
    (each) => `${each.why} (${each.key.join(', ')})${each.columns.length === 0 ? '' : `: ${each.columns.join(', ')}`}`,
  )
  const more = result.different > result.listed.length ? `, and ${result.different - result.listed.length} more` : ''
  const counts =
    result.source === result.target ? `${result.source} rows each` : `${result.source} and ${result.target} rows`
  const message = `${result.different} rows of ${names} (${counts}) differ, ${pair.tolerance} may: ${listed.join('; ')}${more}`
  const data = result as unknown as Json
  const findings = [
    result.different > pair.tolerance
      ? block(
          'compare.different',
          message,
          'find out who wrote them; a transformation or a mirror brings them over again',
          data,
        )
      : risk('compare.tolerated', message, 'have a look at them', data),
  ]
  if (result.critical === 0) return findings
  const fields = pair.critical.map((each) => `"${each}"`).join(', ')
  return [
    ...findings,
    block(
      'compare.critical',
      `${result.critical} rows of ${names} differ in a critical field (${fields})`,
      'mend them before going on',
    ),
  ]
}

async function orphaned(work: CompareWork, at: Reading<Roles>): Promise<readonly Finding[]> {
  const found: Finding[] = []
  const db: SqlReader = work.same ? at.on.source : at.on.target
  for (const relation of work.relations) {
    const columns = relation.columns.map((each) => `t.${postgresWriter.quote(each)}::text`)
    const text = orphans(postgresWriter, relation)
    const rows = await db.rows<{ key: Key; all: number }>(
      `SELECT jsonb_build_array(${columns.join(', ')}) AS key, count(*) OVER ()::float8 AS all ${text} LIMIT ${work.most}`,
    )
    if (rows.length === 0) continue
    const message = `${rows[0]!.all} rows of "${relation.table}" refer to rows of "${relation.to}" that are not there: (${relation.columns.join(', ')}) = ${rows.map(({ key }) => `(${key.join(', ')})`).join(', ')}`
    found.push(
      block('compare.orphans', message, `bring the rows of "${relation.to}" over first, or remove these`, {
        relation: relation.name,
        keys: rows.map(({ key }) => key),
      }),
    )
  }
  return found
}

/** A rule may read personal things: only how many rows break it is said. */
async function broken(work: CompareWork, at: Reading<Roles>): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const rule of work.rules) {
    const [seen] = await at.on[rule.on].rows<{ rows: number }>(
      `SELECT count(*)::float8 AS rows FROM (${rule.sql}) rule`,
    )
    const rows = seen?.rows ?? 0
    if (rows > 0)
      found.push(
        block('compare.rule', `the rule "${rule.name}" is broken by ${rows} rows`, `look at them: ${rule.sql}`, {
          rule: rule.name,
          rows,
        }),
      )
  }
  return found
}
