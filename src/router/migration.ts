/** A module's state in the shape of another version: two functions or a lens. Knows neither router nor version. */
import { compileLens, type Doc, type LensData, type LensFunctions, references } from '../lens/index.ts'
import { ChangeoverError } from '../core/errors.ts'

/** From the older version's state (`A`) to the newer's (`B`) and back. `was` is what the other version held when it was last left. */
export interface StateMigration<A, B> {
  readonly forward: (state: A, was?: B) => B
  readonly backward: (state: B, was?: A) => A
  /** Paths that are said not to come back where nothing is remembered. */
  readonly lost: { readonly forward: readonly string[]; readonly backward: readonly string[] }
}

/** A migration as two functions, with what they are said to lose. */
export interface MigrationByFunctions<A, B> {
  readonly forward: (state: A, was?: B) => B
  readonly backward: (state: B, was?: A) => A
  readonly lost?: { readonly forward?: readonly string[]; readonly backward?: readonly string[] }
}

/** A migration as a lens. */
export interface MigrationByLens {
  /** What `lens<V1>()…` gives, or the list of operations itself. */
  readonly lens: { readonly data: LensData } | LensData
  /** What the lens names as `./file.ts#name`. */
  readonly functions?: { readonly [reference: string]: LensFunctions }
  /** For operations that fill in the instant: ISO 8601 with an offset. */
  readonly now?: string
}

/** `stateMigration<V1, V2>({ lens })` or `({ forward, backward })`. Throws `lens.invalid`. */
export function stateMigration<A, B>(by: MigrationByLens | MigrationByFunctions<A, B>): StateMigration<A, B> {
  if (!('lens' in by)) return { ...by, lost: { forward: by.lost?.forward ?? [], backward: by.lost?.backward ?? [] } }
  const data = 'data' in by.lens ? by.lens.data : by.lens
  const compiled = compileLens(data, { now: by.now ?? '1970-01-01T00:00:00Z' }, named(data, by.functions ?? {}))
  return {
    forward: (state, was) => compiled.forward(state as Doc, was as Doc | undefined) as B,
    backward: (state, was) => compiled.backward(state as Doc, was as Doc | undefined) as A,
    lost: compiled.lost,
  }
}

function named(
  data: LensData,
  functions: { readonly [reference: string]: LensFunctions },
): ReadonlyMap<string, LensFunctions> {
  const missing = references(data).find((reference) => !Object.hasOwn(functions, reference))
  if (missing === undefined) return new Map(Object.entries(functions))
  throw new ChangeoverError(
    'lens.invalid',
    `the lens names "${missing}", which was not given`,
    'give it in `functions`',
  )
}
