/** Where this node's machines go, and when: by request, by placement, all of them, and back to life after a restart. How a machine is moved is known to others. */
import type { Arrivals } from '../machine/arrival.ts'
import { CannotMove, depart, type Moved } from '../machine/departure.ts'
import type { Host, Image } from '../machine/host.ts'
import { hashOf } from '../pages/page.ts'
import type { PageSender } from '../pages/sender.ts'
import { frameTypes } from '../wire/frame.ts'
import type { Agreement } from './agreement.ts'
import type { Figures } from './figures.ts'
import type { Links } from './links.ts'
import { leastLoaded, nextByHash } from './placement.ts'

export interface MovesOptions {
  readonly me: string
  readonly host: Host
  readonly links: Links
  readonly agreement: Agreement
  readonly arrivals: Arrivals
  readonly sender: PageSender
  readonly figures: Figures
  /** By load and mode, or as v1 does. */
  readonly placesByLoad: () => boolean
  readonly happened: (event: string, details: Readonly<Record<string, unknown>>) => void
  /** Machines of an earlier life. */
  readonly images: readonly Image[]
}
export interface ReadPage {
  readonly hash: string
  readonly microseconds: number
}

const resumeMs = 1_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Moves {
  readonly #options: MovesOptions
  /** Until it is known whose they are now. */
  readonly #images: Map<string, Image>
  #isDraining = false
  #stopped = false

  constructor(options: MovesOptions) {
    this.#options = options
    this.#images = new Map(options.images.map((each) => [each.id, each]))
  }

  get isDraining(): boolean {
    return this.#isDraining
  }
  /** Of an earlier life, and not running again yet. */
  get waiting(): readonly Image[] {
    return [...this.#images.values()]
  }

  /** Throws CannotMove, PeerLost, Refused. Without `to` the placement says where. */
  async migrate(machine: string, to?: string): Promise<Moved> {
    const { host, links, sender, figures, happened } = this.#options
    const target = to ?? (await this.#place(machine))
    if (target === undefined) throw new CannotMove('there is nobody to take it')
    try {
      const moved = await depart(host, machine, links.link(target), sender, figures)
      happened('migration', { ...moved })
      return moved
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      happened('migration_failed', { machine, to: target, reason })
      throw error
    }
  }

  async readPage(machine: string, page: number, owner: string): Promise<ReadPage> {
    const began = performance.now()
    const { head, body } = await this.#options.links.ask(owner, frameTypes.ask, { op: 'machine.page', machine, page })
    const hash = hashOf(body).toString('hex')
    if (hash !== head['hash']) throw new Error(`page ${page} of machine "${machine}" did not arrive as it left`)
    return { hash, microseconds: Math.round((performance.now() - began) * 1_000) }
  }

  /** Takes no machine from now on, and gives away those that others will have. */
  async drain(): Promise<{ readonly moved: number; readonly kept: number }> {
    const { host } = this.#options
    this.close()
    let moved = 0
    for (let turn = 0; turn < 3 && host.all.length > 0; turn++)
      for (const [machine] of host.all)
        await this.migrate(machine).then(
          () => moved++,
          () => undefined,
        )
    return { moved, kept: host.all.length }
  }

  close(): void {
    this.#isDraining = true
  }
  stop(): void {
    this.close()
    this.#stopped = true
  }

  /**
   * What the groups say is this node's and does not run here is confirmed, and runs again. Looked for again and again: what a group knows
   * right after a start may be old.
   */
  async resume(): Promise<void> {
    const { me, host, agreement, arrivals } = this.#options
    for (; !this.#stopped; await pause(resumeMs)) {
      try {
        for (const [machine, { owner, generation, seed, pages }] of await agreement.placements()) {
          if (owner !== me || arrivals.names.includes(machine)) continue
          await host.resume(machine, generation, seed, pages, this.#images.get(machine))
          if (host.get(machine) !== undefined) this.#images.delete(machine)
        }
      } catch {
        // No leader yet, or nobody of a group is there: asked again.
      }
    }
  }

  async #place(machine: string): Promise<string | undefined> {
    const { links, figures, host, placesByLoad } = this.#options
    if (!placesByLoad()) {
      figures.asV1('placement')
      return nextByHash(machine, host.get(machine)?.generation ?? 0, links.names)
    }
    const asked = await Promise.allSettled(
      links.open.map(async ([id]) => ({ id, mode: links.mode(id), ...(await links.op(id, 'load', {}, 1_000)) })),
    )
    const loads = asked.flatMap((each) =>
      each.status === 'fulfilled'
        ? [each.value as { id: string; mode: 'datacenter'; machines: number; closed: boolean }]
        : [],
    )
    return leastLoaded(loads.filter((each) => !each.closed))
  }
}
