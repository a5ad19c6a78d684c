/** The adapter `haproxy-metrics`: the metrics port on the statistics of a HAProxy, over its runtime socket. It only asks. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import { metricsTarget, pageLanguage, ScrapedPage } from '../../metrics/index.ts'
import { openSocket } from './socket.ts'
import { seriesOf } from './statistics.ts'
import { readStatistics } from './tables.ts'

const config = z.strictObject({
  socket: z
    .string()
    .min(1)
    .describe('The runtime socket: absolute, or relative to the folder of the plan. Any level will do, `user` too.'),
  timeoutMs: z.int().min(1).default(2000).describe('Until an answer of the socket, in milliseconds.'),
  shareMs: z.int().min(0).default(200).describe('Queries that come within so many milliseconds share one look.'),
})

export type HaproxyMetricsConfig = z.input<typeof config>

export const haproxyMetrics = defineAdapter({
  name: 'haproxy-metrics',
  port: 'metrics',
  summary:
    'Statistics of HAProxy over its runtime socket, under the names of its own Prometheus page: requests, answers by code, errors, queues, averages of the times of the last 1024 requests.',
  ...withDefaults(config, openTarget),
  example: { socket: '/run/haproxy/admin.sock' },
  tools: { language: pageLanguage },
})

async function openTarget(settings: z.output<typeof config>, who: Opener): Promise<Target<'metrics'>> {
  const path = resolve(who.base, settings.socket)
  const socket = openSocket(path, settings.timeoutMs, who.signal)
  const page = new ScrapedPage({
    name: 'haproxy-metrics',
    take: async () => seriesOf(readStatistics(await socket.ask('show stat')), Date.now()),
    now: () => Date.now(),
    shareMs: settings.shareMs,
  })
  return metricsTarget(`haproxy-metrics:${path}`, { measure: (query: string) => page.measure(query) })
}
