import { createServer, type OutgoingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type PrometheusServer, startPrometheus } from '../../../test/prometheus.ts'
import { programOf } from '../../testing/debian.ts'
import { type MeasuredServer, startMeasuredServer } from '../../../test/measured-server.ts'
import { prometheus, type PrometheusConfig } from './index.ts'
import { selectorsIn } from './selectors.ts'

const open = (url: string, more: Partial<PrometheusConfig> = {}) =>
  prometheus.open({ url, ...more }, { run: 'r', fence: 1, base: '/', signal: new AbortController().signal })

describe('the series of an expression', () => {
  it.each([
    ['up', ['up']],
    ['sum(rate(a{code=~"5.."}[1m])) / sum(rate(a[1m]))', ['a{code=~"5.."}', 'a']],
    ['sum by (code) (rate(a[5m] offset 1h))', ['a']],
    ['a * on (b) group_left (c) d{e="f}g"}', ['a', 'd{e="f}g"}']],
    ['histogram_quantile(0.95, sum by (le) (rate(a_bucket[1m]))) > bool 5', ['a_bucket']],
    ['{__name__="a"}', ['{__name__="a"}']],
    ['1 + 2e3', []],
    ['max(a) and b unless c', ['a', 'b', 'c']],
    ['time() - a # not b', ['a']],
  ])('%s', (query, selectors) => {
    expect(selectorsIn(query)).toEqual(selectors)
  })
})

describe('the prometheus adapter on answers of all sorts', () => {
  let server: Server
  afterEach(() => new Promise<unknown>((resolve) => server.close(resolve)))
  const answering = async (status: number, body: unknown, seen: unknown[] = [], more: OutgoingHttpHeaders = {}) => {
    server = createServer((request, response) => {
      let form = ''
      request.on('data', (chunk: Buffer) => (form += chunk.toString()))
      request.on('end', () => {
        seen.push([request.method, request.url, request.headers.authorization, form])
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...more })
        response.end(typeof body === 'string' ? body : JSON.stringify(body))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prom/`
  }
  const result = (resultType: string, value: unknown) => ({ status: 'success', data: { resultType, result: value } })

  it('reads scalars, vectors and the odd numbers', async () => {
    const seen: unknown[] = []
    const url = await answering(200, result('scalar', [1, '-Inf']), seen)
    const target = await open(url, { headers: { authorization: 'Bearer hidden-token' } })
    expect(await target.read.measure('1 + 1')).toEqual({ value: -Infinity, at: null })
    expect(seen).toEqual([['POST', '/prom/api/v1/query', 'Bearer hidden-token', 'query=1+%2B+1']])
  })

  it.each([
    [
      400,
      { status: 'error', errorType: 'bad_data', error: 'parse error of hidden-token' },
      'target.failed',
      'Prometheus refuses "1": parse error of (secret)',
    ],
    [422, { status: 'error', errorType: 'execution', error: 'many-to-many' }, 'target.failed', 'many-to-many'],
    [503, { status: 'error', errorType: 'timeout', error: 'too slow' }, 'target.unreachable', 'too slow'],
    [401, 'who are you', 'target.rights', 'refuses the account: status 401'],
    [404, '<html>', 'target.unreachable', 'status 404: <html>'],
    [200, '{"half', 'target.unreachable', 'cannot answer'],
    [200, result('matrix', []), 'target.failed', 'answers a matrix'],
    [200, result('scalar', [1, 'hello']), 'target.failed', '"1" is answered with "hello", which is no number'],
    [200, result('vector', [{ metric: {}, value: [1, ''] }]), 'target.failed', 'with "", which is no number'],
  ] as const)('names an answer of %i', async (status, body, code, message) => {
    const target = await open(await answering(status, body), { headers: { authorization: 'Bearer hidden-token' } })
    await expect(target.read.measure('1')).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('names where it is redirected to, without what stands behind the question mark', async () => {
    const url = await answering(302, '<a href="/login">', [], { location: '/login?token=hidden' })
    await expect((await open(url)).read.measure('1')).rejects.toMatchObject({
      code: 'target.unreachable',
      message: `"${url}api/v1/query" does not answer itself, it redirects to "${new URL('/login', url).href}": status 302`,
      help: expect.stringContaining('page to log in'),
    })
  })

  it('takes no password in its url', async () => {
    await answering(200, '')
    await expect(open('http://u:hidden@127.0.0.1/')).rejects.toMatchObject({ code: 'plan.invalid' })
  })
})

const found = programOf('prometheus', 'prometheus')
if ('missing' in found) console.warn(`skipped: ${found.missing}`)

describe.skipIf('missing' in found)('the prometheus adapter on a real Prometheus', () => {
  let app: MeasuredServer
  let server: PrometheusServer
  beforeAll(async () => {
    app = await startMeasuredServer()
    await app.serve(10, 0)
    server = await startPrometheus('path' in found ? found.path : '', app.at)
    const target = await open(server.url)
    for (;;) {
      const { value } = await target.read.measure('rate(http_requests_total{code="200"}[1m])')
      if (Array.isArray(value) && value.length > 0) return
      await app.serve(20, 1)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  })
  afterAll(async () => {
    await server?.stop()
    await app?.stop()
  })

  it('answers figures with their labels, and how old their series are', async () => {
    const { read } = await open(server.url)
    const all = await read.measure('http_requests_total')
    expect(all.labels?.map((each) => each['code']).sort()).toEqual(['200', '500'])
    expect(Math.abs(Date.now() - (all.at ?? 0))).toBeLessThan(5000)
    const share = await read.measure(
      'sum(rate(http_requests_total{code="500"}[1m])) / sum(rate(http_requests_total[1m]))',
    )
    expect((share.value as readonly number[])[0]).toBeGreaterThanOrEqual(0)
    expect((share.value as readonly number[])[0]).toBeLessThan(0.2)
    expect(share.at).not.toBeNull()
    expect((await read.measure('scalar(memory_bytes)')).value).toBeGreaterThan(1e6)
  })

  it('answers nothing for a series that never appears, NaN as it is, and names what it refuses', async () => {
    const { read } = await open(server.url)
    expect(await read.measure('no_such_series')).toEqual({ value: [], at: null, labels: [] })
    expect((await read.measure('broken_ratio')).value).toEqual([NaN])
    await expect(read.measure('sum(')).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('parse error'),
    })
    await expect(read.measure('http_requests_total[5m]')).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('matrix'),
    })
  })

  it('is unreachable once it is gone', async () => {
    const { read } = await open(server.url)
    await server.kill()
    await expect(read.measure('up')).rejects.toMatchObject({ code: 'target.unreachable' })
  })
})
