/** What a member was asked to see through, and for how long it has waited. Knows no message. */
import type { Entry, Placements } from './placements.ts'

interface Request {
  readonly entry: Entry
  /** Since it was asked, or since anything was last executed. */
  since: number
  toldAt: number
}

export class Requests {
  readonly #placements: Placements
  readonly #waiting = new Map<string, Request>()
  #index: number

  constructor(placements: Placements) {
    this.#placements = placements
    this.#index = placements.index
  }

  get entries(): readonly Entry[] {
    return [...this.#waiting.values()].map(({ entry }) => entry)
  }
  get(proposal: string): Entry | undefined {
    return this.#waiting.get(proposal)?.entry
  }
  add(entry: Entry): void {
    const { proposal } = entry
    if (!this.#waiting.has(proposal))
      this.#waiting.set(proposal, { entry, since: performance.now(), toldAt: performance.now() })
  }
  delete(proposal: string): void {
    this.#waiting.delete(proposal)
  }
  /** All of them have waited for nothing so far. */
  restart(): void {
    for (const each of this.#waiting.values()) each.since = performance.now()
  }

  /** What was executed is forgotten, also where it came with the state of others; while anything is executed, nobody is waited for in vain. */
  settle(): void {
    for (const proposal of this.#waiting.keys())
      if (this.#placements.outcomeOf(proposal) !== undefined) this.#waiting.delete(proposal)
    if (this.#placements.index === this.#index) return
    this.#index = this.#placements.index
    this.restart()
  }

  /** Those that have waited for so long, and since when. */
  overdue(ms: number): readonly number[] {
    return [...this.#waiting.values()].map(({ since }) => since).filter((since) => performance.now() - since > ms)
  }

  /** Those to be told again: every so often, each. */
  takeUntold(everyMs: number): readonly Entry[] {
    const now = performance.now()
    const due = [...this.#waiting.values()].filter(({ toldAt }) => now - toldAt > everyMs)
    for (const each of due) each.toldAt = now
    return due.map(({ entry }) => entry)
  }
}
