/** The adapter `metrics-page`: the metrics port on the /metrics page of a program, without a Prometheus. */
import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import { metricsTarget, PageFault, pageLanguage, readPage, ScrapedPage, type Series } from '../../metrics/index.ts'
import { openUrl, scrape } from '../../scrape/index.ts'

const config = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('The page itself.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request, never shown.'),
  timeoutMs: z.int().min(1).default(5000).describe('Until the whole page is there, in milliseconds.'),
  shareMs: z.int().min(0).default(200).describe('Queries that come within so many milliseconds share one scrape.'),
})

export type MetricsPageConfig = z.input<typeof config>
type Settings = z.output<typeof config>

export const metricsPage = defineAdapter({
  name: 'metrics-page',
  port: 'metrics',
  summary: 'The /metrics page of a program: Prometheus text or OpenMetrics, scraped when it is asked.',
  ...withDefaults(config, openTarget),
  example: { url: 'http://localhost:3000/metrics' },
  tools: { language: pageLanguage },
})

async function openTarget(settings: Settings, who: Opener): Promise<Target<'metrics'>> {
  const url = openUrl(settings.url, 'metrics-page')
  setMaxListeners(0, who.signal)
  const page = new ScrapedPage({
    name: 'metrics-page',
    take: () => takePage(settings, url, who.signal),
    now: () => Date.now(),
    shareMs: settings.shareMs,
  })
  return metricsTarget(`metrics-page:${url.origin}${url.pathname}`, { measure: (query: string) => page.measure(query) })
}

async function takePage(settings: Settings, url: URL, signal: AbortSignal): Promise<readonly Series[]> {
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const { status, type, text } = await scrape({
    url,
    headers: { accept, ...settings.headers },
    timeoutMs: settings.timeoutMs,
    signal,
  })
  const where = `${url.origin}${url.pathname}`
  if (status !== 200)
    throw new ChangeoverError(
      'target.unreachable',
      `"${where}" gives no page: status ${status}`,
      'see that the url is that of the metrics page',
    )
  try {
    return readPage(text, type.includes('openmetrics'))
  } catch (error) {
    if (!(error instanceof PageFault)) throw error
    throw new ChangeoverError(
      'target.failed',
      `"${where}" is no metrics page: ${error.message}`,
      'see that the url is that of the metrics page',
    )
  }
}
