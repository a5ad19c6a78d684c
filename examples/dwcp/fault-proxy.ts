/** Stands between two nodes where it is told to: late, uneven, slow, or cut. The bytes themselves are never touched. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { serve } from '../stage/http.ts'
import type { FleetFile } from './node/fleet-file.ts'
import { isProgram, options, program, type Running } from '../stage/program.ts'

export interface Fault {
  readonly from: string
  readonly to: string
  /** One way. */
  readonly delayMs?: number
  /** Up to so much more, by a fixed pattern. */
  readonly jitterMs?: number
  readonly bytesPerSecond?: number
  /** Nothing comes through, and what was open is closed. */
  readonly cut?: boolean
}
interface Way {
  fault: Fault
  readonly server: Server
  readonly port: number
  readonly sockets: Set<Socket>
}

export class FaultProxy {
  readonly #file: string
  readonly #ways = new Map<string, Way>()

  constructor(file: string) {
    this.#file = file
  }

  get faults(): readonly Fault[] {
    return [...this.#ways.values()].map((way) => way.fault)
  }

  /** Puts itself between, or changes what it does there. */
  async set(faults: readonly Fault[]): Promise<void> {
    for (const fault of faults) {
      const key = `${fault.from}>${fault.to}`
      const way = this.#ways.get(key) ?? (await this.#open(fault))
      way.fault = fault
      this.#ways.set(key, way)
      if (fault.cut) for (const socket of way.sockets) socket.destroy()
    }
    this.#writeVia()
  }

  /** `side` and all others hear nothing of each other. */
  async partition(side: readonly string[]): Promise<void> {
    const others = Object.keys(this.#read().nodes).filter((each) => !side.includes(each))
    await this.set(
      side.flatMap((a) =>
        others.flatMap((b) => [
          { from: a, to: b, cut: true },
          { from: b, to: a, cut: true },
        ]),
      ),
    )
  }

  /** All ways are direct again. */
  async clear(): Promise<void> {
    const ways = [...this.#ways.values()]
    this.#ways.clear()
    this.#writeVia()
    for (const { sockets, server } of ways) {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }

  async #open(fault: Fault): Promise<Way> {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => this.#between(way, socket))
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', () => resolve()))
    const way: Way = { fault, server, port: (server.address() as AddressInfo).port, sockets }
    return way
  }

  #between(way: Way, near: Socket): void {
    const address = this.#read().nodes[way.fault.to]?.address ?? ''
    if (way.fault.cut || address === '') {
      near.destroy()
      return
    }
    const colon = address.lastIndexOf(':')
    const far = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true)
      way.sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        way.sockets.delete(one)
        other.destroy()
      })
      carry(one, other, way)
    }
  }

  #read(): FleetFile {
    return JSON.parse(readFileSync(this.#file, 'utf8')) as FleetFile
  }

  #writeVia(): void {
    const via = Object.fromEntries([...this.#ways].map(([key, { port }]) => [key, `127.0.0.1:${port}`]))
    writeFileSync(`${this.#file}.via`, JSON.stringify({ ...this.#read(), via }, null, 2))
    renameSync(`${this.#file}.via`, this.#file)
  }
}

/** In order, each piece when its time has come: timers of their own would overtake each other by a millisecond. */
function carry(from: Socket, to: Socket, way: Way): void {
  const waiting: { readonly at: number; readonly bytes: Buffer }[] = []
  let free = 0
  let turn = 0
  const deliver = (): void => {
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      const leftMs = next.at - performance.now()
      if (leftMs > 0) return void setTimeout(deliver, Math.ceil(leftMs))
      waiting.shift()
      if (!to.destroyed) to.write(next.bytes)
    }
  }
  from.on('data', (bytes: Buffer) => {
    const { delayMs = 0, jitterMs = 0, bytesPerSecond = 0 } = way.fault
    const now = performance.now()
    const sendMs = bytesPerSecond > 0 ? (bytes.length / bytesPerSecond) * 1_000 : 0
    free = Math.max(free, now + delayMs + jitterMs * (((turn++ * 37) % 100) / 100)) + sendMs
    waiting.push({ at: free, bytes })
    if (waiting.length === 1) deliver()
    // Memory is not the place for what a slow link cannot take.
    if (free - now - delayMs > 500) {
      from.pause()
      setTimeout(() => from.resume(), 250)
    }
  })
}

if (isProgram(import.meta.filename)) {
  const given = options(['fleet', 'port', 'owner'])
  const start = async (): Promise<Running> => {
    if (given.fleet === undefined) throw new RangeError('--fleet FILE says where the nodes are')
    const proxy = new FaultProxy(given.fleet)
    const all = () => ({ status: 200, body: { items: proxy.faults } })
    const server = await serve(Number(given.port ?? 0), {
      'GET /links': all,
      'POST /links': async ({ body }) => (await proxy.set([body as Fault]), all()),
      'POST /partition': async ({ body }) => (await proxy.partition((body as { side: readonly string[] }).side), all()),
      'DELETE /links': async () => (await proxy.clear(), all()),
    })
    const stop = async (): Promise<void> => {
      await proxy.clear()
      await server.stop()
    }
    return { port: server.port, stop }
  }
  await program('fault-proxy', start, { owner: given.owner })
}
