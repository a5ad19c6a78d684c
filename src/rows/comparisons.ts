/** The statements that lay a range of the source beside the target, after a move. None knows a connection. */
import { keyJson, keyList, type KeyRange, sameKey, within } from './key-range.ts'
import { readAs } from './layout.ts'
import { type Expression, type Route, targetKey } from './moves.ts'

/** A written column and the type it is stored as, so that both sides of a comparison are of one type. */
export type Compared = Expression & { readonly type: string }

/**
 * Keys of a range whose rows differ: `why` is `missing` (no row in the target), `extra` (none in the source) or `differs`. Compared by their
 * stored form, since json has no equality and numeric 1.0 equals 1.00. Rows that were refused (`$1` run, `$2` step) are not missing.
 */
export function differences(route: Route, compared: readonly Compared[], range: KeyRange, most: number): string {
  const { sql, layout } = route
  const kept = layout.passed.filter(({ from }) => !layout.key.some((column) => column.name === from))
  const typed = (column: string): string => `t.${sql.quote(column)}::${route.types[column] ?? 'text'}`
  const left = [...kept.map(({ to }) => typed(to)), ...compared.map(({ column }) => typed(column))]
  const right = [
    ...kept.map(({ from, to }) => `s.${sql.quote(from)}::${route.types[to] ?? 'text'}`),
    ...compared.map(({ expression, type }) => `(${expression})::${type}`),
  ]
  const unequal =
    left.length === 0
      ? 'false'
      : `ROW(${left.join(', ')})::record OPERATOR(pg_catalog.*<>) ROW(${right.join(', ')})::record`
  const [source, target] = [layout.key[0]?.name ?? '', targetKey(route)[0]?.name ?? '']
  // A composite value of NULLs IS NULL, and is there.
  const [noRow, noSource] = [`t.${sql.quote(target)}`, `s.${sql.quote(source)}`].map(
    (each) => `${each} IS NOT DISTINCT FROM NULL`,
  )
  return `SELECT key, why FROM (
    SELECT CASE WHEN ${noSource} THEN ${keyJson(sql, targetKey(route), 't.')} ELSE ${keyJson(sql, layout.key, 's.')} END AS key,
      CASE WHEN ${noRow} THEN 'missing' WHEN ${noSource} THEN 'extra' WHEN ${unequal} THEN 'differs' END AS why
    FROM (SELECT * FROM ${route.source} WHERE ${within(sql, layout.key, range)}) s
    FULL JOIN (SELECT * FROM ${route.target} WHERE ${within(sql, targetKey(route), range)}) t ON ${sameKey(sql, layout.key, 's', 't', route.keyNames)}
  ) each WHERE why IS NOT NULL AND NOT (why = 'missing' AND EXISTS (
    SELECT FROM changeover.rejects r WHERE r.run = $1 AND r.step = $2 AND r.key = each.key)) LIMIT ${most}`
}

/** Rows of a range beside what the target holds for them: for the lens, where the server cannot compare. */
export function copyBeside(route: Route, range: KeyRange, most: number): string {
  const { sql, layout } = route
  const columns = [
    ...layout.key.map(({ name }) => `s.${sql.quote(name)}`),
    ...layout.reads.map((each) => readAs(sql, each, 's.')),
    ...layout.writes.map((each) => readAs(sql, each, 't.')),
  ].join(', ')
  return `COPY (SELECT ${columns} FROM ${route.source} s JOIN ${route.target} t ON ${sameKey(sql, layout.key, 's', 't', route.keyNames)}
    WHERE ${within(sql, layout.key, range, 's.')} ORDER BY ${keyList(sql, layout.key, 's.')} LIMIT ${most}) TO STDOUT (FORMAT binary)`
}
