/** The door that clients know: forwards to v3 or v4, and holds requests for a moment while it changes over. Measures nothing. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { collect, endToEnd, forward } from './forward.ts'
import { options, program } from './service/program.ts'
import { Refusal, reply, type Reply, serve } from './service/serve.ts'

export type Side = 'v3' | 'v4'
const sides: readonly Side[] = ['v3', 'v4']

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
/** New requests wait at most this long for those under way on the old side. They still end there when it takes longer. */
const drainMs = 2_000
/** An unused connection is closed by us long before a service would close it, so that no request meets a closing one. */
const idleMs = 1_000

const healthPath: Readonly<Record<Side, string>> = { v3: '/api/v3/health', v4: '/api/v1/health' }
export async function startGateway(given: GatewayOptions): Promise<Gateway> {
  let side = load(given.state)
  let gate: Promise<void> | null = null
  let turning = false
  const inFlight: Record<Side, number> = { v3: 0, v4: 0 }
  const agent = new Agent({ keepAlive: true, timeout: idleMs, maxSockets: 256 })

  const answerOne = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await collect(asked)
    const until = Date.now() + patienceMs
    for (;;) {
      while (gate) await gate
      const to = side
      inFlight[to]++
      const got = await forward(agent, given.upstreams[to], asked, body).finally(() => inFlight[to]--)
      if ('status' in got) return void answer.writeHead(got.status, endToEnd(got)).end(got.body)
      const safe = !got.seen || asked.method === 'GET' || asked.method === 'HEAD'
      if (!safe || Date.now() > until) {
        const text = JSON.stringify({ error: `${to} does not answer`, code: got.code })
        return void answer.writeHead(got.seen ? 502 : 503, { 'content-type': 'application/json' }).end(text)
      }
      await sleep(20)
    }
  }

  const turn = async (to: Side): Promise<Reply> => {
    if (to === side) return reply({ to, changed: false })
    if (turning) throw new Refusal(409, 'it is changing over already')
    turning = true
    let open = (): void => undefined
    try {
      const healthy = await forward(
        agent,
        given.upstreams[to],
        { method: 'GET', url: healthPath[to], headers: {} },
        Buffer.alloc(0),
      )
      if (!('status' in healthy) || healthy.status !== 200)
        throw new Refusal(503, `${to} is not healthy; nothing was changed`)
      const from = side
      const began = performance.now()
      gate = new Promise((resolve) => (open = resolve))
      while (inFlight[from] > 0 && performance.now() - began < drainMs) await sleep(1)
      keep(given.state, to)
      side = to
      return reply({
        to,
        changed: true,
        heldMs: Math.round(10 * (performance.now() - began)) / 10,
        leftOnOldSide: inFlight[from],
      })
    } finally {
      gate = null
      open()
      turning = false
    }
  }

  const server = createServer((asked, answer) => void answerOne(asked, answer).catch(() => answer.destroy()))
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(given.port, '127.0.0.1', resolve))
  const control = await serve({
    host: '127.0.0.1',
    port: given.controlPort,
    version: 'gateway',
    routes: [
      ['GET', '/_switch', async () => reply({ to: side, turning, inFlight })],
      ['PUT', '/_switch', async (asked) => turn(sideFrom(asked.body['to']))],
    ],
  })
  const stop = async (): Promise<void> => {
    await Promise.all([
      control.stop(),
      new Promise((resolve) => (server.close(resolve), server.closeIdleConnections())),
    ])
    agent.destroy()
  }
  return { port: (server.address() as AddressInfo).port, controlPort: control.port, stop }
}

function sideFrom(value: unknown): Side {
  const side = sides.find((each) => each === value)
  if (!side) throw new Refusal(422, '"to" must be "v3" or "v4"')
  return side
}

function load(path: string): Side {
  try {
    return sideFrom((JSON.parse(readFileSync(path, 'utf8')) as { to?: unknown }).to)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return 'v3'
    throw error
  }
}

function keep(path: string, to: Side): void {
  writeFileSync(`${path}.new`, JSON.stringify({ to }))
  renameSync(`${path}.new`, path)
}

if (process.argv[1] === import.meta.filename) {
  const given = options(['port', 'control-port', 'v3', 'v4', 'state'])
  await program('gateway', () => {
    if (given.v3 === undefined || given.v4 === undefined)
      throw new Error('--v3 http://… and --v4 http://… say where the services are')
    return startGateway({
      port: Number(given.port ?? 0),
      controlPort: Number(given['control-port'] ?? 0),
      upstreams: { v3: given.v3, v4: given.v4 },
      state: given.state ?? 'gateway.json',
    })
  })
}
