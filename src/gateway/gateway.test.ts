import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, one, openRig, type Rig, say, token, until } from '../../test/gateway/rig.ts'
import { bucketOf } from '../flags/index.ts'
import { type Gateway, type GatewayConfig, startGateway } from './index.ts'
import { elsewhere, sideAt, splitOf } from './split.ts'

let rig: Rig
beforeEach(() => {
  rig = openRig()
})
afterEach(() => rig.close())

const named = (name: string, work: (url: string) => Promise<unknown> = async () => undefined) =>
  rig.upstream(async (asked, response) => {
    await work(asked.url ?? '')
    response.end(name)
  })

/** A route with sides `v1` and `v2` on servers that say their names. */
async function two(more: Partial<GatewayConfig['routes'][string]> = {}) {
  const [v1, v2] = [await named('v1'), await named('v2')]
  const route = { sides: { v1: [v1.url], v2: [v2.url] }, shares: { v1: 10_000 }, ...more }
  return { v1, v2, route }
}

async function sidesOf(
  gateway: Gateway,
  count: number,
  options: (at: number) => Parameters<typeof ask>[1] = () => ({}),
) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const bodies = await Promise.all(
    Array.from({ length: count }, (_, at) => ask(gateway.url, { agent, ...options(at) })),
  )
  agent.destroy()
  return bodies.map(({ body }) => body)
}

const shareOf = (bodies: readonly string[], name: string) =>
  bodies.filter((body) => body === name).length / bodies.length

describe('buckets and shares', () => {
  it('counts buckets over UTF-8 bytes, as murmur3 and flagd do', () => {
    // From the test vectors of flagd's fractional operator and of MurmurHash3 itself.
    expect(['', 'a', 'hello', 'ключ', 'flag-keyuser-😀'].map((text) => bucketOf('', text))).toEqual(
      ['', 'a', 'hello', 'ключ', 'flag-keyuser-😀'].map((text) =>
        Math.floor((reference(Buffer.from(text)) * 10_000) / 2 ** 32),
      ),
    )
    expect(bucketOf('he', 'llo')).toBe(Math.floor((0x248bfa47 * 10_000) / 2 ** 32))
  })

  it('gives each side its share of the buckets, and takes nobody out while a share grows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 9999 }),
        (a, b, bucket) => {
          const [less, more] = [Math.min(a, b), Math.max(a, b)]
          const at = (share: number) => sideAt(splitOf(['v1', 'v2'], { v1: 10_000 - share, v2: share }), bucket)
          expect(at(less)).toBe(bucket < less ? 1 : 0)
          if (at(less) === 1) expect(at(more)).toBe(1)
        },
      ),
    )
    const counts = [0, 0, 0]
    const split = splitOf(['a', 'b', 'c'], { a: 2500, b: 7400, c: 100 })
    for (let bucket = 0; bucket < 10_000; bucket++) counts[sideAt(split, bucket)]! += 1
    expect(counts).toEqual([2500, 7400, 100])
  })

  it('sends the requests of a closed side to those that have a share, and to no other', () => {
    const choices = (...open: boolean[]) => open.map((each, at) => ({ name: 'abc'[at]!, open: each }))
    expect(elsewhere(choices(false, true, true), { a: 5000, b: 5000, c: 0 }, 1)).toBe(1)
    expect(elsewhere(choices(false, false, true), { a: 5000, b: 5000, c: 0 }, 1)).toBe(-1)
    const to = Array.from({ length: 10_000 }, (_, bucket) =>
      elsewhere(choices(true, false, true), { a: 2000, b: 4000, c: 4000 }, bucket),
    )
    expect(to.filter((side) => side === 0).length / 10_000).toBeCloseTo(1 / 3, 2)
  })
})

/** An independent murmur3_x86_32, by BigInt. */
function reference(data: Buffer): number {
  const mask = 0xffffffffn
  const turn = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & mask
  const mix = (k: bigint) => (turn((k * 0xcc9e2d51n) & mask, 15n) * 0x1b873593n) & mask
  let hash = 0n
  let at = 0
  for (; at + 4 <= data.length; at += 4)
    hash = (turn(hash ^ mix(BigInt(data.readUInt32LE(at))), 13n) * 5n + 0xe6546b64n) & mask
  let tail = 0n
  for (let left = data.length - 1; left >= at; left--) tail = (tail << 8n) | BigInt(data[left]!)
  if (at < data.length) hash ^= mix(tail)
  hash ^= BigInt(data.length)
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & mask
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & mask
  return Number(hash ^ (hash >> 16n))
}

describe('where requests go', () => {
  it('shares requests by weight', async () => {
    const { route } = await two({ shares: { v1: 7000, v2: 3000 } })
    const gateway = await rig.gateway(route)
    const bodies = await sidesOf(gateway, 1000)
    expect(shareOf(bodies, 'v2')).toBeGreaterThan(0.24)
    expect(shareOf(bodies, 'v2')).toBeLessThan(0.36)
    const { v1, v2 } = gateway.counts('all')
    expect(v1!.requests + v2!.requests).toBe(1000)
    expect(v2!.requests).toBe(bodies.filter((body) => body === 'v2').length)
  })

  it.each([
    ['a header', { header: 'X-User' }, (user: string) => ({ headers: { 'x-user': user } })],
    ['a cookie', { cookie: 'uid' }, (user: string) => ({ headers: { cookie: `a=b; uid=${user}; uid2=x` } })],
    ['a query', { query: 'user' }, (user: string) => ({ path: `/x?a=1&user=${encodeURIComponent(user)}` })],
  ])('keeps users where the bucket of the flag puts them, by %s', async (_, by, options) => {
    const { route } = await two({ sticky: { flag: 'new-api', by }, shares: { v1: 6500, v2: 3500 } })
    const gateway = await rig.gateway(route)
    expect(gateway.facts).toEqual({ routes: { all: { sticky: true, shares: { v1: 6500, v2: 3500 }, drained: [] } } })
    const users = Array.from({ length: 200 }, (__, at) => `user-${at}`)
    const expected = users.map((user) => (bucketOf('new-api', user) < 3500 ? 'v2' : 'v1'))
    for (let round = 0; round < 2; round++)
      expect(await sidesOf(gateway, 200, (at) => options(users[at]!))).toEqual(expected)
    await gateway.shift('all', { v1: 2000, v2: 8000 })
    const later = await sidesOf(gateway, 200, (at) => options(users[at]!))
    expect(expected.every((side, at) => side === 'v1' || later[at] === 'v2')).toBe(true)
  })

  it('finds routes by host and the longest path', async () => {
    const at = async (name: string) => ({ ...one((await named(name)).url) })
    const gateway = await rig.gateway(await at('unused'), {
      routes: {
        api: { ...(await at('api')), path: '/api' },
        deep: { ...(await at('deep')), path: '/api/v2/' },
        host: { ...(await at('host')), host: 'Own.Example' },
      },
    })
    const get = async (path: string, host = 'x') => (await ask(gateway.url + path, { headers: { host } })).body
    expect(await get('/api')).toBe('api')
    expect(await get('/api?x')).toBe('api')
    expect(await get('/api/v2/x')).toBe('deep')
    expect(await get('/apix')).toMatch(/^404 /)
    expect(await get('/api/v2/x', 'own.example:81')).toBe('host')
  })

  it('sends a drained side nothing new, and lets it finish', async () => {
    let [release, slow] = [() => undefined as void, 0]
    const held = new Promise<void>((resolve) => (release = resolve))
    const v2 = await named('v2', async (url) => {
      if (url !== '/slow') return
      slow += 1
      await held
    })
    const v1 = await named('v1')
    const gateway = await rig.gateway({ sides: { v1: [v1.url], v2: [v2.url] }, shares: { v1: 1, v2: 9999 } })
    const under = ask(`${gateway.url}/slow`)
    await until(() => slow === 1)
    await gateway.drain('all', 'v2')
    await gateway.drain('all', 'v2')
    expect(new Set(await sidesOf(gateway, 50))).toEqual(new Set(['v1']))
    expect(gateway.sides('all').v2).toEqual({ serversUp: 0, servers: 1, underWay: 1, waiting: 0, limit: null })
    release()
    expect((await under).body).toBe('v2')
    await until(() => gateway.sides('all').v2!.underWay === 0)
    await gateway.ready('all', 'v2')
    expect(shareOf(await sidesOf(gateway, 50), 'v2')).toBeGreaterThan(0.9)
  })

  it('takes servers out that fail their checks, and back in', async () => {
    let healthy = false
    const sick = await rig.upstream((asked, response) => {
      response.statusCode = asked.url === '/health' && !healthy ? 500 : 200
      response.end('sick')
    })
    const well = await named('well')
    const health = { intervalMs: 30, timeoutMs: 20_000, fall: 2, rise: 2 }
    const gateway = await rig.gateway({ ...one(sick.url, well.url), health })
    await until(() => gateway.sides('all').v1!.serversUp === 1)
    expect(new Set(await sidesOf(gateway, 20))).toEqual(new Set(['well']))
    await well.close()
    await until(() => gateway.sides('all').v1!.serversUp === 0)
    expect(await ask(gateway.url)).toMatchObject({
      status: 503,
      body: expect.stringContaining('no server of this side is up'),
    })
    healthy = true
    await until(() => gateway.sides('all').v1!.serversUp === 1)
    expect((await ask(gateway.url)).body).toBe('sick')
  })

  it('goes to the other side when one is down, but never to one without a share', async () => {
    const { v1, route } = await two({ shares: { v1: 5000, v2: 5000 }, health: { intervalMs: 30, fall: 1 } })
    const gateway = await rig.gateway(route)
    await v1.close()
    await until(() => gateway.sides('all').v1!.serversUp === 0)
    expect(new Set(await sidesOf(gateway, 30))).toEqual(new Set(['v2']))
    await gateway.shift('all', { v1: 10_000, v2: 0 })
    expect((await ask(gateway.url)).status).toBe(503)
  })

  it('takes no more at once than a side may, lets some wait, and refuses the rest', async () => {
    let [now, most, release] = [0, 0, () => undefined as void]
    const held = new Promise<void>((resolve) => (release = resolve))
    const upstream = await named('ok', async () => {
      most = Math.max(most, ++now)
      await held
      now -= 1
    })
    const gateway = await rig.gateway({
      sides: { v1: { upstreams: [upstream.url], limit: 3 } },
      shares: { v1: 10_000 },
      queue: 4,
    })
    const answers = Promise.all(Array.from({ length: 12 }, () => ask(gateway.url)))
    await until(() => gateway.counts('all').v1!.failed === 5)
    expect(gateway.sides('all').v1).toEqual({ serversUp: 1, servers: 1, underWay: 3, waiting: 4, limit: 3 })
    release()
    const statuses = (await answers).map(({ status, headers }) => `${status} ${headers['retry-after'] ?? ''}`)
    expect(statuses.filter((each) => each === '200 ')).toHaveLength(7)
    expect(statuses.filter((each) => each === '503 1')).toHaveLength(5)
    expect(most).toBe(3)
  })

  it('lets nobody wait for ever', async () => {
    const upstream = await rig.raw(() => undefined)
    const sides = { v1: { upstreams: [upstream.url], limit: 1 } }
    const gateway = await rig.gateway({ sides, shares: { v1: 10_000 }, queueMs: 50 })
    const first = ask(gateway.url).catch(() => undefined)
    await until(() => gateway.sides('all').v1!.underWay === 1)
    const second = ask(gateway.url)
    expect(await second).toMatchObject({ status: 503, body: expect.stringContaining('there was no room in time') })
    await gateway.close()
    await first
  })
})

describe('changes under load', () => {
  it('fails no request over 200 shifts', async () => {
    const { route } = await two()
    const gateway = await rig.gateway(route)
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    const bad: unknown[] = []
    let [going, count] = [true, 0]
    const client = async (at: number) => {
      while (going) {
        count += 1
        const options =
          at % 2 === 0 ? { agent } : { agent, method: 'POST', body: Buffer.from('x'.repeat(count % 3000)) }
        const answer = await ask(gateway.url, options).catch((error: unknown) => ({
          status: 0,
          whole: false,
          body: String(error),
        }))
        if (answer.status !== 200 || !answer.whole) bad.push(answer)
      }
    }
    const clients = Array.from({ length: 8 }, (_, at) => client(at))
    for (let at = 1; at <= 200; at++) {
      const share = at * 49
      expect(await gateway.shift('all', { v1: 10_000 - share, v2: share })).toEqual({ v1: 10_000 - share, v2: share })
      if (at % 40 === 0) await gateway.drain('all', at % 80 === 0 ? 'v1' : 'v2')
      if (at % 40 === 20) await Promise.all([gateway.ready('all', 'v1'), gateway.ready('all', 'v2')])
    }
    going = false
    await Promise.all(clients)
    agent.destroy()
    expect(bad).toEqual([])
    expect(count).toBeGreaterThan(200)
    const { v1, v2 } = gateway.counts('all')
    expect([v1!.requests + v2!.requests, v1!.failed + v2!.failed]).toEqual([count, 0])
  })

  it('keeps shares, drained sides and its identity over a restart', async () => {
    const { route } = await two({ shares: { v1: 10_000 } })
    const state = join(rig.folder, 'kept.json')
    const config = { listen: { port: 0 }, control: { port: 0, token }, state, routes: { all: route } }
    const first = await startGateway(config)
    await Promise.all([
      first.shift('all', { v1: 4000, v2: 6000 }),
      first.drain('all', 'v2'),
      first.shift('all', { v1: 2500, v2: 7500 }),
    ])
    await first.close()
    const second = await startGateway(config)
    expect(second.shares('all')).toEqual({ v1: 2500, v2: 7500 })
    expect(second.sides('all').v2!.serversUp).toBe(0)
    await second.close()
    const kept = JSON.parse(readFileSync(state, 'utf8')) as { id: string }
    expect(kept).toMatchObject({ routes: { all: { shares: { v1: 2500, v2: 7500 }, drained: ['v2'] } } })
    writeFileSync(state, '{"half')
    await expect(startGateway(config)).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining(`"${state}" cannot be used`),
    })
  })

  it('has after a crash what it answered last, or what it was told right then', async () => {
    const { route } = await two()
    const state = join(rig.folder, 'crash.json')
    const config = { listen: { port: 0 }, control: { port: 0, token }, state, routes: { all: route } }
    const program = `
      const { startGateway } = await import(process.argv[1])
      const gateway = await startGateway(JSON.parse(process.argv[2]))
      console.log(JSON.stringify(gateway.shares('all').v2))
      for (let v2 = gateway.shares('all').v2 + 1; ; v2++) {
        await gateway.shift('all', { v1: 10000 - v2, v2 })
        console.log(String(v2))
      }`
    const built = join(import.meta.dirname, '..', '..', 'dist', 'gateway', 'index.js')
    let answered = 0
    for (let crash = 0; crash < 4; crash++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, built, JSON.stringify(config)])
      let said = ''
      child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
      await until(() => said.split('\n').length > 10 + crash * 3)
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
      const lines = said.trimEnd().split('\n').map(Number)
      expect([answered, answered + 1]).toContain(lines[0])
      answered = lines.at(-1)!
    }
    const { shares } = (JSON.parse(readFileSync(state, 'utf8')) as { routes: { all: { shares: { v2: number } } } })
      .routes.all
    expect([answered, answered + 1]).toContain(shares.v2)
  })

  it('does not believe a change that it could not keep', async () => {
    const { route } = await two()
    const gateway = await rig.gateway(route, { state: join(rig.folder, 'gone', 'state.json') })
    const { rmSync } = await import('node:fs')
    rmSync(join(rig.folder, 'gone'), { recursive: true })
    writeFileSync(join(rig.folder, 'gone'), 'a file in the way')
    await expect(gateway.shift('all', { v1: 0, v2: 10_000 })).rejects.toMatchObject({ code: 'target.failed' })
    expect(gateway.shares('all')).toEqual({ v1: 10_000, v2: 0 })
    expect((await ask(gateway.url)).body).toBe('v1')
  })

  it('closes when requests under way have ended, and tells clients to come back on another connection', async () => {
    let [release, slow] = [() => undefined as void, 0]
    const held = new Promise<void>((resolve) => (release = resolve))
    const upstream = await named('ok', async () => {
      slow += 1
      await held
    })
    const gateway = await rig.gateway(one(upstream.url), { timeouts: { graceMs: 2_000 } })
    const under = ask(gateway.url, { agent: new Agent({ keepAlive: true }) })
    const idle = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    await until(() => slow === 1)
    const closed = gateway.close()
    await expect(ask(gateway.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    release()
    expect(await under).toMatchObject({ status: 200, body: 'ok', headers: { connection: 'close' } })
    await closed
    await until(() => idle.destroyed || idle.readyState !== 'open')
    expect(upstream.sockets.size).toBe(0)
  })

  it('cuts what does not end in its grace', async () => {
    const upstream = await rig.raw(() => undefined)
    const gateway = await rig.gateway(one(upstream.url), { timeouts: { graceMs: 100 } })
    const under = ask(gateway.url).catch((error: Error) => error.message)
    await until(() => upstream.sockets.size === 1)
    await gateway.close()
    expect(await under).toBe('socket hang up')
  })
})

describe('its configuration', () => {
  it.each([
    [{ shares: { v1: 9999 } }, 'shares are 9999 hundredths of a percent in all, not 10000'],
    [{ shares: { v1: 10_000, v3: 0 } }, 'there is no side "v3", only "v1"'],
    [{ shadow: { old: 'v1', new: 'v2' } }, 'routes.all.shadow names a side "v2" that is not there'],
    [{ sides: { v1: ['http://h:1/path'] } }, 'an upstream is http://host:port, without a path'],
    [{ path: 'x' }, 'routes.all.path'],
  ])('is refused where it is wrong', async (wrong, message) => {
    await expect(rig.gateway({ ...one('http://127.0.0.1:1'), ...wrong } as never)).rejects.toMatchObject({
      code: 'plan.invalid',
      message: expect.stringContaining(message),
    })
  })

  it('is refused where two routes take the same requests', async () => {
    const route = { sides: { v1: ['http://127.0.0.1:1'] }, shares: { v1: 10_000 } }
    const routes = { one: { ...route, path: '/shop' }, other: { ...route, path: '/shop/' } }
    await expect(rig.gateway(routes.one, { routes })).rejects.toMatchObject({
      code: 'plan.invalid',
      message:
        'the gateway cannot be set up: routes.other: takes the same requests as "one": give one another host or path',
    })
  })

  it.each([
    [{ host: '127.0.0.1', port: 8080 }, 'http://127.0.0.1:8080', 'listen'],
    [{ host: '0.0.0.0', port: 8080 }, 'http://localhost:8080', 'listen'],
    [{ host: '::', port: 80 }, 'http://[::1]', 'listen'],
    [{ host: 'gate.example', port: 8080 }, 'http://GATE.example:8080', 'listen'],
    [{ host: '127.0.0.1', port: 8082 }, 'http://127.0.0.1:8081', 'control'],
  ])('is refused where it asks itself: %j, %s', async (listen, upstream, door) => {
    const control = { host: '127.0.0.1', port: 8081, token: 'a-token-of-the-test' }
    const { host, port } = door === 'listen' ? listen : control
    await expect(rig.gateway(one(upstream), { listen, control } as never)).rejects.toMatchObject({
      code: 'plan.invalid',
      message: `the gateway cannot be set up: routes.all.sides.v1: upstream "${upstream}" is this gateway itself, which has "${host}:${port}" for its \`${door}\``,
    })
  })

  it('takes routes and sides called as words of the language, and refuses the one that no name can be', async () => {
    const upstream = await named('x')
    const sides = { toString: [upstream.url], constructor: [upstream.url] }
    const gateway = await rig.gateway(one(upstream.url), {
      routes: { constructor: { sides, shares: { toString: 10_000 } } },
    })
    expect(gateway.facts.routes['constructor']).toEqual({
      sticky: false,
      shares: { toString: 10_000, constructor: 0 },
      drained: [],
    })
    expect(await (await fetch(gateway.url)).text()).toContain('x')
    const proto = JSON.parse(`{"__proto__": ${JSON.stringify(one(upstream.url))}}`) as object
    await expect(rig.gateway(one(upstream.url), { routes: proto } as never)).rejects.toMatchObject({
      code: 'plan.invalid',
      message: 'the gateway cannot be set up: routes.__proto__: no name can be "__proto__"',
    })
  })

  it('names the port that is taken', async () => {
    const [upstream, taken] = [await named('x'), await named('y')]
    await expect(rig.gateway(one(upstream.url), { listen: { port: taken.port } })).rejects.toMatchObject({
      code: 'target.failed',
      message: `the gateway cannot listen on "127.0.0.1:${taken.port}": EADDRINUSE`,
    })
  })
})

describe('other protocols', () => {
  const hello = (more = '') =>
    `GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n${more}\r\n`

  it('joins the two ends after a 101, with what came early on either side', async () => {
    const upstream = await rig.raw((socket) => {
      socket.once('data', (head) => {
        expect(head.toString()).toMatch(/\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/)
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\nearly,',
        )
        socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()))
      })
    })
    const gateway = await rig.gateway(one(upstream.url))
    const text = await say(gateway.url, [`${hello()}first,`])
    expect(text).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\n[^]*Sec-WebSocket-Accept: a\r\n[^]*\r\n\r\nearly,FIRST,$/,
    )
    await until(() => gateway.sides('all').v1!.underWay === 0 && upstream.sockets.size === 0)
    expect(gateway.counts('all').v1).toEqual({ requests: 1, failed: 0 })
  })

  it('passes a refusal as an answer', async () => {
    const upstream = await rig.upstream((_, response) => response.writeHead(403).end('no'))
    const gateway = await rig.gateway(one(upstream.url))
    expect(await say(gateway.url, hello())).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*no/)
  })

  it('answers 502 and 503 where there is nobody to speak to', async () => {
    const upstream = await rig.upstream(() => undefined)
    await upstream.close()
    const gateway = await rig.gateway({ ...one(upstream.url), health: { intervalMs: 20, fall: 1 } })
    expect(await say(gateway.url, hello())).toMatch(/^HTTP\/1\.1 50[23] /)
    await until(() => gateway.sides('all').v1!.serversUp === 0)
    expect(await say(gateway.url, hello())).toMatch(/^HTTP\/1\.1 503 /)
  })

  it('opens no tunnel for protocols it was not told of, and answers such a request in HTTP/1.1', async () => {
    const upstream = await rig.upstream((asked, response) => response.end(JSON.stringify(asked.headers)))
    const gateway = await rig.gateway(one(upstream.url))
    const h2c =
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n'
    const text = await say(gateway.url, h2c)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(text).not.toMatch(/h2c|http2-settings/i)
    expect(
      await say(gateway.url, h2c.replace('GET', 'POST').replace('Host', 'Content-Length: 2\r\nHost') + 'ab'),
    ).toMatch(/^HTTP\/1\.1 501 /)
  })

  it('ends tunnels when it closes', async () => {
    const upstream = await rig.raw(
      (socket) =>
        void socket.once('data', () =>
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
        ),
    )
    const gateway = await rig.gateway(one(upstream.url), { timeouts: { graceMs: 50 } })
    const client = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => void client.write(hello()))
    let heard = ''
    client.on('data', (bytes: Buffer) => (heard += bytes.toString()))
    const over = new Promise((resolve) => client.once('close', resolve))
    await until(() => heard.endsWith('\r\n\r\n'))
    expect(heard).toMatch(/^HTTP\/1\.1 101 /)
    await gateway.close()
    await over
  })
})
