/** Machines on their way to this node: pages taken, the whole verified, and agreed upon before the first step. */
import type { Entry, Outcome } from '../agreement/placements.ts'
import type { Baselines } from '../pages/baselines.ts'
import type { Codec } from '../pages/codecs.ts'
import { hashOf, pageSize } from '../pages/page.ts'
import { takePages } from '../pages/receiver.ts'
import { Refused } from '../wire/stream.ts'
import type { Host } from './host.ts'
import { Machine } from './machine.ts'

interface Coming {
  readonly from: string
  readonly generation: number
  readonly memory: Buffer
  isEnding: boolean
  heard: number
}
export interface ArrivalOptions {
  readonly host: Host
  readonly baselines: Baselines
  readonly codecs: readonly Codec[]
  readonly propose: (machine: string, entry: Entry) => Promise<Outcome>
  readonly isClosed: () => boolean
}
type Head = Readonly<Record<string, unknown>>

const largestMachine = 65_536
/** A machine of which nothing was heard for so long comes no more: its source gave up before the end. */
const patienceMs = 30_000
const comingMs = 3_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Arrivals {
  readonly #options: ArrivalOptions
  readonly #coming = new Map<string, Coming>()
  #stopped = false

  constructor(options: ArrivalOptions) {
    this.#options = options
  }

  /** Those that come still. One that nothing was heard of for some seconds is its source's, which has given up. */
  get names(): readonly string[] {
    const since = performance.now() - comingMs
    return [...this.#coming].filter(([, { isEnding, heard }]) => isEnding || heard > since).map(([machine]) => machine)
  }

  begin(from: string, head: Head): object {
    const { host, baselines, isClosed } = this.#options
    const { machine, generation, pages } = head as { machine: string; generation: number; pages: number }
    if (isClosed()) throw new Refused('closed', 'this node takes no machines')
    if (!Number.isInteger(pages) || pages < 2 || pages > largestMachine) throw new Refused('invalid', `${pages} pages`)
    const known = this.#coming.get(machine)
    if (known?.isEnding || host.get(machine) !== undefined) throw new Refused('busy', `machine "${machine}" is here`)
    this.#forgetOld()
    const memory = Buffer.alloc(pages * pageSize)
    this.#coming.set(machine, { from, generation, memory, isEnding: false, heard: performance.now() })
    return { baselines: baselines.hashes(machine, pages) }
  }

  pages(from: string, head: Head, body: Buffer): object {
    const machine = String(head['machine'])
    const coming = this.#known(from, machine)
    coming.heard = performance.now()
    return takePages(machine, coming.memory, body, this.#options.baselines, this.#options.codecs)
  }

  /** All bytes are here. Answers when the machine runs here, or will not. */
  async end(from: string, head: Head): Promise<object> {
    const machine = String(head['machine'])
    const coming = this.#known(from, machine)
    if (coming.generation !== head['generation']) throw new Refused('invalid', 'another generation has begun')
    if (hashOf(coming.memory).toString('hex') !== head['hash']) {
      this.#coming.delete(machine)
      throw new Refused('hash', `the memory of machine "${machine}" did not arrive as it left`)
    }
    coming.isEnding = true
    const outcome = await this.#settled(machine, coming)
    this.#coming.delete(machine)
    if (outcome === null || !outcome.done) throw new Refused('refused', outcome?.reason ?? 'this node ends')
    this.#options.host.hold(Machine.from(machine, coming.memory), coming.generation + 1)
    return { moved: true }
  }

  stop(): void {
    this.#stopped = true
  }

  /** Asked until the group has decided: the source may be dead, and then this is the only copy. */
  async #settled(machine: string, { from, generation }: Coming): Promise<Outcome | null> {
    const to = this.#options.host.me
    const entry: Entry = {
      type: 'move',
      proposal: `move ${machine} ${generation} ${from} ${to}`,
      machine,
      from,
      to,
      generation,
    }
    while (!this.#stopped) {
      try {
        return await this.#options.propose(machine, entry)
      } catch {
        await pause(300)
      }
    }
    return null
  }

  #known(from: string, machine: string): Coming {
    const coming = this.#coming.get(machine)
    if (coming?.from === from && !coming.isEnding) return coming
    throw new Refused('unknown-machine', `machine "${machine}" is not on its way here from "${from}"`)
  }

  #forgetOld(): void {
    for (const [machine, { heard, isEnding }] of this.#coming)
      if (!isEnding && performance.now() - heard > patienceMs) this.#coming.delete(machine)
  }
}
