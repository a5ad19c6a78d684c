/** One page of metrics over HTTP. Knows no figure. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What `startPage` is given. */
export interface PageOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Prometheus' text format 0.0.4, made when it is asked for. */
  readonly text: () => string
}

/** A page of metrics that is served. */
export interface Page {
  /** Of the page itself. */
  readonly url: string
  close(): Promise<void>
}

/** Serves `/metrics`, and `/health` for whoever asks whether this is alive. Rejects with the system's error where it cannot listen. */
export async function startPage({ host, port, text }: PageOptions): Promise<Page> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://page').pathname
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET' }).end()
    if (path === '/health') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n')
    if (path !== '/metrics') return void response.writeHead(404).end('the figures are at /metrics\n')
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text())
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve)
  })
  const shown = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${shown}:${(server.address() as AddressInfo).port}/metrics`,
    close: () => closed(server),
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => void server.close(() => resolve()))
}
