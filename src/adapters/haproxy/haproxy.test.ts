import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import type { Shares } from '../../core/ports/index.ts'
import { trafficDrain, trafficShift } from '../../kinds/traffic/index.ts'
import {
  describeKind,
  haproxySource,
  type KindCase,
  rigFlag,
  startHaproxy,
  startTrafficRig,
  type TrafficRig,
} from '../../testing/index.ts'
import { programOf } from '../../testing/debian.ts'
import { bucketOf, pipelined, userNumber } from '../../testing/users.ts'
import { sharesOfWeights, weightsFor } from '../../traffic/index.ts'
import { haproxy, type HaproxyConfig, showSplit, stickySplit } from './index.ts'

const source = haproxySource()
if ('missing' in source) console.warn(`skipped: HAProxy: ${source.missing}`)
const withHaproxy = describe.skipIf('missing' in source)

const stable = { v1: 10_000, v2: 0 }
let rig: TrafficRig
let target: Target<'traffic'>
const open = (config: HaproxyConfig) =>
  haproxy.open(config, { run: 'r', fence: 1, base: '/', signal: new AbortController().signal })

beforeAll(async () => {
  if ('missing' in source) return
  rig = await startTrafficRig()
})
afterAll(() => rig?.stop())

/** As it was when it was started. */
async function fresh(): Promise<Target<'traffic'>> {
  const opened = await open(rig.config)
  for (const route of ['web', 'shop']) {
    await opened.write.shift(route, stable)
    for (const side of ['v1', 'v2']) await opened.write.ready(route, side)
  }
  return opened
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 })
afterAll(() => agent.destroy())

function get(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; side: string; bucket: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, headers }, (answer) => {
      answer.resume()
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          side: String(answer.headers['x-side'] ?? ''),
          bucket: String(answer.headers['x-bucket'] ?? ''),
        }),
      )
    })
    asking.on('error', reject)
    asking.end()
  })
}

withHaproxy('the haproxy adapter', () => {
  beforeEach(async () => {
    target = await fresh()
  })

  it('observes routes, sides and configured weights, and is ready', async () => {
    expect(await target.observe()).toEqual({
      routes: {
        web: { sticky: false, shares: stable, drained: [], weights: { v1: [100, 50], v2: [0] } },
        shop: { sticky: true, shares: stable, drained: [] },
      },
    })
    expect(await target.ready?.()).toEqual([])
    expect(await target.identity()).toBe(`haproxy:${rig.haproxy.socket}`)
  })

  it('reaches by weights what it said it would, and reads it back', async () => {
    const { web } = (await target.observe()).routes
    for (const v2 of [0, 39, 100, 1000, 3333, 5000, 9900, 9999, 10_000]) {
      const asked = { v1: 10_000 - v2, v2 }
      const said = await target.write.shift('web', asked)
      expect(said).toEqual(haproxy.tools.reach?.(web!, asked))
      expect(Math.abs(said['v2']! - v2)).toBeLessThan(20)
    }
    expect(await target.write.shift('shop', { v1: 9999, v2: 1 })).toEqual({ v1: 9999, v2: 1 })
  })

  it('shares requests by what it was told, and keeps servers of a side in proportion', async () => {
    await target.write.shift('web', { v1: 7500, v2: 2500 })
    const before = await target.read.counts('web')
    const answers = await Promise.all(Array.from({ length: 400 }, () => get(rig.url.web)))
    expect(answers.filter((each) => each.side === 'v2').length).toBe(100)
    const after = await target.read.counts('web')
    expect(after['v2']!.requests - before['v2']!.requests).toBe(100)
    expect(after['v1']!.failed - before['v1']!.failed).toBe(0)
  })

  it('counts answers of 500 and those that never came', async () => {
    const before = await target.read.counts('web')
    await get(`${rig.url.web}?status=503`)
    await get(`${rig.url.web}?status=404`)
    const after = await target.read.counts('web')
    expect(after['v1']!.failed - before['v1']!.failed).toBe(1)
    expect(after['v1']!.requests - before['v1']!.requests).toBe(2)
  })

  it('drains a side: nothing new, what is under way ends well', async () => {
    await target.write.shift('web', { v1: 5000, v2: 5000 })
    const slow = Array.from({ length: 4 }, () => get(`${rig.url.web}?ms=2000`))
    await expect.poll(async () => (await target.read.sides('web'))['v2']?.underWay).toBe(2)
    await target.write.drain('web', 'v2')
    await target.write.drain('web', 'v2')
    const busy = await target.read.sides('web')
    expect(busy['v2']).toMatchObject({ serversUp: 0, servers: 1, underWay: 2, limit: 0 })
    expect((await target.observe()).routes['web']).toMatchObject({ drained: ['v2'], shares: { v1: 5000, v2: 5000 } })
    const others = await Promise.all(Array.from({ length: 20 }, () => get(rig.url.web)))
    expect(new Set(others.map((each) => each.side))).toEqual(new Set(['v1']))
    expect((await Promise.all(slow)).map((each) => each.status)).toEqual([200, 200, 200, 200])
    await target.write.ready('web', 'v2')
    expect((await target.read.sides('web'))['v2']).toMatchObject({ serversUp: 1, underWay: 0 })
  })

  it('keeps weights, drained servers and users over a reload and a restart', async () => {
    await target.write.shift('web', { v1: 9000, v2: 1000 })
    await target.write.shift('shop', { v1: 8766, v2: 1234 })
    await target.write.drain('web', 'v2')
    const told = await target.observe()
    await rig.haproxy.reload()
    expect(await target.observe()).toEqual(told)
    await rig.haproxy.restart('SIGKILL')
    expect(await target.observe()).toEqual(told)
    expect(readFileSync(rig.map, 'utf8')).toBe('shop 1234\n')
  })

  it('leaves lines of other backends in the state file, and maps of other routes, as they are', async () => {
    const line = '9 other 1 x 127.0.0.1 2 0 7 7 1 1 0 2 0 0 0 0 - 1 - 0 0 - - 0'
    const [version, header, ...rest] = readFileSync(rig.haproxy.stateFile, 'utf8').split('\n')
    writeFileSync(rig.haproxy.stateFile, [version, header, line, ...rest].join('\n'))
    await target.write.shift('web', { v1: 0, v2: 10_000 })
    const kept = readFileSync(rig.haproxy.stateFile, 'utf8')
    expect(kept.split('\n').filter((each) => each === line)).toEqual([line])
    expect(kept).toMatch(/ web 3 b1 \S+ 2 0 256 0 /)
  })

  it('names what is wrong with what it is asked', async () => {
    await expect(target.read.shares('wep')).rejects.toMatchObject({
      code: 'plan.unknown-target',
      message: 'there is no route "wep"; did you mean "web"?',
    })
    await expect(target.write.drain('web', 'v3')).rejects.toMatchObject({ code: 'plan.unknown-target' })
    await expect(target.write.shift('web', { v1: 5000, v2: 4000 })).rejects.toMatchObject({
      code: 'plan.invalid',
      message: 'the shares of route "web" cannot be so: the shares are 9000 in all, not 10000',
    })
    await expect(target.write.shift('web', { v1: 10_000 })).rejects.toMatchObject({ code: 'plan.invalid' })
    const routes = { web: { backend: 'web', sides: { v1: ['a1'], v2: ['b9'] } } }
    await expect((await open({ ...rig.config, routes })).observe()).rejects.toMatchObject({
      code: 'plan.unknown-target',
      message: 'there is no server "b9" in backend "web"; did you mean "b1"?',
    })
    const nowhere = { web: { backend: 'wob', sides: { v1: ['a1'], v2: ['b1'] } } }
    await expect((await open({ ...rig.config, routes: nowhere })).observe()).rejects.toMatchObject({
      code: 'target.failed',
    })
    const unmapped = {
      shop: { sticky: { flag: 'f', newer: 'v2', map: '/none.map' }, sides: { v1: 'shop_v1', v2: 'shop_v2' } },
    }
    await expect((await open({ ...rig.config, routes: unmapped })).observe()).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('Unknown map identifier') as string,
    })
  })

  it('finds before a run what would keep it from steering', async () => {
    const { socket, timeoutMs = 1000 } = rig.config
    const one = await open({
      socket,
      timeoutMs,
      routes: { web: { backend: 'web', sides: { v1: ['a1'], v2: ['b1'] } } },
    })
    expect((await one.ready?.())?.map((each) => [each.level, each.code])).toEqual([
      ['risk', 'traffic.not-kept'],
      ['block', 'traffic.stranger'],
    ])
    const gone = await open({ ...rig.config, socket: '/nowhere/admin.sock' })
    await expect(gone.observe()).rejects.toMatchObject({
      code: 'target.unreachable',
      message: 'HAProxy does not answer at "/nowhere/admin.sock": there is no such socket',
    })
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    const late = await haproxy.open(rig.config, { run: 'r', fence: 1, base: '/', signal: stop.signal })
    await expect(late.observe()).rejects.toThrow('enough')
  })

  it.each([
    ['user', 'target.rights', ['traffic.no-rights']],
    ['admin', 'target.failed', ['traffic.fixed-weights']],
  ] as const)('refuses to steer as "%s" a backend whose weights are fixed', async (level, code, found) => {
    const looker = await startHaproxy({ level, sections: fixedWeights })
    const { socket, stateFile } = looker
    const routes = { web: { backend: 'web', sides: { v1: ['a1'], v2: ['b1'] } } }
    const blind = await open({ socket, stateFile, routes })
    try {
      expect((await blind.ready?.())?.map((each) => each.code)).toEqual(found)
      await expect(blind.write.shift('web', { v1: 5000, v2: 5000 })).rejects.toMatchObject({ code })
    } finally {
      await looker.stop()
    }
    await expect(blind.observe()).rejects.toMatchObject({ code: 'target.unreachable' })
  })
})

const fixedWeights = ({ port }: { readonly port: number }) => `frontend f
    bind 127.0.0.1:${port}
    default_backend web
backend web
    balance static-rr
    server a1 127.0.0.1:9 weight 1
    server b1 127.0.0.1:9 weight 0
`

withHaproxy('the sticky split', () => {
  beforeEach(async () => {
    target = await fresh()
  })
  afterEach(() => target.write.shift('shop', stable))

  it('gives 20,000 users the bucket of the flag, and the side that follows from it', async () => {
    await target.write.shift('shop', { v1: 7655, v2: 2345 })
    const users = Array.from({ length: 20_000 }, (_, index) => userNumber(index))
    const answers = await pipelined(rig.url.shop, users)
    const wrong = users.flatMap((user, index) => {
      const bucket = bucketOf(rigFlag, user)
      const { bucket: said, side } = answers[index]!
      return said === String(bucket) && side === (bucket < 2345 ? 'v2' : 'v1') ? [] : [{ user, bucket, said, side }]
    })
    expect(wrong).toEqual([])
  })

  it('leaves nobody out who is in while the share grows, and everybody without a name on the older side', async () => {
    const users = Array.from({ length: 300 }, (_, index) => userNumber(index))
    let inside = new Set<string>()
    for (const v2 of [0, 1, 500, 5000, 9999, 10_000]) {
      await target.write.shift('shop', { v1: 10_000 - v2, v2 })
      const answers = await pipelined(rig.url.shop, users)
      const now = new Set(users.filter((_, index) => answers[index]!.side === 'v2'))
      expect([...inside].filter((user) => !now.has(user))).toEqual([])
      inside = now
    }
    expect(inside.size).toBe(300)
    expect((await get(rig.url.shop)).side).toBe('v1')
  })

  it('has the same bucket in the file itself, run by lua', async ({ skip }) => {
    const count = 20_000
    const keys = join(rig.haproxy.folder, 'keys')
    writeFileSync(keys, Array.from({ length: count }, (_, index) => `${userNumber(index)}\n`).join(''))
    const script = `local bucket = dofile(arg[1]) for line in io.lines(arg[2]) do print(bucket(line, "shop")) end`
    const runner = join(rig.haproxy.folder, 'run.lua')
    writeFileSync(runner, script)
    const lua = programOf('lua5.3', 'lua5.3')
    if ('missing' in lua) {
      console.warn(`skipped: the Lua file by itself: ${lua.missing}`)
      return skip(lua.missing)
    }
    const said = execFileSync(lua.path, [runner, rig.lua, keys], { encoding: 'utf8', maxBuffer: 1e8 })
    const buckets = said.trim().split('\n').map(Number)
    expect(buckets).toEqual(Array.from({ length: count }, (_, index) => bucketOf(rigFlag, userNumber(index))))
  })

  it('prints what a person adds', () => {
    const split = stickySplit(
      {
        socket: '/run/h.sock',
        stateFile: '/var/state',
        routes: { shop: { sticky: { flag: 'a"\\', newer: 'v2', map: '/etc/m' }, sides: { v1: 'old', v2: 'new' } } },
      },
      { lua: '/etc/c.lua', key: 'req.cook(uid)' },
    )
    expect(showSplit(split)).toBe(`global
    stats socket /run/h.sock mode 660 level admin expose-fd listeners
    lua-load-per-thread /etc/c.lua
    server-state-file /var/state
defaults
    load-server-state-from-file global
# in the frontend of "shop"
    http-request set-var(txn.changeover_shop_share) str(shop),map_str_int(/etc/m,0)
    http-request set-var(txn.changeover_shop) req.cook(uid),lua.changeover_bucket(shop),sub(txn.changeover_shop_share)
    use_backend new if { var(txn.changeover_shop) -m int lt 0 }
    default_backend old
`)
    expect(split.files['/etc/m']).toBe('shop 0\n')
    expect(split.files['/etc/c.lua']).toContain('["shop"] = "a\\034\\092"')
  })
})

if (!('missing' in source)) {
  const caseOf = (name: string, kind: KindCase['kind'], spec: KindCase['spec']): KindCase => ({
    name: `on HAProxy: ${name}`,
    kind,
    spec,
    world: async () => ({
      targets: { proxy: await fresh() },
      tools: { proxy: haproxy.tools },
      close: async () => undefined,
    }),
    // Each point of death sets a real proxy up again: some of them will do.
    most: 8,
  })
  const steps = [
    { to: { v1: 9000, v2: 1000 }, holdMs: 2 },
    { to: { v1: 5000, v2: 5000 }, holdMs: 2 },
  ]
  const to = { v1: 0, v2: 10_000 }
  for (const each of [
    caseOf('by weights, in steps', trafficShift, { route: 'web', to, steps, back: 'stepped' }),
    caseOf('by users, in steps', trafficShift, { route: 'shop', to, steps, back: 'drain-first' }),
    caseOf('a side', trafficDrain, { route: 'web', side: 'v2' }),
  ])
    describeKind(each, { describe, it })
}

describe('weights', () => {
  const server = fc.integer({ min: 0, max: 256 })
  const configured = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'd'),
    fc.array(server, { minLength: 1, maxLength: 6 }),
    { minKeys: 2 },
  )
  const sharesFor = (sides: readonly string[], cuts: readonly number[]): Shares => {
    const edges = [0, ...cuts.slice(0, sides.length - 1).toSorted((a, b) => a - b), 10_000]
    return Object.fromEntries(sides.map((side, index) => [side, edges[index + 1]! - edges[index]!]))
  }
  const cuts = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 3, maxLength: 3 })

  it('fit, are 10,000 in all, and come to the same shares again when they are asked for what they gave', () => {
    fc.assert(
      fc.property(configured, cuts, (servers, at) => {
        const weights = weightsFor(servers, sharesFor(Object.keys(servers), at), 256)
        expect(
          Object.values(weights)
            .flat()
            .every((each) => Number.isInteger(each) && each >= 0 && each <= 256),
        ).toBe(true)
        const reached = sharesOfWeights(weights)
        expect(Object.values(reached).reduce((sum, each) => sum + each, 0)).toBe(10_000)
        expect(sharesOfWeights(weightsFor(servers, reached, 256))).toEqual(reached)
      }),
      { numRuns: 200 },
    )
  })

  it('are the nearest that two servers can have', () => {
    for (const v2 of [1, 39, 40, 333, 1234, 5000, 9960, 9999]) {
      const asked = { v1: 10_000 - v2, v2 }
      const reached = sharesOfWeights(weightsFor({ v1: [1], v2: [1] }, asked, 256))
      let nearest = 10_000
      for (let a = 0; a <= 256; a++)
        for (let b = a === 0 ? 1 : 0; b <= 256; b++)
          nearest = Math.min(nearest, Math.abs(Math.round((b * 10_000) / (a + b)) - v2))
      expect([v2, Math.abs(reached['v2']! - v2)]).toEqual([v2, nearest])
    }
  })
})
