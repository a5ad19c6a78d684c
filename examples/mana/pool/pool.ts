/** What both pools do, and the words they share. */
import type { Account } from '../ledger.ts'
import type { SignedTransaction } from '../transactions.ts'

export type Refusal =
  | 'malformed'
  | 'known'
  | 'wrong-sender'
  | 'bad-signature'
  | 'nonce-too-low'
  | 'nonce-too-high'
  | 'fee-too-low'
  | 'insufficient-funds'
  | 'pool-full'

export type Submitted =
  { readonly accepted: true; readonly hash: string } | { readonly accepted: false; readonly reason: Refusal }

export interface TransactionPool {
  submit(transaction: SignedTransaction): Promise<Submitted>
  get(hash: string): SignedTransaction | null
  /** Those that could be included now: of each sender in the order of nonces without a gap, between senders the highest fee first, then the earlier. */
  pending(limit: number): readonly SignedTransaction[]
  /** By nonce. */
  byAddress(address: string): readonly SignedTransaction[]
  /** The first nonce that neither ledger nor pool has. */
  nextNonce(address: string): number
  /** Takes out what was included or is obsolete; how many there were. */
  remove(hashes: readonly string[]): number
  size(): number
}

/** `maxFuture`: how far above the account's nonce one may be. `bump`: a replacement pays at least so much more, in percent. */
export interface Limits {
  readonly maxSize: number
  readonly maxFuture: number
  readonly minFee: number
  readonly bump: number
}
export const usualLimits: Limits = { maxSize: 5_000, maxFuture: 64, minFee: 1, bump: 10 }

export interface Entry {
  readonly hash: string
  readonly transaction: SignedTransaction
  /** The order of arrival. */
  readonly seq: number
}

export type AccountOf = (address: string) => Account

/** True where `a` is to be included before `b`. */
export function before(a: Entry, b: Entry): boolean {
  return a.transaction.fee > b.transaction.fee || (a.transaction.fee === b.transaction.fee && a.seq < b.seq)
}

export function replaces(fee: number, old: Entry, { bump }: Limits): boolean {
  return fee * 100 >= old.transaction.fee * (100 + bump)
}
