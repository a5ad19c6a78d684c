/** What a new view of PBFT begins with: computed the same by its primary and by everybody who checks it. Pure. */
import { faultyOf, type Proof, quorumOf, type Signed } from './member.ts'
import type { Entry } from './placements.ts'

export interface Proposal {
  readonly type: 'pre-prepare'
  readonly epoch: number
  readonly group: string
  readonly view: number
  readonly sequence: number
  readonly entry: Entry
}
export interface Vote {
  readonly type: 'prepare' | 'commit'
  readonly epoch: number
  readonly group: string
  readonly view: number
  readonly sequence: number
  readonly digest: string
}
export interface ViewChange {
  readonly type: 'view-change'
  readonly epoch: number
  readonly group: string
  readonly view: number
  readonly executed: number
  readonly proofs: readonly Proof[]
}
export interface NewView {
  readonly type: 'new-view'
  readonly epoch: number
  readonly group: string
  readonly view: number
  readonly changes: readonly Signed[]
}

export interface Judge {
  readonly members: readonly string[]
  readonly epoch: number
  readonly group: string
  readonly isSigned: (signed: Signed) => boolean
  readonly digestOf: (entry: Entry) => string
}

export const primaryOf = (members: readonly string[], view: number): string => members[view % members.length] ?? ''

/** True where the primary of that view proposed it, and a quorum with it has voted for it. */
export function isProof(proof: Proof, { members, epoch, group, isSigned, digestOf }: Judge): boolean {
  const proposal = JSON.parse(proof.proposal.text) as Proposal
  if (proposal.type !== 'pre-prepare' || proposal.epoch !== epoch || proposal.group !== group) return false
  if (proof.proposal.from !== primaryOf(members, proposal.view) || !isSigned(proof.proposal)) return false
  const digest = digestOf(proposal.entry)
  const voters = new Set<string>([proof.proposal.from])
  for (const signed of proof.votes) {
    const vote = JSON.parse(signed.text) as Vote
    const fits =
      vote.type === 'prepare' &&
      vote.epoch === epoch &&
      vote.group === group &&
      vote.view === proposal.view &&
      vote.sequence === proposal.sequence &&
      vote.digest === digest
    if (fits && members.includes(signed.from) && isSigned(signed)) voters.add(signed.from)
  }
  return voters.size >= quorumOf(members.length)
}

/**
 * The entries that a new view has to propose again, by sequence: for each the proof of the highest view, or nothing. They begin after what at
 * least one correct member of the quorum has executed everything up to, less `kept`: proofs of older ones are forgotten.
 */
export function carriedOver(changes: readonly ViewChange[], members: number, kept: number): ReadonlyMap<number, Entry> {
  const executed = changes.map((each) => each.executed).sort((a, b) => b - a)
  const surely = executed[faultyOf(members)] ?? 0
  const low = Math.max(Math.min(...executed), surely - kept)
  const best = new Map<number, Proposal>()
  for (const { proofs } of changes)
    for (const proof of proofs) {
      const proposal = JSON.parse(proof.proposal.text) as Proposal
      const known = best.get(proposal.sequence)
      if (proposal.sequence > low && (known === undefined || known.view < proposal.view))
        best.set(proposal.sequence, proposal)
    }
  const carried = new Map<number, Entry>()
  const high = Math.max(low, ...best.keys())
  for (let sequence = low + 1; sequence <= high; sequence++)
    carried.set(sequence, best.get(sequence)?.entry ?? { type: 'nothing', proposal: '' })
  return carried
}
