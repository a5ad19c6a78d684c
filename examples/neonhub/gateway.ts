/** The door that clients know: forwards to v3 or v4, and holds requests for a moment while it changes over. Measures nothing. */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { collect, endToEnd, forward } from './forward.ts'
import { isProgram, options, program } from './service/program.ts'
import { Refusal, reply, type Reply, serve } from './service/serve.ts'
import { openSwitchboard, type Side, sideFrom, type Switchboard } from './switchboard.ts'

export interface GatewayOptions {
  readonly port: number
  readonly controlPort: number
  readonly upstreams: Readonly<Record<Side, string>>
  /** Where the side outlives a restart. */
  readonly state: string
}

export interface Gateway {
  readonly port: number
  readonly controlPort: number
  stop(): Promise<void>
}

/** A request waits at most this long for a side that refuses connections; then it is answered with 503. */
const patienceMs = 4_000
/** An unused connection is closed by us long before a service would close it, so that no request meets a closing one. */
const idleMs = 1_000

const healthPath: Readonly<Record<Side, string>> = { v3: '/api/v3/health', v4: '/api/v1/health' }

export async function startGateway(given: GatewayOptions): Promise<Gateway> {
  const board = openSwitchboard(given.state)
  const agent = new Agent({ keepAlive: true, timeout: idleMs, maxSockets: 256 })
  const server = createServer((asked, answer) => {
    answerOne(asked, answer, board, agent, given.upstreams).catch(() => answer.destroy())
  })
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(given.port, '127.0.0.1', resolve))
  const control = await serve({
    host: '127.0.0.1',
    port: given.controlPort,
    version: 'gateway',
    routes: [
      ['GET', '/_switch', async () => reply(board.state())],
      ['PUT', '/_switch', async (asked) => turn(sideFrom(asked.body['to']), board, agent, given.upstreams)],
    ],
  })
  const closed = (): Promise<void> => {
    const ended = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    return ended
  }
  const stop = async (): Promise<void> => {
    await Promise.all([control.stop(), closed()])
    agent.destroy()
  }
  return { port: (server.address() as AddressInfo).port, controlPort: control.port, stop }
}

/** Tries again what no service can have acted on, on the side that is on by then. */
async function answerOne(
  asked: IncomingMessage,
  answer: ServerResponse,
  board: Switchboard,
  agent: Agent,
  upstreams: Readonly<Record<Side, string>>,
): Promise<void> {
  const body = await collect(asked)
  const until = Date.now() + patienceMs
  for (;;) {
    const got = await board.through((side) => forward(agent, upstreams[side], asked, body))
    if ('status' in got) {
      answer.writeHead(got.status, endToEnd(got)).end(got.body)
      return
    }
    const safe = !got.seen || asked.method === 'GET' || asked.method === 'HEAD'
    if (!safe || Date.now() > until) {
      const text = JSON.stringify({ error: 'the service does not answer', code: got.code })
      answer.writeHead(got.seen ? 502 : 503, { 'content-type': 'application/json' }).end(text)
      return
    }
    await sleep(20)
  }
}

/** Only to a side that is healthy. */
async function turn(
  to: Side | null,
  board: Switchboard,
  agent: Agent,
  upstreams: Readonly<Record<Side, string>>,
): Promise<Reply> {
  if (!to) throw new Refusal(422, '"to" must be "v3" or "v4"')
  if (to === board.state().to) return reply({ to, changed: false })
  const asked = { method: 'GET', url: healthPath[to], headers: {} }
  const health = await forward(agent, upstreams[to], asked, Buffer.alloc(0))
  if (!('status' in health) || health.status !== 200) {
    throw new Refusal(503, `${to} is not healthy; nothing was changed`)
  }
  const turned = await board.turn(to)
  if (!turned) throw new Refusal(409, 'it is changing over already')
  return reply({ ...turned, heldMs: Math.round(10 * turned.heldMs) / 10 })
}

if (isProgram(import.meta.filename)) {
  const given = options(['port', 'control-port', 'v3', 'v4', 'state'])
  await program('gateway', () => {
    if (given.v3 === undefined || given.v4 === undefined) {
      throw new Error('--v3 http://… and --v4 http://… say where the services are')
    }
    return startGateway({
      port: Number(given.port ?? 0),
      controlPort: Number(given['control-port'] ?? 0),
      upstreams: { v3: given.v3, v4: given.v4 },
      state: given.state ?? 'gateway.json',
    })
  })
}
