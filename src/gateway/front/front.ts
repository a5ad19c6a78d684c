/** The clients' door: reads requests strictly, finds route and side, and sends them on their way. Knows no upstream's connection. */
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Settings } from '../config.ts'
import type { Traffic } from '../traffic.ts'
import { forward, type Witness } from './forward.ts'
import { type Refusal, refuse, refuseSocket } from './refusal.ts'
import { type Client, type HeadOptions, readHead, type RequestHead } from './request-head.ts'
import { maySwitch, upgrade } from './upgrade.ts'
import type { RouteRoom } from '../route.ts'
import type { SideRoom } from '../side.ts'

/** Chooses requests to be looked at closer. */
export type Watcher = (
  route: RouteRoom,
  side: SideRoom,
  request: IncomingMessage,
  head: RequestHead,
) => Witness | undefined

export interface Front {
  readonly server: Server
  /** Takes no new connection, lets requests under way end within `graceMs`, then cuts. */
  close(graceMs: number): Promise<void>
}

export interface FrontOptions {
  readonly settings: Settings
  readonly traffic: Traffic
  readonly watch: Watcher
  /** What this process is called in `Via`: its own, so that a loop is seen. */
  readonly pseudonym: string
}

export function openFront(options: FrontOptions): Front {
  const { timeouts, limits } = options.settings
  const server = createServer({
    maxHeaderSize: limits.headBytes,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: 1000,
    noDelay: true,
    insecureHTTPParser: false,
    requireHostHeader: true,
    // An answer of 64 KiB goes through without a pause of the upstream.
    highWaterMark: 262_144,
  })
  server.maxConnections = limits.connections
  const door = new Door(options)
  server.on('request', (request, response) => door.take(request, response, false))
  server.on('checkContinue', (request, response) => door.take(request, response, true))
  server.on('upgrade', (request: IncomingMessage, socket: Socket, first: Buffer) => door.switch(request, socket, first))
  server.on('connect', (_: IncomingMessage, socket: Socket) =>
    refuseSocket(socket, { status: 405, words: 'CONNECT is for forward proxies' }),
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => door.unreadable(error, socket))
  return {
    server,
    close: (graceMs) => {
      door.closing = true
      return closeServer(server, door, graceMs)
    },
  }
}

class Door {
  closing = false
  readonly tunnels = new Set<Socket>()
  readonly #options: FrontOptions
  /** The last answer of each connection: while it is under way, nothing else may be written there. */
  readonly #last = new WeakMap<Socket, ServerResponse>()
  readonly #heads = new Map<RouteRoom, HeadOptions>()

  constructor(options: FrontOptions) {
    this.#options = options
    const { pseudonym, settings } = options
    for (const route of options.traffic.routes) {
      const { hostIs } = route.settings
      this.#heads.set(route, {
        pseudonym,
        trustForwarded: settings.trustForwarded,
        forwarded: settings.forwarded,
        hostIs,
      })
    }
  }

  /** Requests that a client sent without waiting for answers are served in their order: the second may rely on what the first did. */
  take(request: IncomingMessage, response: ServerResponse, expects: boolean): void {
    const { socket } = request
    const before = this.#last.get(socket)
    this.#last.set(socket, response)
    if (before === undefined || before.closed || before.writableFinished) this.#serve(request, response, expects)
    else before.once('close', () => (socket.destroyed ? response.destroy() : this.#serve(request, response, expects)))
  }

  #serve(request: IncomingMessage, response: ServerResponse, expects: boolean): void {
    const found = this.#read(request, 'http')
    if ('status' in found) return refuse(response, found)
    const { route, head } = found
    if (head.framing === 'length' && head.length > this.#options.settings.limits.bodyBytes)
      return refuse(response, {
        status: 413,
        words: `the body is larger than ${this.#options.settings.limits.bodyBytes} bytes`,
        closes: true,
      })
    const { side, open } = route.assign(head)
    if (!open) return this.#noSide(side, response)
    forward({
      request,
      response,
      head,
      route,
      side,
      expects: expects && head.framing !== 'none',
      bodyBytes: this.#options.settings.limits.bodyBytes,
      witness: this.#options.watch(route, side, request, head),
      closing: () => this.closing,
    })
  }

  switch(request: IncomingMessage, socket: Socket, first: Buffer): void {
    const found = this.#read(request, 'http')
    if ('status' in found) return refuseSocket(socket, found)
    const { route, head } = found
    if (!maySwitch(route, head)) return this.#unswitched(request, socket, first, head)
    if (request.method !== 'GET' || head.framing !== 'none' || this.closing)
      return refuseSocket(socket, { status: 400, words: 'only a GET without a body may change the protocol' })
    const { side, open } = route.assign(head)
    if (!open) {
      side.totals.requests += 1
      side.totals.failed += 1
      return refuseSocket(socket, { status: 503, words: 'no server of this side is up' })
    }
    this.tunnels.add(socket)
    socket.once('close', () => this.tunnels.delete(socket))
    upgrade({ request, socket, first, head, route, side })
  }

  /** A server may ignore Upgrade (RFC 9110, 7.8). Node has let go of the connection: one answer can be given on it, to a request without a body. */
  #unswitched(request: IncomingMessage, socket: Socket, first: Buffer, head: RequestHead): void {
    if (head.framing !== 'none' || first.length > 0)
      return refuseSocket(socket, { status: 501, words: 'this protocol is not known here; ask without Upgrade' })
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => {
      response.detachSocket(socket)
      socket.destroySoon()
      response.emit('close')
    })
    socket.on('error', () => socket.destroy())
    this.take(request, response, false)
  }

  #read(
    request: IncomingMessage,
    protocol: Client['protocol'],
  ): { readonly route: RouteRoom; readonly head: RequestHead } | Refusal {
    const client = { address: addressOf(request.socket), protocol, httpVersion: request.httpVersion }
    if (request.method === 'TRACE') return { status: 405, words: 'TRACE shows headers that are not for everyone' }
    const { traffic } = this.#options
    const url = request.url ?? ''
    const route = traffic.find(() => hostOf(url, request.headers.host ?? ''), originOf(url))
    if (route === undefined) return { status: 404, words: 'no route leads there' }
    const head = readHead(request.rawHeaders, url, client, this.#heads.get(route)!, route.wanted)
    return 'status' in head ? head : { route, head }
  }

  #noSide(side: SideRoom, response: ServerResponse): void {
    side.totals.requests += 1
    side.totals.failed += 1
    side.totals.statuses[5]! += 1
    refuse(response, { status: 503, words: 'no server of this side is up', headers: ['Retry-After', '1'] })
  }

  unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    const last = this.#last.get(socket)
    const inAnswer = last !== undefined && !last.writableFinished
    if (error.code === 'ECONNRESET' || inAnswer || !socket.writable) return void socket.destroy()
    refuseSocket(socket, unreadableAs(error.code ?? ''))
  }
}

function unreadableAs(code: string): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, words: 'the head of the request is too large' }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, words: 'the request took too long' }
  return { status: 400, words: 'this cannot be read as a request' }
}

function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress
}

function hostOf(url: string, host: string): string {
  return url.startsWith('/') ? host : (/^https?:\/\/([^/?#]+)/i.exec(url)?.[1] ?? host)
}

function originOf(url: string): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]+/i, '') || '/'
}

async function closeServer(server: Server, door: Door, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
  const idle = setInterval(() => server.closeIdleConnections(), 20)
  const cut = setTimeout(() => {
    server.closeAllConnections()
    for (const socket of door.tunnels) socket.destroy()
  }, graceMs)
  await closed
  while (door.tunnels.size > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  clearInterval(idle)
  clearTimeout(cut)
}
