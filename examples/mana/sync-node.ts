/** The block sync of a node: both versions behind one router; only the one that answers runs. Knows no HTTP. */
import { createRouter, type Router, stateSwitch } from '../../src/router/index.ts'
import { syncMigration } from './migrations.ts'
import type { Setting } from './settings.ts'
import type { SyncOptions } from './sync/sync.ts'
import { SyncV1, type SyncStateV1 } from './sync/v1.ts'
import { SyncV2, type SyncStateV2 } from './sync/v2.ts'

type Syncs = { readonly v1: SyncV1; readonly v2: SyncV2 }
export type SyncState =
  { readonly version: 'v1'; readonly state: SyncStateV1 } | { readonly version: 'v2'; readonly state: SyncStateV2 }

export interface SyncNode {
  readonly router: Router<Syncs>
  readonly held: () => 'v1' | 'v2'
  start(): void
  stop(): Promise<void>
  /** A sync is one for the whole node: a share, or a flag asked by user, has no meaning here and is refused. */
  set(setting: Setting): Promise<void>
  export(): SyncState
  import(held: SyncState): void
}

export function makeSyncNode(options: SyncOptions): SyncNode {
  const versions: Syncs = { v1: new SyncV1(options), v2: new SyncV2(options) }
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

/** Remembers what a version alone knows, and not the chain a second time. */
function forgetful() {
  const left = new Map<string, unknown>()
  return {
    load: (version: string) => left.get(version),
    save: (version: string, state: unknown) =>
      void left.set(version, { ...(state as object), chain: [], block_queue: [] }),
  }
}
