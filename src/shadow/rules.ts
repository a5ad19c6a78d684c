/** What counts as the same: rules as people write them, made ready once for every comparison. Knows no answer. */
import type { Json } from '../core/json.ts'
import { type Cursor, readPattern, type Segment, walker } from './paths.ts'

/** Paths start at `status`, `headers` or `body`; see `readPattern`. */
export interface CompareRules {
  /** Not looked at, with all that is below. */
  readonly ignore?: readonly string[]
  /** Numbers are the same when they differ by at most `absolute`, or by at most `relative` of the larger one. */
  readonly tolerance?: readonly { readonly path: string; readonly absolute?: number; readonly relative?: number }[]
  /** Lists whose order does not matter: items are told apart by the fields of `key`, or by their whole value. */
  readonly lists?: readonly { readonly path: string; readonly key?: string | readonly string[] }[]
  /** Both values are put through `with` before they are compared: rounded, sorted, cut. */
  readonly clean?: readonly { readonly path: string; readonly with: (value: Json) => Json }[]
  /** Names in lower case; `all` but those that are of one connection or one moment. */
  readonly headers?: readonly string[] | 'all'
  /** `class`: 200 and 204 are the same, 200 and 404 are not. */
  readonly status?: 'exact' | 'class'
  /** The most differences that are kept of one comparison. */
  readonly most?: number
}

/** What the rules say of one place. */
export interface Saying {
  readonly ignore: boolean
  readonly absolute: number
  readonly relative: number
  /** Undefined: by index. An empty key: by whole value. */
  readonly key: readonly string[] | undefined
  readonly clean: readonly ((value: Json) => Json)[]
}

export interface Rules {
  readonly headers: readonly string[] | 'all'
  readonly status: 'exact' | 'class'
  readonly most: number
  readonly start: Cursor
  step(cursor: Cursor, segment: Segment): Cursor
  /** Undefined where no rule says anything, as at nearly every place. */
  at(cursor: Cursor): Saying | undefined
}

/** What a client acts on. Lengths and moments are left to the body and to noise. */
const usualHeaders = [
  'content-type',
  'location',
  'cache-control',
  'content-disposition',
  'content-language',
  'allow',
  'link',
]

type Part = { readonly path: string; readonly says: Partial<Saying> }

/** Throws `plan.invalid` for a path that cannot be read. */
export function compileRules(rules: CompareRules = {}): Rules {
  const parts: readonly Part[] = [
    ...(rules.ignore ?? []).map((path) => ({ path, says: { ignore: true } })),
    ...(rules.tolerance ?? []).map(({ path, absolute = 0, relative = 0 }) => ({ path, says: { absolute, relative } })),
    ...(rules.lists ?? []).map(({ path, key }) => ({ path, says: { key: keyOf(key) } })),
    ...(rules.clean ?? []).map(({ path, with: clean }) => ({ path, says: { clean: [clean] } })),
  ]
  const walk = walker(parts.map(({ path }) => readPattern(path)))
  return {
    headers: rules.headers ?? usualHeaders,
    status: rules.status ?? 'exact',
    most: rules.most ?? 100,
    start: walk.start,
    step: (cursor, segment) => walk.step(cursor, segment),
    at: (cursor) => {
      const ends = cursor.length === 0 ? [] : walk.ends(cursor)
      return ends.length === 0 ? undefined : together(ends.map((at) => parts[at]!.says))
    },
  }
}

function keyOf(key: string | readonly string[] | undefined): readonly string[] {
  return key === undefined ? [] : typeof key === 'string' ? [key] : key
}

function together(says: readonly Partial<Saying>[]): Saying {
  return {
    ignore: says.some((each) => each.ignore === true),
    absolute: Math.max(0, ...says.map((each) => each.absolute ?? 0)),
    relative: Math.max(0, ...says.map((each) => each.relative ?? 0)),
    key: says.findLast((each) => each.key !== undefined)?.key,
    clean: says.flatMap((each) => each.clean ?? []),
  }
}
