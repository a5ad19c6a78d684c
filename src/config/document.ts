/** A configuration file that can be edited. Every edit is a splice, read again, and refused when it changed more than was asked. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import { equal, isObject, type Json } from '../core/json.ts'
import { env } from './env.ts'
import { refused } from './error.ts'
import { ini } from './ini.ts'
import { json } from './json.ts'
import { type ConfigPath, dotted, isBelow, partsOf } from './path.ts'
import type { Syntax } from './syntax.ts'
import { toml } from './toml.ts'
import { leaves, sameValue, valueAt, withValue } from './value.ts'
import { yaml } from './yaml.ts'

const formats = { yaml, json, toml, ini, env } as const satisfies Record<string, Syntax>

export type ConfigFormat = keyof typeof formats
export const configFormats = Object.keys(formats) as readonly ConfigFormat[]

/** True where a format has one flat list of names, dots and all. */
export function isFlat(format: ConfigFormat): boolean {
  const syntax: Syntax = formats[format]
  return syntax.flat === true
}

/**
 * A text and its meaning; an edit gives another one. Bytes that an edit does not name stay as they are: comments, order, quotes, indentation,
 * anchors, line ends. Errors: `config.syntax` for a text that cannot be read, `config.refused` for an edit that it cannot take.
 */
export interface ConfigDocument {
  readonly file: string
  readonly format: ConfigFormat
  /** The value at a path, or undefined. In `.ini` and `.env` every value is text. */
  get(path: ConfigPath): Json | undefined
  /** Writes a value, there already or not. Nothing changes where it is there already. Where TOML would need a null, the key is left out. */
  set(path: ConfigPath, value: Json): ConfigDocument
  /** Takes a key out with all below it; nothing there is no error. Comment lines above it stay. */
  remove(path: ConfigPath): ConfigDocument
  /** Gives a key another path. Its source text and its comments go with it; maps that this leaves empty go. */
  rename(path: ConfigPath, to: ConfigPath): ConfigDocument
  /** The dotted paths of all leaves, sorted: scalars, lists, empty maps. Of a stream of several YAML documents, each begins with its number. */
  keys(): readonly string[]
  value(): Json
  text(): string
}

/** The format of a file by its name, or undefined. `.env`, `.env.local` and `app.env` are env files. */
export function formatOf(path: string): ConfigFormat | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  if (/^\.env(\.|$)|\.env$/.test(name)) return 'env'
  const byEnd = {
    yml: 'yaml',
    yaml: 'yaml',
    json: 'json',
    jsonc: 'json',
    toml: 'toml',
    ini: 'ini',
    cfg: 'ini',
  } as const
  const end = name.slice(name.lastIndexOf('.') + 1)
  return Object.hasOwn(byEnd, end) && name.includes('.') ? byEnd[end as keyof typeof byEnd] : undefined
}

/** The dotted keys of a configuration file, sorted; none for a file of another kind. Error `config.syntax`. */
export function keysOf(path: string, text: string): readonly string[] {
  return formatOf(path) === undefined ? [] : openConfig(path, text).keys()
}

/** The text in `bytes`. Error `config.syntax` when they are not UTF-8: such a file would not come back byte for byte. */
export function decodeConfig(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new ChangeoverError(
      'config.syntax',
      `"${file}" is not UTF-8 text`,
      'convert it, for example with `iconv -t UTF-8`',
      { cause },
    )
  }
}

/** Opens a text. The format goes by the name of the file, unless it is given. */
export function openConfig(
  file: string,
  text: string,
  format: ConfigFormat | undefined = formatOf(file),
): ConfigDocument {
  if (format === undefined) {
    throw new ChangeoverError(
      'config.syntax',
      `the format of "${file}" is not known by its name`,
      `name a format: ${configFormats.join(', ')}`,
    )
  }
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  return documentOf(file, format, mark, text.slice(mark.length))
}

function documentOf(file: string, format: ConfigFormat, mark: string, text: string): ConfigDocument {
  const syntax: Syntax = formats[format]
  const value = syntax.read(text, file)
  const parts = (path: ConfigPath) => (syntax.flat && typeof path === 'string' ? [path] : partsOf(path))
  const next = (made: string) => (made === text ? self : documentOf(file, format, mark, made))
  const self: ConfigDocument = {
    file,
    format,
    get: (path) => valueAt(value, parts(path)),
    set: (path, to) => next(written(syntax, { file, text, value }, parts(path), to)),
    remove: (path) => next(removed(syntax, { file, text, value }, parts(path))),
    rename: (path, to) => next(renamed(syntax, { file, text, value }, parts(path), parts(to))),
    keys: () =>
      leaves(value)
        .map((path) => (syntax.flat ? path.join('.') : dotted(path)))
        .sort(),
    value: () => value,
    text: () => mark + text,
  }
  return self
}

interface State {
  readonly file: string
  readonly text: string
  readonly value: Json
}

function written(syntax: Syntax, now: State, path: readonly string[], to: Json): string {
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

function removed(syntax: Syntax, now: State, path: readonly string[]): string {
  if (valueAt(now.value, path) === undefined) return now.text
  const wanted = withValue(now.value, path, undefined) ?? {}
  return firstThatGives(wanted, syntax, now, path, [() => syntax.cut(now.text, path)])
}

function renamed(syntax: Syntax, now: State, path: readonly string[], to: readonly string[]): string {
  const value = valueAt(now.value, path)
  if (dotted(path) === dotted(to)) return now.text
  if (value === undefined) throw refused(path, 'there is no such key')
  if (valueAt(now.value, to) !== undefined && !isBelow(to, path))
    throw refused(path, `"${dotted(to)}" is there already`, `remove one of the two`)
  const without = withValue(now.value, path, undefined) ?? {}
  const wanted = withValue(without, to, value)!
  const sibling = path.length === to.length && dotted(path.slice(0, -1)) === dotted(to.slice(0, -1))
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
