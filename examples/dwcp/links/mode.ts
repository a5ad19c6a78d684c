/** Datacenter or internet, by the round trips measured to one peer. A mode changes when several measurements in a row agree, and not at a threshold's edge. */
export type Mode = 'datacenter' | 'internet'

export interface ModeSettings {
  readonly latencyMs: number
  readonly jitterMs: number
  /** So many in a row. 1 with `band` 0 is a detector without hysteresis. */
  readonly samples: number
}

/** Above 1 + band times a threshold it is internet, below 1 - band datacenter; between them it stays. */
const band = 0.2
const remembered = 5

export class ModeDetector {
  #mode: Mode = 'datacenter'
  #trips: number[] = []
  #opposed = 0

  get mode(): Mode {
    return this.#mode
  }
  /** The shortest of the last round trips: one that waited for a busy processor says nothing of the way. */
  get latencyMs(): number {
    return this.#trips.length === 0 ? 0 : Math.min(...this.#trips)
  }
  /** Median change from one round trip to the next. */
  get jitterMs(): number {
    const changes = this.#trips.slice(1).map((each, at) => Math.abs(each - (this.#trips[at] ?? each)))
    return changes.sort((a, b) => a - b)[Math.floor((changes.length - 1) / 2)] ?? 0
  }

  /** True when the mode has changed by this round trip. */
  heard(milliseconds: number, settings: ModeSettings): boolean {
    this.#trips = [...this.#trips.slice(1 - remembered), milliseconds]
    const sign = this.#mode === 'datacenter' ? 1 : -1
    const isOpposed =
      sign === 1
        ? this.latencyMs > settings.latencyMs * (1 + band) || this.jitterMs > settings.jitterMs * (1 + band)
        : this.latencyMs < settings.latencyMs * (1 - band) && this.jitterMs < settings.jitterMs * (1 - band)
    this.#opposed = isOpposed ? this.#opposed + 1 : 0
    if (this.#opposed < settings.samples) return false
    this.set(this.#mode === 'datacenter' ? 'internet' : 'datacenter')
    return true
  }

  set(mode: Mode): void {
    this.#mode = mode
    this.#opposed = 0
  }
}
