/** The small SQL that every mirror shares: has a side been given, did it change, whose version writes, what names a row. */
import type { MirrorShape, Quote, Side, SideColumn } from './shape.ts'

/** Whether any column of the side differs from its default: a side at its defaults was not written yet. */
export function given(sql: Quote, side: Side, row: string): string {
  const tests = side.columns.flatMap((column) => differs(sql, column, row))
  return tests.length === 0 ? 'true' : `(${tests.join(' OR ')})`
}

function differs(sql: Quote, column: SideColumn, row: string): readonly string[] {
  const value = `${row}.${sql.quote(column.name)}`
  // A composite value with a NULL in it is not IS NOT NULL.
  if (column.fallback === null) return [`${value} IS DISTINCT FROM NULL`]
  // A default that is new for each row (a sequence, a random uuid) tells nothing about who wrote it.
  return comparable(column.fallback) ? [image(`ROW(${value})`, `ROW((${column.fallback})::${column.type})`)] : []
}

/** Constants, and the clock of the transaction: what gives the same value again in the same transaction. */
export function comparable(fallback: string): boolean {
  const bare = fallback.replaceAll(/'(?:[^']|'')*'/g, "''").replaceAll(/"(?:[^"]|"")*"/g, '""')
  const calls = [...bare.matchAll(/([\w.]+)\s*\(/g)].map(([, name]) => name!.toLowerCase())
  const words = new Set([
    'now',
    'transaction_timestamp',
    'character',
    'varying',
    'numeric',
    'varchar',
    'bit',
    'char',
    'bpchar',
    'timestamp',
    'time',
    'interval',
  ])
  return calls.every((name) => words.has(name))
}

/** By their stored form: `=` would take numeric 1.0 for 1.00, and json, point and xml have none. */
export function image(left: string, right: string): string {
  return `(${left}::record OPERATOR(pg_catalog.*<>) ${right}::record)`
}

export function changed(sql: Quote, columns: readonly string[], left: string, right: string): string {
  if (columns.length === 0) return 'false'
  const row = (name: string) => `ROW(${columns.map((column) => `${name}.${sql.quote(column)}`).join(', ')})`
  return image(row(left), row(right))
}

/** The operator that the index of the column knows. */
export function equals(sql: Quote, side: Side, column: string): string {
  const schema = side.columns.find((each) => each.name === column)?.schema
  return schema === undefined ? '=' : `OPERATOR(${sql.quote(schema)}.=)`
}

/** True where the session's version is the new one; the plan's choice where it says nothing. */
export function writerIsNew(sql: Quote, shape: MirrorShape): string {
  const setting = `coalesce(pg_catalog.current_setting('changeover.version', true), '')`
  const list = (values: readonly string[]) => [...new Set(values)].map((value) => sql.literal(value)).join(', ')
  return shape.decides === 'new'
    ? `${setting} NOT IN (${list(['old', shape.versions.old])})`
    : `${setting} IN (${list(['new', shape.versions.new])})`
}

/** The key of a row as text: the same on both sides, and no two keys alike. */
export function keyText(sql: Quote, key: readonly string[], row: string): string {
  return `pg_catalog.jsonb_build_array(${key.map((column) => `${row}.${sql.quote(column)}::text`).join(', ')})::text`
}

/** What keeps a trigger away from the tool's own writes. Written as the server writes it back. */
export const unlessTool = `WHEN ((current_setting('changeover.writer'::text, true) IS DISTINCT FROM 'tool'::text))`

/**
 * What a session may have set otherwise: how values are spelled, and where names are looked for. What a trigger makes, notes and compares must be
 * the same whoever writes. Literals in it need no setting: they are escaped where they must be.
 */
export function pinned(shape: MirrorShape): string {
  const types = [...shape.old.columns, ...shape.new.columns].map(({ type }) => type)
  const money = types.some((type) => type.startsWith('money')) ? ` SET lc_monetary = 'C'` : ''
  return `SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO, YMD' SET TimeZone = 'UTC' SET IntervalStyle = 'postgres' SET extra_float_digits = 1 SET bytea_output = 'hex'${money}`
}

/** Also for writers that play a replica: a write that passes a mirror by is lost for the other side. As facts spell it. */
export const alwaysMark = ' [enabled always]'
