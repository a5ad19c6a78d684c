/** How findings about a document of flags name places and quote values. */
import type { Json, JsonObject } from '../core/index.ts'

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
