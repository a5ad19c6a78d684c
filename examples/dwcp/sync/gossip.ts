/** Who is told what of the notes, and when: two peers at a time, by difference where both have `crdt_sync`, else the whole table as v1 does. */
import type { Feature, Hello } from '../wire/features.ts'
import type { Notes, Register, Row } from './notes.ts'

export interface GossipOptions {
  readonly notes: Notes
  readonly peers: () => readonly string[]
  readonly features: (peer: string) => readonly Feature[]
  readonly ask: (peer: string, op: string, head: object) => Promise<Readonly<Record<string, unknown>>>
  /** A v3 node had to do it the v1 way. */
  readonly asV1: () => void
}

export class Gossip {
  readonly #options: GossipOptions
  /** By peer the turn that it has confirmed. */
  readonly #confirmed = new Map<string, number>()
  #at = 0

  constructor(options: GossipOptions) {
    this.#options = options
  }

  /** One round. Peers are taken in turn, with a step that reaches all. */
  async round(): Promise<void> {
    const peers = this.#options.peers()
    const chosen = [peers[this.#at % peers.length], peers[(this.#at * 5 + 2) % peers.length]]
    this.#at++
    const told = [...new Set(chosen)].flatMap((peer) => (peer === undefined ? [] : [this.#tell(peer)]))
    // Who could not be told lacks it still, and is told the next time.
    await Promise.allSettled(told)
  }

  /** For the other side's messages: the answer tells it what it lacks. */
  takeDifference(head: Readonly<Record<string, unknown>>): object {
    this.#options.notes.take(head['registers'] as Readonly<Record<string, Register>>)
    return { taken: true }
  }

  takeTable(_from: Hello, head: Readonly<Record<string, unknown>>): object {
    this.#options.notes.takeRows(head['rows'] as readonly Row[])
    return { taken: true }
  }

  async #tell(peer: string): Promise<void> {
    const { notes, features, ask, asV1 } = this.#options
    if (!features(peer).includes('crdt_sync')) {
      await ask(peer, 'sync.table', { rows: notes.rows() })
      return asV1()
    }
    const turn = notes.turn
    const confirmed = this.#confirmed.get(peer) ?? 0
    if (turn === confirmed) return
    await ask(peer, 'sync.difference', { registers: notes.since(confirmed) })
    this.#confirmed.set(peer, turn)
  }

  /** It may be another process now, that knows nothing. */
  forget(peer: string): void {
    this.#confirmed.delete(peer)
  }
}
