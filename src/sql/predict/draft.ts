/** Facts that are being changed: a copy, in which `unknown` may stand for anything. */
import { unknown } from '../../core/json.ts'
import type { Catalog } from '../../core/ports/index.ts'

interface DraftColumn {
  type: string
  nullable: boolean
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

/** The name the server would choose; taken or too long is not certain. */
export function chosenName(draft: Draft, table: string, columns: readonly string[], label: string): string {
  const name = [table.slice(table.indexOf('.') + 1), ...columns, label].join('_')
  if (Buffer.byteLength(name) > 63 || taken(draft, table.split('.')[0]!, name)) throw new Unsure(name)
  return name
}

function taken(draft: Draft, schema: string, name: string): boolean {
  const key = `${schema}.${name}`
  if (draft.tables[key] !== undefined || draft.views[key] !== undefined || draft.sequences[key] !== undefined)
    return true
  return Object.entries(draft.tables).some(
    ([table, facts]) =>
      table.startsWith(`${schema}.`) &&
      typeof facts === 'object' &&
      (facts.indexes[name] !== undefined || facts.constraints[name] !== undefined),
  )
}
