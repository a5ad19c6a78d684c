/** What a link delivers, from what it acknowledged: the best rate lately and the shortest round trip, as BBR estimates them (Cardwell et al. 2016). */
const remembered = 12
/** Smaller batches measure the latency, not the rate. */
const enough = 8_192

export class Throughput {
  #rates: number[] = []
  #trips: number[] = []

  acknowledged(bytes: number, micros: number): void {
    this.#trips = [...this.#trips.slice(1 - remembered), micros]
    if (bytes >= enough) this.#rates = [...this.#rates.slice(1 - remembered), bytes / Math.max(1, micros)]
  }

  /** Before anything was measured: 100 MB/s, as between two processes of a busy machine. */
  get bytesPerMicro(): number {
    return this.#rates.length === 0 ? 100 : Math.max(...this.#rates)
  }

  /** So much on its way fills the link: twice the product of rate and delay. */
  get window(): number {
    return this.#trips.length === 0 ? 0 : 2 * this.bytesPerMicro * Math.min(...this.#trips)
  }
}
