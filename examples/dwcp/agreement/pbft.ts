/**
 * Agreement that holds while up to f of 3f + 1 members lie: pre-prepare, prepare, commit, each signed, and a new view when the primary does not do
 * its work in time (Castro and Liskov, "Practical Byzantine Fault Tolerance", 4). Checkpoints are not signed: a member that is far behind
 * asks for the state, and believes what f + 1 say alike. One epoch long, as Raft here.
 */
import { hash } from 'node:crypto'
import { faultyOf, type Line, type Member, type MemberOptions, type Proof, quorumOf, type Signed } from './member.ts'
import type { Entry } from './placements.ts'
import { Requests } from './requests.ts'
import {
  carriedOver,
  isProof,
  type Judge,
  type NewView,
  primaryOf,
  type Proposal,
  type ViewChange,
  type Vote,
} from './view-change.ts'

interface Slot {
  view: number
  entry: Entry
  digest: string
  proposal: Signed
  /** By member, with the digest and view they voted for: votes may come before the proposal. */
  readonly prepares: Map<string, { readonly vote: Vote; readonly signed: Signed }>
  readonly commits: Map<string, Vote>
  proof: Proof | null
  isCommitted: boolean
}
type Request = { readonly type: 'request'; readonly entry: Entry }
/** The answer to every message. It is not signed, and proves nothing: it says only that there may be something to be asked for. */
interface Taken {
  readonly executed: number
}
type Message = Request | Proposal | Vote | ViewChange | NewView

/** Proofs of so many executed entries are kept for members that are behind. */
const kept = 400
/** So far ahead of what was executed a proposal is taken. */
const ahead = 100

export const digestOf = (entry: Entry): string => hash('sha256', JSON.stringify(entry))

export class Pbft implements Member {
  readonly algorithm = 'pbft'
  readonly lastTerm = 0
  readonly #options: MemberOptions
  readonly #judge: Judge
  readonly #slots = new Map<number, Slot>()
  readonly #early = new Map<number, { readonly vote: Vote; readonly signed: Signed }[]>()
  readonly #requests: Requests
  /** When each of the others last took a message, and how far it had executed then. */
  readonly #reached = new Map<string, { readonly at: number; readonly executed: number }>()
  readonly #changes = new Map<number, Map<string, Signed>>()
  #view = 0
  /** What this view has to propose again, and the message that says so. */
  #must: ReadonlyMap<number, Entry> = new Map()
  #began: Signed | null = null
  /** The view it wants and has no proof of yet; equal to `#view` while all is well. */
  #wanted = 0
  #wantedSince = 0
  #next: number
  #stuck = { index: -1, since: 0 }
  #timer: NodeJS.Timeout
  #stopped = false

  constructor(options: MemberOptions, group: string) {
    this.#options = options
    const { members, isSigned, placements } = options
    this.#judge = { members, epoch: placements.epoch, group, isSigned, digestOf }
    this.#next = placements.index + 1
    this.#requests = new Requests(placements)
    for (const line of options.lines) this.#recall(line)
    this.#timer = setInterval(() => this.#watch(), 100)
    options.leaderChanged(this.leader)
    if (this.#wanted > this.#view) this.#want(this.#wanted)
  }

  get leader(): string | null {
    return this.#wanted === this.#view ? primaryOf(this.#options.members, this.#view) : null
  }
  get term(): number {
    return this.#view
  }

  lines(): readonly Line[] {
    const epoch = this.#judge.epoch
    const slots = [...this.#slots].map(([sequence, slot]): Line => {
      const accepted = { view: slot.view, proposal: slot.proposal, votes: [] }
      return { epoch, type: 'slot', sequence, proof: slot.proof ?? accepted }
    })
    return [{ epoch, type: 'view', view: this.#wanted }, ...slots]
  }

  offer(entry: Entry): 'taken' {
    if (!this.#stopped) {
      this.#request(entry)
      this.#tell({ type: 'request', entry })
    }
    return 'taken'
  }

  /** `given` is `{ signed }`. What is not signed by a member, or makes no sense, is dropped without a word. */
  receive(from: string, given: object): object | null {
    const { signed } = given as { readonly signed?: Signed }
    if (this.#stopped || signed === undefined) return null
    // Who brings it does not matter: a new view is passed on by others.
    if (!this.#options.members.includes(signed.from) || !this.#options.isSigned(signed)) return null
    this.#heard(JSON.parse(signed.text) as Message, signed, from)
    return { executed: this.#options.placements.index } satisfies Taken
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }

  #heard(message: Message, signed: Signed, bringer: string): void {
    if (message.type === 'request') return this.#request(message.entry)
    if (message.epoch !== this.#judge.epoch || message.group !== this.#judge.group) return
    switch (message.type) {
      case 'pre-prepare':
        return this.#proposed(message, signed)
      case 'prepare':
      case 'commit':
        return this.#voted(message, signed)
      case 'view-change':
        if (message.view <= this.#view) return this.#passOn(bringer)
        return this.#changeWanted(message, signed)
      case 'new-view':
        return this.#newView(message, signed)
    }
  }

  /** Somebody wants a view that this member has left behind: what began the present one shows it the way. */
  #passOn(to: string): void {
    if (this.#began !== null && to !== this.#options.me) void this.#options.send(to, { signed: this.#began })
  }

  #tell(message: Message): Signed {
    const text = JSON.stringify(message)
    const signed = { from: this.#options.me, text, signature: this.#options.sign(text) }
    for (const other of this.#options.members)
      if (other !== this.#options.me)
        void this.#options.send(other, { signed }).then((taken) => taken !== null && this.#took(other, taken as Taken))
    return signed
  }

  #took(other: string, { executed }: Taken): void {
    this.#reached.set(other, { at: performance.now(), executed })
  }

  /** Enough of the others for a quorum have taken a message since then: this member is not the one that is cut off. */
  #reaches(since: number): boolean {
    const others = [...this.#reached.values()].filter(({ at }) => at >= since).length
    return others + 1 >= quorumOf(this.#options.members.length)
  }

  /** More of the others than may lie have executed what this member has not. */
  get #isOvertaken(): boolean {
    const { members, placements } = this.#options
    const further = [...this.#reached.values()].filter(({ executed }) => executed > placements.index)
    return further.length > faultyOf(members.length)
  }

  #request(entry: Entry): void {
    if (this.#options.placements.outcomeOf(entry.proposal) !== undefined) return
    this.#requests.add(entry)
    this.#propose()
  }

  /** The primary gives every request that has none a number. */
  #propose(): void {
    if (this.leader !== this.#options.me) return
    const { placements } = this.#options
    this.#next = Math.max(this.#next, placements.index + 1)
    const numbered = new Set(
      [...this.#slots.values()].filter((slot) => slot.view === this.#view).map((slot) => slot.entry.proposal),
    )
    for (const entry of this.#requests.entries)
      if (!numbered.has(entry.proposal) && this.#next <= placements.index + ahead) this.#proposeAt(this.#next++, entry)
  }

  #proposeAt(sequence: number, entry: Entry): void {
    const { epoch, group } = this.#judge
    const message: Proposal = { type: 'pre-prepare', epoch, group, view: this.#view, sequence, entry }
    this.#accept(message, this.#tell(message))
  }

  #proposed(message: Proposal, signed: Signed): void {
    const { index } = this.#options.placements
    if (message.view !== this.#view || this.#wanted !== this.#view) return
    if (signed.from !== primaryOf(this.#options.members, message.view)) return
    if (message.sequence > index + ahead) return this.#options.behind()
    if (message.sequence <= index - kept) return
    const known = this.#slots.get(message.sequence)
    const digest = digestOf(message.entry)
    const asked = this.#requests.get(message.entry.proposal)
    // Who proposed it has told all members: a primary cannot make something else of it.
    if (asked !== undefined && digestOf(asked) !== digest) return
    const due = this.#must.get(message.sequence)
    if (due !== undefined && digestOf(due) !== digest) return
    if (known !== undefined && (known.view === message.view || known.isCommitted) && known.digest !== digest) return
    this.#accept(message, signed)
    this.#vote('prepare', message.sequence)
  }

  #accept(message: Proposal, proposal: Signed): void {
    const known = this.#slots.get(message.sequence)
    if (known?.view === message.view) return
    const slot: Slot = {
      view: message.view,
      entry: message.entry,
      digest: digestOf(message.entry),
      proposal,
      prepares: new Map(),
      commits: new Map(),
      proof: known?.proof ?? null,
      isCommitted: known?.isCommitted ?? false,
    }
    this.#slots.set(message.sequence, slot)
    this.#save(message.sequence, { view: slot.view, proposal, votes: [] })
    const early = this.#early.get(message.sequence) ?? []
    this.#early.delete(message.sequence)
    for (const { vote, signed } of early) this.#voted(vote, signed)
  }

  #vote(type: 'prepare' | 'commit', sequence: number): void {
    const slot = this.#slots.get(sequence)
    if (slot === undefined) return
    const { epoch, group } = this.#judge
    const vote: Vote = { type, epoch, group, view: slot.view, sequence, digest: slot.digest }
    this.#voted(vote, this.#tell(vote))
  }

  #voted(vote: Vote, signed: Signed): void {
    if (vote.sequence > this.#options.placements.index + ahead) return this.#options.behind()
    const slot = this.#slots.get(vote.sequence)
    if (slot === undefined || slot.view < vote.view) {
      const early = this.#early.get(vote.sequence) ?? []
      if (vote.sequence > this.#options.placements.index && early.length < 4 * this.#options.members.length)
        this.#early.set(vote.sequence, [...early, { vote, signed }])
      return
    }
    if (slot.view !== vote.view || slot.digest !== vote.digest) return
    if (vote.type === 'commit') slot.commits.set(signed.from, vote)
    // The primary's proposal is its vote.
    else if (signed.from !== slot.proposal.from) slot.prepares.set(signed.from, { vote, signed })
    this.#count(vote.sequence, slot)
  }

  #count(sequence: number, slot: Slot): void {
    const quorum = quorumOf(this.#options.members.length)
    if (slot.proof?.view !== slot.view && slot.prepares.size + 1 >= quorum) {
      slot.proof = {
        view: slot.view,
        proposal: slot.proposal,
        votes: [...slot.prepares.values()].map((each) => each.signed),
      }
      this.#save(sequence, slot.proof)
      this.#vote('commit', sequence)
    }
    if (slot.isCommitted || slot.proof?.view !== slot.view || slot.commits.size < quorum) return
    slot.isCommitted = true
    this.#execute()
  }

  #execute(): void {
    const { placements } = this.#options
    const { epoch } = this.#judge
    for (;;) {
      const slot = this.#slots.get(placements.index + 1)
      if (slot === undefined || !slot.isCommitted || placements.epoch !== epoch) break
      this.#options.save({ epoch, type: 'executed', entry: slot.entry })
      this.#requests.delete(slot.entry.proposal)
      this.#slots.delete(placements.index + 1 - kept)
      this.#options.applied(slot.entry, placements.apply(slot.entry))
    }
    this.#requests.restart()
    if (!this.#stopped) this.#propose()
  }

  #watch(): void {
    const now = performance.now()
    const timeout = this.#options.timeoutMs()
    this.#askIfStuck(now, timeout)
    if (this.#wanted === this.#view) this.#watchRequests(timeout)
    else if (now - this.#wantedSince > timeout * 2 ** Math.min(4, this.#wanted - this.#view))
      this.#want(this.#reaches(this.#wantedSince) ? this.#wanted + 1 : this.#wanted)
  }

  /**
   * A request that takes too long is told again, and then calls for a new view: but not by a member that reaches too few, or that the others have
   * overtaken. It knows nothing of the primary; and alone in a view that nobody else wants it would stay there when it is back.
   */
  #watchRequests(timeout: number): void {
    this.#requests.settle()
    for (const entry of this.#requests.takeUntold(timeout / 2)) this.#tell({ type: 'request', entry })
    const overdue = this.#requests.overdue(timeout)
    if (overdue.length === 0) return
    if (this.#reaches(Math.max(...overdue)) && !this.#isOvertaken) this.#want(this.#view + 1)
    else this.#requests.restart()
  }

  /** Others go on, or are further, and this member does not go on: messages were lost while it was away, and nobody sends them again. */
  #askIfStuck(now: number, timeout: number): void {
    const { index } = this.#options.placements
    const isMore = [...this.#slots.keys(), ...this.#early.keys()].some((sequence) => sequence > index)
    if (!(isMore || this.#isOvertaken) || index !== this.#stuck.index) this.#stuck = { index, since: now }
    if (now - this.#stuck.since < timeout / 2) return
    this.#stuck = { index, since: now }
    this.#options.behind()
  }

  #want(view: number): void {
    this.#wanted = view
    this.#wantedSince = performance.now()
    this.#options.leaderChanged(null)
    const { epoch, group } = this.#judge
    this.#options.save({ epoch, type: 'view', view })
    const proofs = [...this.#slots.values()].flatMap((slot) => (slot.proof === null ? [] : [slot.proof]))
    const message: ViewChange = {
      type: 'view-change',
      epoch,
      group,
      view,
      executed: this.#options.placements.index,
      proofs,
    }
    this.#changeWanted(message, this.#tell(message))
  }

  #changeWanted(message: ViewChange, signed: Signed): void {
    if (message.view <= this.#view || !this.#isFair(message)) return
    const changes = this.#changes.get(message.view) ?? new Map<string, Signed>()
    this.#changes.set(message.view, changes.set(signed.from, signed))
    // At least one correct member wants it: this one goes along.
    if (message.view > this.#wanted && changes.size > faultyOf(this.#options.members.length)) this.#want(message.view)
    const isMine = primaryOf(this.#options.members, message.view) === this.#options.me
    if (!isMine || this.#wanted !== message.view || changes.size < quorumOf(this.#options.members.length)) return
    const { epoch, group } = this.#judge
    const news: NewView = { type: 'new-view', epoch, group, view: message.view, changes: [...changes.values()] }
    const carried = this.#carried(news)
    this.#began = this.#tell(news)
    this.#enter(message.view)
    for (const [sequence, entry] of carried) this.#proposeAt(sequence, entry)
    this.#next = Math.max(this.#options.placements.index, ...carried.keys()) + 1
    this.#propose()
  }

  #isFair(message: ViewChange): boolean {
    return message.proofs.every((proof) => isProof(proof, this.#judge))
  }

  #carried({ changes }: NewView): ReadonlyMap<number, Entry> {
    const read = changes.map((each) => JSON.parse(each.text) as ViewChange)
    return carriedOver(read, this.#options.members.length, kept)
  }

  /** Its proposals come as any others; that they are those which its changes ask for is checked as they come. */
  #newView(message: NewView, signed: Signed): void {
    if (message.view <= this.#view || signed.from !== primaryOf(this.#options.members, message.view)) return
    const from = new Set(message.changes.map((each) => each.from))
    const isFair = message.changes.every((each) => {
      const change = JSON.parse(each.text) as ViewChange
      const fits = change.type === 'view-change' && change.view === message.view && change.epoch === this.#judge.epoch
      return fits && change.group === this.#judge.group && this.#options.isSigned(each) && this.#isFair(change)
    })
    if (!isFair || from.size < quorumOf(this.#options.members.length)) return
    this.#began = signed
    this.#enter(message.view)
    this.#must = this.#carried(message)
  }

  #enter(view: number): void {
    this.#view = this.#wanted = view
    this.#must = new Map()
    for (const older of this.#changes.keys()) if (older <= view) this.#changes.delete(older)
    this.#requests.restart()
    this.#options.leaderChanged(this.leader)
  }

  #recall(line: Line): void {
    if (line.epoch !== this.#judge.epoch) return
    // That it was wanted is written down; that it began is to be shown again.
    if (line.type === 'view') this.#wanted = line.view
    if (line.type !== 'slot') return
    const { view, entry } = JSON.parse(line.proof.proposal.text) as Proposal
    const known = this.#slots.get(line.sequence)
    const proof = line.proof.votes.length > 0 ? line.proof : (known?.proof ?? null)
    const isCommitted = line.sequence <= this.#options.placements.index
    const { proposal } = line.proof
    this.#slots.set(line.sequence, {
      view,
      entry,
      digest: digestOf(entry),
      proposal,
      prepares: new Map(),
      commits: new Map(),
      proof,
      isCommitted,
    })
  }

  #save(sequence: number, proof: Proof): void {
    this.#options.save({ epoch: this.#judge.epoch, type: 'slot', sequence, proof })
  }
}
