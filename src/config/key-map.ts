/** Where keys go: a map of old paths to new ones, over the names of keys alone. Sees no value. */
import type { Json } from '../core/json.ts'
import { type ConfigFormat, isFlat } from './document.ts'
import { dotted, isBelow, partsOf } from './path.ts'
import { leaves } from './value.ts'

/** How one file becomes another. A path stands for all below it; of several that fit, the longest counts. */
export interface RewriteRules {
  readonly map: { readonly [from: string]: string }
  /** Written whatever is there. */
  readonly set: { readonly [key: string]: Json }
  /** Written where nothing is there. */
  readonly defaults: { readonly [key: string]: Json }
  readonly remove: readonly string[]
  /** What becomes of keys that no rule names. */
  readonly unmapped: 'keep' | 'block' | 'drop'
}

/** What the rules make of the keys of one file. */
export interface KeyPlan {
  readonly moves: readonly KeyMove[]
  readonly removed: readonly string[]
  readonly added: readonly string[]
  readonly unmapped: readonly string[]
  /** Moves to a place that another key has and keeps. */
  readonly collisions: readonly KeyMove[]
  /** All keys afterwards, sorted. */
  readonly after: readonly string[]
}

export interface KeyMove {
  readonly from: string
  readonly to: string
}

/** What a rollback gives: the text, the keys whose edits came along, those that the old version has no place for. */
export interface WayBack {
  readonly text: string
  readonly carried: readonly KeyMove[]
  readonly lost: readonly string[]
}

/** The plan for a file with these leaf keys. */
export function planKeys(keys: readonly string[], rules: RewriteRules, format: ConfigFormat): KeyPlan {
  const moves = keys
    .map((from) => ({ from, to: targetOf(from, rules.map, format) }))
    .filter(({ from, to }) => to !== undefined && !isNamed(from, rules.remove, format)) as KeyMove[]
  const mapped = new Set(moves.map((each) => each.from))
  const removed = keys.filter((key) => isNamed(key, rules.remove, format))
  const written = [...Object.keys(rules.set), ...Object.keys(rules.defaults)]
  const unmapped = keys.filter((key) => !mapped.has(key) && !removed.includes(key) && !isNamed(key, written, format))
  const dropped = rules.unmapped === 'drop' ? unmapped : []
  const staying = keys.filter((key) => !mapped.has(key) && !removed.includes(key) && !dropped.includes(key))
  const wanted = moves.filter(({ from, to }) => from !== to)
  const collisions = wanted.filter(({ to }, i) =>
    [
      ...staying,
      ...moves.filter((each) => each.from === each.to).map((each) => each.to),
      ...wanted.slice(0, i).map((each) => each.to),
    ].some((other) => overlap(other, to, format)),
  )
  const moved = new Set([...staying, ...moves.map((each) => each.to)])
  const set = keysWritten(rules.set, format).filter((key) => !moved.has(key))
  const base = [...moved].filter(
    (key) => !keysWritten(rules.set, format).some((other) => other !== key && overlap(other, key, format)),
  )
  const filled = keysWritten(rules.defaults, format).filter(
    (key) => ![...base, ...set].some((other) => overlap(other, key, format)),
  )
  return {
    moves: wanted,
    removed: [...removed, ...dropped],
    added: [...set, ...filled],
    unmapped,
    collisions,
    after: [...new Set([...base, ...set, ...filled])].sort(),
  }
}

/** Where a key goes by the map; undefined where no entry names it. */
export function targetOf(key: string, map: RewriteRules['map'], format: ConfigFormat): string | undefined {
  const path = keyParts(key, format)
  const fitting = Object.keys(map).filter((from) => isBelow(path, keyParts(from, format)))
  const from = fitting.sort((a, b) => keyParts(b, format).length - keyParts(a, format).length)[0]
  if (from === undefined) return undefined
  const rest = path.slice(keyParts(from, format).length)
  return keyOfParts([...keyParts(map[from]!, format), ...rest], format)
}

/** True where a key is one of `paths`, or below one. */
export function isNamed(key: string, paths: readonly string[], format: ConfigFormat): boolean {
  return paths.some((path) => isBelow(keyParts(key, format), keyParts(path, format)))
}

/** The parts of a key: one, where a format has names only. */
export function keyParts(key: string, format: ConfigFormat): readonly string[] {
  return isFlat(format) ? [key] : partsOf(key)
}

export function keyOfParts(parts: readonly string[], format: ConfigFormat): string {
  return isFlat(format) ? parts.join('.') : dotted(parts)
}

/** The leaf keys that values make in a file of a format: TOML leaves out what is null. */
function keysWritten(values: { readonly [key: string]: Json }, format: ConfigFormat): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (format === 'toml' && value === null) return []
    const below = leaves(value)
    const kept = format === 'toml' ? below.filter((path) => !isNull(value, path)) : below
    return kept.length === 0
      ? below.length === 0
        ? [key]
        : []
      : kept.map((path) => keyOfParts([...keyParts(key, format), ...path], format))
  })
}

function isNull(value: Json, path: readonly string[]): boolean {
  return path.reduce<unknown>((at, part) => (at as { [key: string]: unknown })[part], value) === null
}

function overlap(a: string, b: string, format: ConfigFormat): boolean {
  return isBelow(keyParts(a, format), keyParts(b, format)) || isBelow(keyParts(b, format), keyParts(a, format))
}
