/** How findings about a document of flags name places and quote values. */
import { block, type Finding, type Json, type JsonObject } from '../core/index.ts'

/** A place in the document as a JSON pointer. */
export function pointer(...steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A value as a message quotes it: its JSON, cut where it is long. */
export function quoted(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** What a finding about a place holds. */
export function place(path: string, value: Json | undefined): JsonObject {
  return value === undefined ? { path } : { path, value }
}

/** A rule at its place, and the evaluators that it may refer to. */
export interface Rule {
  readonly logic: Json
  readonly path: string
  readonly evaluators: JsonObject
}

/** A rule that cannot work. */
export function wrong({ path, logic }: Rule, so: string, mend: string): Finding {
  return block('flags.targeting', `"${path}" ${so}: ${quoted(logic)}`, mend, place(path, logic))
}

/** What a rule holds, at its own place. */
export const inside = (rule: Rule, logic: Json, ...steps: readonly (string | number)[]): Rule => ({
  ...rule,
  logic,
  path: rule.path + pointer(...steps),
})
