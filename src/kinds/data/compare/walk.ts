/** Walks two tables chunk by chunk and bisects what differs, down to rows and columns. Reads only; knows no step and no finding. */
import {
  columnsWhere,
  type Difference,
  differences,
  type Print,
  printsWhere,
  printWhere,
  type RowPrint,
  samePrint,
  valuesWhere,
} from '../../../compare/index.ts'
import type { Clock } from '../../../core/kind.ts'
import type { Row, SqlReader, SqlSnapshot } from '../../../core/ports/index.ts'
import { boundary, type Key, type KeyRange, postgresWriter, within } from '../../../rows/index.ts'
import type { CompareWork, ListedRow, PairWork, TableResult } from './spec.ts'

/** Chunks of at most so many rows are compared row by row. */
const leafRows = 4096
/** So many different rows of a table are found and counted; beyond, whole chunks are counted. */
const mostFound = 10_000

export interface Sides {
  readonly source: SqlReader
  readonly target: SqlReader
  readonly clock: Pick<Clock, 'sleep'>
  readonly signal: AbortSignal
}

interface Both {
  readonly source: Pick<SqlSnapshot, 'rows'>
  readonly target: Pick<SqlSnapshot, 'rows'>
}

/** How far a table is; `low` is the end of the last whole chunk. */
export interface Walked {
  readonly low: Key | null
  readonly done: boolean
  readonly result: TableResult
}

export const nothing: TableResult = { source: 0, target: 0, different: 0, critical: 0, listed: [] }

/** The next chunk after `from`. Both sides of it are read in one snapshot where they are one database. */
export async function walkChunk(work: CompareWork, pair: PairWork, sides: Sides, from: Walked): Promise<Walked> {
  const seen = await together(work, sides, async (both) => {
    const high = pair.key.length === 0 ? null : await keyAt(pair, both, { low: from.low, high: null }, work.batchSize)
    const range = { low: from.low, high }
    const [left, right] = await printBoth(pair, both, range)
    const found = samePrint(left, right) ? [] : await bisect(pair, both, range, left.rows, right.rows)
    return { high, left, right, found, ...(await describe(pair, both, found, work.most - from.result.listed.length)) }
  })
  const lasting = work.same ? seen : await outlasting(work, pair, sides, seen, from)
  const { result } = from
  return {
    low: seen.high,
    done: seen.high === null,
    result: {
      source: result.source + seen.left.rows,
      target: result.target + seen.right.rows,
      different: result.different + lasting.found.length,
      critical: result.critical + lasting.critical,
      listed: [...result.listed, ...lasting.rows],
    },
  }
}

interface Described {
  readonly found: readonly Difference[]
  readonly critical: number
  readonly rows: readonly ListedRow[]
}

/** Two databases are never seen at one moment: what differs is looked at again until it is equal, or patience ends. */
async function outlasting(
  work: CompareWork,
  pair: PairWork,
  sides: Sides,
  seen: Described,
  from: Walked,
): Promise<Described> {
  let now = seen
  const everyMs = Math.max(1, Math.ceil(work.patienceMs / 4))
  for (let waited = 0; now.found.length > 0 && waited < work.patienceMs; waited += everyMs) {
    await sides.clock.sleep(everyMs, sides.signal)
    now = await together(work, sides, async (both) => {
      const keys = now.found.map((each) => each.key)
      const [left, right] = await ask<RowPrint & Row>(
        both,
        printsWhere(pair.left, among(pair, 's', keys)),
        printsWhere(pair.right, among(pair, 't', keys)),
      )
      const found = differences(left, right)
      return { found, ...(await describe(pair, both, found, work.most - from.result.listed.length)) }
    })
  }
  return now
}

async function together<T>(work: CompareWork, sides: Sides, body: (both: Both) => Promise<T>): Promise<T> {
  if (work.same) return sides.source.snapshot((at) => body({ source: at, target: at }))
  return sides.source.snapshot((source) => sides.target.snapshot((target) => body({ source, target })))
}

async function keyAt(pair: PairWork, both: Both, range: KeyRange, rows: number): Promise<Key | null> {
  const [row] = await both.source.rows<{ key: Key }>(boundary(postgresWriter, pair.cut, pair.key, range, rows))
  return row?.key ?? null
}

function whereOf(pair: PairWork, range: KeyRange): readonly [string, string] {
  if (pair.key.length === 0) return ['true', 'true']
  return [within(postgresWriter, pair.key, range, 's.'), within(postgresWriter, pair.targetKey, range, 't.')]
}

/** One after the other where both are one connection. */
async function ask<R extends Row>(
  both: Both,
  left: string,
  right: string,
): Promise<readonly [readonly R[], readonly R[]]> {
  if (both.source === both.target) return [await both.source.rows<R>(left), await both.target.rows<R>(right)]
  return Promise.all([both.source.rows<R>(left), both.target.rows<R>(right)])
}

async function printBoth(pair: PairWork, both: Both, range: KeyRange): Promise<readonly [Print, Print]> {
  const [left, right] = whereOf(pair, range)
  const [a, b] = await ask<Print & Row>(both, printWhere(pair.left, left), printWhere(pair.right, right))
  return [a[0]!, b[0]!]
}

async function bisect(
  pair: PairWork,
  both: Both,
  range: KeyRange,
  left: number,
  right: number,
): Promise<readonly Difference[]> {
  if (Math.max(left, right) > leafRows && pair.key.length > 0) {
    const middle = await keyAt(pair, both, range, Math.ceil(left / 2))
    if (middle !== null && JSON.stringify(middle) !== JSON.stringify(range.high)) {
      const found: Difference[] = []
      for (const half of [
        { low: range.low, high: middle },
        { low: middle, high: range.high },
      ]) {
        const [a, b] = await printBoth(pair, both, half)
        if (samePrint(a, b) || found.length >= mostFound) continue
        found.push(...(await bisect(pair, both, half, a.rows, b.rows)))
      }
      return found
    }
  }
  const [where, there] = whereOf(pair, range)
  return differences(
    ...(await ask<RowPrint & Row>(both, printsWhere(pair.left, where), printsWhere(pair.right, there))),
  )
}

/** Names the columns of the first rows that differ, and counts those of which a critical field does. */
async function describe(
  pair: PairWork,
  both: Both,
  found: readonly Difference[],
  most: number,
): Promise<{ critical: number; rows: readonly ListedRow[] }> {
  if (found.length === 0 || pair.key.length === 0) {
    return {
      critical: pair.critical.length > 0 ? found.length : 0,
      rows: found.slice(0, most).map((each) => ({ ...each, columns: [] })),
    }
  }
  const looked = pair.critical.length > 0 ? found : found.slice(0, most)
  const columns = await columnsThatDiffer(
    pair,
    both,
    looked.filter((each) => each.why === 'differs').map((each) => each.key),
  )
  const named = looked.map((each): ListedRow => ({ ...each, columns: columns.get(JSON.stringify(each.key)) ?? [] }))
  const critical = named.filter(
    (each) => each.why !== 'differs' || each.columns.some((column) => pair.critical.includes(column)),
  ).length
  const rows = named.slice(0, most)
  return {
    critical: pair.critical.length === 0 ? 0 : critical,
    rows: pair.show.length === 0 ? rows : await withValues(pair, both, rows),
  }
}

interface Values extends Row {
  readonly key: Key
  readonly columns: readonly (string | null)[]
}

async function columnsThatDiffer(
  pair: PairWork,
  both: Both,
  keys: readonly Difference['key'][],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const named = new Map<string, readonly string[]>()
  for (let at = 0; at < keys.length; at += 1000) {
    const page = keys.slice(at, at + 1000)
    const [left, right] = await ask<Values>(
      both,
      columnsWhere(pair.left, among(pair, 's', page)),
      columnsWhere(pair.right, among(pair, 't', page)),
    )
    const there = new Map(right.map((each) => [JSON.stringify(each.key), each.columns]))
    for (const { key, columns } of left) {
      const others = there.get(JSON.stringify(key)) ?? []
      named.set(
        JSON.stringify(key),
        pair.left.columns.map((each) => each.name).filter((_, index) => columns[index] !== others[index]),
      )
    }
  }
  return named
}

async function withValues(pair: PairWork, both: Both, rows: readonly ListedRow[]): Promise<readonly ListedRow[]> {
  const keys = rows.map((each) => each.key)
  const read = async (side: 'source' | 'target'): Promise<ReadonlyMap<string, readonly (string | null)[]>> => {
    const [look, alias] = side === 'source' ? ([pair.left, 's'] as const) : ([pair.right, 't'] as const)
    const seen = await both[side].rows<Values>(valuesWhere(look, among(pair, alias, keys)))
    return new Map(seen.map((each) => [JSON.stringify(each.key), each.columns]))
  }
  const [left, right] = [await read('source'), await read('target')]
  return rows.map((row) => {
    const shown = pair.left.columns.flatMap(({ name }, at) => {
      if (!pair.show.includes(name) || (row.why === 'differs' && !row.columns.includes(name))) return []
      const value = (side: typeof left): string | null => side.get(JSON.stringify(row.key))?.[at] ?? null
      return [[name, [value(left), value(right)] as const] as const]
    })
    return { ...row, values: Object.fromEntries(shown) }
  })
}

/** The rows with these keys, by the index of the key. */
function among(pair: PairWork, alias: 's' | 't', keys: readonly Difference['key'][]): string {
  const key = alias === 's' ? pair.key : pair.targetKey
  const columns = key.map(({ name }) => `${alias}.${postgresWriter.quote(name)}`).join(', ')
  const tuples = keys.map(
    (each) => `(${each.map((text, at) => `${postgresWriter.literal(text)}::${key[at]!.type}`).join(', ')})`,
  )
  return tuples.length === 0 ? 'false' : `(${columns}) IN (${tuples.join(', ')})`
}
