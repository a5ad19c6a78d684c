/** A small HTTP service: routes, JSON in and out, and an end that loses no request. Knows no route and no database. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer } from 'node:net'

/** A request as a handler sees it. `text` is the body as it came, so that no number in it goes through a double. */
export interface Asked {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
  /** The token of `Authorization: Bearer …`, or null. */
  readonly bearer: string | null
}

/** `json` is text, so that what the database rendered goes out byte by byte. */
export interface Reply {
  readonly status: number
  readonly json: string
}

export type Handler = (asked: Asked) => Promise<Reply>
export type Route = readonly [method: string, path: string, handler: Handler]

/** Thrown by a handler: the client is told `status` and `message`. */
export class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
  }
}

export interface ServeOptions {
  readonly host: string
  readonly port: number
  readonly routes: readonly Route[]
  /** Sent with every answer as `x-neonhub-version`, so that a client knows who spoke. */
  readonly version: string
  readonly tls?: { readonly certPath: string; readonly keyPath: string } | undefined
}

export interface Serving {
  readonly port: number
  /** Stops accepting, answers what is under way with `Connection: close`, and resolves when no connection is left. */
  stop(): Promise<void>
}

/** An idle connection may be used by its client for this long after the service stopped accepting; it answers and closes. */
const idleGraceMs = 1_500
const largestBody = 1_000_000

export function reply(value: unknown, status = 200): Reply {
  return { status, json: JSON.stringify(value) }
}

export async function serve(options: ServeOptions): Promise<Serving> {
  const routes = options.routes.map(([method, path, handler]) => ({ method, parts: path.split('/'), handler }))
  const state = { draining: false }
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response)
  const server = options.tls
    ? createTlsServer({ cert: readFileSync(options.tls.certPath), key: readFileSync(options.tls.keyPath) }, listener)
    : createServer(listener)
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, options.host, resolve))
  return { port: (server.address() as AddressInfo).port, stop: () => drain(server, state) }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, json } = await handle(request)
    response.setHeader('content-type', 'application/json; charset=utf-8')
    response.setHeader('x-neonhub-version', options.version)
    if (state.draining) response.setHeader('connection', 'close')
    response.writeHead(status, { 'content-length': Buffer.byteLength(json) }).end(json)
  }

  async function handle(request: IncomingMessage): Promise<Reply> {
    try {
      const url = new URL(request.url ?? '/', 'http://service')
      const parts = url.pathname.split('/')
      const here = routes.flatMap((route) => {
        const params = matched(route.parts, parts)
        return params ? [{ ...route, params }] : []
      })
      const route = here.find((each) => each.method === request.method)
      if (!route) throw here.length > 0 ? new Refusal(405, 'no such method here') : new Refusal(404, 'no such resource')
      const text = await readBody(request)
      const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? null
      return await route.handler({ params: route.params, query: url.searchParams, text, body: parsed(text), bearer })
    } catch (error) {
      return refused(error)
    }
  }
}

function matched(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const given = parts[index]!
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(given)
    else if (part !== given) return null
  }
  return params
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) throw new Refusal(413, `a body has at most ${largestBody} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): Record<string, unknown> {
  if (text === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal(400, 'the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal(400, 'the body is not a JSON object')
  return value as Record<string, unknown>
}

/** What the client is told. A constraint of the database is the client's mistake, all else is ours. */
function refused(error: unknown): Reply {
  if (error instanceof Refusal) return reply({ error: error.message }, error.status)
  if (error instanceof URIError) return reply({ error: 'the path is not well formed' }, 400)
  const { code, message } = error as { code?: unknown; message?: unknown }
  const state = typeof code === 'string' ? code : ''
  if (state === '23505') return reply({ error: 'there is one already' }, 409)
  if (/^2[23]/.test(state)) return reply({ error: String(message) }, 422)
  process.stderr.write(`${JSON.stringify({ event: 'request.failed', code: state, message: String(message) })}\n`)
  return reply({ error: 'the service failed', code: state }, 500)
}

async function drain(server: Server, state: { draining: boolean }): Promise<void> {
  state.draining = true
  // the close() of http would at once cut connections that look idle here while a request is on its way to them
  const closed = new Promise<void>((resolve) => void NetServer.prototype.close.call(server, () => resolve()))
  const late = setTimeout(() => server.closeIdleConnections(), idleGraceMs)
  await closed
  clearTimeout(late)
}
