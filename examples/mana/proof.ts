/** What the senders were promised against what the nodes hold: nothing lost, nothing twice, to the last fee. */
import type { LedgerReport } from './clients.ts'
import { type Environment, environments } from './service-words.ts'
import type { SignedTransaction } from './transactions.ts'

interface Account {
  readonly nonce: number
  readonly balance: number
  readonly pending: readonly SignedTransaction[]
}

/** `wrong`: what differs, in words. */
export interface Proof {
  readonly senders: number
  readonly transactions: number
  readonly wrong: readonly string[]
}

const startBalance = 1_000_000_000
const fees = (transactions: readonly SignedTransaction[]): number =>
  transactions.reduce((sum, each) => sum + each.fee, 0)

/** While nobody sends. A sender's transactions pay itself, so that its balance fell by its fees alone. */
export async function prove(ledger: LedgerReport, urlOf: (environment: Environment) => string): Promise<Proof> {
  const wrong: string[] = []
  let senders = 0
  let transactions = 0
  for (const environment of environments)
    for (const promised of ledger[environment] ?? []) {
      const answer = await fetch(`${urlOf(environment)}/accounts/${promised.address}`)
      const { nonce, balance, pending } = (await answer.json()) as Account
      senders++
      transactions += promised.accepted
      const there = nonce + pending.length
      const paid = startBalance - balance + fees(pending)
      if (there !== promised.accepted || paid !== promised.fees)
        wrong.push(
          `${environment}: ${promised.address} was promised ${promised.accepted} for ${promised.fees}, has ${there} for ${paid}`,
        )
    }
  return { senders, transactions, wrong }
}
