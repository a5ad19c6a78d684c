/** What a worker thread knows: the kinds whose labour many hands share, and the adapters they work on. Loads in a third of the time of all. */
import { postgres } from './adapters/postgres/index.ts'
import type { Adapters, AnyAdapter, AnyKind, Kinds } from './core/kind.ts'
import { dataTransform } from './kinds/data/transform/index.ts'

/** The kinds whose labour many hands share, by name. */
export const builtinKinds: Kinds = new Map([[dataTransform.name, dataTransform as AnyKind]])
/** The adapters that those kinds work on, by name. */
export const builtinAdapters: Adapters = new Map([[postgres.name, postgres as AnyAdapter]])
