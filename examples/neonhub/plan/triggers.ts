/** The guide's three rollback triggers, in guard of every moment in which clients are sent to v4. */
import { endpoints } from '../parts.ts'
import { rollbackTriggers } from '../terms.ts'

/** Above these the guide turns back by itself. */
export const [errorRate, latencyIncrease] = rollbackTriggers

/** What the gateway says of one side of the clients' route: the median over the last second, in seconds. */
const ofRoute = (name: string, side: string) => `changeover_gateway_${name}{route="v3-api",side="${side}"}`
export const medianOf = (side: string) =>
  `histogram_quantile(0.5, rate(${ofRoute('duration_seconds_bucket', side)}[1s]))`

/** Seconds on top of the guide's share: what the median varies by on two cores with a dozen programs. Who overloads the machine on purpose says more. */
const tolerated = Number(process.env['NEONHUB_LATENCY_TOLERANCE'] ?? 0.025)

export const triggers = [
  {
    id: 'error-rate',
    kind: 'gate.traffic',
    title: 'Does v4 fail too often?',
    on: 'traffic',
    spec: { route: 'v3-api', side: 'v4', intervalMs: 100, count: 0, minRequests: 20, maxErrorRate: errorRate.above },
  },
  {
    id: 'latency',
    kind: 'gate.metrics',
    title: 'Is v4 too slow?',
    on: 'metrics',
    spec: {
      baseline: 'traffic-baseline',
      metrics: {
        latency: {
          query: medianOf('v4'),
          samples: `increase(${ofRoute('duration_seconds_count', 'v4')}[1s])`,
          minSamples: 20,
          // A program that has just begun is slow for a moment.
          initialDelayMs: 600,
          intervalMs: 200,
          failureLimit: 2,
          maxIncreasePercent: latencyIncrease.above * 100,
          tolerate: tolerated,
          unit: 's',
        },
      },
    },
  },
  ...endpoints.map((path) => ({
    id: `works${path.replaceAll('/', '-')}`,
    kind: 'gate.probe',
    title: `Does v4 still answer ${path}?`,
    on: 'v4-api',
    spec: { path, count: 5, intervalMs: 200, success: { status: '2xx' as const, maxLatencyMs: 2_000 } },
  })),
]
