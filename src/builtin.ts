/** The one file that knows all kinds and adapters. */
import * as kinds from './kinds/index.ts'
import { postgres } from './adapters/postgres/index.ts'
import type { AnyAdapter, AnyKind } from './core/kind.ts'
import type { Adapters, Kinds } from './core/plan.ts'

export const builtinKinds: Kinds = new Map(
  Object.values(kinds as Record<string, AnyKind>).map((kind) => [kind.name, kind]),
)

const adapters: readonly AnyAdapter[] = [postgres]
export const builtinAdapters: Adapters = new Map(adapters.map((adapter) => [adapter.name, adapter]))
