/** The figures of a node as Prometheus reads them. */
import { prometheusText } from '../../src/router/index.ts'
import type { PoolNode } from './pool-node.ts'
import type { SyncNode } from './sync-node.ts'

const family = (name: string, what: string, lines: readonly string[], type = 'gauge'): string =>
  `# HELP ${name} ${what}\n# TYPE ${name} ${type}\n${lines.map((line) => `${name}${line}\n`).join('')}`

export function servicePage(pool: PoolNode, sync: SyncNode, requests: ReadonlyMap<string, number>): string {
  const { current, highest } = sync.router.calls.status()
  const failures = sync.router.calls.peers().reduce((sum, each) => sum + each.failures, 0)
  const byRoute = [...requests].map(([key, count]) => {
    const [, route = 'none', status = ''] = /^(.*) (\d+)$/.exec(key) ?? []
    return `{route="${route}",status="${status}"} ${count}`
  })
  return [
    prometheusText([pool.router.metrics(), sync.router.metrics()]),
    family('mana_pool_transactions', 'Transactions that a version holds.', [
      `{version="v1"} ${pool.versions.v1.size()}`,
      `{version="v2"} ${pool.versions.v2.size()}`,
    ]),
    family('mana_sync_block', 'The last block that is held.', [` ${current}`]),
    family('mana_sync_highest_block', 'The highest block that a peer has said.', [` ${highest}`]),
    family('mana_sync_peer_failures_total', 'Answers of peers that failed or were wrong.', [` ${failures}`], 'counter'),
    family(
      'mana_sync_peer_asked_total',
      'Questions to peers by version and by what came of them.',
      Object.entries(sync.asked).flatMap(([version, { good, failed }]) => [
        `{version="${version}",outcome="good"} ${good}`,
        `{version="${version}",outcome="failed"} ${failed}`,
      ]),
      'counter',
    ),
    family('mana_pool_moves_total', 'Times that the state of the pool moved.', [` ${pool.moves.count}`], 'counter'),
    family(
      'mana_pool_moves_unequal_total',
      'Moves after which the pool held other transactions than before.',
      [` ${pool.moves.unequal}`],
      'counter',
    ),
    family('mana_http_requests_total', 'Requests by route and status.', byRoute, 'counter'),
    family('process_resident_memory_bytes', 'Memory of this process.', [` ${process.memoryUsage.rss()}`]),
  ].join('')
}
