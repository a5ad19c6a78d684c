/** Requests for another protocol (WebSocket): the head is passed on, and after a 101 bytes go both ways untouched. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { RouteRoom } from '../route.ts'
import type { SideRoom } from '../side.ts'
import type { AnswerHead, Asker, Connection, Failure } from '../upstream/index.ts'
import { type Refusal, refuseSocket } from './refusal.ts'
import type { RequestHead } from './request-head.ts'

export interface UpgradeAsked {
  readonly request: IncomingMessage
  readonly socket: Socket
  /** What the client sent after its head. */
  readonly first: Buffer
  readonly head: RequestHead
  readonly route: RouteRoom
  readonly side: SideRoom
}

/** True for a protocol the route passes on. Others (h2c above all) would open a tunnel past everything that reads requests. */
export function maySwitch({ settings }: RouteRoom, head: RequestHead): boolean {
  const wanted = head.upgrade.split(',').map((each) => each.trim().split('/')[0]!.toLowerCase())
  return wanted.length === 1 && settings.upgrades.some((each) => each.toLowerCase() === wanted[0])
}

export function upgrade(asked: UpgradeAsked): void {
  const { side, socket } = asked
  side.totals.requests += 1
  let entered = false
  const takeBack = side.enter(
    () => {
      entered = true
      ask(asked)
    },
    (why) => refuseUpgrade(asked, { status: 503, words: `the service is busy: ${why}` }),
  )
  socket.on('error', () => socket.destroy())
  socket.once('close', () => (entered ? side.leave() : takeBack()))
}

function ask(asked: UpgradeAsked): void {
  const { request, head, side, socket } = asked
  const server = side.choose(undefined)
  if (server === undefined) return refuseUpgrade(asked, { status: 503, words: 'no server of this side is up' })
  const connection = server.lend(false)
  socket.once('close', () => connection.abandon())
  const lines = `GET ${head.target} HTTP/1.1\r\n${head.fields}Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n\r\n`
  connection.send(lines, request.method ?? 'GET', false, answerFor(asked, connection))
}

function answerFor(asked: UpgradeAsked, connection: Connection): Asker {
  const { socket, side } = asked
  let begun = false
  const headLines = (head: AnswerHead, more: string): string =>
    `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.headers.map((each, at) => (at % 2 === 0 ? `${each}: ` : `${each}\r\n`)).join('')}${more}\r\n`
  return {
    connected: () => undefined,
    information: () => undefined,
    // Not switched: an ordinary answer, after which the connection ends, for its framing may be the end.
    head: (head) => {
      begun = true
      side.totals.statuses[Math.floor(head.status / 100)]! += 1
      if (head.status >= 500) side.totals.failed += 1
      socket.write(headLines(head, 'Connection: close\r\n'), 'latin1')
    },
    data: (bytes) => {
      const room = socket.write(bytes)
      if (!room && socket.listenerCount('drain') === 0) socket.once('drain', () => connection.resume())
      return room
    },
    end: (last) => void (last === undefined ? socket.end() : socket.end(last)),
    upgraded: (head, upstream, first) => {
      side.totals.statuses[1]! += 1
      socket.write(headLines(head, 'Connection: Upgrade\r\n'), 'latin1')
      join(socket, upstream, asked.first, first)
    },
    failed: ({ type, why }: Failure) => {
      if (begun) return void socket.destroy()
      refuseUpgrade(
        asked,
        type === 'timeout'
          ? { status: 504, words: `the server did not answer in time: ${why}` }
          : { status: 502, words: `no server could be reached: ${why}` },
      )
    },
    drained: () => undefined,
  }
}

/** One ends, so does the other, after what is under way. */
function join(client: Socket, upstream: Socket, fromClient: Buffer, fromUpstream: Buffer): void {
  upstream.on('error', () => client.destroy())
  upstream.once('close', () => client.destroySoon())
  client.once('close', () => upstream.destroy())
  for (const socket of [client, upstream]) {
    socket.setTimeout(0)
    socket.setNoDelay(true)
  }
  if (fromClient.length > 0) upstream.write(fromClient)
  if (fromUpstream.length > 0) client.write(fromUpstream)
  client.pipe(upstream)
  upstream.pipe(client)
}

function refuseUpgrade({ socket, side }: UpgradeAsked, refusal: Refusal): void {
  side.totals.failed += 1
  refuseSocket(socket, refusal)
}
