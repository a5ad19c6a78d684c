import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import { gateMetrics, gateMetricsBaseline } from '../../kinds/gate/index.ts'
import { readPage, type Series } from '../../metrics/index.ts'
import { haproxySource, startTrafficRig, type TrafficRig } from '../../testing/index.ts'
import { haproxy, haproxyMetrics } from './index.ts'
import { openSocket } from './socket.ts'
import { seriesOf } from './statistics.ts'
import { readStatistics } from './tables.ts'

const source = haproxySource()
if ('missing' in source) console.warn(`skipped: statistics of HAProxy: ${source.missing}`)

const signal = new AbortController().signal
const who = { run: 'r', fence: 1, base: '/', signal }

describe('statistics as series', () => {
  const line = { type: '2', pxname: 'web', svname: 'b1', stot: '10', hrsp_5xx: '1', rtime: '21', ttime: '25' }

  it('are as old as the last request where they are averages, and missing where there was none', () => {
    const of = (more: object) =>
      seriesOf([{ ...line, ...more }], 100_000).filter((each) => each.name.endsWith('response_time_average_seconds'))
    const labels = { proxy: 'web', server: 'b1' }
    expect(of({ lastsess: '7' })).toEqual([
      { name: 'haproxy_server_response_time_average_seconds', labels, value: 0.021, at: 93_000 },
    ])
    expect([of({ lastsess: '-1' }), of({ lastsess: '' })]).toEqual([[], []])
  })
})

describe.skipIf('missing' in source)('the haproxy-metrics adapter', () => {
  let rig: TrafficRig
  let target: Target<'metrics'>
  let proxy: Target<'traffic'>
  beforeAll(async () => {
    rig = await startTrafficRig()
  })
  afterAll(() => rig?.stop())
  beforeEach(async () => {
    target = await haproxyMetrics.open({ socket: rig.haproxy.socket, shareMs: 0 }, who)
    proxy = await haproxy.open(rig.config, who)
    await proxy.write.shift('web', { v1: 5000, v2: 5000 })
    rig.spoil('v2', false)
  })

  const send = async (requests: number, query = '') => {
    for (let left = requests; left > 0; left -= 25)
      await Promise.all(
        Array.from({ length: Math.min(left, 25) }, async () => (await fetch(`${rig.url.web}${query}`)).text()),
      )
  }

  it("says what HAProxy's own page says, under the same names", async () => {
    await send(20)
    await send(4, '?status=503')
    const told = (series: readonly Series[]) =>
      Object.fromEntries(series.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]))
    const own = (each: Series) => each.labels['proxy'] === 'web' || each.labels['proxy'] === 'web_in'
    const others = async () => {
      const page = told(readPage(await (await fetch(rig.url.metrics)).text(), false).filter(own))
      const statistics = await openSocket(rig.haproxy.socket, 2000, signal).ask('show stat')
      const ours = told(seriesOf(readStatistics(statistics), Date.now()).filter(own))
      expect(Object.keys(ours).length).toBeGreaterThan(90)
      expect(Object.keys(ours).filter((name) => page[name] === undefined)).toEqual([])
      // The page reckons averages as if there had been 1024 requests already.
      const same = Object.keys(ours).filter((name) => !name.includes('_time_average_'))
      return same.filter((name) => !Object.is(ours[name], page[name])).map((name) => [name, ours[name], page[name]])
    }
    // Connections end and checks are made between the one look and the other: they agree as soon as nothing comes between.
    await expect.poll(others).toEqual([])
  })

  it('answers with counts, rates and averages', async () => {
    const errors = 'sum(increase(haproxy_server_http_responses_total{proxy="web",server="b1",code="5xx"}[1m]))'
    await target.read.measure(errors)
    await proxy.write.shift('web', { v1: 0, v2: 10_000 })
    rig.spoil('v2', true)
    await send(20)
    expect((await target.read.measure(errors)).value).toEqual([20])
    expect((await target.read.measure('no_such_series')).value).toEqual([])
    await expect(target.read.measure('rate(')).rejects.toMatchObject({ code: 'target.failed' })
    const away = await haproxyMetrics.open({ socket: '/nowhere.sock' }, who)
    await expect(away.read.measure('up')).rejects.toMatchObject({ code: 'target.unreachable' })
  })

  /** A gate in real time, and what it said when it ended. */
  const gate = async (kind: typeof gateMetrics | typeof gateMetricsBaseline, spec: object, recalled?: object) => {
    const site = { targets: { metrics: 'edge' }, tools: { metrics: { language: '' } } }
    const { work } = kind.plan(kind.spec.parse(spec) as never, site as never)
    const clock = { now: () => Date.now(), sleep: (ms: number) => sleep(ms) }
    const context = { on: { metrics: target.read }, clock, signal, recall: () => recalled, applied: null } as never
    let last: unknown
    for await (const mark of kind.apply(work as never, context, null)) last = mark?.at
    return last as object
  }
  const latency = 'haproxy_server_response_time_average_seconds{proxy="web",server="b1"}'

  it('gives gates a baseline of latency, a ratio to it, successes in a row and an initial delay', async () => {
    await proxy.write.shift('web', { v1: 0, v2: 10_000 })
    await send(100, '?ms=20')
    const baseline = await gate(gateMetricsBaseline, { queries: { latency }, count: 2, intervalMs: 10 })
    const rules = {
      query: latency,
      maxIncreasePercent: 100,
      intervalMs: 20,
      initialDelayMs: 30,
      consecutiveSuccessLimit: 3,
      maxStalenessMs: 60_000,
    }
    const judge = () => gate(gateMetrics, { metrics: { latency: rules }, baseline: 'before' }, baseline)
    const began = Date.now()
    expect(await judge()).toMatchObject({ state: { metrics: { latency: { tally: { count: 3 } } } } })
    // 30 ms and two times 20; a timer of Node may be up to a millisecond early.
    expect(Date.now() - began).toBeGreaterThanOrEqual(67)
    await send(100, '?ms=1000')
    await expect(judge()).rejects.toMatchObject({ code: 'gate.failed' })
  })
})
