/** Work for the fleet: machines that move, pages that are read from afar, proposals, notes. What came of it is counted in `load-figures.ts`. */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { serve } from '../stage/http.ts'
import { type LoadFigures, LoadTally, type Operation, operations } from './load-figures.ts'
import { followFleet } from './node/fleet-file.ts'
import { isProgram, options, program, type Running } from '../stage/program.ts'

export interface LoadOptions {
  readonly fleet: string
  /** Operations begun in a second, whether the ones before have ended or not. */
  readonly rate: number
  readonly mix: Readonly<Partial<Record<Operation, number>>>
}
interface Placed {
  readonly machine: string
  readonly owner: string
  readonly pages: number
}
interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A machine on its way is asked for again at its new place so often: its owner is nobody for a moment. */
const attempts = 8
/** Nobody there, not the owner, a peer that is gone, no leader: nothing was done, and a moment later it may be. */
const again: ReadonlySet<number> = new Set([0, 409, 502, 503])
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Load {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })
  readonly #fleet: ReturnType<typeof followFleet>
  readonly #tally = new LoadTally()
  readonly #owners = new Map<string, { readonly owner: string; readonly pages: number }>()
  readonly #turns: readonly Operation[]
  readonly #timer: NodeJS.Timeout
  #running = new Set<Promise<void>>()
  #turn = 0

  constructor({ fleet, rate, mix }: LoadOptions) {
    this.#fleet = followFleet(fleet, () => undefined)
    this.#turns = interleaved(mix)
    let due = 0
    this.#timer = setInterval(() => {
      for (due += rate / 50; due >= 1; due--) this.#begin()
    }, 20)
  }

  figures(): LoadFigures {
    return this.#tally.figures()
  }

  metrics(): string {
    return this.#tally.metrics()
  }

  /** What has begun is waited for. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
    this.#tally.end()
    this.#fleet.stop()
    this.#agent.destroy()
  }

  #begin(): void {
    const operation = this.#turns[this.#turn % this.#turns.length] ?? 'read'
    const turn = this.#turn++
    const run = this.#run(operation, turn).finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  async #run(operation: Operation, turn: number): Promise<void> {
    const began = this.#tally.begin(turn)
    try {
      const { status, body } = await this.#perform(operation, turn)
      if (status === 0 || status >= 400) throw new Error(`${operation} ${status}: ${String(body['error'])}`)
      this.#tally.served(operation, operation === 'migrate' ? Number(body['rawBytes']) : 0)
    } catch (error) {
      this.#tally.failed(operation, turn, error)
    }
    this.#tally.over(operation, turn, began)
  }

  async #perform(operation: Operation, turn: number): Promise<Reply> {
    const nodes = Object.keys(this.#fleet.current().nodes)
    const someNode = nodes[(turn * 7) % nodes.length] ?? ''
    let reply: Reply = { status: 503, body: { error: 'there are no machines' } }
    for (let attempt = 0; attempt < attempts; attempt++) {
      // A machine that is just moving is left alone for another.
      const machine = await this.#machine(operation === 'migrate' ? turn + attempt : turn, attempt > 0)
      if (machine === undefined) continue
      const { owner, pages } = this.#owners.get(machine) ?? { owner: someNode, pages: 1 }
      const asker = nodes[(turn * 7 + attempt) % nodes.length] ?? someNode
      reply = await this.#ask(
        operation,
        turn,
        machine,
        owner,
        pages,
        asker === owner ? (nodes.find((each) => each !== owner) ?? someNode) : asker,
      ).catch(answerOfNobody)
      // Not there any more, on its way, or asked of a node that starts anew: users try again. All else is an answer.
      if (!again.has(reply.status)) return reply
      this.#tally.triedAgain++
      await pause(50 * (attempt + 1))
    }
    return reply
  }

  #ask(
    operation: Operation,
    turn: number,
    machine: string,
    owner: string,
    pages: number,
    asker: string,
  ): Promise<Reply> {
    if (operation === 'migrate') return this.#call(owner, '/migrate', { machine })
    if (operation === 'read') return this.#call(asker, '/read', { machine, page: (turn * 13) % pages, owner })
    if (operation === 'propose') return this.#call(asker, '/propose', { machine, label: `turn ${turn}` })
    return this.#call(asker, '/notes', { machine, note: `turn ${turn}` })
  }

  async #machine(turn: number, isStale: boolean): Promise<string | undefined> {
    if (isStale || turn % 20 === 0 || this.#owners.size === 0) await this.#learnOwners()
    const machines = [...this.#owners.keys()]
    return machines[(turn * 11) % machines.length]
  }

  async #learnOwners(): Promise<void> {
    const { groups } = this.#fleet.current()
    await Promise.all(
      Object.values(groups).map(async (members) => {
        for (const member of members) {
          const answer = await this.#call(member, '/placements').catch(() => null)
          if (answer === null || answer.status !== 200) continue
          for (const { machine, owner, pages } of answer.body['items'] as readonly Placed[])
            this.#owners.set(machine, { owner, pages })
          return
        }
      }),
    )
  }

  #call(node: string, path: string, body?: object): Promise<Reply> {
    const { admin } = this.#fleet.current().nodes[node] ?? { admin: '' }
    return new Promise((resolve, reject) => {
      const sent = request(
        `${admin}${path}`,
        { agent: this.#agent, method: body === undefined ? 'GET' : 'POST', timeout: 20_000 },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Reply['body'],
            }),
          )
        },
      )
      sent.on('timeout', () => sent.destroy(new Error('no answer in 20 s')))
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

/** A node that is not there has not acted: another is asked. Anything else that went wrong on the way is passed on. */
function answerOfNobody(error: unknown): Reply {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return { status: 0, body: { error: 'the node is not there' } }
  throw error
}

/** The mix spread evenly, so that a short run has it too. */
function interleaved(mix: LoadOptions['mix']): readonly Operation[] {
  const total = Object.values(mix).reduce((sum, each) => sum + each, 0)
  const turns = operations.flatMap((name) =>
    Array.from({ length: mix[name] ?? 0 }, (_, at) => ({ name, at: ((at + 0.5) * total) / (mix[name] ?? 1) })),
  )
  return turns.sort((a, b) => a.at - b.at).map((each) => each.name)
}

/** `migrate=1,read=6`. Throws RangeError. */
export function readMix(text: string): LoadOptions['mix'] {
  const parts = text.split(',').map((each) => {
    const [name, share] = each.split('=')
    const operation = operations.find((one) => one === name)
    if (operation === undefined || !/^\d+$/.test(share ?? ''))
      throw new RangeError(`"${each}" is no part of a mix: migrate=1,read=6`)
    return [operation, Number(share)] as const
  })
  return Object.fromEntries(parts) as LoadOptions['mix']
}

if (isProgram(import.meta.filename)) {
  const given = options(['fleet', 'rate', 'mix', 'seconds', 'port', 'owner'])
  const start = async (): Promise<Running> => {
    if (given.fleet === undefined) throw new RangeError('--fleet FILE says where the nodes are')
    readFileSync(given.fleet)
    const load = new Load({
      fleet: given.fleet,
      rate: Number(given.rate ?? 20),
      mix: readMix(given.mix ?? 'migrate=1,read=6,propose=2,note=1'),
    })
    const server = await serve(Number(given.port ?? 0), {
      'GET /figures': () => ({ status: 200, body: load.figures() }),
      'GET /metrics': () => ({ status: 200, body: load.metrics() }),
    })
    const stop = async (): Promise<void> => {
      await load.stop()
      await server.stop()
      process.stdout.write(`${JSON.stringify(load.figures())}\n`)
    }
    const seconds = Number(given.seconds ?? 0)
    if (seconds > 0) setTimeout(() => process.kill(process.pid, 'SIGTERM'), seconds * 1_000)
    return { port: server.port, stop }
  }
  await program('load', start, { owner: given.owner })
}
