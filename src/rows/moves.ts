/** The statements that move one range of rows. Each names the path it belongs to; none knows a connection. */
import { called, type KeyColumn, keyJson, keyList, type KeyRange, sameKey, within, type Writer } from './key-range.ts'
import { keyHash } from './hashing.ts'
import { type Layout, readAs, type Touched } from './layout.ts'

/** A written column as the server computes it. `s` is the row that is read. */
export type Expression = { readonly column: string; readonly expression: string }

/** What a move is between. Names are quoted already. `live`: others write the source at the same time. */
export interface Route {
  readonly sql: Writer
  readonly source: string
  readonly target: string
  readonly layout: Layout
  /** A key column of the source to its name in the target. */
  readonly keyNames: { readonly [name: string]: string }
  readonly live: boolean
  /** Path `join`: columns of the target that the server computes beside those that come from the stage. */
  readonly computed: readonly Expression[]
  /** In place: whether the new columns of row `s` were written before. Those that were not are no memory for the lens. */
  readonly given: string
  /** Types of the target's columns, as the server calls them. */
  readonly types: { readonly [column: string]: string }
}

/** The key as the target calls it. */
export function targetKey(route: Route): readonly KeyColumn[] {
  return route.layout.key.map(({ name, type }) => ({ name: called(route.keyNames, name), type }))
}

function targetColumns(route: Route, written: readonly string[]): string {
  return [...route.layout.passed.map(({ to }) => to), ...written].map((name) => route.sql.quote(name)).join(', ')
}

/** A delete that runs at the same time must wait, or it would miss the row that is on its way; plain updates need not. */
function lock(route: Route): string {
  return route.live ? ' FOR KEY SHARE OF s' : ''
}

/** Rows that stand in the target already were written by someone who knew better: the mirror, or this step before it was killed. */
function keepTheirs(route: Route): string {
  return ` ON CONFLICT (${keyList(route.sql, targetKey(route))}) DO NOTHING`
}

/** Path `sql`, into a table: the server reads, computes and writes. */
export function insertSelect(route: Route, written: readonly Expression[], range: KeyRange, merge: boolean): string {
  const { sql, layout } = route
  const values = [
    ...layout.passed.map(({ from }) => `s.${sql.quote(from)}`),
    ...written.map(({ expression }) => expression),
  ].join(', ')
  const columns = targetColumns(
    route,
    written.map(({ column }) => column),
  )
  return `INSERT INTO ${route.target} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM ${route.source} s WHERE ${within(sql, layout.key, range, 's.')}${
    merge ? `${lock(route)}${keepTheirs(route)}` : lock(route)
  }`
}

/** Path `sql`, in place: computed from the row as it is when it is locked, so that a write that came between is not lost. */
export function updateRange(route: Route, written: readonly Expression[], range: KeyRange): string {
  const { sql, layout } = route
  const sets = written.map(({ column, expression }) => `${sql.quote(column)} = ${expression}`).join(', ')
  return `UPDATE ${route.source} s SET ${sets} WHERE ${within(sql, layout.key, range, 's.')}`
}

/** `missing`: those that are not in the target. */
export type Which = 'in place' | 'all' | 'missing'

/** Path `copy`: whole rows, with what the lens here reads. */
export function copyOut(route: Route, range: KeyRange, which: Which): string {
  const { sql, layout } = route
  const columns = [
    ...layout.passed.map(({ from }) => `s.${sql.quote(from)}`),
    ...layout.reads.map((each) => readAs(sql, each, 's.')),
  ].join(', ')
  return `COPY (SELECT ${columns} ${chosen(route, range, which)}) TO STDOUT (FORMAT binary)`
}

/** Path `join`: only what the lens here reads. In place, rows stay locked until they are written back. */
export function copyKeyed(route: Route, range: KeyRange, was: readonly Touched[], which: Which): string {
  return `COPY (SELECT ${keyedColumns(route, was)} ${chosen(route, range, which)}) TO STDOUT (FORMAT binary)`
}

/** The key and the place of a row's version, which tell which row it was; then what the lens reads, and what it remembers. */
function keyedColumns(route: Route, was: readonly Touched[]): string {
  const { sql, layout } = route
  return [
    ...layout.key.map(({ name }) => `s.${sql.quote(name)}`),
    's.ctid',
    ...layout.reads.map((each) => readAs(sql, each, 's.')),
    ...was.map((each) => `CASE WHEN ${route.given} THEN ${readAs(sql, each, 's.')} END`),
  ].join(', ')
}

function chosen(route: Route, range: KeyRange, which: Which): string {
  const locked = which === 'in place' ? ' FOR NO KEY UPDATE OF s' : lock(route)
  const wanted = `${within(route.sql, route.layout.key, range, 's.')}${which === 'missing' ? ` AND NOT ${thereToo(route, range)}` : ''}`
  return `FROM ${route.source} s WHERE ${wanted}${locked}`
}

/** The range stands beside the key, so that no plan walks the whole target. */
function thereToo(route: Route, range: KeyRange): string {
  const { sql, layout } = route
  const same = sameKey(sql, layout.key, 's', 't', route.keyNames)
  return `EXISTS (SELECT FROM ${route.target} t WHERE ${same} AND ${within(sql, targetKey(route), range, 't.')})`
}

/** Path `copy`: straight into the target, where no row of the range can be yet. */
export function copyStraight(route: Route): string {
  return `COPY ${route.target} (${targetColumns(
    route,
    route.layout.writes.map(({ name }) => name),
  )}) FROM STDIN (FORMAT binary)`
}

function staged(sql: Writer, { name, type, as }: Touched): string {
  return as === 'text' ? `g.${sql.quote(name)}::${type}` : `g.${sql.quote(name)}`
}

/** The place of a row's version, in a stage: a name that no column has. */
const place = '"changeover ctid"'

/** Path `join`: a temporary table of this session, emptied by each commit, for what is computed here. `stage` is its quoted name. */
export function createStage(route: Route, stage: string): string {
  const { sql, layout } = route
  const columns = [
    ...targetKey(route).map(({ name }) => sql.quote(name)),
    `NULL::tid AS ${place}`,
    ...layout.writes.map(({ name, as }) => (as === 'text' ? `${sql.quote(name)}::text` : sql.quote(name))),
  ].join(', ')
  return `CREATE TEMPORARY TABLE IF NOT EXISTS ${stage} ON COMMIT DELETE ROWS AS SELECT ${columns} FROM ${route.target} WITH NO DATA`
}

export function copyStage(route: Route, stage: string): string {
  const { sql, layout } = route
  const keys = targetKey(route).map(({ name }) => sql.quote(name))
  const columns = [...keys, place, ...layout.writes.map(({ name }) => sql.quote(name))].join(', ')
  return `COPY ${stage} (${columns}) FROM STDIN (FORMAT binary)`
}

/**
 * Path `join`: what was computed here beside what the server computes, passed columns never leave it. A row that was written since it was
 * read has another version, and is left out: half of it would be old. The range stands beside the key, so that no plan walks the whole source.
 */
export function joinStage(route: Route, stage: string, range: KeyRange, merge: boolean): string {
  const { sql, layout } = route
  const names = [...route.computed.map(({ column }) => column), ...layout.writes.map(({ name }) => name)]
  const values = [
    ...layout.passed.map(({ from }) => `s.${sql.quote(from)}`),
    ...route.computed.map(({ expression }) => expression),
    ...layout.writes.map((each) => staged(sql, each)),
  ].join(', ')
  const same = sameKey(sql, layout.key, 's', 'g', route.keyNames)
  return `INSERT INTO ${route.target} (${targetColumns(route, names)}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM ${stage} g JOIN ${route.source} s ON ${same} AND s.ctid = g.${place} WHERE ${within(sql, layout.key, range, 's.')}${merge ? keepTheirs(route) : ''}`
}

/** From the stage into new columns of the same rows. `only`: a condition on row `t`. */
export function updateFromStage(route: Route, stage: string, only: string | undefined): string {
  const { sql, layout } = route
  const sets = layout.writes.map((each) => `${sql.quote(each.name)} = ${staged(sql, each)}`).join(', ')
  const which = only === undefined ? '' : ` AND ${only}`
  return `UPDATE ${route.target} t SET ${sets} FROM ${stage} g WHERE ${sameKey(sql, layout.key, 't', 'g', route.keyNames)}${which}`
}

/** Is there a row of the range in the target? One index probe. */
export function anyThere(route: Route, range: KeyRange): string {
  return `SELECT EXISTS (SELECT FROM ${route.target} WHERE ${within(route.sql, targetKey(route), range)}) AS there`
}

/** Is there a row in both? */
export function anyShared(route: Route): string {
  return `SELECT EXISTS (SELECT FROM ${route.source} s JOIN ${route.target} t ON ${sameKey(route.sql, route.layout.key, 's', 't', route.keyNames)}) AS there`
}

/** In place: is there a row whose new columns were written before? Undefined where a row does not tell. */
export function anyGiven(route: Route): string | undefined {
  return route.given === 'true'
    ? undefined
    : `SELECT EXISTS (SELECT FROM ${route.source} s WHERE ${route.given}) AS there`
}

/** Counts and hashes what stands in the target now. */
export function countThere(route: Route, range: KeyRange): string {
  return `SELECT ${keyHash(route.sql, targetKey(route))} FROM ${route.target} WHERE ${within(route.sql, targetKey(route), range)}`
}

/** Undo, into a table. A target that was empty loses the whole range; another only what has its row in the source. */
export function deleteRange(route: Route, range: KeyRange, fresh: boolean): string {
  const { sql } = route
  const condition = within(sql, targetKey(route), range, 't.')
  if (fresh) return `DELETE FROM ${route.target} t WHERE ${condition}`
  return `DELETE FROM ${route.target} t USING ${route.source} s WHERE ${sameKey(sql, route.layout.key, 's', 't', route.keyNames)} AND ${condition}`
}

/** Undo, in place: the columns are what they were when they were added. */
export function clearRange(route: Route, columns: readonly string[], range: KeyRange): string {
  const { sql, layout } = route
  const sets = columns.map((column) => `${sql.quote(column)} = DEFAULT`).join(', ')
  return `UPDATE ${route.source} s SET ${sets} WHERE ${within(sql, layout.key, range, 's.')}`
}

/** The key in the middle of a range, to halve it: for finding the rows that are refused. */
export function middle(route: Route, range: KeyRange, rows: number): string {
  const { sql, layout } = route
  return `SELECT ${keyJson(sql, layout.key)} AS key FROM ${route.source} WHERE ${within(sql, layout.key, range)} ORDER BY ${keyList(sql, layout.key)} OFFSET ${Math.max(0, Math.ceil(rows / 2) - 1)} LIMIT 1`
}

/** Rows of the source in a range. */
export function countSource(route: Route, range: KeyRange): string {
  return `SELECT count(*)::float8 AS rows FROM ${route.source} WHERE ${within(route.sql, route.layout.key, range)}`
}

/** The first rows as the server computes them, a line each, for a measured sample. */
export function copyComputed(route: Route, written: readonly Expression[], most: number): string {
  const { sql, layout } = route
  const values = [
    ...layout.passed.map(({ from }) => `s.${sql.quote(from)}`),
    ...written.map(({ expression }) => expression),
  ].join(', ')
  return `COPY (SELECT ${values} FROM ${route.source} s ORDER BY ${keyList(sql, layout.key, 's.')} LIMIT ${most}) TO STDOUT`
}

/** The first rows as path `join` reads them. */
export function copySample(route: Route, was: readonly Touched[], most: number): string {
  const { sql, layout } = route
  return `COPY (SELECT ${keyedColumns(route, was)} FROM ${route.source} s ORDER BY ${keyList(sql, layout.key, 's.')} LIMIT ${most}) TO STDOUT (FORMAT binary)`
}
