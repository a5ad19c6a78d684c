/** Which column of a row goes where: what travels as bytes, what the lens reads and what it writes. Pure; knows no lens. */
import { codecOf } from './codecs.ts'
import type { KeyColumn, Writer } from './key-range.ts'

/** A column that is read from one table and written to another as the bytes it came in. */
export type Passed = { readonly from: string; readonly to: string }

/** A column of a document that a lens reads or writes. `as: 'text'` where the binary form is not known: the server converts. */
export type Touched = { readonly name: string; readonly type: string; readonly as: 'binary' | 'text' }

/** Plain data: it stands in a step's work. */
export type Layout = {
  readonly key: readonly KeyColumn[]
  readonly passed: readonly Passed[]
  readonly reads: readonly Touched[]
  readonly writes: readonly Touched[]
  /** Types of this database that the server sends as their label. */
  readonly enums: readonly string[]
}

export function touched(name: string, type: string, enums: readonly string[]): Touched {
  return { name, type, as: codecOf(type, new Set(enums)) === undefined ? 'text' : 'binary' }
}

/** A column as it is read: `alias` is that of its table, with the dot. */
export function readAs(sql: Writer, { name, as }: Touched, alias: string): string {
  return `${alias}${sql.quote(name)}${as === 'text' ? '::text' : ''}`
}
