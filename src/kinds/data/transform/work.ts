/** What a transformation carries from its plan to its hands: plain data, and the route that is read from it. */
import type { Json } from '../../../core/json.ts'
import { given } from './given.ts'
import { type Layout, type Limits, postgresWriter, type Route } from '../../../rows/index.ts'

/**
 * `sql`: the server does all. `join`: what has no SQL is done here, and joined by the server with the rows it came from. `copy`: whole rows
 * go through the lens here, straight into the target.
 */
export type Path = 'sql' | 'join' | 'copy'

export type Work = {
  /** `schema.name` of both tables; the same one where new columns of it are filled. */
  readonly source: string
  readonly target: string
  readonly inPlace: boolean
  /** A `LensData`, as plain JSON. */
  readonly lens: Json
  /** The operations of it that the server does. All of them where the path is `sql`. */
  readonly there: Json
  /** Those that are done here, on what the server sends. */
  readonly here: Json
  readonly layout: Layout
  /** Types of the columns of both sides, as the server calls them. */
  readonly types: { readonly source: Types; readonly target: Types }
  /** Defaults of the columns that are filled in place: a row at its defaults was not written yet. */
  readonly defaults: { readonly [column: string]: string | null }
  readonly keyNames: { readonly [name: string]: string }
  readonly path: Path
  readonly why: string
  /** Triggers stand on the source: others write it, and a mirror may carry what they write. */
  readonly live: boolean
  readonly tolerate: number
  readonly targetMs: number
  readonly batchSize: number | null
  readonly hands: number
  readonly throttle: Limits
  /** Rows that verify takes through the lens here; all where the server compares. */
  readonly sample: number
}

export type Types = { readonly [column: string]: string }

/** Splits `schema.name` at its first point. */
function nameParts(name: string): readonly string[] {
  const point = name.indexOf('.')
  return point < 0 ? [name] : [name.slice(0, point), name.slice(point + 1)]
}

export function routeOf(work: Work): Route {
  const { quote } = postgresWriter
  return {
    sql: postgresWriter,
    source: quote(...nameParts(work.source)),
    target: quote(...nameParts(work.target)),
    layout: work.layout,
    keyNames: work.keyNames,
    computed: [],
    live: work.live,
    given: given(work, 's'),
    types: work.types.target,
  }
}

/** `"a", "b"`, for messages. */
export function named(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
