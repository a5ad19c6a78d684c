/** What is measured of a node, and when it is bad: the guide's alerts as metrics of its own page. Knows no step. */
import { alerts, targets } from './parts.ts'

/** A rate is known from half of it on. */
const window = '4s'
const submits = (version: string): string => `{module="transaction_pool",version="${version}",method="submit"}`
const allSubmits = '{module="transaction_pool",method="submit"}'
const grown = (name: string): string => `sum(increase(${name}[${window}]))`

const speed = `rate(mana_sync_block[${window}])`
const memory = 'process_resident_memory_bytes'
const throughput = `sum(rate(changeover_router_calls_total${allSubmits}[${window}]))`
/** The median: of a dozen calls in a small share, the slow ones are those that the machine held up. */
const latency = (version: string): string =>
  `histogram_quantile(0.5, rate(changeover_router_seconds_bucket${submits(version)}[${window}]))`

/** What v1 does, by the names of the metrics that are compared with it. */
export const baselineQueries = { throughput, latency: latency('v1'), memory, 'sync speed': speed } as const

/** `failureLimit` 2: the third bad look fails. One or two may be the machine; three, with time between them, are the module. */
const often = (count?: number) => ({ intervalMs: 400, failureLimit: 2, ...(count === undefined ? {} : { count }) })

/** The alerts of both modules. Without a count it is a guard. `tolerate` is what a machine of two cores with a dozen programs varies by. */
export function alertMetrics(count?: number) {
  const { transactionPool: pool, syncService: sync } = alerts
  const enough = { samples: grown(`changeover_router_calls_total${submits('v2')}`), minSamples: 20 }
  const pace = often(count)
  return {
    throughput: {
      query: throughput,
      minRatioOfBaseline: 1 - pool.throughputDrop / 100,
      unit: '/s',
      ...pace,
    },
    latency: {
      query: latency('v2'),
      maxIncreasePercent: pool.latencyIncrease,
      tolerate: 0.025,
      unit: 's',
      ...enough,
      ...pace,
    },
    memory: { query: memory, maxIncreasePercent: pool.memoryIncrease, unit: 'bytes', ...pace },
    errors: {
      query: `${grown(`changeover_router_errors_total${submits('v2')}`)} / ${grown(`changeover_router_calls_total${submits('v2')}`)}`,
      max: pool.errorRate / 100,
      ...enough,
      ...pace,
    },
    'sync speed': {
      query: speed,
      minRatioOfBaseline: 1 - sync.syncSpeedDrop / 100,
      unit: 'blocks/s',
      ...pace,
    },
    'chain grows': { query: grown('mana_sync_block'), min: 1, unit: 'blocks', ...pace },
    'lost peers': {
      query: `${grown('mana_sync_peer_asked_total{outcome="failed"}')} / ${grown('mana_sync_peer_asked_total')}`,
      max: sync.peerDisconnect / 100,
      ...pace,
    },
    'moves that lost something': { query: 'mana_pool_moves_unequal_total', max: 0, ...pace, failureLimit: 0 },
  }
}

/** What must be so of v1 for its figures to be worth comparing with. */
export const soundMetrics = {
  answers: { query: throughput, min: 1, unit: '/s', ...often() },
  latency: { query: latency('v1'), max: 1, unit: 's', ...often() },
  'chain grows': { query: grown('mana_sync_block'), min: 1, unit: 'blocks', ...often() },
} as const

/** Does v2 fail more often than v1, on the calls of the same moments? */
export const abMetrics = {
  'errors of v2 beside v1': {
    test: {
      failed: `changeover_router_errors_total${submits('v2')}`,
      total: `changeover_router_calls_total${submits('v2')}`,
      against: {
        failed: `changeover_router_errors_total${submits('v1')}`,
        total: `changeover_router_calls_total${submits('v1')}`,
      },
      enough: 40,
    },
    intervalMs: 500,
  },
} as const

const shadowed = (verdict: string): string =>
  `sum(changeover_router_shadow_total{module="transaction_pool",verdict=~"${verdict}"})`

/** Real calls that ran in both: v2 answered otherwise, or not in time, in at most one of a hundred. */
export const shadowMetrics = {
  mismatches: {
    query: `${shadowed('mismatched|timed_out')} / ${shadowed('matched|mismatched|timed_out')}`,
    samples: shadowed('matched|mismatched|timed_out'),
    minSamples: 200,
    max: 0.01,
    intervalMs: 500,
    count: 3,
  },
} as const

/** No call of either module has gone to v1 for as long as the window is, looked at three times. */
export const v1UnusedMetrics = {
  'calls of v1': {
    query: 'sum(increase(changeover_router_calls_total{version="v1"}[4s]))',
    max: 0,
    intervalMs: 400,
    count: 3,
  },
} as const

/** What the senders themselves saw since they began, in all environments. */
export const clientMetrics = {
  'failed requests': { query: 'sum(mana_client_failed_total)', max: 0 },
} as const

/** The guide's targets, measured beside each other by `figures.ts`. One that is missed is a risk in the report, and holds nothing up. */
export const targetMetrics = Object.fromEntries(
  Object.entries(targets).map(([name, target]) => [
    target.says,
    {
      query: `/byName/${name}/changePercent`,
      unit: '%',
      advisory: true,
      ...('atLeast' in target ? { min: target.atLeast } : { max: target.atMost }),
    },
  ]),
)
