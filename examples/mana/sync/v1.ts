/** The first sync: one block after the other from one peer, the next peer when it fails. */
import { type Block, faultOf } from '../blocks.ts'
import { isSigned } from '../transactions.ts'
import { type Ask, ask, type BlockSync, pause, type PeerView, type SyncOptions, type SyncStatus } from './sync.ts'

/** The state as v1 gives it away. The first of the peers is the one that is asked. */
export interface SyncStateV1 {
  readonly chain: readonly Block[]
  readonly block_queue: readonly number[]
  readonly peers: readonly { readonly url: string; readonly failures: number }[]
  readonly status: string
  readonly current_block: number
  readonly highest_block: number
}

export class SyncV1 implements BlockSync {
  #chain: Block[] = []
  #peers: PeerView[]
  #highest = -1
  #state: SyncStatus['state'] = 'idle'
  #running: { readonly abort: AbortController; readonly ended: Promise<void> } | null = null
  readonly #options: SyncOptions
  readonly #ask: Ask

  constructor(options: SyncOptions) {
    this.#options = options
    this.#ask = options.ask ?? ask
    this.#peers = options.peers.map((url) => ({ url, failures: 0 }))
  }

  start(): void {
    if (this.#running !== null) return
    const abort = new AbortController()
    this.#running = { abort, ended: this.#run(abort.signal) }
  }

  async stop(): Promise<void> {
    const running = this.#running
    running?.abort.abort()
    await running?.ended
    this.#running = null
    this.#state = 'idle'
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { pollMs = 50, patienceMs = 2_000 } = this.#options
    while (!signal.aborted) {
      const peer = this.#peers[0]
      if (peer === undefined) return
      try {
        const head = await this.#ask<{ readonly number: number }>(`${peer.url}/head`, signal, patienceMs)
        this.#highest = Math.max(this.#highest, head.number)
        while (this.#chain.length <= head.number && !signal.aborted) {
          this.#state = 'syncing'
          this.#take(await this.#ask<Block>(`${peer.url}/blocks/${this.#chain.length}`, signal, patienceMs))
        }
        this.#state = 'synced'
        await pause(pollMs, signal)
      } catch {
        if (signal.aborted) return
        this.#peers = [...this.#peers.slice(1), { ...peer, failures: peer.failures + 1 }]
        await pause(pollMs, signal)
      }
    }
  }

  #take(block: Block): void {
    const fault = faultOf(block, this.#chain.at(-1) ?? null)
    if (fault !== null) throw new Error(fault)
    if (!block.transactions.every((each) => isSigned(each)))
      throw new Error(`block ${block.number} holds a bad signature`)
    this.#chain.push(block)
    this.#options.taken(block)
  }

  status(): SyncStatus {
    return { state: this.#state, current: this.#chain.length - 1, highest: this.#highest }
  }

  block(number: number): Block | null {
    return this.#chain[number] ?? null
  }

  peers(): readonly PeerView[] {
    return this.#peers
  }

  export(): SyncStateV1 {
    return {
      chain: [...this.#chain],
      block_queue: [],
      peers: this.#peers.map((each) => ({ ...each })),
      status: this.#state,
      current_block: this.#chain.length - 1,
      highest_block: this.#highest,
    }
  }

  /** Only while it is stopped. */
  import(state: SyncStateV1): void {
    this.#chain = [...state.chain]
    this.#peers = state.peers.map((each) => ({ ...each }))
    this.#highest = state.highest_block
  }
}
