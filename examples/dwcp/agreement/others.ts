/** What a PBFT member can tell of the others by what they answer: nothing that proves anything, but whom it can speak to, and whether there is something to ask for. */
import { faultyOf, quorumOf } from './member.ts'

/** Times of the monotonic clock, in milliseconds. */
interface Other {
  /** When it answered last. */
  readonly at: number
  /** It has answered everything since then; null while it does not. */
  readonly since: number | null
  /** How far it had executed. */
  readonly executed: number
}

export class Others {
  /** Of the group, with this one. */
  readonly #members: number
  readonly #known = new Map<string, Other>()

  constructor(members: number) {
    this.#members = members
  }

  answered(id: string, executed: number): void {
    const at = performance.now()
    this.#known.set(id, { at, since: this.#known.get(id)?.since ?? at, executed })
  }
  didNotAnswer(id: string): void {
    const known = this.#known.get(id)
    if (known !== undefined) this.#known.set(id, { ...known, since: null })
  }

  /** Enough for a quorum have answered after that: this member is not the one that is cut off. */
  haveAnsweredSince(time: number): boolean {
    return this.#areEnough(({ at }) => at >= time)
  }
  /** Enough for a quorum have answered everything for so long: what this member told them has had its time. */
  haveAnsweredFor(milliseconds: number): boolean {
    const from = performance.now() - milliseconds
    return this.#areEnough(({ since }) => since !== null && since <= from)
  }
  /** More than may lie have executed what this member has not. */
  areAhead(index: number): boolean {
    const further = [...this.#known.values()].filter(({ executed }) => executed > index)
    return further.length > faultyOf(this.#members)
  }

  #areEnough(is: (other: Other) => boolean): boolean {
    return [...this.#known.values()].filter(is).length + 1 >= quorumOf(this.#members)
  }
}
