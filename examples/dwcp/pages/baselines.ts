/** Pages kept to compare with, by machine and place. The one used longest ago leaves first; v1 keeps a fixed number, v3 what its setting says. */
import { hashOf } from './page.ts'

export interface Baseline {
  readonly page: Buffer
  readonly hash: Buffer
}

export class Baselines {
  #kept = new Map<string, Baseline>()
  readonly #capacity: () => number

  constructor(capacity: () => number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#kept.size
  }

  get(machine: string, index: number): Baseline | undefined {
    return this.#kept.get(`${machine} ${index}`)
  }

  /** The page is copied: memory goes on changing. */
  set(machine: string, index: number, page: Buffer, hash: Buffer = hashOf(page)): void {
    const key = `${machine} ${index}`
    this.#kept.delete(key)
    this.#kept.set(key, { page: Buffer.from(page), hash: Buffer.from(hash) })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#capacity()) break
      this.#kept.delete(oldest)
    }
  }

  /** Those of one machine, for the other side to know what it may compare with. */
  hashes(machine: string, pages: number): Readonly<Record<string, string>> {
    const known: Record<string, string> = {}
    for (let index = 0; index < pages; index++) {
      const baseline = this.get(machine, index)
      if (baseline !== undefined) known[index] = baseline.hash.toString('base64')
    }
    return known
  }
}
