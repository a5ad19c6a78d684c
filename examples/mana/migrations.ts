/** The states of both modules from v1 to v2 and back: the pool by two functions, the sync by a lens. */
import { stateMigration } from '../../src/router/index.ts'
import { lens } from '../../src/lens/index.ts'
import type { PoolStateV1 } from './pool/v1.ts'
import type { PoolStateV2 } from './pool/v2.ts'
import type { SyncStateV1 } from './sync/v1.ts'
import type { SyncStateV2 } from './sync/v2.ts'

/** v2 builds an index and counts refusals by reason; v1 keeps the order of its list, which is the order of arrival but for what came back. */
export const poolMigration = stateMigration<PoolStateV1, PoolStateV2>({
  forward: ({ transactions, added, dropped, seq }, was) => {
    const byAddress: Record<string, string[]> = {}
    for (const { hash, transaction } of transactions) (byAddress[transaction.from] ??= []).push(hash)
    return {
      transactions: Object.fromEntries(transactions.map((entry) => [entry.hash, entry])),
      byAddress,
      stats: { accepted: added, evicted: dropped, refused: was?.stats.refused ?? {} },
      seq,
    }
  },
  backward: ({ transactions, stats, seq }) => ({
    transactions: Object.values(transactions).sort((a, b) => a.seq - b.seq),
    added: stats.accepted,
    dropped: stats.evicted,
    seq,
  }),
  lost: { backward: ['/stats/refused'] },
})

/** Blocks are the same in both. Early blocks and scores are v2's own: v1 takes one block after the other, and would not give them back. */
export const syncLens = lens<SyncStateV1>()
  .remove('block_queue', [])
  .add('block_queue', [])
  .rename('status', 'sync_status')
  .each('peers', (peer) => peer.add('score', 100).add('blocks', 0), 'url')
  .rename('peers', 'peer_connections')
  .add('metrics', { ranges: 0, retries: 0 })
  .add('config', { range: 8, ahead: 128 })

export const syncMigration = stateMigration<SyncStateV1, SyncStateV2>({ lens: syncLens })
