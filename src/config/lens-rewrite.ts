/** One file into another by a lens, and back: values go through the lens, and what it leaves alone keeps its bytes. */
import { equal, isObject, type Json } from '../core/json.ts'
import { type CompiledLens, compileLens, type LensData } from '../lens/index.ts'
import type { ConfigDocument, ConfigFormat } from './document.ts'
import { isNamed, keyOfParts, keyParts, type KeyMove, type RewriteRules, type WayBack } from './key-map.ts'
import { leaves, valueAt, withValue } from './value.ts'

/** The file as the lens gives it. */
export function throughLens(old: ConfigDocument, lens: CompiledLens): ConfigDocument {
  return reshaped(old, forward(lens, old.value()))
}

const structural: ReadonlySet<string> = new Set(['rename', 'move', 'hoist', 'plunge', 'add', 'remove', 'pick'])

/** What a lens makes of the names of keys, or undefined where that hangs on values. */
export function keysThroughLens(
  keys: readonly string[],
  data: LensData,
  format: ConfigFormat,
): readonly string[] | undefined {
  if (!data.every((each) => structural.has(each.op))) return undefined
  const empty: Json = {}
  const value = keys.reduce<Json>((made, key) => withValue(made, keyParts(key, format), key)!, empty)
  const made = forward(compileLens(data, { now: '1970-01-01T00:00:00Z' }), value)
  return leaves(made)
    .map((path) => keyOfParts(path, format))
    .sort()
}

/**
 * The old file with what was edited in the new one since `written`. An edit is lost where the lens, taken there and back, does not give it again,
 * and where it is of a key that only the plan had set.
 */
export function wayBackThroughLens(
  old: ConfigDocument,
  written: ConfigDocument,
  edited: ConfigDocument,
  rules: RewriteRules,
  lens: CompiledLens,
): WayBack {
  const own = [...Object.keys(rules.set), ...Object.keys(rules.defaults)]
  const before = forward(lens, old.value())
  const isOwn = (key: string) => isNamed(key, own, old.format)
  const changed = changedKeys(written, edited)
  const foreign = changed.filter((key) => !isOwn(key))
  const wanted = foreign.reduce((made, key) => laid(made, keyParts(key, old.format), edited.get(key)), before)
  const back = lens.backward(wanted as object as never, old.value() as never) as Json
  const again = forward(lens, back, wanted)
  const kept = foreign.filter((key) => equal(at(again, key, old) ?? null, edited.get(key) ?? null))
  const text = kept.length === 0 ? old.text() : reshaped(old, back).text()
  const carried: readonly KeyMove[] = kept.map((key) => ({ from: key, to: key }))
  return { text, carried, lost: changed.filter((key) => !kept.includes(key)) }
}

/** Keys whose values differ in two files. */
export function changedKeys(a: ConfigDocument, b: ConfigDocument): readonly string[] {
  const keys = [...new Set([...a.keys(), ...b.keys()])]
  const differs = (key: string) =>
    (a.get(key) === undefined) !== (b.get(key) === undefined) || !equal(a.get(key) ?? null, b.get(key) ?? null)
  return keys.filter(differs).sort()
}

function forward(lens: CompiledLens, value: Json, was?: Json): Json {
  return (was === undefined ? lens.forward(value as never) : lens.forward(value as never, was as never)) as Json
}

function at(value: Json, key: string, config: ConfigDocument): Json | undefined {
  return valueAt(value, keyParts(key, config.format))
}

/** Sets a leaf in a value, without the maps that lie in between being lost. */
function laid(value: Json, path: readonly string[], to: Json | undefined): Json {
  const [part, ...rest] = path
  if (part === undefined) return to ?? null
  const fields = isObject(value) ? value : {}
  const others = Object.fromEntries(Object.entries(fields).filter(([key]) => key !== part))
  if (rest.length === 0 && to === undefined) return others
  return { ...others, [part]: laid(fields[part] ?? {}, rest, to) }
}

/** A file with other values. What has only another place is moved with its source text and comments; the rest is set or removed. */
function reshaped(old: ConfigDocument, wanted: Json): ConfigDocument {
  const name = (path: readonly string[]) => keyOfParts(path, old.format)
  const goals = new Map(leaves(wanted).map((path) => [name(path), valueAt(wanted, path)!]))
  const gone = old.keys().filter((key) => !goals.has(key))
  const fresh = [...goals.keys()].filter((key) => old.get(key) === undefined)
  let now = old
  for (const key of gone) {
    const same = (others: readonly string[], value: Json, of: (key: string) => Json | undefined) =>
      others.filter((each) => equal(of(each) ?? null, value))
    const value = old.get(key)!
    const places = same(fresh, value, (each) => goals.get(each))
    if (places.length === 1 && same(gone, value, (each) => old.get(each)).length === 1)
      now = now.rename(key, places[0]!)
  }
  now = [...goals].reduce((made, [key, value]) => made.set(key, value), now)
  return now
    .keys()
    .filter((key) => !goals.has(key))
    .reduce((made, key) => made.remove(key), now)
}
