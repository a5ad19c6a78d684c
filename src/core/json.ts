/** JSON as a value: canonical text, equality, and the edits that lead from one value to another. Knows no other noun. */

/** A value of JSON, read only. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** What a plan cannot know before the change is made (a digest, an address). Equal to anything when a prediction is compared. */
export const unknown = '(known after apply)'

/** One difference between two values. `path` is a list of keys and indexes; a missing side was or is not there. */
export interface Edit {
  readonly path: readonly string[]
  readonly from?: Json
  readonly to?: Json
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What stands under a key that is a name of people's: `constructor` is no more than one. Nothing of a prototype is ever read. */
export function own<T>(of: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(of, key) ? of[key] : undefined
}

/** The same text for equal values: keys in code-unit order, no white space. The basis of every hash. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] as Json)}`)
  return `{${fields.join(',')}}`
}

/** The same value with the keys of every object in order: two ways to the same facts must not be told apart by the order they were written in. */
export function ordered(value: Json): Json {
  if (Array.isArray(value)) return value.map(ordered)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, ordered(value[key] as Json)]),
  )
}

export function equal(a: Json, b: Json): boolean {
  return canonical(a) === canonical(b)
}

/** Edits from `a` to `b`, objects compared key by key, anything else as a whole, in key order. */
export function diff(a: Json | undefined, b: Json | undefined, path: readonly string[] = []): readonly Edit[] {
  if (isObject(a) && isObject(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
    return keys.flatMap((key) => diff(own(a, key), own(b, key), [...path, key]))
  }
  if (a !== undefined && b !== undefined && equal(a, b)) return []
  if (a === undefined && b === undefined) return []
  return [{ path, ...(a === undefined ? {} : { from: a }), ...(b === undefined ? {} : { to: b }) }]
}

/** Makes the edits in a copy. An edit of the empty path replaces the whole. */
export function patch(value: Json, edits: readonly Edit[]): Json {
  return edits.reduce((now, edit) => put(now, edit.path, edit.to), value)
}

function put(value: Json, path: readonly string[], to: Json | undefined): Json {
  const [key, ...rest] = path
  if (key === undefined) return to ?? null
  const fields: JsonObject = isObject(value) ? value : {}
  if (rest.length === 0 && to === undefined) {
    return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key))
  }
  return { ...fields, [key]: put(own(fields, key) ?? {}, rest, to) }
}

/** Where `seen` is not what was `predicted`; a prediction of `unknown` is met by anything. */
export function missed(predicted: Json, seen: Json): readonly Edit[] {
  return diff(predicted, seen).filter((edit) => edit.from !== unknown)
}
