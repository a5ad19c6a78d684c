/** A binary heap. `first(a, b)` is true where `a` comes out before `b`. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #first: (a: T, b: T) => boolean

  constructor(first: (a: T, b: T) => boolean) {
    this.#first = first
  }

  get size(): number {
    return this.#items.length
  }

  push(item: T): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#first(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && this.#first(items[child + 1]!, items[child]!)) child++
      if (!this.#first(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return top
  }
}
