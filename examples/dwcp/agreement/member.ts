/** What an algorithm of agreement is given, and what it gives back. Raft and PBFT both fit; the group does not ask which it has. */
import type { Algorithm, Entry, Outcome, Placements, PlacementsState } from './placements.ts'

/** What has to survive, by epoch. The first line of a journal is a snapshot. */
export type Line = { readonly epoch: number } & (
  | { readonly type: 'snapshot'; readonly state: PlacementsState; readonly lastTerm: number }
  | { readonly type: 'vote'; readonly term: number; readonly vote: string | null }
  | { readonly type: 'entries'; readonly from: number; readonly entries: readonly Logged[] }
  | { readonly type: 'view'; readonly view: number }
  | { readonly type: 'slot'; readonly sequence: number; readonly proof: Proof }
  | { readonly type: 'executed'; readonly entry: Entry }
)
export interface Logged {
  readonly term: number
  readonly entry: Entry
}

/** A message and who has signed it, as it can be shown to others. */
export interface Signed {
  readonly from: string
  readonly text: string
  readonly signature: string
}
/** Why a replica holds an entry for prepared: the primary's proposal and enough votes. Without the votes it was only accepted. */
export interface Proof {
  readonly view: number
  readonly proposal: Signed
  readonly votes: readonly Signed[]
}

export interface MemberOptions {
  readonly me: string
  readonly members: readonly string[]
  /** Committed state; the algorithm applies to it what is committed from now on. */
  readonly placements: Placements
  /** Of the entry that `placements` ends with; 0 at the beginning of an epoch. */
  readonly lastTerm: number
  readonly lines: readonly Line[]
  readonly save: (line: Line) => void
  /** Null when there was no answer. */
  readonly send: (to: string, message: object) => Promise<object | null>
  readonly timeoutMs: () => number
  readonly applied: (entry: Entry, outcome: Outcome) => void
  readonly leaderChanged: (leader: string | null) => void
  /** This member lacks what nobody will send again. */
  readonly behind: () => void
  readonly sign: (text: string) => string
  readonly isSigned: (signed: Signed) => boolean
}

export interface Member {
  readonly algorithm: Algorithm
  readonly leader: string | null
  /** Term or view. */
  readonly term: number
  /** Of the last applied entry. */
  readonly lastTerm: number
  /** What must be in a journal besides a snapshot that ends with entry `index` of `term` (its own state unless said), to come back from it. */
  lines(index?: number, term?: number): readonly Line[]
  /** Null: this member cannot; another may. The outcome comes by `applied`. */
  offer(entry: Entry): 'taken' | { readonly ask: string | null }
  receive(from: string, message: object): object | null
  stop(): void
}

/** How many of `count` may lie or be away in PBFT, and how many must say the same. */
export const faultyOf = (count: number): number => Math.floor((count - 1) / 3)
export const quorumOf = (count: number): number => Math.ceil((count + faultyOf(count) + 1) / 2)
