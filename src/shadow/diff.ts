/** Where two values differ, field by field, as the rules allow. Pure; knows neither which of the two is right nor what noise is. */
import { canonical, isObject, type Json, own } from '../core/json.ts'
import type { Cursor, Segment } from './paths.ts'
import type { Rules, Saying } from './rules.ts'

/** missing: the new one lacks it. extra: only the new one has it. type: another type of JSON. value: another value of the same type. */
export type DifferenceKind = 'missing' | 'extra' | 'type' | 'value'

/** `place` is the path with `[*]` for every item of a list: what many answers have in common. Types are JSON's, `none` where there is nothing. */
export interface Difference {
  readonly path: string
  readonly place: string
  readonly kind: DifferenceKind
  readonly types: { readonly old: string; readonly new: string }
  readonly values: { readonly old: Json | undefined; readonly new: Json | undefined }
}

/** Below this depth values are compared as a whole. */
const deepest = 200

interface Walk {
  readonly rules: Rules
  readonly found: Difference[]
}

interface Place {
  readonly path: string
  readonly place: string
  readonly cursor: Cursor
  readonly depth: number
}

/** Differences of `next` from `old` below `root` (`body`, `headers`), at most `rules.most` of them. Keys in code-unit order. */
export function differences(old: Json | undefined, next: Json | undefined, root: string, rules: Rules): Difference[] {
  const walk: Walk = { rules, found: [] }
  visit(walk, old, next, { path: root, place: root, cursor: rules.step(rules.start, root), depth: 0 })
  return walk.found
}

function visit(walk: Walk, oldValue: Json | undefined, newValue: Json | undefined, at: Place): void {
  if (walk.found.length >= walk.rules.most || (oldValue === undefined && newValue === undefined)) return
  const says = walk.rules.at(at.cursor)
  if (says?.ignore) return
  const [old, next] = [cleaned(oldValue, says), cleaned(newValue, says)]
  if (old === undefined || next === undefined) return note(walk, at, old === undefined ? 'extra' : 'missing', old, next)
  const type = typeOf(old)
  if (type !== typeOf(next)) return note(walk, at, 'type', old, next)
  if (at.depth >= deepest) return canonical(old) === canonical(next) ? undefined : note(walk, at, 'value', old, next)
  if (isObject(old) && isObject(next)) return visitFields(walk, old, next, at)
  if (Array.isArray(old) && Array.isArray(next)) return visitItems(walk, old, next, at, says?.key)
  if (old !== next && !near(old, next, says)) note(walk, at, 'value', old, next)
}

function visitFields(
  walk: Walk,
  old: { readonly [key: string]: Json },
  next: { readonly [key: string]: Json },
  at: Place,
): void {
  for (const key of Object.keys(old).sort()) visit(walk, own(old, key), own(next, key), below(walk, at, key))
  for (const key of Object.keys(next).sort()) {
    if (!Object.hasOwn(old, key)) visit(walk, undefined, next[key], below(walk, at, key))
  }
}

function visitItems(
  walk: Walk,
  old: readonly Json[],
  next: readonly Json[],
  at: Place,
  key: readonly string[] | undefined,
): void {
  if (key !== undefined) return visitBag(walk, old, next, at, key)
  for (let index = 0; index < Math.max(old.length, next.length); index++)
    visit(walk, old[index], next[index], below(walk, at, index))
}

/** Items with the same key are paired in their order; a key that only one side has is missing or extra. Paths name places, never keys: those are values. */
function visitBag(walk: Walk, old: readonly Json[], next: readonly Json[], at: Place, key: readonly string[]): void {
  const waiting = new Map<string, Json[]>()
  for (const item of next) {
    const name = nameOf(item, key)
    const same = waiting.get(name)
    if (same) same.push(item)
    else waiting.set(name, [item])
  }
  for (const [index, item] of old.entries()) {
    visit(walk, item, waiting.get(nameOf(item, key))?.shift(), below(walk, at, index))
  }
  for (const left of waiting.values()) {
    for (const item of left) visit(walk, undefined, item, below(walk, at, next.indexOf(item)))
  }
}

function nameOf(item: Json, key: readonly string[]): string {
  if (key.length === 0) return canonical(item)
  return key.map((name) => `${name}=${isObject(item) ? JSON.stringify(own(item, name) ?? null) : 'none'}`).join(',')
}

function below(walk: Walk, at: Place, segment: Segment): Place {
  const cursor = at.cursor.length === 0 ? at.cursor : walk.rules.step(at.cursor, segment)
  const depth = at.depth + 1
  if (typeof segment === 'number') return { path: `${at.path}[${segment}]`, place: `${at.place}[*]`, cursor, depth }
  const shown = /^[^.[\]*"]+$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`
  return { path: at.path + shown, place: at.place + shown, cursor, depth }
}

function cleaned(value: Json | undefined, says: Saying | undefined): Json | undefined {
  if (value === undefined || says === undefined) return value
  return says.clean.reduce((now, clean) => clean(now), value)
}

function near(old: Json, next: Json, says: Saying | undefined): boolean {
  if (says === undefined || typeof old !== 'number' || typeof next !== 'number') return false
  const apart = Math.abs(old - next)
  return apart <= says.absolute || apart <= says.relative * Math.max(Math.abs(old), Math.abs(next))
}

function note(walk: Walk, at: Place, kind: DifferenceKind, old: Json | undefined, next: Json | undefined): void {
  const types = { old: typeOf(old), new: typeOf(next) }
  walk.found.push({ path: at.path, place: at.place, kind, types, values: { old, new: next } })
}

function typeOf(value: Json | undefined): string {
  if (value === undefined) return 'none'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}
