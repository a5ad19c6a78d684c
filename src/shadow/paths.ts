/** Patterns of paths into a value: `body.items[*].id`, `body.**.updatedAt`, `headers.date`. Knows no answer and no rule. */
import { ChangeoverError } from '../core/errors.ts'

/** A key of an object, or an index of a list. */
export type Segment = string | number

/** `*` is one key or index, `**` any number of them. */
export type Pattern = readonly (Segment | typeof each | typeof deep)[]
const each: unique symbol = Symbol('*')
const deep: unique symbol = Symbol('**')

const token = /\.?(?:(\*\*)|(\*)|\[(\*|\d+|"(?:[^"\\]|\\.)*")\]|([^.[\]*"]+))/y

/** Reads `a.b[*].c`, `a["x.y"]`, `a.*.c`, `**.c`. Throws `plan.invalid` for anything else. */
export function readPattern(text: string): Pattern {
  const pattern: Pattern[number][] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (match === null || (at === 0 && text.startsWith('.'))) throw unreadable(text, at)
    const [, all, one, index, key] = match
    if (all !== undefined) pattern.push(deep)
    else if (one !== undefined || index === '*') pattern.push(each)
    else if (index === undefined) pattern.push(key!)
    else pattern.push(index.startsWith('"') ? (JSON.parse(index) as string) : Number(index))
  }
  if (pattern.length === 0) throw unreadable(text, 0)
  return pattern
}

function unreadable(text: string, at: number): ChangeoverError {
  return new ChangeoverError(
    'plan.invalid',
    `"${text}" is not a path: it cannot be read from "${text.slice(at)}"`,
    'write it like body.items[*].updatedAt, body.**.etag or headers.date',
  )
}

/** How far each pattern has matched on the way down to a value: the pattern's number, and the place in it. */
export type Cursor = readonly (readonly [pattern: number, at: number])[]

/** Walks all patterns at once, so that a value is visited once however many rules there are. */
export interface Walker {
  readonly start: Cursor
  step(cursor: Cursor, segment: Segment): Cursor
  /** The numbers of the patterns that end exactly here. */
  ends(cursor: Cursor): readonly number[]
}

export function walker(patterns: readonly Pattern[]): Walker {
  // `**` may stand for nothing: what follows it is open too.
  const open = (pattern: number, at: number): Cursor =>
    patterns[pattern]![at] === deep ? [[pattern, at], ...open(pattern, at + 1)] : [[pattern, at]]
  const after = (pattern: number, at: number, segment: Segment): Cursor => {
    const wanted = patterns[pattern]![at]
    // What follows `**` has a place of its own in the cursor.
    if (wanted === deep) return [[pattern, at]]
    return wanted === each || wanted === segment ? open(pattern, at + 1) : []
  }
  return {
    start: patterns.flatMap((_, pattern) => open(pattern, 0)),
    step: (cursor, segment) => {
      if (cursor.length === 0) return cursor
      const next = cursor.flatMap(([pattern, at]) => after(pattern, at, segment))
      // A `**` that stays opens what follows it again at every depth.
      return next.flatMap(([pattern, at]) =>
        patterns[pattern]![at] === deep ? open(pattern, at) : [[pattern, at] as const],
      )
    },
    ends: (cursor) => [
      ...new Set(cursor.filter(([pattern, at]) => at === patterns[pattern]!.length).map(([pattern]) => pattern)),
    ],
  }
}
