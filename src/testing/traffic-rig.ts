/** Two sides of a program behind a real HAProxy, shared once by weight and once by user: for tests and benchmarks of traffic. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type HaproxyConfig, stickySplit } from '../adapters/haproxy/index.ts'
import type { Json } from '../core/json.ts'
import { type HaproxyPlace, type HaproxyServer, startHaproxy } from './haproxy.ts'
import { freePort } from './ports.ts'

/** The rig as it runs. */
export interface TrafficRig {
  readonly haproxy: HaproxyServer
  /** Of the adapter: route `web` by weight, route `shop` sticky. */
  readonly config: HaproxyConfig
  readonly lua: string
  readonly map: string
  /** By weight, sticky, the newer side itself, and HAProxy's own page of metrics. Answers with `x-side`, and on the sticky one with `x-bucket`. `?ms=` lets a server take so long, `?status=` answers so. */
  readonly url: { readonly web: string; readonly shop: string; readonly v2: string; readonly metrics: string }
  /** Requests that a side had, and when the last one came, in milliseconds since 1970. */
  seen(side: Side): { readonly requests: number; readonly lastAt: number }
  /** Makes a side answer with 500, or well again; with a function, each request by its path. */
  spoil(side: Side, broken: boolean | Judge): void
  stop(): Promise<void>
}

type Side = 'v1' | 'v2'
type Judge = (path: string) => boolean

/** The flag of the sticky route: its name has a slash, a space and more than ASCII. */
export const rigFlag = 'neue-kasse/Käse 🧀'

/** Starts both sides and HAProxy. Throws `target.unreachable` where there is no HAProxy. */
export async function startTrafficRig(options: { readonly threads?: number } = {}): Promise<TrafficRig> {
  const seen = { v1: { requests: 0, lastAt: 0 }, v2: { requests: 0, lastAt: 0 } }
  const well: Judge = () => false
  const broken = { v1: well, v2: well }
  const serve = (side: Side) => startSide(side, seen[side], (path) => broken[side](path))
  const servers = await Promise.all([serve('v1'), serve('v1'), serve('v2')])
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  const shopPort = await freePort()
  const metricsPort = await freePort()
  const haproxy = await startHaproxy({
    threads: options.threads ?? 1,
    global: (place) => `    lua-load-per-thread ${join(place.folder, 'changeover.lua')}`,
    files: (place) => splitOf(place).files,
    sections: (place) => sections(place, { shop: shopPort, metrics: metricsPort }, ports),
  })
  return {
    haproxy,
    config: configOf(haproxy),
    lua: join(haproxy.folder, 'changeover.lua'),
    map: mapOf(haproxy),
    url: {
      web: `http://127.0.0.1:${haproxy.port}/`,
      shop: `http://127.0.0.1:${shopPort}/`,
      v2: `http://127.0.0.1:${ports[2]}/`,
      metrics: `http://127.0.0.1:${metricsPort}/metrics`,
    },
    seen: (side) => ({ ...seen[side] }),
    spoil: (side, now) => void (broken[side] = typeof now === 'function' ? now : () => now),
    stop: async () => {
      await haproxy.stop()
      for (const server of servers) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

/** A plan that shifts route `web` in steps, guarded by a probe of the newer side itself. `shift` is the rest of the spec. */
export function guardedShift(rig: TrafficRig, name: string, shift: { readonly [field: string]: Json }, path = '/') {
  const probe = { path, count: 1000, intervalMs: 50, success: { status: '2xx' } }
  return {
    name,
    from: '1',
    to: '2',
    targets: { edge: { adapter: 'haproxy', config: rig.config }, v2: { adapter: 'http', config: { url: rig.url.v2 } } },
    steps: [
      {
        id: 'shift',
        kind: 'traffic.shift',
        on: 'edge',
        spec: { route: 'web', ...shift },
        guards: [{ id: 'probe', kind: 'gate.probe', on: 'v2', spec: probe }],
      },
    ],
  }
}

function startSide(side: Side, seen: { requests: number; lastAt: number }, broken: Judge): Promise<Server> {
  const server = createServer((request, response) => {
    seen.requests += 1
    seen.lastAt = Date.now()
    const asked = new URL(request.url ?? '/', 'http://x').searchParams
    const answer = () => {
      response.writeHead(broken(request.url ?? '/') ? 500 : Number(asked.get('status') ?? 200), {
        'x-side': side,
        'content-length': 3,
      })
      response.end('ok\n')
    }
    if (asked.has('ms')) setTimeout(answer, Number(asked.get('ms')))
    else answer()
  })
  server.keepAliveTimeout = 60_000
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

function mapOf(place: HaproxyPlace): string {
  return join(place.folder, 'changeover.map')
}

function configOf(place: HaproxyPlace): HaproxyConfig {
  return {
    socket: place.socket,
    stateFile: place.stateFile,
    routes: {
      web: { backend: 'web', sides: { v1: ['a1', 'a2'], v2: ['b1'] } },
      shop: { sticky: { flag: rigFlag, newer: 'v2', map: mapOf(place) }, sides: { v1: 'shop_v1', v2: 'shop_v2' } },
    },
  }
}

function splitOf(place: HaproxyPlace) {
  return stickySplit(configOf(place), { lua: join(place.folder, 'changeover.lua') })
}

/** The lines for a person's configuration, among others of theirs. */
function sections(
  place: HaproxyPlace,
  own: { readonly shop: number; readonly metrics: number },
  ports: readonly number[],
): string {
  const { frontends } = splitOf(place)
  const [a1, a2, b1] = ports.map((port) => `127.0.0.1:${port} check inter 200ms fall 2 rise 1`)
  return `
frontend web_in
    bind 127.0.0.1:${place.port}
    ${frontends['web']!.join('\n    ')}
frontend metrics_in
    bind 127.0.0.1:${own.metrics}
    http-request use-service prometheus-exporter
frontend shop_in
    bind 127.0.0.1:${own.shop}
    ${frontends['shop']!.join('\n    ')}
    http-request set-var(txn.bucket) req.fhdr(x-user-id),lua.changeover_bucket(shop)
    http-response set-header x-bucket %[var(txn.bucket)]
backend web
    balance roundrobin
    option redispatch
    server a1 ${a1} weight 100
    server a2 ${a2} weight 50
    server b1 ${b1} weight 0
backend shop_v1
    server a1 ${a1}
    server a2 ${a2}
backend shop_v2
    server b1 ${b1}
`
}
