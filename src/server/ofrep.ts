/** The OFREP 0.3.0 server: evaluations for programs in any language, and streams that tell them of changes. Reads flags, never changes them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../core/index.ts'
import { type Caller, openAccess } from './access.ts'
import { openAllowance, type Rate } from './allowance.ts'
import { openCounters } from './counters.ts'
import { openEventStreams } from './event-streams.ts'
import type { FlagSource } from '../flags/index.ts'
import { type Desk, handle } from './ofrep-requests.ts'

/** What `startOfrep` is given. */
export interface OfrepOptions {
  readonly source: FlagSource
  readonly clock: Pick<Clock, 'now'>
  readonly host?: string
  /** 0 takes a free one. */
  readonly port?: number
  /** Who may ask; anybody where there are none. No two have the same token. */
  readonly callers?: readonly Caller[]
  /** The largest body, in bytes. */
  readonly mostBytes?: number
  readonly rate?: Rate
  /** Origins whose pages may ask; `*` is all. */
  readonly origins?: readonly string[]
  /** Refuses a context without targetingKey. flagd does not, and neither does this unless asked. */
  readonly needsKey?: boolean
  /** How often silent streams are kept awake. */
  readonly beatMs?: number
}

/** A server of flags that listens. */
export interface OfrepServer {
  readonly url: string
  readonly port: number
  /** Ends every stream and stops listening; requests under way are answered. */
  close(): Promise<void>
}

const graceMs = 2_000

/** Rejects when the port cannot be had. */
export async function startOfrep(options: OfrepOptions): Promise<OfrepServer> {
  const { source, host = '127.0.0.1', port = 0 } = options
  const streams = openEventStreams(source.current())
  const desk = deskOf(options, streams)
  const server = createServer((request, response) => void answer(desk, request, response))
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  await listening(server, port, host)
  const unfollow = source.follow((served) => {
    desk.counters.add('changeover_flag_changes_total', {})
    streams.publish(served)
  })
  const beat = setInterval(() => streams.beat(), options.beatMs ?? 25_000).unref()
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: async () => {
      unfollow()
      clearInterval(beat)
      streams.close()
      await closed(server)
    },
  }
}

function deskOf(options: OfrepOptions, streams: Desk['streams']): Desk {
  return {
    source: options.source,
    clock: options.clock,
    access: openAccess(options.callers ?? []),
    allowance: options.rate === undefined ? undefined : openAllowance(options.rate),
    streams,
    counters: openCounters({
      changeover_ofrep_requests_total: 'Requests, by what they asked for and the status they got.',
      changeover_ofrep_evaluations_total: 'Flags evaluated, by reason.',
      changeover_flag_changes_total: 'New versions of the flags that were seen.',
      changeover_flag_streams: 'Event streams that are open.',
      changeover_flag_store_troubled: '1 while the newest flags cannot be read and the last good ones are served.',
      changeover_flags: 'Flags that are served.',
    }),
    mostBytes: options.mostBytes ?? 1024 * 1024,
    origins: options.origins ?? [],
    needsKey: options.needsKey ?? false,
  }
}

/** A fault of ours is 500 for this request, and nothing for the others. */
async function answer(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await handle(desk, request, response)
  } catch {
    if (response.headersSent || request.destroyed) response.destroy()
    else
      response
        .writeHead(500, { 'content-type': 'application/json' })
        .end(JSON.stringify({ errorDetails: 'the server failed to answer' }))
  }
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function closed(server: Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), graceMs)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(late)
}
