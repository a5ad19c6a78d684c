/** What every operation comes down to: a few edits in each direction. The compiler and the SQL renderer know these, and no operation. */
import type { Json } from '../core/json.ts'
import type { LensContext, LensFunctions } from './lens.ts'
import type { LensData } from './operations.ts'
import type { Path } from './path.ts'
import type { SqlRule } from './sql/value.ts'

/** A value to be computed. `was` looks at the same stage of what the other side holds now; nothing where it holds nothing. */
export type Term =
  | { readonly term: 'get'; readonly path: Path }
  | { readonly term: 'was'; readonly path: Path }
  | { readonly term: 'constant'; readonly value: Json }
  | { readonly term: 'now' }
  /** An object of these fields, laid over the one that `over` gives. `at` names it in a refusal. */
  | {
      readonly term: 'object'
      readonly at: string
      readonly over: Term
      readonly fields: { readonly [name: string]: Term }
    }
  | { readonly term: 'call'; readonly rule: Rule; readonly of: readonly Term[] }

/** A function on values, in both languages. Where `sql` is a text, it is the reason why there is none. */
export interface Rule {
  readonly name: string
  /** Values as a row or document holds them, `undefined` for what is absent (and answered, leaves it so). Refuses by throwing. */
  readonly js: (...values: never[]) => unknown
  readonly sql: SqlRule | string
}

/** The test of a `when`. */
export interface Test {
  readonly path: Path
  readonly in?: readonly Json[] | undefined
  readonly exists?: boolean | undefined
}

export type Edit =
  /** Puts the value there; takes what stands there away where the value is absent. */
  | { readonly edit: 'put'; readonly at: Path; readonly value: Term }
  /** Takes away what stands there; with `prune` also the objects around it that are empty then and that `was` does not have. */
  | { readonly edit: 'drop'; readonly at: Path; readonly prune?: boolean }
  /** Takes away every field that is not among these. */
  | { readonly edit: 'only'; readonly fields: readonly string[] }
  /** Puts back the fields of `was` that are not among these. */
  | { readonly edit: 'rest'; readonly fields: readonly string[] }
  /** Runs a lens in this direction on each item of the list there, or each value of the object. Items are paired by key, else by place. */
  | {
      readonly edit: 'each'
      readonly at: Path
      readonly key?: Path | undefined
      readonly there?: Path | undefined
      readonly lens: LensData
    }
  /** Runs one of two lenses in this direction. `there` is the test that tells on the other side. */
  | {
      readonly edit: 'when'
      readonly test: Test
      readonly there: Test
      readonly matched: LensData
      readonly otherwise: LensData
    }
  /** Calls a person's function on the value there. */
  | { readonly edit: 'value'; readonly reference: string; readonly at: Path }
  /** Calls a person's function on these fields, and puts those it answers; without names on the whole. */
  | {
      readonly edit: 'fields'
      readonly reference: string
      readonly takes?: readonly string[] | undefined
      readonly gives?: readonly string[] | undefined
    }

export type Program = readonly Edit[]
export type Direction = 'forward' | 'backward'

/** An operation, planned: two programs, and what each direction does not bring back where nothing is remembered. */
export interface Planned {
  readonly forward: Program
  readonly backward: Program
  readonly lost?: { readonly forward?: readonly string[]; readonly backward?: readonly string[] }
}

/** What compiling needs from outside. */
export interface Environment {
  readonly context: LensContext
  readonly functions: ReadonlyMap<string, LensFunctions>
  /** True while memory is worked out: what does not fit there is no memory, and no reason to refuse the row. */
  readonly forgiving?: boolean
}

/** The same operation, seen from the other side. */
export function reversed(planned: Planned): Planned {
  const { forward = [], backward = [] } = planned.lost ?? {}
  return { forward: planned.backward, backward: planned.forward, lost: { forward: backward, backward: forward } }
}

export const get = (path: Path): Term => ({ term: 'get', path })
export const was = (path: Path): Term => ({ term: 'was', path })
export const constant = (value: Json): Term => ({ term: 'constant', value })
export const call = (rule: Rule, ...of: readonly Term[]): Term => ({ term: 'call', rule, of })
export const put = (at: Path, value: Term): Edit => ({ edit: 'put', at, value })
export const drop = (at: Path, prune = false): Edit => ({ edit: 'drop', at, prune })
