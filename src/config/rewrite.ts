/** One file into another by rules, and edits of the new one back into the old. Works on texts; knows no file system. */
import { equal, type Json } from '../core/json.ts'
import type { CompiledLens } from '../lens/index.ts'
import type { ConfigDocument } from './document.ts'
import { refused } from './error.ts'
import {
  isNamed,
  keyOfParts,
  keyParts,
  type KeyMove,
  planKeys,
  type RewriteRules,
  targetOf,
  type WayBack,
} from './key-map.ts'
import { changedKeys, throughLens, wayBackThroughLens } from './lens-rewrite.ts'
import { isBelow } from './path.ts'

/** The file as the new version reads it. Error `config.refused` where two keys with different values would become one. */
export function rewrite(file: ConfigDocument, rules: RewriteRules, lens?: CompiledLens): ConfigDocument {
  const old = lens === undefined ? file : throughLens(file, lens)
  const plan = planKeys(old.keys(), rules, old.format)
  const doubled = plan.collisions.map((each) => each.from)
  for (const { from, to } of collidingValues(old, rules))
    throw refused([from], `"${to}" is there too, with another value`, `keep one of the two`)
  const cleared = removeKeys(old, [...plan.removed, ...doubled])
  const moved = moveKeys(
    cleared,
    plan.moves.filter((each) => !doubled.includes(each.from)),
  )
  const set = Object.entries(rules.set).reduce((made, [key, value]) => made.set(key, value), moved)
  return Object.entries(rules.defaults).reduce(
    (made, [key, value]) => (made.get(key) === undefined ? made.set(key, value) : made),
    set,
  )
}

/** Moves whose place is taken by another value. */
export function collidingValues(old: ConfigDocument, rules: RewriteRules): readonly KeyMove[] {
  const plan = planKeys(old.keys(), rules, old.format)
  return plan.collisions.filter(({ from, to }) => {
    const there = old.get(to) ?? old.get(plan.moves.find((each) => each.to === to && each.from !== from)?.from ?? to)
    return there === undefined || !equal(there, old.get(from)!)
  })
}

/** Removes keys, and the maps that hold nothing else. */
function removeKeys(old: ConfigDocument, keys: readonly string[]): ConfigDocument {
  const gone = keys.map((key) => keyParts(key, old.format))
  const all = old.keys().map((key) => keyParts(key, old.format))
  const stays = all.filter((path) => !gone.some((each) => isBelow(path, each)))
  const highest = gone.map((path) => {
    const depth = path.findIndex((_, i) => !stays.some((each) => isBelow(each, path.slice(0, i + 1))))
    return keyOfParts(path.slice(0, depth + 1), old.format)
  })
  return [...new Set(highest)].reduce((made, key) => made.remove(key), old)
}

/** Whole maps first, where all of one goes to one place: so their comments and their order stay. Then key by key. */
function moveKeys(old: ConfigDocument, moves: readonly KeyMove[]): ConfigDocument {
  let now = old
  let pending = moves.map(({ from, to }) => ({ from: keyParts(from, old.format), to: keyParts(to, old.format) }))
  for (const map of wholeMaps(old, pending)) {
    if (now.get(map.to) !== undefined) continue
    now = now.rename(map.from, map.to)
    pending = pending.map((each) =>
      isBelow(each.from, map.from) ? { ...each, from: [...map.to, ...each.from.slice(map.from.length)] } : each,
    )
  }
  return moveEach(
    now,
    pending.filter(({ from, to }) => keyOfParts(from, old.format) !== keyOfParts(to, old.format)),
  )
}

interface PathMove {
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/** Maps all of whose keys go below one new path. */
function wholeMaps(old: ConfigDocument, moves: readonly PathMove[]): readonly PathMove[] {
  const all = old.keys().map((key) => keyParts(key, old.format))
  const found: PathMove[] = []
  for (const { from } of moves) {
    for (let depth = 1; depth < from.length; depth++) {
      const map = from.slice(0, depth)
      const inside = moves.filter((each) => isBelow(each.from, map))
      const to = common(inside.map((each) => each.to.slice(0, -1)))
      const whole = inside.length === all.filter((each) => isBelow(each, map)).length
      if (
        !whole ||
        to.length === 0 ||
        isBelow(to, map) ||
        isBelow(map, to) ||
        found.some((each) => isBelow(map, each.from))
      )
        continue
      found.push({ from: map, to })
    }
  }
  return found
}

function common(paths: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...rest] = paths
  const end = first.findIndex((part, i) => rest.some((each) => each[i] !== part))
  return end < 0 ? first : first.slice(0, end)
}

/** One after the other, those first whose place is free; two that change places go by way of a third. */
function moveEach(old: ConfigDocument, moves: readonly PathMove[]): ConfigDocument {
  let now = old
  let pending = [...moves]
  while (pending.length > 0) {
    const free = pending.find(({ to }) => now.get(to) === undefined)
    const next = free ?? pending[0]!
    const to = free ? next.to : [...next.from.slice(0, -1), `${next.from.at(-1)!}_changeover`]
    now = now.rename(next.from, to)
    pending = pending.flatMap((each) => (each !== next ? [each] : free ? [] : [{ from: to, to: each.to }]))
  }
  return now
}

/** The old file with what was edited in the new one since `written`. Without an edit it is the old one byte for byte. */
export function wayBack(
  old: ConfigDocument,
  written: ConfigDocument,
  edited: ConfigDocument,
  rules: RewriteRules,
  lens?: CompiledLens,
): WayBack {
  if (lens !== undefined) return wayBackThroughLens(old, written, edited, rules, lens)
  const changed = changedKeys(written, edited)
  const carried: KeyMove[] = []
  const lost: string[] = []
  let now = old
  for (const key of changed) {
    const source = sourceOf(key, old, rules)
    const back = source === undefined ? undefined : tryEdit(now, source, edited.get(key))
    if (source === undefined || back === undefined) lost.push(key)
    else {
      now = back
      carried.push({ from: key, to: source })
    }
  }
  return { text: now.text(), carried, lost }
}

function tryEdit(old: ConfigDocument, key: string, value: Json | undefined): ConfigDocument | undefined {
  try {
    return value === undefined ? removeKeys(old, [key]) : old.set(key, value)
  } catch {
    return undefined
  }
}

/** The key of the old version that holds what the new one has at `key`; undefined where it has none. */
function sourceOf(key: string, old: ConfigDocument, rules: RewriteRules): string | undefined {
  const { format } = old
  const moved = planKeys(old.keys(), rules, format).moves.find((each) => each.to === key)
  if (moved) return moved.from
  if (isNamed(key, [...Object.keys(rules.set), ...Object.keys(rules.defaults)], format)) return undefined
  const inverse = Object.fromEntries(Object.entries(rules.map).map(([from, to]) => [to, from]))
  const source = targetOf(key, inverse, format) ?? (rules.unmapped === 'drop' ? undefined : key)
  return source === undefined ||
    isNamed(source, rules.remove, format) ||
    (targetOf(source, rules.map, format) ?? source) !== key
    ? undefined
    : source
}
