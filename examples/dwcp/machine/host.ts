/** The machines that run on this node: started, run a little at a time, given up, taken on again. Knows no wire; who owns what it is told by agreement. */
import { randomUUID } from 'node:crypto'
import type { Entry, Outcome } from '../agreement/placements.ts'
import type { Figures } from '../node/figures.ts'
import { Machine } from './machine.ts'

export interface Held {
  readonly machine: Machine
  generation: number
  /** Does not run while its last pages are on their way, or while it is not known who owns it. */
  isFrozen: boolean
}
export interface HostOptions {
  readonly me: string
  /** Throws NoAgreement. */
  readonly propose: (machine: string, entry: Entry) => Promise<Outcome>
  readonly figures: Figures
  readonly stepsPerTick?: number
}
/** A machine as it was written down. */
export interface Image {
  readonly id: string
  readonly generation: number
  readonly memory: Buffer
}

const tickMs = 25
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Host {
  readonly me: string
  readonly #options: HostOptions
  readonly #held = new Map<string, Held>()
  readonly #creating = new Set<string>()
  readonly #timer: NodeJS.Timeout
  #stopped = false

  constructor(options: HostOptions) {
    this.me = options.me
    this.#options = options
    this.#timer = setInterval(() => this.#tick(), tickMs)
  }

  get all(): readonly (readonly [string, Held])[] {
    return [...this.#held]
  }
  get(id: string): Held | undefined {
    return this.#held.get(id)
  }

  /** A new machine, when the group has agreed that it is here. */
  async create(id: string, seed: number, pages: number): Promise<Outcome> {
    const entry: Entry = { type: 'create', proposal: randomUUID(), machine: id, owner: this.me, seed, pages }
    this.#creating.add(id)
    try {
      const outcome = await this.#options.propose(id, entry)
      if (outcome.done) this.hold(Machine.boot(id, seed, pages), 1)
      return outcome
    } finally {
      this.#creating.delete(id)
    }
  }

  hold(machine: Machine, generation: number): void {
    if (!this.#stopped) this.#held.set(machine.id, { machine, generation, isFrozen: false })
  }

  release(id: string): void {
    this.#held.delete(id)
  }

  /**
   * After a start: the machine is this node's as far as it knows. It runs only once the group has said so again, for a new generation: what
   * this node knows may be old. From its image where that is of the generation; else from its seed, as after a power cut.
   */
  async resume(id: string, generation: number, seed: number, pages: number, image: Image | undefined): Promise<void> {
    if (this.#held.has(id) || this.#creating.has(id)) return
    const outcome = await this.#options.propose(id, this.#keep(id, generation))
    if (!outcome.done || this.#held.has(id)) return
    const isSame = image?.generation === generation
    if (!isSame) this.#options.figures.count('dwcp_machine_reboots_total')
    this.hold(isSame ? Machine.from(id, image.memory) : Machine.boot(id, seed, pages), generation + 1)
  }

  /** A departure came to no clear end: frozen until the group says who owns the machine. */
  async settle(held: Held): Promise<'kept' | 'gone'> {
    while (!this.#stopped) {
      try {
        const outcome = await this.#options.propose(held.machine.id, this.#keep(held.machine.id, held.generation))
        if (!outcome.done) {
          this.release(held.machine.id)
          return 'gone'
        }
        held.generation++
        held.isFrozen = false
        return 'kept'
      } catch {
        await pause(300)
      }
    }
    return 'gone'
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }

  /** The same proposal each time it is made for a generation: it counts once. */
  #keep(machine: string, generation: number): Entry {
    return { type: 'keep', proposal: `keep ${machine} ${generation} ${this.me}`, machine, owner: this.me, generation }
  }

  #tick(): void {
    for (const { machine, isFrozen } of this.#held.values()) if (!isFrozen) machine.run(this.#options.stepsPerTick ?? 8)
  }
}
