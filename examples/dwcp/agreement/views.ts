/** Which view a PBFT member is in, which one it wants, who wants which, and what the present one has to begin with. Sends nothing. */
import { quorumOf, type Signed } from './member.ts'
import type { Entry } from './placements.ts'
import { carriedOver, isProof, type Judge, type NewView, primaryOf, type ViewChange } from './view-change.ts'

export class Views {
  readonly #judge: Judge
  /** So many executed entries back the proofs of others are asked for. */
  readonly #kept: number
  readonly #changes = new Map<number, Map<string, Signed>>()
  #current = 0
  #wanted = 0
  #wantedSince = 0
  #must: ReadonlyMap<number, Entry> = new Map()
  #began: Signed | null = null

  constructor(judge: Judge, kept: number) {
    this.#judge = judge
    this.#kept = kept
  }

  get current(): number {
    return this.#current
  }
  /** Equal to `current` while all is well; else there is no proof of it yet. */
  get wanted(): number {
    return this.#wanted
  }
  /** Of the monotonic clock, in milliseconds. */
  get wantedSince(): number {
    return this.#wantedSince
  }
  get isSettled(): boolean {
    return this.#wanted === this.#current
  }
  /** The message that began the present one: it shows the way to whoever has missed it. */
  get began(): Signed | null {
    return this.#began
  }
  primary(view = this.#current): string {
    return primaryOf(this.#judge.members, view)
  }
  /** What the present view has to propose again there. */
  mustBe(sequence: number): Entry | undefined {
    return this.#must.get(sequence)
  }

  want(view: number): void {
    this.#wanted = view
    this.#wantedSince = performance.now()
  }

  /** How many want that view now; 0 where it is left behind, or what the message shows is not proven. */
  add(message: ViewChange, signed: Signed): number {
    if (message.view <= this.#current || !this.#isProven(message)) return 0
    const changes = this.#changes.get(message.view) ?? new Map<string, Signed>()
    this.#changes.set(message.view, changes.set(signed.from, signed))
    return changes.size
  }

  /** What this member, as the primary of the view, tells the others; and what it then has to propose again. */
  makeNew(view: number): { readonly news: NewView; readonly carried: ReadonlyMap<number, Entry> } {
    const { epoch, group } = this.#judge
    const changes = [...(this.#changes.get(view)?.values() ?? [])]
    return { news: { type: 'new-view', epoch, group, view, changes }, carried: this.#carried(changes) }
  }

  /** Its primary tells of a later view, with what a quorum has signed. */
  isFair({ view, changes }: NewView, { from }: Signed): boolean {
    if (view <= this.#current || from !== this.primary(view)) return false
    const { epoch, group, members, isSigned } = this.#judge
    const areFair = changes.every((each) => {
      const change = JSON.parse(each.text) as ViewChange
      const fits = change.type === 'view-change' && change.view === view && change.epoch === epoch
      return fits && change.group === group && isSigned(each) && this.#isProven(change)
    })
    return areFair && new Set(changes.map((each) => each.from)).size >= quorumOf(members.length)
  }

  /** `changes`: of another primary, whose proposals are checked by them as they come. */
  enter(view: number, began: Signed, changes: readonly Signed[] = []): void {
    this.#current = this.#wanted = view
    this.#began = began
    this.#must = changes.length === 0 ? new Map() : this.#carried(changes)
    for (const older of this.#changes.keys()) if (older <= view) this.#changes.delete(older)
  }

  /** That it was wanted is written down; that it began is to be shown again. */
  recall(view: number): void {
    this.#wanted = view
  }

  #isProven({ proofs }: ViewChange): boolean {
    return proofs.every((proof) => isProof(proof, this.#judge))
  }

  #carried(changes: readonly Signed[]): ReadonlyMap<number, Entry> {
    const read = changes.map((each) => JSON.parse(each.text) as ViewChange)
    return carriedOver(read, this.#judge.members.length, this.#kept)
  }
}
