/** Another node as this one reaches it: one stream or several, dialled when needed, and what was negotiated over them. */
import type { Feature, Hello } from './features.ts'
import { negotiate } from './features.ts'
import type { Frame } from './frame.ts'
import { PeerLost, Stream } from './stream.ts'

export interface PeerOptions {
  readonly id: string
  /** `host:port`, or undefined while nobody knows. */
  readonly address: () => string | undefined
  readonly mine: () => Hello
  readonly changed: (what: 'up' | 'lost') => void
}

/** After a dial that failed the next questions fail at once for so long: a dead peer costs nobody a timeout each time. */
const restMs = 300

export class Peer {
  readonly id: string
  readonly #options: PeerOptions
  #streams: (Promise<Stream> | undefined)[] = []
  #open = 0
  #address: string | undefined
  #theirs: Hello | undefined
  #restUntil = 0

  constructor(options: PeerOptions) {
    this.id = options.id
    this.#options = options
  }

  get up(): boolean {
    return this.#open > 0
  }
  get streams(): number {
    return this.#open
  }
  /** What it offered last; of one that is lost too. */
  get theirs(): Hello | undefined {
    return this.#theirs
  }
  /** In force between the two now. */
  features(): readonly Feature[] {
    return this.#theirs === undefined ? [] : negotiate(this.#options.mine(), this.#theirs)
  }
  /** It has asked something itself: it is there. */
  heard(theirs: Hello): void {
    this.#theirs = theirs
    this.#restUntil = 0
  }

  /** `stream`: which of several. Throws PeerLost or Refused. */
  async ask(type: number, head: object, body?: Uint8Array, timeoutMs?: number, stream = 0): Promise<Frame> {
    return (await this.#streamAt(stream)).ask(type, head, body, timeoutMs)
  }

  /** Says hello, again where there was one. */
  async greet(): Promise<void> {
    if (this.#streams[0] === undefined) await this.#streamAt(0)
    else
      await Promise.all(
        this.#streams.map(async (each) => {
          const stream = await each
          await stream?.greet(this.#options.mine())
          if (stream !== undefined) this.#theirs = stream.theirs
        }),
      )
  }

  close(): void {
    for (const each of this.#streams)
      void each?.then(
        (stream) => stream.close(),
        () => undefined,
      )
    this.#streams = []
  }

  #streamAt(index: number): Promise<Stream> {
    const address = this.#options.address()
    if (address !== this.#address) {
      this.close()
      this.#address = address
      this.#restUntil = 0
    }
    const open = this.#streams[index]
    if (open !== undefined) return open
    const dialled = this.#dial(index, address)
    this.#streams[index] = dialled
    dialled.catch(() => this.#forget(index, dialled))
    return dialled
  }

  #forget(index: number, stream: Promise<Stream>): void {
    if (this.#streams[index] === stream) this.#streams[index] = undefined
  }

  async #dial(index: number, address: string | undefined): Promise<Stream> {
    try {
      if (address === undefined) throw new PeerLost(`nobody knows where "${this.id}" is`)
      if (performance.now() < this.#restUntil) throw new PeerLost(`"${this.id}" did not answer a moment ago`)
      const slot = { stream: undefined as Stream | undefined }
      const ended = (): void => {
        if (slot.stream === undefined) return
        const open = this.#streams[index]
        void open?.then(
          (stream) => stream === slot.stream && this.#forget(index, open),
          () => undefined,
        )
        if (--this.#open === 0) this.#options.changed('lost')
      }
      const stream = await Stream.open(address, this.#options.mine(), ended)
      slot.stream = stream
      this.#theirs = stream.theirs
      if (++this.#open === 1) this.#options.changed('up')
      return stream
    } catch (error) {
      if (address !== undefined && performance.now() >= this.#restUntil) this.#restUntil = performance.now() + restMs
      throw error instanceof Error ? error : new PeerLost(String(error))
    }
  }
}
