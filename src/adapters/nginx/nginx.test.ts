import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import { trafficDrain, trafficShift } from '../../kinds/traffic/index.ts'
import { describeKind, type NginxServer, nginxSource, startNginx } from '../../testing/index.ts'
import { nginx, type NginxConfig, nginxSplit } from './index.ts'

const source = nginxSource()
if ('missing' in source) console.warn(`skipped: nginx: ${source.missing}`)

const stable = { v1: 10_000, v2: 0 }
const routes: NginxConfig['routes'] = {
  web: { sides: { v1: 'up_v1', v2: 'up_v2' } },
  shop: { bucket: { header: 'X-Changeover-Bucket', newer: 'v2' }, sides: { v1: 'up_v1', v2: 'up_v2' } },
}
let server: NginxServer
let config: NginxConfig
let sides: readonly Server[]
const open = (more: Partial<NginxConfig> = {}) =>
  nginx.open({ ...config, ...more }, { run: 'r', fence: 1, base: '/', signal: new AbortController().signal })

const serve = (side: string) =>
  new Promise<Server>((resolve) => {
    const made = createServer((_request, response) => void response.end(side))
    made.listen(0, '127.0.0.1', () => resolve(made))
  })

/** A connection of its own: nginx closes idle ones when it is reloaded. */
const get = (path: string, headers: Record<string, string> = {}) =>
  new Promise<string>((resolve, reject) => {
    const asking = request(`http://127.0.0.1:${server.port}${path}`, { headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.on('end', () => resolve(text))
    })
    asking.on('error', reject).end()
  })

describe.skipIf('missing' in source)('the nginx adapter', () => {
  beforeAll(async () => {
    sides = await Promise.all([serve('v1'), serve('v2')])
    const [v1, v2] = sides.map((side) => (side.address() as AddressInfo).port)
    server = await startNginx({
      files: ({ folder }) => ({ [join(folder, 'split.conf')]: nginxSplit({ include: 'split.conf', routes }).text }),
      http: ({ folder, port }) => `
include ${join(folder, 'split.conf')};
upstream up_v1 { server 127.0.0.1:${v1}; }
upstream up_v2 { server 127.0.0.1:${v2}; }
server {
  listen 127.0.0.1:${port};
  location / { proxy_pass http://$changeover_web; }
  location /shop { proxy_pass http://$changeover_shop; }
}`,
    })
    config = {
      include: join(server.folder, 'split.conf'),
      command: [...server.command],
      pidFile: server.pidFile,
      routes,
    }
  })
  afterAll(async () => {
    await server?.stop()
    for (const side of sides ?? []) {
      side.closeAllConnections()
      side.close()
    }
  })

  let target: Target<'traffic'>
  beforeEach(async () => {
    target = await open()
    for (const route of ['web', 'shop']) await target.write.shift(route, stable)
  })

  it('says what it is: shares, no sides that it could see, no drain', async () => {
    expect(await target.observe()).toEqual({
      routes: { web: { sticky: false, shares: stable }, shop: { sticky: true, shares: stable } },
    })
    expect((await target.ready?.())?.map((each) => [each.level, each.code])).toEqual([['note', 'traffic.reloads']])
    expect(await target.read.sides('web')).toEqual({})
    await expect(target.write.drain('web', 'v2')).rejects.toMatchObject({
      code: 'target.failed',
      message: 'nginx cannot drain a side of route "web"',
    })
  })

  it('serves by the new shares when it returns', async () => {
    await target.write.shift('web', { v1: 0, v2: 10_000 })
    expect(await get('/')).toBe('v2')
    expect(await target.write.shift('web', { v1: 6667, v2: 3333 })).toEqual({ v1: 6667, v2: 3333 })
    const answers: string[] = []
    while (answers.length < 300) answers.push(...(await Promise.all(Array.from({ length: 20 }, () => get('/')))))
    const newer = answers.filter((each) => each === 'v2').length
    expect(newer).toBeGreaterThan(60)
    expect(newer).toBeLessThan(140)
  })

  it.each([1, 7, 10, 99, 100, 1234, 2500, 9999, 10_000])(
    'puts buckets below %i on the newer side, and no others',
    async (share) => {
      await target.write.shift('shop', { v1: 10_000 - share, v2: share })
      for (const bucket of [0, 6, 9, 10, 98, 99, 100, 1233, 1234, 2499, 2500, 9998, 9999])
        for (const text of [String(bucket), String(bucket).padStart(4, '0')])
          expect([text, await get('/shop', { 'x-changeover-bucket': text })]).toEqual([
            text,
            bucket < share ? 'v2' : 'v1',
          ])
      for (const text of ['', 'x', '-1', '10000', '1e1'])
        expect(await get('/shop', { 'x-changeover-bucket': text })).toBe('v1')
    },
  )

  it('puts the old file back when nginx refuses the new one, or does not run', async () => {
    const before = readFileSync(config.include, 'utf8')
    const bad = await open({
      routes: { ...routes, web: { split: '$no_such_variable', sides: { v1: 'up_v1', v2: 'up_v2' } } },
    })
    writeFileSync(config.include, before.replaceAll('$request_id', '$no_such_variable'))
    await expect(bad.write.shift('web', { v1: 5000, v2: 5000 })).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('no_such_variable') as string,
    })
    expect(readFileSync(config.include, 'utf8')).toContain('# web: v1=10000 v2=0')
    expect((await bad.ready?.())?.map((each) => each.code)).toEqual(['traffic.bad-configuration'])
    writeFileSync(config.include, before)
    const away = await open({ pidFile: '/nowhere/nginx.pid' })
    await expect(away.write.shift('web', { v1: 5000, v2: 5000 })).rejects.toMatchObject({ code: 'target.unreachable' })
    expect(readFileSync(config.include, 'utf8')).toBe(before)
  })

  it('agrees with its file again when it did not take the new one in time, or says what to type', async () => {
    const before = readFileSync(config.include, 'utf8')
    const master = Number(readFileSync(config.pidFile!, 'utf8'))
    process.kill(master, 'SIGSTOP')
    try {
      // Long enough for the test of the configuration, which answers.
      const slow = await open({ timeoutMs: 3_000 })
      await expect(slow.write.shift('web', { v1: 0, v2: 10_000 })).rejects.toMatchObject({
        code: 'target.failed',
        message:
          'nginx did not take its new configuration in 3000 ms; the old file is back, and nginx was told so, but it is not seen to run by it',
        help: expect.stringContaining(`kill -HUP ${master}`) as string,
      })
      expect(readFileSync(config.include, 'utf8')).toBe(before)
    } finally {
      process.kill(master, 'SIGCONT')
    }
    await expect.poll(async () => (await target.ready?.())?.map((each) => each.code)).toEqual(['traffic.reloads'])
    for (let asked = 0; asked < 20; asked++) expect(await get('/')).toBe('v1')
    const silent = await open({ command: ['/bin/sh', '-c', 'exec sleep 600'], timeoutMs: 100 })
    await expect(silent.write.shift('web', { v1: 0, v2: 10_000 })).rejects.toMatchObject({
      code: 'target.failed',
      message: 'nginx did not say in 100 ms whether its configuration is right',
    })
    expect(readFileSync(config.include, 'utf8')).toBe(before)
    const impatient = await open({ timeoutMs: 1 })
    const said = await impatient.write.shift('web', { v1: 0, v2: 10_000 }).then(
      () => undefined,
      (error: Error) => error.message,
    )
    const fresh = readFileSync(config.include, 'utf8') !== before
    expect(said === undefined).toBe(fresh)
    await target.write.shift('web', stable)
  })

  it('says that a file was not read by nginx yet', async () => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    writeFileSync(config.include, readFileSync(config.include, 'utf8'))
    expect((await target.ready?.())?.map((each) => each.code)).toEqual(['traffic.reloads', 'traffic.not-loaded'])
    await target.write.shift('web', stable)
    expect((await target.ready?.())?.map((each) => each.code)).toEqual(['traffic.reloads'])
  })

  it('refuses a file that was changed by hand, or is not there', async () => {
    const before = readFileSync(config.include, 'utf8')
    writeFileSync(config.include, before.replace('* up_v1', '* up_v2'))
    await expect(target.observe()).rejects.toMatchObject({ code: 'target.failed' })
    rmSync(config.include)
    await expect(target.observe()).rejects.toMatchObject({
      code: 'target.failed',
      message: `"${config.include}" is not there, or empty`,
    })
    writeFileSync(config.include, before)
  })

  it('cannot be drained, and the kind says so', async () => {
    const plan = trafficDrain.plan(trafficDrain.spec.parse({ route: 'web', side: 'v2' }), {
      facts: { proxy: await target.observe() },
      tools: { proxy: nginx.tools },
      targets: { proxy: 'edge' },
    })
    expect(plan.findings).toMatchObject([{ level: 'block', code: 'traffic.no-drain' }])
  })

  describeKind(
    {
      name: 'on nginx, in steps',
      kind: trafficShift,
      spec: { route: 'web', to: { v1: 0, v2: 10_000 }, steps: [{ to: { v1: 5000, v2: 5000 }, holdMs: 1 }] },
      world: async () => {
        const opened = await open()
        await opened.write.shift('web', stable)
        return { targets: { proxy: opened }, tools: { proxy: nginx.tools }, close: async () => undefined }
      },
      // Each shift is a test and a reload of a real nginx.
      most: 3,
    },
    { describe, it },
  )
})
