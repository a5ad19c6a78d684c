import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MeasuredServer, startMeasuredServer } from '../../../test/measured-server.ts'
import { metricsPage, type MetricsPageConfig } from './index.ts'

let app: MeasuredServer
beforeEach(async () => {
  app = await startMeasuredServer()
})
afterEach(() => app.stop())

const open = (more: Partial<MetricsPageConfig> = {}, path = '/metrics') =>
  metricsPage.open(
    { url: `http://${app.at}${path}`, shareMs: 0, ...more },
    { run: 'r', fence: 1, base: '/', signal: new AbortController().signal },
  )

describe('the metrics-page adapter', () => {
  it('reads a page, and rates over two scrapes', async () => {
    const { read } = await open({ headers: { authorization: 'Bearer hidden-token' } })
    await app.serve(10, 2)
    expect(await read.measure('http_requests_total{code="500"}')).toMatchObject({
      value: [2],
      labels: [{ code: '500' }],
    })
    expect(await read.measure('sum(increase(http_requests_total[30s]))')).toEqual({ value: [], at: null, labels: [] })
    await app.serve(20, 10)
    expect((await read.measure('sum(increase(http_requests_total[30s]))')).value).toEqual([20])
    expect(
      (
        await read.measure(
          'sum(increase(http_requests_total{code="500"}[30s])) / sum(increase(http_requests_total[30s]))',
        )
      ).value,
    ).toEqual([0.5])
    const quantile = (await read.measure('histogram_quantile(0.95, http_seconds_bucket)')).value as readonly number[]
    expect(quantile[0]).toBeGreaterThan(0)
    // A second is not half of thirty: no evidence yet of how fast it grows.
    expect((await read.measure('rate(http_requests_total{code="200"}[30s])')).value).toEqual([])
    // Each try is a scrape more: there is a rate as soon as two of them are far enough apart, and both within the two seconds.
    const rate = async () => (await read.measure('rate(http_requests_total{code="200"}[2s])')).value
    await expect.poll(rate, { interval: 200 }).toHaveLength(1)
    expect(app.scrapes[0]).toMatchObject({ authorization: 'Bearer hidden-token' })
  })

  it('shares a scrape between queries of a moment', async () => {
    const { read } = await open({ shareMs: 10_000 })
    await Promise.all([read.measure('memory_bytes'), read.measure('broken_ratio'), read.measure('none')])
    expect(app.scrapes).toHaveLength(1)
    expect((await read.measure('broken_ratio')).value).toEqual([NaN])
  })

  it('reads OpenMetrics', async () => {
    await app.stop()
    app = await startMeasuredServer(true)
    await app.serve(3, 0)
    expect((await (await open()).read.measure('http_requests_total{code="200"}')).value).toEqual([3])
  })

  it('names what it cannot read, and where nobody answers', async () => {
    const { read } = await open()
    await expect(read.measure('topk(c)')).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('"topk" is no function here'),
    })
    await expect((await open({}, '/ok')).read.measure('a')).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('is no metrics page: line 1'),
    })
    await expect((await open({}, '/fail')).read.measure('a')).rejects.toMatchObject({
      code: 'target.unreachable',
      message: expect.stringContaining('status 500'),
    })
    await app.stop()
    await expect(read.measure('memory_bytes')).rejects.toMatchObject({ code: 'target.unreachable' })
    app = await startMeasuredServer()
  })
})
