/** The adapter `metrics-page`: the metrics port on the /metrics page of a program, without a Prometheus. Keeps the scrapes that its rates need, and no more. */
import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { defineAdapter, type Opener, type Target } from '../../core/kind.ts'
import type { Measured } from '../../core/ports/index.ts'
import {
  answerQuery,
  lookBack,
  PageFault,
  type Query,
  QueryFault,
  readPage,
  readQuery,
  type Scrape,
} from '../../metrics/index.ts'
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
  shape: config as unknown as z.ZodType<MetricsPageConfig>,
  example: { url: 'http://localhost:3000/metrics' },
  tools: {
    language:
      'name{label="x"}, rate|increase|delta(…[30s]), sum|max|min|avg|count(…), histogram_quantile(0.95, …), + - * /',
  },
  open: async (given, who) => openTarget(config.parse(given), who),
})

async function openTarget(settings: Settings, who: Opener): Promise<Target<'metrics'>> {
  const url = openUrl(settings.url, 'metrics-page')
  setMaxListeners(0, who.signal)
  const page = new Page(settings, url, who.signal)
  const port = { measure: (query: string) => page.measure(query) }
  return {
    identity: async () => `metrics-page:${url.origin}${url.pathname}`,
    observe: async () => ({}),
    read: port,
    write: port,
    fence: async () => undefined,
    close: async () => undefined,
  }
}

class Page {
  readonly #settings: Settings
  readonly #url: URL
  readonly #signal: AbortSignal
  /** Only the series that some rate was asked of, for as long as it looks back. */
  #history: readonly Scrape[] = []
  readonly #rated = new Set<string>()
  #keepMs = 0
  #last: { readonly asked: number; readonly scrape: Promise<Scrape> } | undefined

  constructor(settings: Settings, url: URL, signal: AbortSignal) {
    this.#settings = settings
    this.#url = url
    this.#signal = signal
  }

  async measure(text: string): Promise<Measured> {
    const query = this.#read(text)
    const taken = await this.#scrape()
    for (const name of ratedIn(query)) this.#rated.add(name)
    this.#keepMs = Math.max(this.#keepMs, lookBack(query))
    this.#remember(taken)
    const past = this.#history.filter((each) => each.at < taken.at)
    const answer = answerQuery(query, [...past, taken])
    if (answer.type === 'figure') return { value: answer.value, at: answer.at }
    const times = answer.items.map((each) => each.at ?? taken.at)
    return {
      value: answer.items.map((each) => each.value),
      at: times.length === 0 ? null : Math.min(...times),
      labels: answer.items.map((each) => each.labels),
    }
  }

  #read(text: string): Query {
    try {
      return readQuery(text)
    } catch (error) {
      if (!(error instanceof QueryFault)) throw error
      throw new ChangeoverError(
        'target.failed',
        `"${text}" cannot be read: ${error.message}`,
        'see `changeover docs adapters` for what metrics-page can be asked',
      )
    }
  }

  #remember(taken: Scrape): void {
    const own: Scrape = { at: taken.at, series: taken.series.filter((each) => this.#rated.has(each.name)) }
    const young = this.#history.filter((each) => each.at >= taken.at - this.#keepMs && each.at !== taken.at)
    this.#history = [...young, own]
  }

  /** One scrape for queries of the same moment; a scrape that failed is not shared with later ones. */
  #scrape(): Promise<Scrape> {
    const now = Date.now()
    if (this.#last && now - this.#last.asked < this.#settings.shareMs) return this.#last.scrape
    const taken = this.#fetch()
    this.#last = { asked: now, scrape: taken }
    taken.catch(() => (this.#last = undefined))
    return taken
  }

  async #fetch(): Promise<Scrape> {
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
    const { status, type, text } = await scrape({
      url: this.#url,
      headers: { accept, ...this.#settings.headers },
      timeoutMs: this.#settings.timeoutMs,
      signal: this.#signal,
    })
    const where = `${this.#url.origin}${this.#url.pathname}`
    if (status !== 200)
      throw new ChangeoverError(
        'target.unreachable',
        `"${where}" gives no page: status ${status}`,
        'see that the url is that of the metrics page',
      )
    try {
      return { at: Date.now(), series: readPage(text, type.includes('openmetrics')) }
    } catch (error) {
      if (!(error instanceof PageFault)) throw error
      throw new ChangeoverError(
        'target.failed',
        `"${where}" is no metrics page: ${error.message}`,
        'see that the url is that of the metrics page',
      )
    }
  }
}

/** The names of the series that a query wants the past of. */
function ratedIn(query: Query): readonly string[] {
  switch (query.type) {
    case 'number':
    case 'series':
      return []
    case 'growth':
      return query.of.type === 'series' ? [query.of.name] : []
    case 'reckon':
      return [...ratedIn(query.left), ...ratedIn(query.right)]
    default:
      return ratedIn(query.of)
  }
}
