/** Values by path: reading, replacing and comparing. Lists count as maps with indexes for keys. */
import { canonical, isObject, type Json, type JsonObject } from '../core/json.ts'

/** What is at `path`, or undefined. */
export function valueAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  let at = value
  for (const part of path) {
    if (Array.isArray(at)) at = /^\d+$/.test(part) ? (at as readonly Json[])[Number(part)] : undefined
    else at = isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined
  }
  return at
}

/** A copy with `to` at `path`; without it where `to` is undefined. Maps on the way are made. */
export function withValue(value: Json | undefined, path: readonly string[], to: Json | undefined): Json | undefined {
  const [part, ...rest] = path
  if (part === undefined) return to
  if (Array.isArray(value)) {
    const items = [...(value as readonly Json[])]
    const made = withValue(items[Number(part)], rest, to)
    if (made === undefined) items.splice(Number(part), 1)
    else items[Number(part)] = made
    return items
  }
  const fields: JsonObject = isObject(value) ? value : {}
  const made = withValue(fields[part], rest, to)
  const others = Object.entries(fields).filter(([key]) => key !== part)
  return Object.fromEntries(made === undefined ? others : [...others, [part, made]])
}

/** The paths of all leaves: scalars, lists and empty maps. */
export function leaves(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (!isObject(value) || Object.keys(value).length === 0) return path.length === 0 ? [] : [path]
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]))
}

/** Equal, but for maps that are empty on one side and absent on the other: not every format can tell. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  return canonical(pruned(a) ?? null) === canonical(pruned(b) ?? null)
}

function pruned(value: Json | undefined): Json | undefined {
  if (!isObject(value)) return value
  const kept = Object.entries(value).flatMap(([key, each]) => {
    const made = pruned(each)
    return made === undefined ? [] : [[key, made] as const]
  })
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}
