import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, openRig, type Rig, sleep, token, until } from '../../../test/gateway/rig.ts'
import type { Gateway } from '../../gateway/index.ts'
import { freePort } from '../../testing/index.ts'
import { gateway as adapter, type GatewayTargetConfig } from './index.ts'

let rig: Rig
let gateway: Gateway
beforeEach(async () => {
  rig = openRig()
  const [v1, v2] = [
    await rig.upstream((_, response) => response.end('v1')),
    await rig.upstream((_, response) => response.end('v2')),
  ]
  gateway = await rig.gateway({
    sides: { v1: [v1.url], v2: { upstreams: [v2.url], limit: 7 } },
    shares: { v1: 10_000 },
    sticky: { flag: 'f', by: { header: 'x-user' } },
  })
})
afterEach(() => rig.close())

const open = (
  more: Partial<GatewayTargetConfig> = {},
  fence = 1,
  signal = new AbortController().signal,
  run = 'run ü',
) => adapter.open({ url: gateway.controlUrl, token, ...more }, { run, fence, base: '/', signal })

describe('the gateway adapter', () => {
  it('reads what is there, and shifts, drains and readies', async () => {
    const target = await open()
    expect(await target.observe()).toEqual({
      routes: { all: { sticky: true, shares: { v1: 10_000, v2: 0 }, drained: [] } },
    })
    expect(await target.read.sides('all')).toEqual({
      v1: { serversUp: 1, servers: 1, underWay: 0, waiting: 0, limit: null },
      v2: { serversUp: 1, servers: 1, underWay: 0, waiting: 0, limit: 7 },
    })
    expect(await target.write.shift('all', { v1: 0, v2: 10_000 })).toEqual({ v1: 0, v2: 10_000 })
    expect(await target.read.shares('all')).toEqual({ v1: 0, v2: 10_000 })
    expect((await ask(gateway.url)).body).toBe('v2')
    expect(await target.read.counts('all')).toEqual({ v1: { requests: 0, failed: 0 }, v2: { requests: 1, failed: 0 } })
    await target.write.shift('all', { v1: 5000, v2: 5000 })
    await target.write.drain('all', 'v2')
    await target.write.drain('all', 'v2')
    expect((await target.read.sides('all')).v2!.serversUp).toBe(0)
    for (let at = 0; at < 10; at++) expect((await ask(gateway.url)).body).toBe('v1')
    await target.write.ready('all', 'v2')
    expect((await target.read.sides('all')).v2!.serversUp).toBe(1)
    expect(await target.identity()).toMatch(/^gateway:[0-9a-f-]{36}$/)
  })

  it.each([
    [{ v1: 5000 }, 'shares are 5000 hundredths of a percent in all, not 10000'],
    [{ v1: 5000, v3: 5000 }, 'there is no side "v3"'],
    [{ v1: 10_001, v2: -1 }, 'no whole number'],
    [{ v1: 9999.5, v2: 0.5 }, 'no whole number'],
  ])('refuses shares that are none, and changes nothing', async (shares, message) => {
    const target = await open()
    await expect(target.write.shift('all', shares)).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining(message),
    })
    expect(await target.read.shares('all')).toEqual({ v1: 10_000, v2: 0 })
  })

  it('names routes and sides that are not there', async () => {
    const target = await open()
    await expect(target.read.shares('al')).rejects.toMatchObject({
      code: 'target.failed',
      message: 'there is no route "al"; did you mean "all"?',
      help: 'routes are: all',
    })
    await expect(target.write.drain('all', 'v9/../../x')).rejects.toMatchObject({
      message: expect.stringContaining('has no side "v9/../../x"'),
    })
  })

  it('bars an older runner of the same run, also after a restart, and no other run', async () => {
    const [older, newer, other] = [await open({}, 1), await open({}, 2), await open({}, 1, undefined, 'other')]
    await older.fence()
    await older.write.shift('all', { v1: 9000, v2: 1000 })
    await newer.fence()
    await expect(older.write.shift('all', { v1: 0, v2: 10_000 })).rejects.toMatchObject({ code: 'target.fenced' })
    await expect(older.fence()).rejects.toMatchObject({ code: 'target.fenced' })
    expect(await older.read.shares('all')).toEqual({ v1: 9000, v2: 1000 })
    await newer.write.shift('all', { v1: 8000, v2: 2000 })
    await other.fence()
    await other.write.shift('all', { v1: 7000, v2: 3000 })
    await newer.forget?.()
    await older.write.shift('all', { v1: 6000, v2: 4000 })
  })

  it('needs the token, and never shows it', async () => {
    const target = await open({ token: 'a-wrong-token-of-16' })
    const error = await target.read.shares('all').catch((each: unknown) => each)
    expect(error).toMatchObject({ code: 'target.rights', message: 'the token is missing or wrong' })
    expect(JSON.stringify(error)).not.toContain('a-wrong-token')
    for (const path of ['/v1/gateway', '/v1/routes/all/shares', '/v1/x'])
      expect((await ask(gateway.controlUrl + path)).status).toBe(401)
    expect((await ask(`${gateway.controlUrl}/health`)).body).toBe('ok\n')
  })

  it('says when nobody answers, and stops with the signal', async () => {
    const port = await freePort()
    await expect((await open({ url: `http://127.0.0.1:${port}` })).identity()).rejects.toMatchObject({
      code: 'target.unreachable',
      message: `GET "http://127.0.0.1:${port}/v1/gateway" failed: ECONNREFUSED`,
    })
    const silent = await rig.raw(() => undefined)
    await expect((await open({ url: silent.url, timeoutMs: 50 })).identity()).rejects.toMatchObject({
      message: expect.stringContaining('no answer in 50 ms'),
    })
    const stop = new AbortController()
    const target = await open({ url: silent.url }, 1, stop.signal)
    setTimeout(() => stop.abort(new Error('enough')), 20)
    await expect(target.identity()).rejects.toThrow('enough')
    const wrong = await rig.upstream((_, response) => response.end('{"x":1}'))
    await expect((await open({ url: `${wrong.url}/x` })).read.shares('all')).resolves.toBeDefined()
  })

  it('shifts a thousand times, and every answer is what was said', async () => {
    const target = await open()
    for (let at = 1; at <= 100; at++)
      expect(await target.write.shift('all', { v1: 10_000 - at * 100, v2: at * 100 })).toEqual({
        v1: 10_000 - at * 100,
        v2: at * 100,
      })
  })
})

describe('the control API', () => {
  const call = (method: string, path: string, body?: string) =>
    ask(`${gateway.controlUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    })

  it('answers what it does not know and cannot read in plain words', async () => {
    expect(await call('GET', '/v1/routes/all/colour')).toMatchObject({ status: 404 })
    expect(await call('DELETE', '/v1/routes/all/shares')).toMatchObject({ status: 404 })
    expect(await call('PUT', '/v1/routes/all/shares', '{bad')).toMatchObject({ status: 400 })
    expect(await call('PUT', '/v1/routes/all/shares', '[1]')).toMatchObject({ status: 422 })
    expect(await call('PUT', '/v1/routes/all/shares', ' '.repeat(100_000))).toMatchObject({ status: 400 })
    expect(await call('GET', '/v1/routes/%zz/shares')).toMatchObject({ status: 400 })
  })

  it('gives latency, and Prometheus text whose counts agree with it', async () => {
    for (let at = 0; at < 20; at++) await ask(gateway.url)
    await until(
      async () =>
        (JSON.parse((await call('GET', '/v1/routes/all/latency')).body) as { v1: { count: number } }).v1.count === 20,
    )
    await sleep(1)
    const page = (await call('GET', '/metrics')).body
    expect(page).toContain('changeover_gateway_requests_total{route="all",side="v1"} 20\n')
    expect(page).toContain('changeover_gateway_answers_total{route="all",side="v1",status="2xx"} 20\n')
    expect(page).toContain('changeover_gateway_duration_seconds_bucket{route="all",side="v1",le="+Inf"} 20\n')
    expect(page).toContain('changeover_gateway_share{route="all",side="v1"} 1\n')
    expect(page).toContain('changeover_gateway_unkeyed_total{route="all"} 20\n')
    for (const line of page.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) changeover_gateway_\w+ .+|changeover_gateway_\w+\{[^}]+\} [\d.e+-]+)$/)
  })
})
