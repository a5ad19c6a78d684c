/** The first pool: one list, looked through for every question. Right, short, and slow when it is full. */
import { addressOf, hashOf, isSigned, isTransaction, type SignedTransaction } from '../transactions.ts'
import {
  type AccountOf,
  before,
  type Entry,
  type Limits,
  type Refusal,
  replaces,
  type Submitted,
  type TransactionPool,
  usualLimits,
} from './pool.ts'

/** The state as v1 gives it away: the list as it came, and two numbers. */
export interface PoolStateV1 {
  readonly transactions: readonly Entry[]
  readonly added: number
  readonly dropped: number
  /** The last order of arrival that was given. */
  readonly seq: number
}

export class PoolV1 implements TransactionPool {
  #transactions: Entry[] = []
  #added = 0
  #dropped = 0
  #seq = 0
  readonly #accountOf: AccountOf
  readonly #limits: Limits

  constructor(accountOf: AccountOf, limits: Limits = usualLimits) {
    this.#accountOf = accountOf
    this.#limits = limits
  }

  async submit(transaction: SignedTransaction): Promise<Submitted> {
    const reason = this.#refusal(transaction)
    if (reason !== null) return { accepted: false, reason }
    const hash = hashOf(transaction)
    const old = this.#transactions.find(
      (each) => each.transaction.from === transaction.from && each.transaction.nonce === transaction.nonce,
    )
    if (old) this.#transactions = this.#transactions.filter((each) => each !== old)
    else if (this.#transactions.length >= this.#limits.maxSize) {
      const cheapest = this.#cheapestTail()
      if (cheapest === null || cheapest.transaction.fee >= transaction.fee)
        return { accepted: false, reason: 'pool-full' }
      this.#transactions = this.#transactions.filter((each) => each !== cheapest)
      this.#dropped++
    }
    this.#transactions.push({ hash, transaction, seq: ++this.#seq })
    this.#added++
    return { accepted: true, hash }
  }

  #refusal(transaction: SignedTransaction): Refusal | null {
    if (!isTransaction(transaction)) return 'malformed'
    const hash = hashOf(transaction)
    if (this.#transactions.some((each) => each.hash === hash)) return 'known'
    if (transaction.fee < this.#limits.minFee) return 'fee-too-low'
    const account = this.#accountOf(transaction.from)
    if (transaction.nonce < account.nonce) return 'nonce-too-low'
    if (transaction.nonce >= account.nonce + this.#limits.maxFuture) return 'nonce-too-high'
    const others = this.#transactions.filter((each) => each.transaction.from === transaction.from)
    const old = others.find((each) => each.transaction.nonce === transaction.nonce)
    if (old && !replaces(transaction.fee, old, this.#limits)) return 'fee-too-low'
    const owed = others
      .filter((each) => each !== old)
      .reduce((sum, each) => sum + each.transaction.amount + each.transaction.fee, 0)
    if (owed + transaction.amount + transaction.fee > account.balance) return 'insufficient-funds'
    if (addressOf(transaction.publicKey) !== transaction.from) return 'wrong-sender'
    return isSigned(transaction) ? null : 'bad-signature'
  }

  /** Of the last ones of all senders that which is included last: taking it leaves no gap. */
  #cheapestTail(): Entry | null {
    const tails = new Map<string, Entry>()
    for (const each of this.#transactions) {
      const tail = tails.get(each.transaction.from)
      if (!tail || tail.transaction.nonce < each.transaction.nonce) tails.set(each.transaction.from, each)
    }
    return [...tails.values()].sort((a, b) => (before(a, b) ? 1 : -1))[0] ?? null
  }

  get(hash: string): SignedTransaction | null {
    return this.#transactions.find((each) => each.hash === hash)?.transaction ?? null
  }

  pending(limit: number): readonly SignedTransaction[] {
    const next = new Map<string, number>()
    const left = [...this.#transactions].sort((a, b) => (before(a, b) ? -1 : 1))
    const taken: SignedTransaction[] = []
    while (taken.length < limit) {
      const at = left.findIndex(
        ({ transaction: { from, nonce } }) => nonce === (next.get(from) ?? this.#accountOf(from).nonce),
      )
      if (at < 0) break
      const [entry] = left.splice(at, 1)
      taken.push(entry!.transaction)
      next.set(entry!.transaction.from, entry!.transaction.nonce + 1)
    }
    return taken
  }

  byAddress(address: string): readonly SignedTransaction[] {
    const own = this.#transactions.filter((each) => each.transaction.from === address)
    return own.map((each) => each.transaction).sort((a, b) => a.nonce - b.nonce)
  }

  nextNonce(address: string): number {
    let nonce = this.#accountOf(address).nonce
    for (const each of this.byAddress(address)) if (each.nonce === nonce) nonce++
    return nonce
  }

  remove(hashes: readonly string[]): number {
    const before = this.#transactions.length
    const gone = new Set(hashes)
    this.#transactions = this.#transactions.filter((each) => !gone.has(each.hash))
    return before - this.#transactions.length
  }

  size(): number {
    return this.#transactions.length
  }

  export(): PoolStateV1 {
    return { transactions: [...this.#transactions], added: this.#added, dropped: this.#dropped, seq: this.#seq }
  }

  import(state: PoolStateV1): void {
    this.#transactions = [...state.transactions]
    this.#added = state.added
    this.#dropped = state.dropped
    this.#seq = state.seq
  }
}
