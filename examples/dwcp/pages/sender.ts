/** Sends pages of a machine to one node: encoded as pays, in batches, each acknowledged; what was refused goes again as it is. */
import type { Link } from '../links/link.ts'
import type { Machine } from '../machine/machine.ts'
import type { Figures } from '../node/figures.ts'
import { frameTypes } from '../wire/frame.ts'
import type { Baselines } from './baselines.ts'
import { type Codec, codecNames, encodePage, fromBaseline } from './codecs.ts'
import { classOf, hashOf, pageSize } from './page.ts'
import { baseMark, type Record, type Refusal, writeRecords } from './records.ts'
import type { Selector } from './selector.ts'

export interface SenderOptions {
  readonly baselines: Baselines
  readonly selector: Selector
  readonly figures: Figures
  /** Whether a peer is in this node's zone. */
  readonly zonesTo: (peer: string) => 'same' | 'other'
  readonly comparesPages: () => boolean
  /** Milliseconds to wait before each batch: 0 but for a fault. */
  readonly delayMs: () => number
  /** The bytes that go out; the same but for a fault. */
  readonly outgoing: (encoded: Uint8Array) => Uint8Array
}
export interface Sent {
  readonly pages: number
  readonly rawBytes: number
  readonly sentBytes: number
}
interface Batch {
  readonly records: readonly Record[]
  readonly pages: readonly Buffer[]
}

const batchPages = 32
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const sum = (all: readonly Sent[]): Sent => ({
  pages: all.reduce((total, each) => total + each.pages, 0),
  rawBytes: all.reduce((total, each) => total + each.rawBytes, 0),
  sentBytes: all.reduce((total, each) => total + each.sentBytes, 0),
})

export class CannotSend extends Error {}

export class PageSender {
  readonly #options: SenderOptions

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** `known`: by page the hash (base64) of what the receiver has to compare with; kept up to date. Throws PeerLost, Refused or CannotSend. */
  async send(link: Link, machine: Machine, pages: readonly number[], known: Map<number, string>): Promise<Sent> {
    const streams = link.streams()
    const total: Sent[] = []
    const waiting = Array.from({ length: Math.ceil(pages.length / batchPages) }, (_, at) =>
      pages.slice(at * batchPages, (at + 1) * batchPages),
    )
    let onTheWay = 0
    const worker = async (lane: number): Promise<void> => {
      for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
        // Paced to what comes back: more than the link holds would only stand in a queue.
        while (streams > 1 && onTheWay > 0 && onTheWay > link.throughput.window) await pause(1)
        const encoded = this.#encode(link, machine, batch, known)
        const bytes = encoded.records.reduce((size, each) => size + each.bytes.length, 0)
        onTheWay += bytes
        total.push(await this.#deliver(link, machine, encoded, known, lane % streams))
        onTheWay -= bytes
      }
    }
    await Promise.all(Array.from({ length: Math.min(waiting.length, 2 * streams) }, (_, lane) => worker(lane)))
    return sum(total)
  }

  #encode(link: Link, machine: Machine, pages: readonly number[], known: ReadonlyMap<number, string>): Batch {
    const copies = pages.map((index) => Buffer.from(machine.page(index)))
    const records = copies.map((page, at) => this.#encodePage(link, machine.id, pages[at] ?? 0, page, known))
    return { records, pages: copies }
  }

  #encodePage(link: Link, machine: string, index: number, page: Buffer, known: ReadonlyMap<number, string>): Record {
    const { baselines, selector, comparesPages, figures, outgoing } = this.#options
    const mine = comparesPages() ? baselines.get(machine, index) : undefined
    const base = mine !== undefined && mine.hash.toString('base64') === known.get(index) ? mine : undefined
    const learns = link.has('ml_compression')
    if (learns) figures.count('dwcp_pages_chosen_total')
    else figures.asV1('codec')
    const kind = classOf(page)
    const encode = (codec: Codec): Uint8Array | undefined => {
      const began = performance.now()
      const encoded = encodePage(codec, page, base?.page)
      const micros = (performance.now() - began) * 1_000
      if (learns) selector.learn(kind, base !== undefined, codec, encoded?.length ?? pageSize, micros)
      return encoded
    }
    if (learns) for (const codec of selector.trials(kind, base !== undefined, codecNames)) encode(codec)
    const codec = learns
      ? selector.choose(kind, base !== undefined, codecNames, link.throughput.bytesPerMicro)
      : base === undefined
        ? 'runs'
        : 'delta'
    const encoded = encode(codec)
    const written: Codec = encoded === undefined ? 'raw' : codec
    const bytes = learns && encoded !== undefined ? outgoing(encoded) : (encoded ?? page)
    const marked =
      fromBaseline(written) && base !== undefined ? Buffer.concat([base.hash.subarray(0, baseMark), bytes]) : bytes
    return { index, codec: written, hash: hashOf(page), bytes: marked }
  }

  async #deliver(
    link: Link,
    machine: Machine,
    batch: Batch,
    known: Map<number, string>,
    stream: number,
  ): Promise<Sent> {
    const delay = this.#options.delayMs()
    const began = performance.now()
    if (delay > 0) await pause(delay)
    const refused = new Map(await this.#exchange(link, machine.id, batch.records, stream))
    const again = batch.records
      .map((each, at): Record => ({ ...each, codec: 'raw', bytes: batch.pages[at] ?? each.bytes }))
      .filter((each) => refused.has(each.index))
    for (const reason of refused.values()) this.#options.figures.count('dwcp_pages_refused_total', { reason })
    if (again.length > 0 && (await this.#exchange(link, machine.id, again, stream)).length > 0)
      throw new CannotSend(`"${link.id}" refused the same page twice`)
    this.#options.figures.observe('dwcp_page_transfer_seconds', (performance.now() - began) / 1_000, {
      mode: link.mode(),
      zones: this.#options.zonesTo(link.id),
    })
    for (const [at, { index, hash }] of batch.records.entries()) {
      this.#options.baselines.set(machine.id, index, batch.pages[at] ?? machine.page(index), hash)
      known.set(index, hash.toString('base64'))
    }
    const sentBytes = [...batch.records, ...again].reduce((size, each) => size + each.bytes.length, 0)
    return { pages: batch.records.length, rawBytes: batch.records.length * pageSize, sentBytes }
  }

  async #exchange(
    link: Link,
    machine: string,
    records: readonly Record[],
    stream: number,
  ): Promise<readonly Refusal[]> {
    const body = writeRecords(records)
    const isV1 = records.every(({ codec }) => codec === 'raw' || codec === 'runs' || codec === 'delta')
    const type = isV1 ? frameTypes.pages : frameTypes.pagesByCodec
    const began = performance.now()
    const { head } = await link.ask(type, { machine }, body, stream)
    link.throughput.acknowledged(body.length, (performance.now() - began) * 1_000)
    this.#tally(records, this.#options.zonesTo(link.id))
    for (const [codec, micros] of Object.entries(
      (head['micros'] ?? {}) as Readonly<Partial<globalThis.Record<Codec, number>>>,
    ))
      this.#options.selector.learnDecode(codec as Codec, micros)
    return head['refused'] as readonly Refusal[]
  }

  #tally(records: readonly Record[], zones: 'same' | 'other'): void {
    const { figures } = this.#options
    for (const { codec, bytes } of records) {
      figures.count('dwcp_pages_total', { codec })
      figures.count('dwcp_page_raw_bytes_total', { codec, zones }, pageSize)
      figures.count('dwcp_page_sent_bytes_total', { codec, zones }, bytes.length)
      if (fromBaseline(codec)) figures.count('dwcp_pages_from_baseline_total')
    }
  }
}
