/** What a PBFT member knows of each numbered proposal: who has voted for it, whether it is prepared, whether it is committed. Sends nothing, and writes nothing down. */
import { hash } from 'node:crypto'
import { type Proof, quorumOf, type Signed } from './member.ts'
import type { Entry } from './placements.ts'
import type { Proposal, Vote } from './view-change.ts'

export interface Slot {
  readonly view: number
  readonly entry: Entry
  readonly digest: string
  readonly proposal: Signed
  /** By member; of this view and digest. */
  readonly prepares: Map<string, Signed>
  readonly commits: Set<string>
  /** Of this view or an earlier one. */
  proof: Proof | null
  isCommitted: boolean
}
export interface Ballot {
  readonly vote: Vote
  readonly signed: Signed
}

export const digestOf = (entry: Entry): string => hash('sha256', JSON.stringify(entry))

export class Slots {
  readonly #members: number
  readonly #slots = new Map<number, Slot>()
  /** Votes that came before the proposal. */
  readonly #early = new Map<number, Ballot[]>()

  constructor(members: number) {
    this.#members = members
  }

  get(sequence: number): Slot | undefined {
    return this.#slots.get(sequence)
  }
  get all(): readonly (readonly [sequence: number, slot: Slot])[] {
    return [...this.#slots]
  }
  get proofs(): readonly Proof[] {
    return [...this.#slots.values()].flatMap(({ proof }) => proof ?? [])
  }
  /** Somebody has proposed or voted for what comes after `index`. */
  isAnyAfter(index: number): boolean {
    return [...this.#slots.keys(), ...this.#early.keys()].some((sequence) => sequence > index)
  }

  /** Gives back the votes that came before it, to be counted now; null where it is there already. */
  open(message: Proposal, proposal: Signed): readonly Ballot[] | null {
    const { sequence } = message
    const known = this.#slots.get(sequence)
    if (known?.view === message.view) return null
    this.#set(message, proposal, known?.proof ?? null, known?.isCommitted ?? false)
    const early = this.#early.get(sequence) ?? []
    this.#early.delete(sequence)
    return early
  }

  /** As it was written down; without the votes it was only accepted. */
  recall(sequence: number, written: Proof, isCommitted: boolean): void {
    const message = JSON.parse(written.proposal.text) as Proposal
    const proof = written.votes.length > 0 ? written : (this.#slots.get(sequence)?.proof ?? null)
    this.#set({ ...message, sequence }, written.proposal, proof, isCommitted)
  }

  /** The slot that the vote counts for; null where it counts for none, or is kept until its proposal comes: of what comes after `executed`. */
  take(vote: Vote, signed: Signed, executed: number): Slot | null {
    const slot = this.#slots.get(vote.sequence)
    if (slot === undefined || slot.view < vote.view) {
      const early = this.#early.get(vote.sequence) ?? []
      if (vote.sequence > executed && early.length < 4 * this.#members)
        this.#early.set(vote.sequence, [...early, { vote, signed }])
      return null
    }
    if (slot.view !== vote.view || slot.digest !== vote.digest) return null
    if (vote.type === 'commit') slot.commits.add(signed.from)
    // The primary's proposal is its vote.
    else if (signed.from !== slot.proposal.from) slot.prepares.set(signed.from, signed)
    return slot
  }

  /** The proof, where a quorum has just been reached. */
  prepare(slot: Slot): Proof | null {
    const { view, proposal, prepares } = slot
    if (slot.proof?.view === view || prepares.size + 1 < quorumOf(this.#members)) return null
    slot.proof = { view, proposal, votes: [...prepares.values()] }
    return slot.proof
  }

  /** True where it has just been committed. */
  commit(slot: Slot): boolean {
    if (slot.isCommitted || slot.proof?.view !== slot.view || slot.commits.size < quorumOf(this.#members)) return false
    slot.isCommitted = true
    return true
  }

  forget(sequence: number): void {
    this.#slots.delete(sequence)
  }

  #set({ sequence, view, entry }: Proposal, proposal: Signed, proof: Proof | null, isCommitted: boolean): void {
    const digest = digestOf(entry)
    const votes = { prepares: new Map<string, Signed>(), commits: new Set<string>() }
    this.#slots.set(sequence, { view, entry, digest, proposal, ...votes, proof, isCommitted })
  }
}
