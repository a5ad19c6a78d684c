/** Facts that are being changed: a copy, in which `unknown` may stand for anything. */
import { unknown } from '../../core/json.ts'
import type { Catalog } from '../../core/ports/index.ts'

interface DraftColumn {
  type: string
  nullable: boolean | typeof unknown
  default: string | null
  generated: string | null
}

export interface DraftTable {
  columns: Record<string, DraftColumn | typeof unknown>
  key: readonly string[] | typeof unknown
  indexes: Record<string, { definition: string; valid: boolean } | typeof unknown>
  constraints: Record<string, string>
  triggers: Record<string, string>
  rights?: Readonly<Record<string, string>> | typeof unknown
  policies?: Readonly<Record<string, string>> | typeof unknown
  comments?: Readonly<Record<string, string>> | typeof unknown
  rowSecurity?: string
  partition?: string
  inherits?: string
  options?: readonly string[] | typeof unknown
}

export interface Draft {
  tables: Record<string, DraftTable | typeof unknown>
  views: Record<string, string>
  functions: Record<string, string>
  types: Record<string, readonly string[] | typeof unknown>
  sequences: Record<string, string>
  extensions: Record<string, string>
}

/** Thrown where the change to a table is not certain: the table is then `unknown` as a whole. */
export class Unsure extends Error {}

export function draftOf(facts: Catalog): Draft {
  return structuredClone(facts) as Draft
}

/** The table, when it is there and known. */
export function known(draft: Draft, table: string): DraftTable | undefined {
  const found = draft.tables[table]
  return typeof found === 'object' ? found : undefined
}

/** The name the server would choose: parts cut to 63 bytes together, and numbered where it is taken. */
export function chosenName(draft: Draft, table: string, columns: readonly string[], label: string): string {
  const dot = table.indexOf('.')
  const schema = table.slice(0, dot)
  const constraint = label === 'check' || label === 'fkey' || label === 'not_null'
  const facts = known(draft, table)
  for (let pass = 0; pass < 100; pass++) {
    const name = fitted(table.slice(dot + 1), columnsPart(columns), pass === 0 ? label : `${label}${pass}`)
    // Some other table's name may be among those that are open.
    if (!taken(draft, schema, name, constraint) && facts?.constraints[name] === undefined) return name
  }
  throw new Unsure(table)
}

/** As the server does it: names are joined until they fill one name, and what is longer is cut there. */
function columnsPart(columns: readonly string[]): string {
  let joined = ''
  for (const column of columns) {
    if (Buffer.byteLength(joined) >= 64) break
    joined += `${joined === '' ? '' : '_'}${cut(column, 63)}`
  }
  return joined
}

/** The longer of the two gives way first, byte by byte. */
function fitted(first: string, second: string, label: string): string {
  const room = 63 - Buffer.byteLength(label) - 1 - (second === '' ? 0 : 1)
  let [left, right] = [Buffer.byteLength(first), Buffer.byteLength(second)]
  while (left + right > room)
    if (left > right) left--
    else right--
  return [cut(first, left), ...(second === '' ? [] : [cut(second, right)]), label].join('_')
}

/** So many bytes at most, and no half of a letter. */
export function cut(name: string, bytes: number): string {
  if (Buffer.byteLength(name) <= bytes) return name
  let kept = ''
  for (const letter of name) {
    if (Buffer.byteLength(kept + letter) > bytes) break
    kept += letter
  }
  return kept
}

/** A constraint's name must be free among constraints of the schema, any other among all that is kept like a table. */
function taken(draft: Draft, schema: string, name: string, constraint: boolean): boolean {
  const key = `${schema}.${name}`
  const others = constraint ? [] : [draft.tables[key], draft.views[key], draft.sequences[key]]
  if (others.some((each) => each !== undefined)) return true
  return Object.entries(draft.tables).some(
    ([table, facts]) =>
      table.startsWith(`${schema}.`) &&
      typeof facts === 'object' &&
      ((!constraint && facts.indexes[name] !== undefined) || facts.constraints[name] !== undefined),
  )
}
