/** The second pool: indexes by hash and by sender, a heap of what goes first when it is full, keys parsed once, signatures checked in threads. */
import type { KeyObject } from 'node:crypto'
import { addressOf, hashOf, isSignedLater, isTransaction, keyOf, type SignedTransaction } from '../transactions.ts'
import { Heap } from './heap.ts'
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

/** The state as v2 gives it away: by hash, indexed by address, with counts of why something was refused. */
export interface PoolStateV2 {
  readonly transactions: { readonly [hash: string]: Entry }
  readonly byAddress: { readonly [address: string]: readonly string[] }
  readonly stats: {
    readonly accepted: number
    readonly evicted: number
    readonly refused: { readonly [reason in Refusal]?: number }
  }
  readonly seq: number
}

/** A sender's transactions by nonce, and what they cost in all. Its address and key are kept once, not once a transaction. */
interface Sender {
  readonly address: string
  readonly publicKey: string
  readonly entries: Map<number, Entry>
  owed: number
  last: number
}

const keptKeys = 10_000

export class PoolV2 implements TransactionPool {
  #byHash = new Map<string, Entry>()
  #senders = new Map<string, Sender>()
  /** The last one of each sender, the one to go first on top. Entries that are no last one any more are passed over. */
  #tails = new Heap<Entry>((a, b) => before(b, a))
  #stats: { accepted: number; evicted: number; refused: { [reason in Refusal]?: number } } = {
    accepted: 0,
    evicted: 0,
    refused: {},
  }
  #seq = 0
  readonly #keys = new Map<string, KeyObject>()
  readonly #accountOf: AccountOf
  readonly #limits: Limits

  constructor(accountOf: AccountOf, limits: Limits = usualLimits) {
    this.#accountOf = accountOf
    this.#limits = limits
  }

  async submit(transaction: SignedTransaction): Promise<Submitted> {
    if (!isTransaction(transaction)) return this.#refuse('malformed')
    const hash = hashOf(transaction)
    const early = this.#refusal(transaction, hash)
    if (early !== null) return this.#refuse(early)
    if (addressOf(transaction.publicKey) !== transaction.from) return this.#refuse('wrong-sender')
    if (!(await isSignedLater(transaction, this.#keyOf(transaction.publicKey)))) return this.#refuse('bad-signature')
    // While the signature was checked others came in: what held before may hold no longer.
    const late = this.#refusal(transaction, hash)
    if (late !== null) return this.#refuse(late)
    const old = this.#senders.get(transaction.from)?.entries.get(transaction.nonce)
    if (old) this.#drop(old)
    else if (this.#byHash.size >= this.#limits.maxSize && !this.#makeRoom(transaction.fee))
      return this.#refuse('pool-full')
    this.#insert({ hash, transaction, seq: ++this.#seq })
    this.#stats.accepted++
    return { accepted: true, hash }
  }

  #refuse(reason: Refusal): Submitted {
    this.#stats.refused[reason] = (this.#stats.refused[reason] ?? 0) + 1
    return { accepted: false, reason }
  }

  #refusal({ from, nonce, amount, fee }: SignedTransaction, hash: string): Refusal | null {
    if (this.#byHash.has(hash)) return 'known'
    if (fee < this.#limits.minFee) return 'fee-too-low'
    const account = this.#accountOf(from)
    if (nonce < account.nonce) return 'nonce-too-low'
    if (nonce >= account.nonce + this.#limits.maxFuture) return 'nonce-too-high'
    const sender = this.#senders.get(from)
    const old = sender?.entries.get(nonce)
    if (old && !replaces(fee, old, this.#limits)) return 'fee-too-low'
    const owed = (sender?.owed ?? 0) - (old ? old.transaction.amount + old.transaction.fee : 0)
    return owed + amount + fee > account.balance ? 'insufficient-funds' : null
  }

  #keyOf(publicKey: string): KeyObject {
    const known = this.#keys.get(publicKey)
    if (known) return known
    const made = keyOf(publicKey)
    if (this.#keys.size >= keptKeys) this.#keys.clear()
    this.#keys.set(publicKey, made)
    return made
  }

  #insert(given: Entry): void {
    const { from, nonce, amount, fee, publicKey } = given.transaction
    const sender = this.#senders.get(from) ?? this.#newSender(from, publicKey)
    const entry = { ...given, transaction: this.#shared(given.transaction, sender) }
    sender.entries.set(nonce, entry)
    sender.owed += amount + fee
    this.#byHash.set(entry.hash, entry)
    if (nonce > sender.last) {
      sender.last = nonce
      this.#tails.push(entry)
    }
  }

  #newSender(address: string, publicKey: string): Sender {
    const sender = { address, publicKey, entries: new Map<number, Entry>(), owed: 0, last: -1 }
    this.#senders.set(address, sender)
    return sender
  }

  /** The same transaction, with the texts that the pool has already: of a sender's many, each came with its own copies. */
  #shared(transaction: SignedTransaction, { address, publicKey }: Sender): SignedTransaction {
    return { ...transaction, from: address, publicKey }
  }

  #drop(entry: Entry): void {
    const { from, nonce, amount, fee } = entry.transaction
    const sender = this.#senders.get(from)!
    this.#byHash.delete(entry.hash)
    sender.entries.delete(nonce)
    sender.owed -= amount + fee
    if (sender.entries.size === 0) this.#senders.delete(from)
    else if (nonce === sender.last) {
      sender.last = Math.max(...sender.entries.keys())
      this.#tails.push(sender.entries.get(sender.last)!)
    }
  }

  #makeRoom(fee: number): boolean {
    for (;;) {
      const tail = this.#tails.peek()
      if (tail === undefined) return false
      const stale =
        this.#byHash.get(tail.hash) !== tail ||
        this.#senders.get(tail.transaction.from)?.last !== tail.transaction.nonce
      if (!stale && tail.transaction.fee >= fee) return false
      this.#tails.pop()
      if (stale) continue
      this.#drop(tail)
      this.#stats.evicted++
      return true
    }
  }

  get(hash: string): SignedTransaction | null {
    return this.#byHash.get(hash)?.transaction ?? null
  }

  pending(limit: number): readonly SignedTransaction[] {
    const heads = new Heap<Entry>(before)
    for (const [address, { entries }] of this.#senders) {
      const head = entries.get(this.#accountOf(address).nonce)
      if (head) heads.push(head)
    }
    const taken: SignedTransaction[] = []
    while (taken.length < limit) {
      const best = heads.pop()
      if (best === undefined) break
      taken.push(best.transaction)
      const next = this.#senders.get(best.transaction.from)?.entries.get(best.transaction.nonce + 1)
      if (next) heads.push(next)
    }
    return taken
  }

  byAddress(address: string): readonly SignedTransaction[] {
    const entries = [...(this.#senders.get(address)?.entries.values() ?? [])]
    return entries.map((each) => each.transaction).sort((a, b) => a.nonce - b.nonce)
  }

  nextNonce(address: string): number {
    const entries = this.#senders.get(address)?.entries
    let { nonce } = this.#accountOf(address)
    while (entries?.has(nonce)) nonce++
    return nonce
  }

  remove(hashes: readonly string[]): number {
    const there = hashes.flatMap((hash) => this.#byHash.get(hash) ?? [])
    for (const entry of there) this.#drop(entry)
    if (this.#tails.size > 4 * this.#byHash.size + 1_000) this.#rebuildTails()
    return there.length
  }

  /** Entries that went otherwise than over the top stay in the heap until then: now and again it is made anew. */
  #rebuildTails(): void {
    this.#tails = new Heap<Entry>((a, b) => before(b, a))
    for (const { entries, last } of this.#senders.values()) this.#tails.push(entries.get(last)!)
  }

  size(): number {
    return this.#byHash.size
  }

  export(): PoolStateV2 {
    const byAddress = [...this.#senders].map(
      ([address, { entries }]) => [address, [...entries.values()].map((each) => each.hash)] as const,
    )
    return {
      transactions: Object.fromEntries(this.#byHash),
      byAddress: Object.fromEntries(byAddress),
      stats: { ...this.#stats, refused: { ...this.#stats.refused } },
      seq: this.#seq,
    }
  }

  import(state: PoolStateV2): void {
    this.#byHash = new Map()
    this.#senders = new Map()
    for (const entry of Object.values(state.transactions)) this.#insert(entry)
    this.#rebuildTails()
    this.#stats = { ...state.stats, refused: { ...state.stats.refused } }
    this.#seq = state.seq
  }
}
