/** What a mirror is made of: two sides, the way between them as SQL, and how both are written. Knows no lens and no server. */
import type { SqlDialect } from '../core/ports/index.ts'

/** One value of a row as the server computes it. */
export type Assign = {
  readonly column: string
  readonly expression: string
}

/** Both directions over the columns of `row`; `was` is a row that remembers the other side. */
export interface Ways {
  readonly forward: readonly Assign[]
  readonly backward: readonly Assign[]
}

/** Writes the lens as SQL over record variables of plpgsql: `ways('NEW')`, `ways('NEW', 'was')`. */
export type Writing = (row: string, was?: string) => Ways

/** `fallback` is the server's text of the column's default, or null. */
export type SideColumn = {
  readonly name: string
  readonly type: string
  readonly fallback: string | null
  /** The schema of an extension's type, and so of its operators: triggers look for names in pg_catalog alone. */
  readonly schema?: string
}

/** One side: the table, its key, and the columns that the lens reads or writes there. */
export type Side = {
  /** `schema.name`. */
  readonly table: string
  readonly key: readonly string[]
  readonly columns: readonly SideColumn[]
}

/** `old` is what the lens goes forward from. `name` is the stem of every object's name. */
export type MirrorShape = {
  readonly name: string
  readonly old: Side
  readonly new: Side
  /** Who is right where one statement changed both sides and the session says no version. */
  readonly decides: 'old' | 'new'
  /** What `changeover.version` may say besides `old` and `new`. */
  readonly versions: { readonly old: string; readonly new: string }
}

export type SideName = 'old' | 'new'

export type TriggerText = {
  readonly table: string
  readonly name: string
  /** The statement, and at once what the server answers to pg_get_triggerdef with an empty search path. */
  readonly text: string
}

/** All that an installed mirror consists of. Functions are named with their schema. */
export type Installation = {
  readonly tables: readonly string[]
  readonly functions: readonly { readonly name: string; readonly text: string }[]
  readonly triggers: readonly TriggerText[]
}

export type Quote = Pick<SqlDialect, 'quote' | 'literal'>

/** `schema.name` quoted by parts. A dot inside a name is not supported by facts either. */
export function quoteTable(sql: Quote, table: string): string {
  return sql.quote(...table.split('.'))
}
