/** The block sync of a node: both versions behind one router; only the one that answers runs. Knows no HTTP. */
import { createRouter, type Router, stateSwitch } from '../../src/router/index.ts'
import { syncMigration } from './migrations.ts'
import { askWith, type Fault } from './faults.ts'
import type { Setting, Version } from './settings.ts'
import { type Ask, ask, type SyncOptions } from './sync/sync.ts'
import { SyncV1, type SyncStateV1 } from './sync/v1.ts'
import { SyncV2, type SyncStateV2 } from './sync/v2.ts'

type Syncs = { readonly v1: SyncV1; readonly v2: SyncV2 }
export type SyncState =
  { readonly version: 'v1'; readonly state: SyncStateV1 } | { readonly version: 'v2'; readonly state: SyncStateV2 }

/** Questions to peers, by what came of them. */
export interface Asked {
  good: number
  failed: number
}

export interface SyncNode {
  readonly router: Router<Syncs>
  readonly asked: { readonly [version in Version]: Readonly<Asked> }
  readonly held: () => 'v1' | 'v2'
  start(): void
  stop(): Promise<void>
  /** A sync is one for the whole node: a share, or a flag asked by user, has no meaning here and is refused. */
  set(setting: Setting): Promise<void>
  export(): SyncState
  import(held: SyncState): void
}

export function makeSyncNode(options: SyncOptions, fault: Fault | null = null): SyncNode {
  const asked = { v1: { good: 0, failed: 0 }, v2: { good: 0, failed: 0 } }
  const versions: Syncs = {
    v1: new SyncV1({ ...options, ask: counted(ask, asked.v1) }),
    v2: new SyncV2({ ...options, ask: counted(askWith(fault, ask), asked.v2) }),
  }
  const { v1, v2 } = versions
  const router = createRouter({ module: 'sync_service', versions, reads: ['status', 'block', 'peers'] })
  const moves = stateSwitch({
    router,
    first: { version: 'v1', export: () => v1.export(), import: (state: SyncStateV1) => v1.import(state) },
    second: { version: 'v2', export: () => v2.export(), import: (state: SyncStateV2) => v2.import(state) },
    migration: syncMigration,
    memory: forgetful(),
  })
  const held = () => moves.version as 'v1' | 'v2'
  let running = false
  return {
    router,
    asked,
    held,
    start: () => {
      running = true
      versions[held()].start()
    },
    stop: async () => {
      running = false
      await versions[held()].stop()
    },
    set: async ({ decide }) => {
      if (typeof decide !== 'string') throw new RangeError('the sync is one for the whole node: name "v1" or "v2"')
      // A sync that runs would go on taking blocks while its state is on its way.
      await versions[held()].stop()
      try {
        await moves.to(decide)
      } finally {
        if (running) versions[held()].start()
      }
    },
    export: () => (held() === 'v1' ? { version: 'v1', state: v1.export() } : { version: 'v2', state: v2.export() }),
    import: ({ version, state }) => v1.import(version === 'v1' ? state : syncMigration.backward(state)),
  }
}

/** A question that was given up, because the sync is stopped, is neither good nor failed. */
function counted(through: Ask, count: Asked): Ask {
  return async <T>(url: string, signal: AbortSignal, patienceMs: number): Promise<T> => {
    try {
      const answer = await through<T>(url, signal, patienceMs)
      count.good++
      return answer
    } catch (error) {
      if (!signal.aborted) count.failed++
      throw error
    }
  }
}

/** Remembers what a version alone knows, and not the chain a second time. */
function forgetful() {
  const left = new Map<string, unknown>()
  return {
    load: (version: string) => left.get(version),
    save: (version: string, state: unknown) =>
      void left.set(version, { ...(state as object), chain: [], block_queue: [] }),
  }
}
