/**
 * Edits of a text in any format: ways to make them, one after another, until one gives what is wanted. Every result is read again, and refused
 * when it changed more than was asked.
 */
import { isChangeoverError } from '../core/errors.ts'
import { equal, isObject, type Json } from '../core/json.ts'
import { refused } from './error.ts'
import { dotted, isBelow, samePath } from './path.ts'
import type { Syntax } from './syntax.ts'
import { leaves, sameValue, valueAt, withValue } from './value.ts'

/** A text as it stands, and its meaning. `file` is for messages. */
export interface State {
  readonly file: string
  readonly text: string
  readonly value: Json
}

/** With a value at a path, there already or not. Error `config.refused`. */
export function written(syntax: Syntax, now: State, path: readonly string[], to: Json): string {
  if (path.length === 0) throw refused(path, 'the path is empty', 'name a key')
  const normal = syntax.normal(to)
  const there = valueAt(now.value, path)
  if (normal === undefined) return there === undefined ? now.text : removed(syntax, now, path)
  if (there !== undefined && equal(there, normal)) return now.text
  const scalar = path.findIndex((_, i) => i > 0 && isScalar(valueAt(now.value, path.slice(0, i))))
  if (scalar > 0)
    throw refused(
      path,
      `"${dotted(path.slice(0, scalar))}" holds a value of its own`,
      `remove "${dotted(path.slice(0, scalar))}" first`,
    )
  const wanted = withValue(now.value, path, normal)!
  return firstThatGives(wanted, syntax, now, path, [
    () => inParts(syntax, now.text, now.file, path, there, normal),
    () => syntax.put(now.text, path, normal),
    () => syntax.put(syntax.cut(now.text, path), path, normal),
  ])
}

/** Writes only what differs: the rest of a map or of a list keeps its bytes. */
function inParts(
  syntax: Syntax,
  text: string,
  file: string,
  path: readonly string[],
  there: Json | undefined,
  to: Json,
): string {
  if (there !== undefined && equal(there, to)) return text
  if (isObject(to) && Object.keys(to).length > 0 && (there === undefined || isObject(there))) {
    const old = isObject(there) ? there : {}
    const added = Object.entries(to).reduce(
      (made, [key, each]) => inParts(syntax, made, file, [...path, key], old[key], each),
      text,
    )
    return Object.keys(old).reduce(
      (made, key) => (Object.hasOwn(to, key) ? made : syntax.cut(made, [...path, key])),
      added,
    )
  }
  if (Array.isArray(to) && Array.isArray(there))
    return inItems(syntax, text, file, path, there as readonly Json[], to as readonly Json[])
  return syntax.put(text, path, to)
}

function inItems(
  syntax: Syntax,
  text: string,
  file: string,
  path: readonly string[],
  there: readonly Json[],
  to: readonly Json[],
): string {
  const kept = subsequence(to, there)
  if (kept !== undefined && to.length > 0) {
    const gone = there.map((_, i) => i).filter((i) => !kept.includes(i))
    return gone.reverse().reduce((made, i) => syntax.cut(made, [...path, String(i)]), text)
  }
  if (there.length === 0 || to.length < there.length) return syntax.put(text, path, to)
  return to.reduce<string>((made, each, i) => inParts(syntax, made, file, [...path, String(i)], there[i], each), text)
}

/** The indexes in `whole` of the items of `part`, when they are all there in that order. */
function subsequence(part: readonly Json[], whole: readonly Json[]): readonly number[] | undefined {
  const found: number[] = []
  for (const each of part) {
    const at = whole.findIndex((other, i) => i > (found.at(-1) ?? -1) && equal(each, other))
    if (at < 0) return undefined
    found.push(at)
  }
  return found
}

/** Without what is at a path. Error `config.refused`. */
export function removed(syntax: Syntax, now: State, path: readonly string[]): string {
  if (valueAt(now.value, path) === undefined) return now.text
  const wanted = withValue(now.value, path, undefined) ?? {}
  return firstThatGives(wanted, syntax, now, path, [() => syntax.cut(now.text, path)])
}

/** With another path for a key; maps that this leaves empty go. Error `config.refused`. */
export function renamed(syntax: Syntax, now: State, path: readonly string[], to: readonly string[]): string {
  const value = valueAt(now.value, path)
  if (samePath(path, to)) return now.text
  if (value === undefined) throw refused(path, 'there is no such key')
  if (valueAt(now.value, to) !== undefined && !isBelow(to, path))
    throw refused(path, `"${dotted(to)}" is there already`, `remove one of the two`)
  const without = withValue(now.value, path, undefined) ?? {}
  const wanted = withValue(without, to, value)!
  const sibling = path.length === to.length && samePath(path.slice(0, -1), to.slice(0, -1))
  return firstThatGives(wanted, syntax, now, path, [
    () => (sibling ? syntax.rekey(now.text, path, to.at(-1)!) : undefined),
    () => withoutEmpty(syntax, now, syntax.move(now.text, path, to), path, to),
    () => withoutEmpty(syntax, now, movedByLeaves(syntax, now.text, path, to, value), path, to),
    () =>
      withoutEmpty(syntax, now, inParts(syntax, syntax.cut(now.text, path), now.file, to, undefined, value), path, to),
  ])
}

/** Key by key, where a map has no lines of its own: dotted keys of TOML. */
function movedByLeaves(
  syntax: Syntax,
  text: string,
  path: readonly string[],
  to: readonly string[],
  value: Json,
): string | undefined {
  return leaves(value).reduce<string | undefined>(
    (made, leaf) => (made === undefined ? undefined : syntax.move(made, [...path, ...leaf], [...to, ...leaf])),
    isObject(value) && Object.keys(value).length > 0 ? text : undefined,
  )
}

/** Takes out the highest map above `path` that the move has left empty. */
function withoutEmpty(
  syntax: Syntax,
  now: State,
  made: string | undefined,
  path: readonly string[],
  to: readonly string[],
): string | undefined {
  if (made === undefined) return undefined
  for (let depth = 1; depth < path.length; depth++) {
    const above = path.slice(0, depth)
    if (
      isBelow(to, above) ||
      leaves(valueAt(now.value, above) ?? null).some((leaf) => !isBelow([...above, ...leaf], path))
    )
      continue
    return valueAt(syntax.read(made, now.file), above) === undefined ? made : syntax.cut(made, above)
  }
  return made
}

/** The first attempt whose text means what is wanted, and nothing else. Error `config.refused` when none does. */
function firstThatGives(
  wanted: Json,
  syntax: Syntax,
  now: State,
  path: readonly string[],
  attempts: readonly (() => string | undefined)[],
): string {
  let why = refused(path, 'its format has no way to write it')
  for (const attempt of attempts) {
    try {
      const made = attempt()
      const value = made === undefined ? undefined : syntax.read(made, now.file)
      if (made !== undefined && sameValue(value, wanted)) return made
      if (value !== undefined) why = refused(path, `"${otherThan(value, wanted)}" would change with it`)
    } catch (error) {
      if (!isChangeoverError(error)) throw error
      if (error.code === 'config.refused') why = error
    }
  }
  throw why
}

/** The first key in which two values differ. */
function otherThan(value: Json, wanted: Json): string {
  const paths = [...leaves(value), ...leaves(wanted)]
  return dotted(paths.find((path) => !sameValue(valueAt(value, path), valueAt(wanted, path))) ?? [])
}

function isScalar(value: Json | undefined): boolean {
  return value !== undefined && value !== null && typeof value !== 'object'
}
