/** A development node's block production: the best pending transactions are applied, linked to those before, and leave the pool. */
import { makeBlock, noParent } from './blocks.ts'
import type { Ledger } from './ledger.ts'
import type { PoolNode } from './pool-node.ts'
import { hashOf } from './transactions.ts'

/** The last batch, and how many transactions there were in all. */
export interface Sealed {
  readonly number: number
  readonly hash: string
  readonly transactions: number
}

export interface Sealer {
  once(): void
  sealed(): Sealed
  import(sealed: Sealed): void
}

export function sealer(ledger: Ledger, pool: PoolNode, size: number): Sealer {
  let last: Sealed = { number: -1, hash: noParent, transactions: 0 }
  return {
    once: () => {
      const applied = ledger.apply(pool.pending(size))
      if (applied.length === 0) return
      const { number, hash } = makeBlock(last.number + 1, last.hash, applied)
      last = { number, hash, transactions: last.transactions + applied.length }
      pool.included(applied.map(hashOf))
    },
    sealed: () => last,
    import: (sealed) => (last = sealed),
  }
}
