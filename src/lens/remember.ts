/** A two-way conversion of one value, with the memory that keeps both spellings: what the other side holds stays while it means the same. */
import { sameValue } from './same.ts'
import { open } from './json-text.ts'
import type { Rule } from './program.ts'
import { equalSql } from './sql/compare.ts'
import { type Misfit, NoSql, type SqlValue } from './sql/value.ts'

/** One direction. Neither null nor absent is ever given; refuses by throwing. */
export interface Half {
  readonly js: (value: unknown) => unknown
  /** The expression; NULL for NULL. With `null`, a value that does not fit must become NULL without an error. A text says why not. */
  readonly sql: ((value: SqlValue, misfit: Misfit) => SqlValue) | string
  /** True where two values may come out as the same: then the way back needs memory. */
  readonly merges: boolean
}

/** A pair of halves. `both` are functions of each other except where one merges. */
export interface Conversion {
  readonly name: string
  readonly forward: Half
  readonly backward: Half
}

/** The rule for one direction: of the value and of what the other side holds there now. */
export function remembering(name: string, there: Half, back: Half): Rule {
  return {
    name,
    js: (value: unknown, was: unknown) => {
      const seen = open(value)
      if (seen === undefined || seen === null) return seen
      if (back.merges && was !== undefined && was !== null && sameValue(attempt(back, open(was)), seen)) return was
      return there.js(seen)
    },
    sql: ([value, was], misfit) => {
      if (typeof there.sql === 'string') throw new NoSql(there.sql)
      const made = there.sql(value!, misfit)
      if (!back.merges || !was || was.form === 'absent') return made
      if (typeof back.sql === 'string') throw new NoSql(back.sql)
      return equalSql(back.sql(was, 'null'), value!, was, made)
    },
  }
}

function attempt(half: Half, value: unknown): unknown {
  try {
    return half.js(value)
  } catch {
    return undefined
  }
}
