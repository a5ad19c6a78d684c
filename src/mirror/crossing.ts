/** The steps by which a trigger carries one row to the other table: find and lock, merge, write. Text of plpgsql; knows no lens. */
import { assign } from './in-place.ts'
import { type Assign, type Quote, quoteTable, type Side, type SideName } from './shape.ts'
import { changed, equals, keyText } from './words.ts'

/** One direction of a mirror of two tables, seen from the side that was written. */
export interface Crossing {
  readonly from: SideName
  readonly mine: Side
  readonly theirs: Side
  readonly mirror: string
  readonly functionName: string
  readonly truncateName: string
  /** What `changeover.mirroring` holds while the mirror itself writes the like of `row` (a row of ours) on `side`. */
  flag(row: string, side: SideName): string
  fresh(row: string): readonly Assign[]
  kept(row: string, was: string): readonly Assign[]
  /** The way back: their row in our shape. */
  returned(row: string, was: string): readonly Assign[]
}

const notes = 'changeover.mirror_notes'

export function deleteCarried(sql: Quote, way: Crossing, indent: number): string {
  const them = quoteTable(sql, way.theirs.table)
  const where = matching(sql, way, 'OLD')
  const lines = [
    ...(way.from === 'new' ? unlessHeld(sql, way, 'OLD', true) : []),
    `flag := set_config('changeover.mirroring', ${way.flag('OLD', other(way))}, true);`,
    `DELETE FROM ${them} x WHERE ${where};`,
    `flag := set_config('changeover.mirroring', held, true);`,
    ...(way.from === 'old' ? [forget(sql, way, 'OLD')] : []),
  ]
  return block(lines, indent)
}

export function carry(sql: Quote, way: Crossing, indent: number): string {
  const them = quoteTable(sql, way.theirs.table)
  const keyChanged = changed(sql, way.mine.key, 'NEW', 'OLD')
  const lines = [
    `IF TG_OP = 'UPDATE' THEN base := OLD; ELSE base := NEW; END IF;`,
    ...(way.from === 'new'
      ? [`IF TG_OP = 'UPDATE' AND ${keyChanged} THEN`, ...unlessHeld(sql, way, 'OLD', false).map(inner), 'END IF;']
      : []),
    ...(way.from === 'new' ? unlessHeld(sql, way, 'base', false) : []),
    `SELECT x.* INTO theirs FROM ${them} x WHERE ${matching(sql, way, 'base')} FOR NO KEY UPDATE;`,
    'found_there := FOUND;',
    ...(way.from === 'old' ? merge(sql, way) : []),
    `flag := set_config('changeover.mirroring', ${way.flag('mine', other(way))}, true);`,
    'IF found_there THEN',
    ...write(sql, way).map(inner),
    'ELSE',
    ...insert(sql, way).map(inner),
    'END IF;',
    `flag := set_config('changeover.mirroring', held, true);`,
  ]
  return block(lines, indent)
}

/** The side that never waits: the key is noted when another holds the row. A row that is not there holds nobody up. */
function unlessHeld(sql: Quote, way: Crossing, row: string, deleted: boolean): readonly string[] {
  const them = quoteTable(sql, way.theirs.table)
  const where = matching(sql, way, row)
  const noteOf = (name: string) =>
    `INSERT INTO ${notes} (mirror, key) VALUES (${sql.literal(way.mirror)}, ${keyText(sql, way.mine.key, name)}) ON CONFLICT (mirror, key) DO UPDATE SET at = excluded.at;`
  return [
    `PERFORM 1 FROM ${them} x WHERE ${where} FOR ${deleted ? 'UPDATE' : 'NO KEY UPDATE'} SKIP LOCKED;`,
    `IF NOT FOUND AND EXISTS (SELECT 1 FROM ${them} x WHERE ${where}) THEN`,
    `  ${noteOf(row)}`,
    ...(deleted ? [] : [`  IF ${changed(sql, way.mine.key, 'mine', row)} THEN ${noteOf('mine')} END IF;`]),
    '  RETURN NULL;',
    'END IF;',
  ]
}

/** With both rows held: a note says that the other side went ahead. Its changes are ours, except where this very statement changed the same column. */
function merge(sql: Quote, way: Crossing): readonly string[] {
  const us = quoteTable(sql, way.mine.table)
  const columns = way.returned('theirs', 'base').map((each) => each.column)
  const own = columns.filter((column) => !way.mine.key.includes(column))
  const here = way.mine.key
    .map((column) => `x.${sql.quote(column)} ${equals(sql, way.mine, column)} NEW.${sql.quote(column)}`)
    .join(' AND ')
  return [
    forget(sql, way, 'base'),
    'noted := FOUND;',
    `IF noted AND TG_OP = 'UPDATE' THEN`,
    `  flag := set_config('changeover.mirroring', ${way.flag('NEW', way.from)}, true);`,
    '  IF NOT found_there THEN',
    `    DELETE FROM ${us} x WHERE ${here};`,
    `    flag := set_config('changeover.mirroring', held, true);`,
    '    RETURN NULL;',
    '  END IF;',
    ...assign(sql, way.returned('theirs', 'OLD'), 2, 'base').split('\n'),
    ...own.map(
      (column) =>
        `  IF NOT ${changed(sql, [column], 'NEW', 'OLD')} THEN mine.${sql.quote(column)} := base.${sql.quote(column)}; END IF;`,
    ),
    ...(own.length === 0
      ? []
      : [
          `  IF ${changed(sql, own, 'mine', 'NEW')} THEN`,
          `    UPDATE ${us} x SET ${setAll(sql, own, 'mine')} WHERE ${here};`,
          '  END IF;',
        ]),
    `  base := OLD;`,
    'END IF;',
  ]
}

function write(sql: Quote, way: Crossing): readonly string[] {
  const them = quoteTable(sql, way.theirs.table)
  const values = way.kept('mine', 'theirs')
  const columns = values.map((each) => each.column)
  return [
    'made := theirs;',
    ...assign(sql, values, 0, 'made').split('\n'),
    // Nothing to carry, nothing to write: no dead row, and no trigger of the user's fires twice.
    `IF ${changed(sql, columns, 'made', 'theirs')} THEN`,
    `  UPDATE ${them} x SET ${setAll(sql, columns)} WHERE ${matching(sql, way, 'base')};`,
    'END IF;',
  ]
}

function insert(sql: Quote, way: Crossing): readonly string[] {
  const them = quoteTable(sql, way.theirs.table)
  const values = way.fresh('mine')
  const columns = values.map((each) => each.column)
  const names = columns.map((column) => sql.quote(column)).join(', ')
  return [
    ...assign(sql, values, 0, 'made').split('\n'),
    // The transformation, or another client, may be inserting the very same row: then ours, which is later, stays.
    `INSERT INTO ${them} AS x (${names}) OVERRIDING SYSTEM VALUE VALUES (${columns.map((column) => `made.${sql.quote(column)}`).join(', ')})`,
    `  ON CONFLICT (${way.theirs.key.map((column) => sql.quote(column)).join(', ')}) DO UPDATE SET ${setAll(sql, columns, 'excluded')};`,
  ]
}

function setAll(sql: Quote, columns: readonly string[], row = 'made'): string {
  return columns.map((column) => `${sql.quote(column)} = ${row}.${sql.quote(column)}`).join(', ')
}

function forget(sql: Quote, way: Crossing, row: string): string {
  return `DELETE FROM ${notes} n WHERE n.mirror = ${sql.literal(way.mirror)} AND n.key = ${keyText(sql, way.mine.key, row)};`
}

function matching(sql: Quote, way: Crossing, row: string): string {
  return way.theirs.key
    .map(
      (column, at) =>
        `x.${sql.quote(column)} ${equals(sql, way.theirs, column)} ${row}.${sql.quote(way.mine.key[at]!)}`,
    )
    .join(' AND ')
}

function other(way: Crossing): SideName {
  return way.from === 'old' ? 'new' : 'old'
}

function inner(line: string): string {
  return `  ${line}`
}

function block(lines: readonly string[], indent: number): string {
  return lines.map((line) => `${' '.repeat(indent)}${line}`).join('\n')
}
