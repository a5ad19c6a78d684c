/** The SQL by which a worker reads noted rows beside what they were, and writes them back. Knows no lens. */
import { changesTable, givenWhen, noted } from '../../../mirror/index.ts'
import { type PipeShape, postgresWriter, type Touched } from '../../../rows/index.ts'
import { quoteTable } from './install.ts'
import type { MirrorWork } from './spec.ts'

const { quote, literal } = postgresWriter

/** A temporary table of the transaction. */
export const stageName = 'pg_temp.changeover_mirror_stage'

const text = (name: string): Touched => ({ name, type: 'text', as: 'binary' })
const flag = (name: string): Touched => ({ name, type: 'boolean', as: 'binary' })
const prefixed = (prefix: string, each: readonly Touched[]) =>
  each.map((one) => ({ ...one, name: `${prefix}${one.name}` }))

/** Columns of the two shapes; the key stays as it is. */
function written(work: MirrorWork): readonly Touched[] {
  const names = [...work.shape.old.columns, ...work.shape.new.columns].map((each) => each.name)
  const known = new Map([...work.touched.a, ...work.touched.b].map((each) => [each.name, each]))
  return names.flatMap((name) => known.get(name) ?? [])
}

/** See `mergeRow` for what the names mean. */
export function batchShape(work: MirrorWork): PipeShape {
  const { a, b } = work.touched
  const flags = [
    ...work.shape.old.columns.map((each) => flag(`ca:${each.name}`)),
    ...work.shape.new.columns.map((each) => flag(`cb:${each.name}`)),
    ...['fresh', 'written', 'wasWritten'].map(flag),
  ]
  const reads = [
    text('key'),
    text('side'),
    ...prefixed('a:', a),
    ...prefixed('b:', b),
    ...prefixed('wa:', a),
    ...prefixed('wb:', b),
    ...flags,
  ]
  return { passed: 0, reads, was: [], writes: [text('key'), ...written(work)], key: [], enums: work.enums }
}

export function readBatch(work: MirrorWork, keys: readonly string[]): string {
  const { old, new: fresh } = work.shape
  const { a, b } = work.touched
  const table = quoteTable(old.table)
  const was = new Set(noted(work.shape).map(({ name }) => name))
  const read = (alias: 's' | 'w', each: readonly Touched[]) =>
    each.map(({ name, as }) => `${was.has(name) ? alias : 's'}.${quote(name)}${as === 'text' ? '::text' : ''}`)
  const apart = (name: string) => `ROW(s.${quote(name)})::record OPERATOR(pg_catalog.*<>) ROW(w.${quote(name)})::record`
  const columns = [
    'n.key',
    `(SELECT l.side FROM ${changesTable} l WHERE l.mirror = ${literal(work.shape.name)} AND l.key = n.key ORDER BY l.seq DESC LIMIT 1)`,
    ...read('s', a),
    ...read('s', b),
    ...read('w', a),
    ...read('w', b),
    ...[...old.columns, ...fresh.columns].map((each) => apart(each.name)),
    'n.was IS NULL',
    givenWhen(postgresWriter, fresh, 's'),
    givenWhen(postgresWriter, fresh, 'w'),
  ]
  return `COPY (SELECT ${columns.join(', ')}
    FROM (SELECT DISTINCT ON (c.key) c.key, c.was FROM ${changesTable} c
           WHERE c.mirror = ${literal(work.shape.name)} AND c.key IN (${keys.map((each) => literal(each)).join(', ')}) ORDER BY c.key, c.seq) n
    JOIN ${table} s ON ${keyed(work, 's', 'n.key')}
    CROSS JOIN LATERAL (SELECT ${before(work)}) w) TO STDOUT (FORMAT binary)`
}

/** The noted texts as the columns that they were. */
function before(work: MirrorWork): string {
  return noted(work.shape)
    .map(({ name, type }, at) => `(n.was ->> ${at})::${type} AS ${quote(name)}`)
    .join(', ')
}

/** In the order of the keys, so that two workers cannot lock each other out. */
export function lockKeys(work: MirrorWork, keys: readonly string[]): string {
  const list = keys.map((each) => `(${literal(each)})`).join(', ')
  const order = work.shape.old.key.map((column) => `s.${quote(column)}`).join(', ')
  return `SELECT 1 FROM (VALUES ${list}) k(key) JOIN ${quoteTable(work.shape.old.table)} s ON ${keyed(work, 's', 'k.key')} ORDER BY ${order} FOR NO KEY UPDATE OF s`
}

export function createStage(work: MirrorWork): string {
  const columns = written(work).map(({ name, as }) => (as === 'text' ? `s.${quote(name)}::text` : `s.${quote(name)}`))
  return `CREATE TEMPORARY TABLE changeover_mirror_stage ON COMMIT DROP AS SELECT ''::text AS changeover_key, ${columns.join(', ')} FROM ${quoteTable(work.shape.old.table)} s WITH NO DATA`
}

export function writeBack(work: MirrorWork): string {
  const types = { ...work.types.a, ...work.types.b }
  const sets = written(work)
    .filter(({ name }) => !work.shape.old.key.includes(name))
    .map(({ name, as }) => `${quote(name)} = g.${quote(name)}${as === 'text' ? `::${types[name]}` : ''}`)
  return `UPDATE ${quoteTable(work.shape.old.table)} s SET ${sets.join(', ')} FROM ${stageName} g WHERE ${keyed(work, 's', 'g.changeover_key')}`
}

/** A key as it is noted, against the columns it was made of: typed, so that the index of the key is used. */
function keyed(work: MirrorWork, alias: string, noted: string): string {
  const { key } = work.shape.old
  return key
    .map((column, at) => `${alias}.${quote(column)} = (${noted}::jsonb ->> ${at})::${work.types.a[column] ?? 'text'}`)
    .join(' AND ')
}
