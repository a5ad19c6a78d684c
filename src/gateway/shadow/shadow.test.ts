import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, bodyOf, openRig, type Rig, sleep, token, until } from '../../../test/gateway/rig.ts'
import type { GatewayConfig } from '../index.ts'

let rig: Rig
beforeEach(() => {
  rig = openRig()
})
afterEach(() => rig.close())

type Shadow = Partial<NonNullable<GatewayConfig['routes'][string]['shadow']>>

const json =
  (value: unknown): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }

async function watched(
  old: RequestListener,
  next: RequestListener,
  shadow: Shadow = {},
  more: Partial<GatewayConfig> = {},
) {
  const [v1, v2] = [await rig.upstream(old), await rig.upstream(next)]
  const route = {
    sides: { v1: [v1.url], v2: [v2.url] },
    shares: { v1: 10_000 },
    shadow: { old: 'v1', new: 'v2', sample: 1, ...shadow },
  }
  const gateway = await rig.gateway(route, more)
  const report = async () => {
    await until(() => {
      const now = gateway.shadow('all')!
      const { dropped, 'too-large': large, 'not-comparable': not, 'no-old-answer': none } = now.skipped
      return now.sampled === now.compared + now.failed + dropped + large + not + none
    })
    await gateway.shadowIdle()
    return gateway.shadow('all')!
  }
  return { gateway, report, v1, v2 }
}

describe('the shadow', () => {
  it('finds what the new version answers differently, and says where, not what', async () => {
    const { gateway, report } = await watched(
      json({ id: 1, items: [{ price: 10 }], secret: 's3cret-old' }),
      json({ id: '1', items: [{ price: 11 }], secret: 's3cret-new' }),
    )
    for (let at = 0; at < 5; at++) expect((await ask(`${gateway.url}/x?token=t0ken`)).body).toContain('s3cret-old')
    const found = await report()
    expect(found).toMatchObject({
      sampled: 5,
      compared: 5,
      mismatched: 5,
      matched: 0,
      failed: 0,
      mismatchRate: 1,
      twins: 5,
    })
    expect(found.fields.map(({ place, kind }) => `${kind} ${place}`).sort()).toEqual([
      'type body.id',
      'value body.items[*].price',
      'value body.secret',
    ])
    expect(found.samples[0]).toMatchObject({ method: 'GET', path: '/x' })
    expect(JSON.stringify(found)).not.toMatch(/s3cret|t0ken/)
  })

  it('takes what two old answers differ in for noise, and still sees the rest', async () => {
    // What is new in every answer, of either version: a counter, and the id of a row.
    let [count, kind] = [0, 'same']
    const old: RequestListener = (asked, response) =>
      json({ now: count++, list: [{ id: `row ${count}` }], v: 1 })(asked, response)
    const next: RequestListener = (asked, response) =>
      json({ now: count++, list: [{ id: `row ${count}` }], v: kind === 'same' ? 1 : 2 })(asked, response)
    const { gateway, report } = await watched(old, next, { warmUp: 3, twins: 0 })
    for (let at = 0; at < 10; at++) await ask(gateway.url)
    const calm = await report()
    expect(calm).toMatchObject({ compared: 10, mismatched: 0, noisy: 10, mismatchRate: 0, twins: 3 })
    expect(calm.noise.map(({ place }) => place).sort()).toEqual(['body.list[*].id', 'body.now'])
    kind = 'other'
    for (let at = 0; at < 4; at++) await ask(gateway.url)
    expect(await report()).toMatchObject({
      compared: 14,
      mismatched: 4,
      fields: [{ place: 'body.v', kind: 'value', mismatches: 4 }],
    })
  })

  it('does not blame the new version for what changed in the world between two questions', async () => {
    let stock = 1
    const old: RequestListener = (asked, response) => json({ stock })(asked, response)
    const next: RequestListener = (asked, response) => {
      stock += 1
      json({ stock })(asked, response)
    }
    const { gateway, report } = await watched(old, next, { warmUp: 0, twins: 0 })
    await ask(gateway.url)
    expect(await report()).toMatchObject({ compared: 1, mismatched: 0, twins: 1 })
  })

  it('asks twice what is safe, and nothing else, but where a path is declared', async () => {
    const seen: string[] = []
    const next: RequestListener = async (asked, response) => {
      seen.push(
        `${asked.method} ${asked.url} ${String(asked.headers['x-changeover-shadow'])} ${(await bodyOf(asked)).toString()}`,
      )
      json({})(asked, response)
    }
    const { gateway, report } = await watched(json({}), next, {
      safe: [{ method: 'POST', path: '/search' }],
      warmUp: 0,
      twins: 0,
    })
    const body = Buffer.from('{"q":1}')
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])
      await ask(`${gateway.url}/pay`, { method, ...(method.startsWith('P') ? { body } : {}) })
    for (const path of ['/search', '/search/deep?x', '/searching'])
      await ask(gateway.url + path, { method: 'POST', body })
    for (const path of [
      '/search/../pay',
      '/search/%2e%2e/pay',
      '/search/..%2Fpay',
      '/search//../pay',
      '/search\\..\\pay',
      '/search;/../pay',
    ])
      await ask(gateway.url, { method: 'POST', path, body })
    await ask(gateway.url, { headers: { 'if-none-match': '"x"' } })
    await ask(gateway.url, { headers: { range: 'bytes=0-1' } })
    await report()
    expect(seen.sort()).toEqual([
      'GET /pay candidate ',
      'HEAD /pay candidate ',
      'OPTIONS /pay candidate ',
      'POST /search candidate {"q":1}',
      'POST /search/deep?x candidate {"q":1}',
    ])
  })

  it('never delays a user, and counts what the new version does not answer', async () => {
    const { gateway, report } = await watched(json({}), () => undefined, { timeoutMs: 500, atOnce: 2, queue: 3 })
    for (let at = 0; at < 20; at++) expect((await ask(gateway.url)).status).toBe(200)
    const found = await report()
    expect(found.failed).toBeGreaterThanOrEqual(5)
    // One user asks after the other: had each waited for the new version, there would never have been more under way than may be.
    expect(found.skipped.dropped).toBeGreaterThan(0)
    expect(found.failed + found.skipped.dropped).toBe(20)
    expect(found.mismatchRate).toBe(1)
    expect(gateway.counts('all')).toEqual({ v1: { requests: 20, failed: 0 }, v2: { requests: 0, failed: 0 } })
  })

  it('counts a new version that is down as a mismatch, and lets users feel nothing of it', async () => {
    const { gateway, report, v2 } = await watched(json({}), json({}))
    await v2.close()
    for (let at = 0; at < 3; at++) expect((await ask(gateway.url)).status).toBe(200)
    expect(await report()).toMatchObject({ failed: 3, compared: 0, mismatchRate: 1 })
  })

  it('compares what is compressed by what is in it, and leaves large answers alone', async () => {
    const value = { list: Array.from({ length: 100 }, (_, at) => ({ at })) }
    const zipped: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      response.end(gzipSync(JSON.stringify(value)))
    }
    const { gateway, report } = await watched(
      (asked, response) => (asked.url === '/large' ? response.end(Buffer.alloc(300_000)) : zipped(asked, response)),
      (asked, response) => (asked.url === '/large' ? response.end() : json(value)(asked, response)),
    )
    await ask(gateway.url)
    await ask(`${gateway.url}/large`)
    expect(await report()).toMatchObject({ compared: 1, matched: 1, skipped: { 'too-large': 1 } })
  })

  it('uses the rules of its route', async () => {
    const { gateway, report } = await watched(json({ at: 1, price: 1.001 }), json({ at: 2, price: 1.002 }), {
      showValues: true,
      rules: { ignore: ['body.at'], tolerance: [{ path: 'body.price', absolute: 0.0005 }] },
    })
    await ask(gateway.url)
    const { samples } = await report()
    expect(samples[0]?.differences).toEqual([
      {
        path: 'body.price',
        kind: 'value',
        types: { old: 'number', new: 'number' },
        values: { old: 1.001, new: 1.002 },
      },
    ])
  })

  it('samples a share, and only what the old side answered', async () => {
    const { gateway, report } = await watched(json({}), json({}), { sample: 0.3 })
    for (let at = 0; at < 200; at++) await ask(gateway.url)
    const { sampled, compared } = await report()
    expect(sampled).toBeGreaterThan(30)
    expect(sampled).toBeLessThan(90)
    expect(compared).toBe(sampled)
    await gateway.shift('all', { v1: 0, v2: 10_000 })
    for (let at = 0; at < 20; at++) await ask(gateway.url)
    expect((await report()).sampled).toBe(sampled)
  })

  it('alters no answer: every byte is what it is without a shadow, while the new version does its worst', async () => {
    const old: RequestListener = async (asked, response) => {
      const body = await bodyOf(asked)
      response.writeHead(asked.url === '/teapot' ? 418 : 200, {
        'content-type': 'application/json',
        'set-cookie': ['a=1', 'b=2'],
        'x-method': asked.method,
      })
      response.write(`{"sum":"${createHash('sha256').update(body).digest('hex')}",`)
      await sleep(2)
      response.end(`"big":"${'y'.repeat(asked.url === '/big' ? 200_000 : 10)}"}`)
    }
    let turn = 0
    const worst: RequestListener = (asked, response) => {
      turn += 1
      if (turn % 5 === 0) return void response.writeHead(500).end('{')
      if (turn % 5 === 1) return void asked.socket.destroy()
      if (turn % 5 === 2) return void response.end(Buffer.alloc(2_000_000))
      if (turn % 5 === 3)
        return void response.writeHead(200, { 'content-length': '99' }).write('cut', () => asked.socket.destroy())
      return undefined
    }
    const { gateway, v1 } = await watched(old, worst, {
      timeoutMs: 50,
      safe: [{ method: 'POST', path: '/' }],
      warmUp: 1000,
    })
    const strip = (reply: Awaited<ReturnType<typeof ask>>) => ({
      ...reply,
      raw: undefined,
      headers: { ...reply.headers, date: '', 'keep-alive': '', connection: '' },
    })
    for (let at = 0; at < 60; at++) {
      const path = ['/', '/big', '/teapot'][at % 3]!
      const options = at % 2 === 0 ? { path } : { path, method: 'POST', body: Buffer.alloc(at * 1000, 'z') }
      expect(strip(await ask(gateway.url, options))).toEqual(strip(await ask(v1.url, options)))
    }
    await gateway.shadowIdle()
    const found = gateway.shadow('all')!
    expect(found.mismatched + found.failed).toBeGreaterThan(0)
    expect(gateway.counts('all').v1).toEqual({ requests: 60, failed: 0 })
  })

  it('reports itself as metrics, and at the control API', async () => {
    const { gateway, report } = await watched(json({ a: 1 }), json({ a: 2 }))
    await ask(gateway.url)
    await report()
    const headers = { authorization: `Bearer ${token}` }
    expect(JSON.parse((await ask(`${gateway.controlUrl}/v1/routes/all/shadow`, { headers })).body)).toMatchObject({
      mismatched: 1,
      mismatchRate: 1,
    })
    const page = (await ask(`${gateway.controlUrl}/metrics`)).body
    expect(page).toContain('changeover_gateway_shadow_mismatch_rate{route="all"} 1\n')
    expect(page).toContain('changeover_gateway_shadow_skipped_total{route="all",why="dropped"} 0\n')
  })
})
