/** Who has how much, and which nonce is next. Every account begins with the same balance. Knows no pool. */
import type { SignedTransaction } from './transactions.ts'

export interface Account {
  readonly nonce: number
  readonly balance: number
}

export class Ledger {
  readonly #accounts = new Map<string, Account>()
  readonly #start: Account

  constructor(balance = 1_000_000_000) {
    this.#start = { nonce: 0, balance }
  }

  /** Every account that ever moved, for the next start. */
  export(): readonly (readonly [address: string, account: Account])[] {
    return [...this.#accounts]
  }

  import(accounts: readonly (readonly [address: string, account: Account])[]): void {
    this.#accounts.clear()
    for (const [address, account] of accounts) this.#accounts.set(address, account)
  }

  account(address: string): Account {
    return this.#accounts.get(address) ?? this.#start
  }

  /** Applies those that fit, in order, and answers with them: the next nonce, and enough to pay. */
  apply(transactions: readonly SignedTransaction[]): readonly SignedTransaction[] {
    return transactions.filter((each) => {
      const from = this.account(each.from)
      if (each.nonce !== from.nonce || each.amount + each.fee > from.balance) return false
      this.#accounts.set(each.from, { nonce: from.nonce + 1, balance: from.balance - each.amount - each.fee })
      const to = this.account(each.to)
      this.#accounts.set(each.to, { ...to, balance: to.balance + each.amount })
      return true
    })
  }
}
