/** One process of the gateway's benchmark: the upstream, or one proxy before it. Says its port and waits for its end. */
import { createServer } from 'node:http'
import { Agent } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [kind, target = ''] = process.argv.slice(2)

async function upstream() {
  const small = Buffer.from(
    JSON.stringify({ items: Array.from({ length: 8 }, (_, at) => ({ id: at, name: `item ${at}` })) }),
  )
  const large = Buffer.alloc(65_536, 'x')
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const isLarge = request.url === '/large'
    const body = isLarge ? large : small
    response.writeHead(200, {
      'content-type': isLarge ? 'text/plain' : 'application/json',
      'content-length': body.length,
    })
    response.end(body)
  })
  return listen(server)
}

async function changeover(more) {
  const { startGateway } = await import('../../dist/gateway/index.js')
  const gateway = await startGateway({
    listen: { port: 0 },
    control: { port: 0, token: 'a-token-of-the-bench' },
    state: join(mkdtempSync(join(tmpdir(), 'changeover-bench-')), 'state.json'),
    routes: { all: { sides: { v1: [target], v2: [target] }, shares: { v1: 7500, v2: 2500 }, ...more } },
  })
  return Number(new URL(gateway.url).port)
}

async function fastify() {
  const [{ default: make }, { default: proxy }] = await Promise.all([import('fastify'), import('@fastify/http-proxy')])
  const app = make()
  await app.register(proxy, { upstream: target })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}

async function httpProxy() {
  const { createProxyServer } = await import('http-proxy-3')
  const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true, maxSockets: 256 }), xfwd: true })
  proxy.on('error', (_, __, response) => response.destroy())
  return listen(createServer((request, response) => proxy.web(request, response)))
}

function listen(server) {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
}

process.on('SIGINT', () => process.exit(0))
const kinds = {
  upstream,
  changeover: () => changeover({}),
  'changeover-sticky': () => changeover({ sticky: { flag: 'bench', by: { header: 'x-user' } } }),
  'changeover-shadow': () => changeover({ shares: { v1: 10_000 }, shadow: { old: 'v1', new: 'v2', sample: 0.1 } }),
  fastify,
  'http-proxy-3': httpProxy,
}
console.log(await kinds[kind]())
