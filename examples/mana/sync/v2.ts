/** The second sync: ranges of blocks from all peers at once, the better peers more often, put in order as they come. */
import { type Block, bodyFault, faultOf } from '../blocks.ts'
import { isSignedLater, keyOf } from '../transactions.ts'
import type { KeyObject } from 'node:crypto'
import { type Ask, ask, type BlockSync, pause, type PeerView, type SyncOptions, type SyncStatus } from './sync.ts'

/** What is known of a peer. `score` falls with failures and rises with blocks; one at 0 is asked no more until all are. */
export interface PeerConnection {
  readonly url: string
  readonly failures: number
  readonly score: number
  readonly blocks: number
}

/** The state as v2 gives it away. */
export interface SyncStateV2 {
  readonly chain: readonly Block[]
  readonly block_queue: readonly Block[]
  readonly peer_connections: readonly PeerConnection[]
  readonly sync_status: string
  readonly current_block: number
  readonly highest_block: number
  readonly metrics: { readonly ranges: number; readonly retries: number }
  readonly config: { readonly range: number; readonly ahead: number }
}

const fullScore = 100
type Mutable<T> = { -readonly [key in keyof T]: T[key] }

export class SyncV2 implements BlockSync {
  #chain: Block[] = []
  /** Came too early: blocks that wait for those before them, and who gave them. */
  #early = new Map<number, { readonly block: Block; readonly peer: Mutable<PeerConnection> | null }>()
  #asked = new Set<number>()
  #peers: Mutable<PeerConnection>[]
  #highest = -1
  #state: SyncStatus['state'] = 'idle'
  #metrics = { ranges: 0, retries: 0 }
  #config = { range: 8, ahead: 128 }
  #running: { readonly abort: AbortController; readonly ended: Promise<unknown> } | null = null
  readonly #keys = new Map<string, KeyObject>()
  readonly #options: SyncOptions
  readonly #ask: Ask

  constructor(options: SyncOptions) {
    this.#options = options
    this.#ask = options.ask ?? ask
    this.#peers = options.peers.map((url) => ({ url, failures: 0, score: fullScore, blocks: 0 }))
  }

  start(): void {
    if (this.#running !== null) return
    const abort = new AbortController()
    // Two requests at a time to each peer: one is on its way while the other's blocks are checked.
    const hands = this.#peers.flatMap((peer) => [
      this.#hand(peer, abort.signal, true),
      this.#hand(peer, abort.signal, false),
    ])
    this.#running = { abort, ended: Promise.all(hands) }
  }

  async stop(): Promise<void> {
    const running = this.#running
    running?.abort.abort()
    await running?.ended
    this.#running = null
    this.#asked.clear()
    this.#state = 'idle'
  }

  async #hand(peer: Mutable<PeerConnection>, signal: AbortSignal, leads: boolean): Promise<void> {
    const { pollMs = 50, patienceMs = 2_000 } = this.#options
    while (!signal.aborted) {
      const range = this.#mayAsk(peer) ? this.#nextRange() : null
      try {
        if (range === null) {
          if (leads)
            this.#highest = Math.max(
              this.#highest,
              (await this.#ask<{ readonly number: number }>(`${peer.url}/head`, signal, patienceMs)).number,
            )
          if (this.#chain.length > this.#highest) this.#state = 'synced'
          if (this.#nextMissing() > this.#highest || !this.#mayAsk(peer)) await pause(pollMs, signal)
          else if (!leads) await pause(1, signal)
          continue
        }
        this.#state = 'syncing'
        await this.#fetch(peer, range, signal, patienceMs)
      } catch {
        if (signal.aborted) return
        peer.failures++
        peer.score = Math.max(0, peer.score - 25)
        this.#metrics.retries++
        await pause(pollMs, signal)
      }
    }
  }

  /** A peer without a score rests, unless none has one: then all begin again. */
  #mayAsk(peer: PeerConnection): boolean {
    if (this.#peers.every((each) => each.score === 0)) for (const each of this.#peers) each.score = fullScore / 2
    return peer.score > 0
  }

  #nextMissing(): number {
    let number = this.#chain.length
    while (this.#early.has(number) || this.#asked.has(number)) number++
    return number
  }

  /** The first numbers that nobody was asked for, not too far ahead of the chain. */
  #nextRange(): readonly number[] | null {
    const first = this.#nextMissing()
    const last = Math.min(this.#highest, this.#chain.length + this.#config.ahead - 1, first + this.#config.range - 1)
    const numbers: number[] = []
    for (let number = first; number <= last && !this.#early.has(number) && !this.#asked.has(number); number++)
      numbers.push(number)
    for (const number of numbers) this.#asked.add(number)
    return numbers.length === 0 ? null : numbers
  }

  async #fetch(
    peer: Mutable<PeerConnection>,
    range: readonly number[],
    signal: AbortSignal,
    patienceMs: number,
  ): Promise<void> {
    this.#metrics.ranges++
    try {
      const blocks = await this.#ask<readonly Block[]>(
        `${peer.url}/blocks?from=${range[0]}&count=${range.length}`,
        signal,
        patienceMs,
      )
      await Promise.all(blocks.map((block) => this.#check(block)))
      for (const block of blocks) if (range.includes(block.number)) this.#early.set(block.number, { block, peer })
      this.#connect()
    } finally {
      for (const number of range) this.#asked.delete(number)
    }
  }

  async #check(block: Block): Promise<void> {
    const fault = bodyFault(block)
    if (fault !== null) throw new Error(fault)
    const signed = await Promise.all(block.transactions.map((each) => isSignedLater(each, this.#keyOf(each.publicKey))))
    if (!signed.every(Boolean)) throw new Error(`block ${block.number} holds a bad signature`)
  }

  #keyOf(publicKey: string): KeyObject {
    const key = this.#keys.get(publicKey) ?? keyOf(publicKey)
    if (this.#keys.size > 10_000) this.#keys.clear()
    this.#keys.set(publicKey, key)
    return key
  }

  /** Takes what follows the chain. A block that fits nothing costs the peer that gave it, and is asked for again. */
  #connect(): void {
    for (;;) {
      const next = this.#early.get(this.#chain.length)
      if (next === undefined) return
      this.#early.delete(this.#chain.length)
      if (faultOf(next.block, this.#chain.at(-1) ?? null) !== null) {
        if (next.peer !== null) next.peer.score = 0
        throw new Error(`block ${next.block.number} does not fit the chain`)
      }
      this.#chain.push(next.block)
      if (next.peer !== null) {
        next.peer.blocks++
        next.peer.score = Math.min(fullScore, next.peer.score + 1)
      }
      this.#options.taken(next.block)
    }
  }

  status(): SyncStatus {
    return { state: this.#state, current: this.#chain.length - 1, highest: this.#highest }
  }

  block(number: number): Block | null {
    return this.#chain[number] ?? null
  }

  peers(): readonly PeerView[] {
    return this.#peers.map(({ url, failures }) => ({ url, failures }))
  }

  export(): SyncStateV2 {
    return {
      chain: [...this.#chain],
      block_queue: [...this.#early.values()].map((each) => each.block),
      peer_connections: this.#peers.map((each) => ({ ...each })),
      sync_status: this.#state,
      current_block: this.#chain.length - 1,
      highest_block: this.#highest,
      metrics: { ...this.#metrics },
      config: { ...this.#config },
    }
  }

  /** Only while it is stopped. */
  import(state: SyncStateV2): void {
    this.#chain = [...state.chain]
    this.#early = new Map(state.block_queue.map((block) => [block.number, { block, peer: null }]))
    this.#peers = state.peer_connections.map((each) => ({ ...each }))
    this.#highest = state.highest_block
    this.#metrics = { ...state.metrics }
    this.#config = { ...state.config }
  }
}
