/** Real sockets for the tests of the gateway: upstreams that do what they are told, clients that send what they like. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type RequestListener, type RequestOptions } from 'node:http'
import { type AddressInfo, connect, createServer as createRaw, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Gateway, type GatewayConfig, startGateway } from '../../src/gateway/index.ts'

export const token = 'a-token-of-the-tests'

export interface Rig {
  /** A folder that is removed at the end. */
  readonly folder: string
  upstream(handler: RequestListener): Promise<Upstream>
  /** Speaks bytes: called for each connection. */
  raw(handler: (socket: Socket) => void): Promise<Upstream>
  /** One route, `all`, unless `routes` are given. Closed at the end. */
  gateway(route: GatewayConfig['routes'][string], more?: Partial<GatewayConfig>): Promise<Gateway>
  close(): Promise<void>
}

export interface Upstream {
  readonly url: string
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
  close(): Promise<void>
}

export function openRig(): Rig {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-gateway-'))
  const closers: (() => Promise<unknown>)[] = []
  const serve = async (server: Server, port = 0): Promise<Upstream> => {
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const close = async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
    closers.push(close)
    const { port: bound } = server.address() as AddressInfo
    return { url: `http://127.0.0.1:${bound}`, port: bound, sockets, close }
  }
  return {
    folder,
    upstream: (handler) => serve(createServer({ keepAliveTimeout: 60_000 }, handler)),
    raw: (handler) => serve(createRaw(handler)),
    gateway: async (route, more = {}) => {
      const gateway = await startGateway({
        listen: { port: 0 },
        control: { port: 0, token },
        state: join(folder, 'state.json'),
        routes: { all: route },
        ...more,
        timeouts: { graceMs: 200, ...more.timeouts },
      })
      closers.push(() => gateway.close())
      return gateway
    },
    close: async () => {
      for (const close of closers.reverse()) await close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A side `v1` with all of the requests. */
export const one = (...urls: string[]) => ({ sides: { v1: urls }, shares: { v1: 10_000 } })

export interface Reply {
  readonly status: number
  readonly reason: string
  readonly headers: IncomingMessage['headers']
  readonly raw: readonly string[]
  readonly trailers: IncomingMessage['trailers']
  readonly body: string
  /** False: the answer ended before it was whole. */
  readonly whole: boolean
}

/** One request on a connection of its own. Rejects when there is no answer at all. */
export function ask(url: string, options: RequestOptions & { readonly body?: string | Buffer } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options }, (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('error', () => undefined)
      answer.on('close', () =>
        resolve({
          status: answer.statusCode ?? 0,
          reason: answer.statusMessage ?? '',
          headers: answer.headers,
          raw: answer.rawHeaders,
          trailers: answer.trailers,
          body: Buffer.concat(pieces).toString(),
          whole: answer.complete,
        }),
      )
    })
    asked.on('error', reject)
    asked.end(options.body)
  })
}

/** Sends bytes as they are, and gives all that came back when the other side closed, or was silent for `quietMs` after it had begun to answer. */
export function say(url: string, text: string | readonly string[], quietMs = 1000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let heard = ''
    const end = (): void => {
      socket.destroy()
      resolve(heard)
    }
    socket.setTimeout(30_000, end)
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1')
      socket.setTimeout(quietMs)
    })
    socket.on('error', end)
    socket.on('close', end)
    socket.on('connect', () => {
      for (const part of typeof text === 'string' ? [text] : text) socket.write(part, 'latin1')
    })
  })
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until it is so; throws after half a minute (or `ms`). */
export async function until(isSo: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(10)) if (await isSo()) return
  throw new Error(`it did not become so in ${ms} ms: ${isSo.toString()}`)
}

export const bodyOf = async (asked: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = []
  for await (const piece of asked as AsyncIterable<Buffer>) pieces.push(piece)
  return Buffer.concat(pieces)
}
