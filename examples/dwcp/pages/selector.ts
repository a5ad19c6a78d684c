/**
 * Which codec pays for a page: the one whose time to encode, to send what it leaves and to decode is the least, as measured here so far.
 * An exponentially weighted mean by class of page and codec; now and then another one is tried, so that an estimate can be proved wrong.
 */
import { type Codec, fromBaseline } from './codecs.ts'
import { type PageClass, pageSize } from './page.ts'

interface Estimate {
  bytes: number
  encodeMicros: number
  decodeMicros: number
  tries: number
}

/** Every so many pages of a class the codec that was tried least is tried again; on its first pages all are. */
const explore = 48
const atFirst = 3
/** A codec that is compiled just now, or a processor that was taken away, is no property of a codec: no page takes so many microseconds. */
const longest = 200

const kindOf = (page: PageClass, hasBaseline: boolean): string => `${page}${hasBaseline ? ' again' : ''}`

export class Selector {
  readonly #estimates = new Map<string, Estimate>()
  readonly #pages = new Map<string, number>()
  readonly #rate: () => number

  /** `rate`: the weight of the newest measurement, above 0 and up to 1. */
  constructor(rate: () => number) {
    this.#rate = rate
  }

  /** Codecs to try on the next page of this class besides: to learn what they would make of it, not to send it. */
  trials(page: PageClass, hasBaseline: boolean, codecs: readonly Codec[]): readonly Codec[] {
    const kind = kindOf(page, hasBaseline)
    const usable = codecs.filter((codec) => hasBaseline || !fromBaseline(codec))
    const turn = (this.#pages.get(kind) ?? 0) + 1
    this.#pages.set(kind, turn)
    if (turn <= atFirst) return usable
    if (turn % explore !== 0) return []
    return [usable.reduce((a, b) => (this.#tries(kind, b) < this.#tries(kind, a) ? b : a))]
  }

  /** `bytesPerMicro`: the measured throughput of the link. */
  choose(page: PageClass, hasBaseline: boolean, codecs: readonly Codec[], bytesPerMicro: number): Codec {
    const kind = kindOf(page, hasBaseline)
    const usable = codecs.filter((codec) => hasBaseline || !fromBaseline(codec))
    return usable.reduce((a, b) => (this.#cost(kind, b, bytesPerMicro) < this.#cost(kind, a, bytesPerMicro) ? b : a))
  }

  /** What a choice has come to. `bytes` is a page's where the codec gave up. */
  learn(page: PageClass, hasBaseline: boolean, codec: Codec, bytes: number, encodeMicros: number): void {
    const key = `${kindOf(page, hasBaseline)} ${codec}`
    const known = this.#estimates.get(key)
    const micros = Math.min(encodeMicros, longest)
    if (known === undefined) {
      this.#estimates.set(key, { bytes, encodeMicros: micros, decodeMicros: micros / 3, tries: 1 })
      return
    }
    known.tries++
    // The first few count alike: what came first is not worth more.
    const rate = Math.max(this.#rate(), 1 / known.tries)
    known.bytes += rate * (bytes - known.bytes)
    known.encodeMicros += rate * (micros - known.encodeMicros)
  }

  /** The receiver's mean for one page of this codec, whatever its class. */
  learnDecode(codec: Codec, micros: number): void {
    for (const [key, known] of this.#estimates)
      if (key.endsWith(` ${codec}`))
        known.decodeMicros += this.#rate() * (Math.min(micros, longest) - known.decodeMicros)
  }

  /** For `/status`: bytes of a page and microseconds to encode it. */
  report(): Readonly<Record<string, { readonly bytes: number; readonly micros: number; readonly tries: number }>> {
    return Object.fromEntries(
      [...this.#estimates].map(([key, { bytes, encodeMicros, tries }]) => [
        key,
        { bytes: Math.round(bytes), micros: Math.round(encodeMicros * 10) / 10, tries },
      ]),
    )
  }

  #tries(kind: string, codec: Codec): number {
    return this.#estimates.get(`${kind} ${codec}`)?.tries ?? 0
  }

  #cost(kind: string, codec: Codec, bytesPerMicro: number): number {
    const known = this.#estimates.get(`${kind} ${codec}`)
    if (known === undefined) return pageSize / bytesPerMicro
    return known.encodeMicros + known.decodeMicros + known.bytes / bytesPerMicro
  }
}
