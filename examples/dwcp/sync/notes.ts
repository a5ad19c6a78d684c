/**
 * What all nodes are told of a machine: registers that keep every value that was written without knowing of the others (multi-value registers,
 * Shapiro et al. 2011). Each write has a stamp of its own; merging goes by stamps alone, so order, repetition and routes do not matter.
 */

/** Lamport counter and node: unique, and later where the writer knew of the other. */
export interface Stamp {
  readonly count: number
  readonly node: string
}
export interface Valued {
  readonly value: string
  readonly stamp: Stamp
}
/** `seen`: by node the highest count that is known here of this key; a value that is covered by it and missing was overwritten. */
export interface Register {
  readonly values: readonly Valued[]
  readonly seen: Readonly<Record<string, number>>
}
/** The v1 form: one value a key. */
export interface Row extends Valued {
  readonly key: string
}

const isLater = (a: Stamp, b: Stamp): boolean => a.count > b.count || (a.count === b.count && a.node > b.node)
const isSeen = ({ stamp }: Valued, { seen }: Register): boolean => (seen[stamp.node] ?? 0) >= stamp.count
const empty: Register = { values: [], seen: {} }
/** The one of several that wins where only one can be told. */
export const lastOf = (values: readonly Valued[]): Valued | undefined =>
  values.reduce<Valued | undefined>((a, b) => (a === undefined || isLater(b.stamp, a.stamp) ? b : a), undefined)

export function merge(a: Register, b: Register): Register {
  const kept = (mine: Register, other: Register) =>
    mine.values.filter(
      (each) =>
        !isSeen(each, other) ||
        other.values.some(({ stamp }) => stamp.node === each.stamp.node && stamp.count === each.stamp.count),
    )
  const mine = kept(a, b)
  const theirs = kept(b, a).filter((each) => !isSeen(each, a))
  const seen = { ...a.seen }
  for (const [node, count] of Object.entries(b.seen)) seen[node] = Math.max(seen[node] ?? 0, count)
  const values = [...mine, ...theirs].sort((x, y) => (isLater(x.stamp, y.stamp) ? 1 : -1))
  return { values, seen }
}

/** A node's registers, and what of them changed when: what a peer has not confirmed is what it is sent. */
export class Notes {
  readonly #me: string
  readonly #registers = new Map<string, Register>()
  readonly #changed = new Map<string, number>()
  #count = 0
  #turn = 0

  constructor(me: string) {
    this.#me = me
  }

  /** Counts changes: a peer that confirmed turn 7 lacks what changed after it. */
  get turn(): number {
    return this.#turn
  }
  get size(): number {
    return this.#registers.size
  }
  /** Values beyond one a key. */
  get siblings(): number {
    return [...this.#registers.values()].reduce((sum, { values }) => sum + Math.max(0, values.length - 1), 0)
  }

  values(key: string): readonly string[] {
    return (this.#registers.get(key)?.values ?? []).map((each) => each.value)
  }

  /** Overwrites all that is known here. */
  write(key: string, value: string): void {
    const stamp = { count: ++this.#count, node: this.#me }
    const { seen } = this.#registers.get(key) ?? empty
    this.#put(key, { values: [{ value, stamp }], seen: { ...seen, [this.#me]: stamp.count } })
  }

  /** Of several values the last one stays, written again. */
  resolve(key: string): void {
    const last = lastOf(this.#registers.get(key)?.values ?? [])
    if (last !== undefined) this.write(key, last.value)
  }

  since(turn: number): Readonly<Record<string, Register>> {
    const later = [...this.#registers].filter(([key]) => (this.#changed.get(key) ?? 0) > turn)
    return Object.fromEntries(later)
  }

  take(registers: Readonly<Record<string, Register>>): void {
    for (const [key, theirs] of Object.entries(registers)) {
      const mine = this.#registers.get(key) ?? empty
      const merged = merge(mine, theirs)
      if (JSON.stringify(merged) !== JSON.stringify(mine)) this.#put(key, merged)
    }
  }

  /** The whole table as v1 knows it. */
  rows(): readonly Row[] {
    return [...this.#registers].flatMap(([key, { values }]) => {
      const last = lastOf(values)
      return last === undefined ? [] : [{ key, ...last }]
    })
  }

  /** From v1: the last word wins over all before it, whether its writer knew of them or not. */
  takeRows(rows: readonly Row[]): void {
    for (const { key, value, stamp } of rows) {
      const mine = this.#registers.get(key) ?? empty
      if (isSeen({ value, stamp }, mine)) continue
      const stay = mine.values.filter((each) => isLater(each.stamp, stamp))
      const values = stay.length > 0 ? stay : [{ value, stamp }]
      this.#put(key, { values, seen: { ...mine.seen, [stamp.node]: stamp.count } })
    }
  }

  export(): Readonly<Record<string, Register>> {
    return Object.fromEntries(this.#registers)
  }

  #put(key: string, register: Register): void {
    for (const { stamp } of register.values) this.#count = Math.max(this.#count, stamp.count)
    this.#count = Math.max(this.#count, ...Object.values(register.seen))
    this.#registers.set(key, register)
    this.#changed.set(key, ++this.#turn)
  }
}
