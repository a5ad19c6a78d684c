/** The adapter `prometheus`: the metrics port on the HTTP API of a Prometheus, or of what speaks it (Thanos, Mimir, VictoriaMetrics). */
import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { Measured } from '../../core/ports/index.ts'
import { metricsTarget, readNumber } from '../../metrics/index.ts'
import { openUrl, scrape } from '../../scrape/index.ts'
import { selectorsIn } from './selectors.ts'

const config = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('The address of the server; /api/v1/query is below it.'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('Sent with every request, never shown: authorization: "Bearer ${TOKEN}".'),
  timeoutMs: z.int().min(1).default(10_000).describe('Until the whole answer is there, in milliseconds.'),
})

export type PrometheusConfig = z.input<typeof config>
type Settings = z.output<typeof config>

export const prometheus = defineAdapter({
  name: 'prometheus',
  port: 'metrics',
  summary: 'A Prometheus server, asked for instant vectors.',
  ...withDefaults(config, openTarget),
  example: { url: 'http://prometheus:9090', headers: { authorization: 'Bearer ${PROMETHEUS_TOKEN}' } },
  tools: { language: 'PromQL', promql: true },
})

async function openTarget(settings: Settings, who: Opener): Promise<Target<'metrics'>> {
  const base = openUrl(settings.url, 'prometheus')
  const place = `${base.origin}${base.pathname.replace(/\/$/, '')}`
  // Every request under way listens to it: that is no leak.
  setMaxListeners(0, who.signal)
  const ask = (query: string) => instant(new URL(`${place}/api/v1/query`), settings, who.signal, query)
  return metricsTarget(`prometheus:${place}`, { measure: (query: string) => measure(ask, query) })
}

interface Data {
  readonly resultType: string
  readonly result: unknown
}

type Point = readonly [seconds: number, value: string]
type Vector = readonly { readonly metric: { readonly [name: string]: string }; readonly value: Point }[]

/** The time in an answer is that of the evaluation, however old the series are: these are asked for their own. */
async function measure(ask: (query: string) => Promise<Data>, query: string): Promise<Measured> {
  const selectors = selectorsIn(query)
  const [data, ...ages] = await Promise.all([
    ask(query),
    ...selectors.map((each) => ask(`max(timestamp(${each}))`).catch(() => undefined)),
  ])
  const times = ages.map((each) => (each?.resultType === 'vector' ? (each.result as Vector)[0]?.value[1] : undefined))
  const known = times.every((each) => each !== undefined)
  const at = known && times.length > 0 ? Math.round(1000 * Math.min(...times.map(Number))) : null
  if (data.resultType === 'scalar') return { value: numberOf((data.result as Point)[1], query), at }
  if (data.resultType === 'vector') {
    const vector = data.result as Vector
    return {
      value: vector.map((each) => numberOf(each.value[1], query)),
      at,
      labels: vector.map((each) => each.metric),
    }
  }
  throw new ChangeoverError(
    'target.failed',
    `"${query}" answers a ${data.resultType}`,
    'ask for a figure now: rate(…[1m]), max_over_time(…[1m])',
  )
}

async function instant(url: URL, settings: Settings, signal: AbortSignal, query: string): Promise<Data> {
  const { headers, timeoutMs } = settings
  const { status, text } = await scrape({ url, headers, timeoutMs, signal, form: { query } })
  const body = parse(text)
  if (status === 200 && body?.status === 'success' && body.data) return body.data
  if (status === 401 || status === 403)
    throw new ChangeoverError(
      'target.rights',
      `"${url.origin}" refuses the account: status ${status}`,
      'mend the headers of the target',
    )
  const why = body?.error ?? `status ${status}: ${text.slice(0, 200)}`
  if (status >= 500 || (status !== 400 && status !== 422 && !body))
    throw new ChangeoverError(
      'target.unreachable',
      `"${url.origin}" cannot answer: ${why}`,
      'see that this is a Prometheus and that it is well',
    )
  throw new ChangeoverError(
    'target.failed',
    `Prometheus refuses "${query}": ${why}`,
    'mend the query; try it in the expression browser of the server',
  )
}

interface Body {
  readonly status?: string
  readonly data?: Data
  readonly error?: string
}

function parse(text: string): Body | undefined {
  try {
    return JSON.parse(text) as Body
  } catch {
    return undefined
  }
}

/** What is no number must not be taken for NaN, which is data. */
function numberOf(text: string, query: string): number {
  const read = readNumber(text)
  if (read !== undefined) return read
  throw new ChangeoverError(
    'target.failed',
    `"${query}" is answered with "${String(text).slice(0, 40)}", which is no number`,
    'see that this is a Prometheus, or speaks as one',
  )
}
