/** A small HTTP server for the programs of the examples: routes, JSON in, JSON or text out. Knows no route. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly path: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
}
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: { readonly [name: string]: string }
}
export interface Serving {
  readonly port: number
  stop(): Promise<void>
}

/** By method and first part of the path: `GET /blocks`. A text goes out as it is, all else as JSON. */
export type Routes = { readonly [route: string]: (asked: Asked) => Reply | Promise<Reply> }
const largest = 1_000_000

export async function serve(
  port: number,
  routes: Routes,
  seen: (route: string, status: number) => void = () => undefined,
): Promise<Serving> {
  let stopping = false
  const server = createServer((request, response) => {
    void answer(request, routes).then(({ route, reply }) => {
      seen(route, reply.status)
      const isText = typeof reply.body === 'string'
      response.setHeader('content-type', isText ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json')
      // Who goes on asking over a connection that is kept alive would keep a server that ends from ending.
      if (stopping) response.setHeader('connection', 'close')
      response.writeHead(reply.status, reply.headers).end(isText ? reply.body : JSON.stringify(reply.body))
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      stopping = true
      server.close(() => resolve())
      server.closeIdleConnections()
    })
  return { port: (server.address() as AddressInfo).port, stop }
}

async function answer(
  request: IncomingMessage,
  routes: Routes,
): Promise<{ readonly route: string; readonly reply: Reply }> {
  const url = new URL(request.url ?? '/', 'http://program')
  const path = url.pathname.split('/').slice(1)
  const route = `${request.method} /${path[0]}`
  const handler = routes[route]
  if (handler === undefined) return { route: 'none', reply: { status: 404, body: { error: 'no such resource' } } }
  try {
    return {
      route,
      reply: await handler({ path: path.slice(1), query: url.searchParams, body: await bodyOf(request) }),
    }
  } catch (error) {
    const isTheirs = error instanceof SyntaxError || error instanceof RangeError
    return {
      route,
      reply: { status: isTheirs ? 400 : 500, body: { error: error instanceof Error ? error.message : String(error) } },
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largest) throw new RangeError(`a body has at most ${largest} bytes`)
    chunks.push(chunk)
  }
  return size === 0 ? null : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown)
}
