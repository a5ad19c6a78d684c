/** Which client works now: what was asked for, and for v4 in `auto` whether v4 is there. Knows no request. */
import type { Answered } from './caller.ts'

/** `auto`: the v4 client works while v4 answers at its address, and being sent away by v3 is no failure. */
export interface Phase {
  readonly v3: 'on' | 'off'
  readonly v4: 'on' | 'off' | 'auto'
}

export class Presence {
  #phase: Phase
  #live = false
  readonly #left: () => void

  /** `left` is called when v4 is gone, and with it perhaps what only v4 knows. */
  constructor(phase: Phase, left: () => void) {
    this.#phase = phase
    this.#left = left
  }

  get phase(): Phase {
    return this.#phase
  }

  get v3Works(): boolean {
    return this.#phase.v3 === 'on'
  }

  get v4Works(): boolean {
    return this.#phase.v4 === 'on' || (this.#phase.v4 === 'auto' && this.#live)
  }

  /** True while v4 is looked for. */
  get looking(): boolean {
    return this.#phase.v4 === 'auto' && !this.#live
  }

  set(wanted: Partial<Phase>): void {
    this.#phase = { ...this.#phase, ...wanted }
    if (this.#phase.v4 === 'off') this.#leave()
  }

  /** An answer to the question whether v4 is there. Only v4's own word counts. */
  found(answer: Answered | null): void {
    if (answer?.status === 200 && answer.version.startsWith('4.')) this.#live = true
  }

  /** True when the answer says that v3 is on: v4 is gone. */
  turnedAway(answer: Answered): boolean {
    const away = this.#phase.v4 === 'auto' && answer.status === 404 && answer.version.startsWith('3.')
    if (away) this.#leave()
    return away
  }

  #leave(): void {
    this.#live = false
    this.#left()
  }
}
