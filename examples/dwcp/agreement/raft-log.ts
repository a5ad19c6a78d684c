/** What a Raft member has been given and may not forget: entries after `base`, the last applied one that was cut. Knows no other member. */
import type { Logged } from './member.ts'

/** Longer logs are cut; a follower that lacks more gets the state. */
const longest = 1_000
/** Applied entries that stay, for followers that lack only a few. */
const spare = 100

export class RaftLog {
  #entries: Logged[] = []
  #base: number
  #baseTerm: number

  constructor(base: number, baseTerm: number) {
    this.#base = base
    this.#baseTerm = baseTerm
  }

  get base(): number {
    return this.#base
  }
  get last(): number {
    return this.#base + this.#entries.length
  }
  /** -1 for an entry that is not here. */
  termAt(index: number): number {
    return index === this.#base ? this.#baseTerm : (this.at(index)?.term ?? -1)
  }
  at(index: number): Logged | undefined {
    return this.#entries[index - this.#base - 1]
  }
  /** From entry `from` on, at most `count`. */
  slice(from: number, count = Infinity): readonly Logged[] {
    return this.#entries.slice(from - this.#base - 1, from - this.#base - 1 + count)
  }
  some(is: (logged: Logged) => boolean): boolean {
    return this.#entries.some(is)
  }

  push(entries: readonly Logged[]): void {
    this.#entries.push(...entries)
  }
  /** Instead of everything from `from` on. What lies before the base is known already. */
  splice(from: number, entries: readonly Logged[]): void {
    const known = Math.max(0, this.#base + 1 - from)
    this.#entries.splice(Math.max(0, from - this.#base - 1), Infinity, ...entries.slice(known))
  }

  /** Forgets most of what was applied, when it has grown long. */
  cut(applied: number): void {
    if (this.#entries.length <= longest || applied - this.#base < longest / 2) return
    const base = applied - spare
    this.#baseTerm = this.termAt(base)
    this.#entries = this.#entries.slice(base - this.#base)
    this.#base = base
  }
}
