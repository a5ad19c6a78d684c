/** Holds calls that write while the state of a module moves. Knows neither versions nor states. */

import { ChangeoverError } from '../core/errors.ts'

/** `slipped`: calls that could not wait and wrote meanwhile. `heldMs`: how long the others were held. */
export interface Paused<T> {
  readonly result: T
  readonly slipped: number
  readonly heldMs: number
}

export class Gate {
  /** True while calls that can wait must. */
  closed = false
  /** Calls that could not wait while it was closed. */
  slipped = 0
  #underWay = 0
  #open: Promise<void> = Promise.resolve()
  #emptied: (() => void) | undefined
  #turn: Promise<unknown> = Promise.resolve()

  enter(): void {
    this.#underWay++
  }

  leave(): void {
    this.#underWay--
    if (this.#underWay === 0) this.#emptied?.()
  }

  opened(): Promise<void> {
    return this.#open
  }

  /** One at a time. Work that is synchronous while nothing is under way happens between two calls, and nothing is held. */
  pause<T>(work: (slipped: () => number) => T | Promise<T>, patienceMs = 10_000): Promise<Paused<T>> {
    const mine = this.#turn.then(() => this.#alone(work, patienceMs))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async #alone<T>(work: (slipped: () => number) => T | Promise<T>, patienceMs: number): Promise<Paused<T>> {
    let open: () => void = () => undefined
    this.#open = new Promise((resolve) => (open = resolve))
    this.closed = true
    const began = performance.now()
    try {
      await this.#empty(patienceMs)
      this.slipped = 0
      const pending = work(() => this.slipped)
      const result = pending instanceof Promise ? await pending : pending
      // A call that slipped through may still be under way, and then has not written yet: it counts all the same.
      return { result, slipped: this.slipped, heldMs: performance.now() - began }
    } finally {
      this.closed = false
      open()
    }
  }

  #empty(patienceMs: number): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const over = (then: () => void) => {
        clearTimeout(timer)
        this.#emptied = undefined
        then()
      }
      const late = () =>
        new ChangeoverError(
          'router.moved',
          `${this.#underWay} calls were still under way after ${patienceMs} ms`,
          'try again when they have ended, or give more patience',
        )
      const timer = setTimeout(() => over(() => reject(late())), patienceMs)
      this.#emptied = () => over(resolve)
    })
  }
}
