/** Two ways to look at rows, side by side: what they are read from, what names them, what of them counts. SQL only; runs nothing. */
import { printOf, rowHash } from './fingerprint.ts'

/** `from` is a FROM clause; `key` and `columns` are expressions over it. Both sides of a comparison have as many of each, in one order. */
export type Look = {
  readonly from: string
  readonly key: readonly string[]
  readonly columns: readonly { readonly name: string; readonly expression: string }[]
}

/** Why a row is named: it is not in the target, not in the source, or in both and not the same. */
export type Difference = {
  readonly key: readonly (string | null)[]
  readonly why: 'missing' | 'extra' | 'differs'
}

export interface RowPrint {
  readonly key: readonly (string | null)[]
  readonly hash: string
}

/** The key is part of what is hashed: the same values under another key are another row. */
function hashed(look: Look): string {
  const values = [...look.key, ...look.columns.map((each) => `(${each.expression})`)]
  return rowHash(`(ROW(${values.join(', ')})::text COLLATE "C")`)
}

function keyOf(look: Look): string {
  return `jsonb_build_array(${look.key.map((each) => `(${each})::text`).join(', ')})`
}

/** One print of all rows where `where` holds. */
export function printWhere(look: Look, where: string): string {
  return `SELECT ${printOf(hashed(look))} FROM ${look.from} WHERE ${where}`
}

/** Key and hash of each row. */
export function printsWhere(look: Look, where: string): string {
  return `SELECT ${keyOf(look)} AS key, (${hashed(look)})::text AS hash FROM ${look.from} WHERE ${where}`
}

/** Key and, in the order of the columns, the hash of each value (null for NULL); no value leaves the server. */
export function columnsWhere(look: Look, where: string): string {
  const hashes = look.columns.map(({ expression }) => `${rowHash(`((${expression})::text COLLATE "C")`)}::text`)
  return `SELECT ${keyOf(look)} AS key, ARRAY[${hashes.join(', ')}]::text[] AS columns FROM ${look.from} WHERE ${where}`
}

/** Key and the values as text, for specs that say they may be shown. */
export function valuesWhere(look: Look, where: string): string {
  return `SELECT ${keyOf(look)} AS key, ARRAY[${look.columns.map(({ expression }) => `(${expression})::text`).join(', ')}]::text[] AS columns FROM ${look.from} WHERE ${where}`
}

/** Rows that are not the same on both sides, in the order of the source and then of the target. */
export function differences(source: readonly RowPrint[], target: readonly RowPrint[]): readonly Difference[] {
  const there = new Map(target.map((each) => [JSON.stringify(each.key), each]))
  const found: Difference[] = []
  for (const { key, hash } of source) {
    const name = JSON.stringify(key)
    const like = there.get(name)
    there.delete(name)
    if (like === undefined) found.push({ key, why: 'missing' })
    else if (like.hash !== hash) found.push({ key, why: 'differs' })
  }
  return [...found, ...[...there.values()].map(({ key }): Difference => ({ key, why: 'extra' }))]
}
