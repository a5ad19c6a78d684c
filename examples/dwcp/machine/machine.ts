/**
 * A small virtual machine: memory, and a program that changes it. All of its state, registers too, is in its memory, so memory is all that
 * moves, and whoever knows the seed and the number of steps knows every byte.
 */
import { hashOf, pageSize } from '../pages/page.ts'
import { fillMemory, nextRandom } from './content.ts'

/** Where the registers are in page 0. */
const registers = { steps: 0, random: 8, seed: 12 } as const
/** A program works for so many steps on a window of so many pages, then on another: what real programs do, and what pre-copy lives on. */
const window = { steps: 4_096, pages: 12 } as const

export class Machine {
  readonly id: string
  readonly memory: Buffer
  #dirty = new Set<number>()

  private constructor(id: string, memory: Buffer) {
    this.id = id
    this.memory = memory
  }

  /** A new one. `pages` is at least 2. */
  static boot(id: string, seed: number, pages: number): Machine {
    const memory = Buffer.alloc(pages * pageSize)
    fillMemory(memory, seed)
    memory.fill(0, 0, pageSize)
    memory.writeUInt32LE(nextRandom(seed + 1), registers.random)
    memory.writeUInt32LE(seed, registers.seed)
    return new Machine(id, memory)
  }

  /** One that came from elsewhere: it goes on where its memory says. */
  static from(id: string, memory: Buffer): Machine {
    return new Machine(id, memory)
  }

  get pages(): number {
    return this.memory.length / pageSize
  }
  get steps(): number {
    return Number(this.memory.readBigUInt64LE(registers.steps))
  }
  get seed(): number {
    return this.memory.readUInt32LE(registers.seed)
  }

  page(index: number): Buffer {
    return this.memory.subarray(index * pageSize, (index + 1) * pageSize)
  }

  /** Of the whole memory, registers included. */
  hash(): string {
    return hashOf(this.memory).toString('hex')
  }

  run(count: number): void {
    let steps = this.steps
    let random = this.memory.readUInt32LE(registers.random)
    const others = this.pages - 1
    for (let each = 0; each < count; each++, steps++) {
      random = nextRandom(random)
      const base = Math.imul(Math.floor(steps / window.steps) + 1, 2_654_435_761) >>> 0
      const page = 1 + ((base + (random % window.pages)) % others)
      // A counter and a short text: a few dozen bytes of a page, as a log line or a row that is changed.
      const at = page * pageSize + ((random >>> 8) % (pageSize - 64))
      this.memory.writeUInt32LE((this.memory.readUInt32LE(at) + random) >>> 0, at)
      this.memory.write(`step ${steps} of ${this.id}`, at + 8, 'latin1')
      this.#dirty.add(page)
    }
    if (count > 0) this.#dirty.add(0)
    this.memory.writeBigUInt64LE(BigInt(steps), registers.steps)
    this.memory.writeUInt32LE(random, registers.random)
  }

  /** The pages changed since it was last asked, in order. */
  takeDirty(): readonly number[] {
    const pages = [...this.#dirty].sort((a, b) => a - b)
    this.#dirty.clear()
    return pages
  }
}

/** What the memory of this machine must be: its program is run again from the seed. */
export function expectedHash(id: string, seed: number, pages: number, steps: number): string {
  const machine = Machine.boot(id, seed, pages)
  machine.run(steps)
  return machine.hash()
}
