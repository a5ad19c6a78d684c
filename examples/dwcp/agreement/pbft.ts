/**
 * Agreement that holds while up to f of 3f + 1 members lie: pre-prepare, prepare, commit, each signed, and a new view when the primary does not do
 * its work in time (Castro and Liskov, "Practical Byzantine Fault Tolerance", 4). Checkpoints are not signed: a member that is far behind
 * asks for the state, and believes what f + 1 say alike. One epoch long, as Raft here.
 */
import { faultyOf, type Line, type Member, type MemberOptions, type Proof, quorumOf, type Signed } from './member.ts'
import { Others } from './others.ts'
import type { Entry } from './placements.ts'
import { Requests } from './requests.ts'
import { digestOf, type Slot, Slots } from './slots.ts'
import type { Judge, NewView, Proposal, ViewChange, Vote } from './view-change.ts'
import { Views } from './views.ts'

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

export class Pbft implements Member {
  readonly algorithm = 'pbft'
  readonly lastTerm = 0
  readonly #options: MemberOptions
  readonly #judge: Judge
  readonly #slots: Slots
  readonly #views: Views
  readonly #requests: Requests
  readonly #others: Others
  #next: number
  #stuck = { index: -1, since: 0 }
  #timer: NodeJS.Timeout
  #stopped = false

  constructor(options: MemberOptions, group: string) {
    this.#options = options
    const { members, isSigned, placements } = options
    this.#judge = { members, epoch: placements.epoch, group, isSigned, digestOf }
    this.#slots = new Slots(members.length)
    this.#views = new Views(this.#judge, kept)
    this.#others = new Others(members.length)
    this.#requests = new Requests(placements)
    this.#next = placements.index + 1
    for (const line of options.lines) this.#recall(line)
    this.#timer = setInterval(() => this.#watch(), 100)
    options.leaderChanged(this.leader)
    if (!this.#views.isSettled) this.#want(this.#views.wanted)
  }

  get leader(): string | null {
    return this.#views.isSettled ? this.#views.primary() : null
  }
  get term(): number {
    return this.#views.current
  }

  lines(): readonly Line[] {
    const epoch = this.#judge.epoch
    const slots = this.#slots.all.map(([sequence, slot]): Line => {
      const accepted = { view: slot.view, proposal: slot.proposal, votes: [] }
      return { epoch, type: 'slot', sequence, proof: slot.proof ?? accepted }
    })
    return [{ epoch, type: 'view', view: this.#views.wanted }, ...slots]
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
        if (message.view <= this.#views.current) return this.#passOn(bringer)
        return this.#changeWanted(message, signed)
      case 'new-view':
        return this.#newView(message, signed)
    }
  }

  /** Somebody wants a view that this member has left behind: what began the present one shows it the way. */
  #passOn(to: string): void {
    const { began } = this.#views
    if (began !== null && to !== this.#options.me) void this.#options.send(to, { signed: began })
  }

  #tell(message: Message): Signed {
    const text = JSON.stringify(message)
    const signed = { from: this.#options.me, text, signature: this.#options.sign(text) }
    for (const other of this.#options.members)
      if (other !== this.#options.me)
        void this.#options.send(other, { signed }).then((taken) => {
          if (taken === null) this.#others.didNotAnswer(other)
          else this.#others.answered(other, (taken as Taken).executed)
        })
    return signed
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
      this.#slots.all.flatMap(([, slot]) => (slot.view === this.#views.current ? [slot.entry.proposal] : [])),
    )
    for (const entry of this.#requests.entries)
      if (!numbered.has(entry.proposal) && this.#next <= placements.index + ahead) this.#proposeAt(this.#next++, entry)
  }

  #proposeAt(sequence: number, entry: Entry): void {
    const { epoch, group } = this.#judge
    const message: Proposal = { type: 'pre-prepare', epoch, group, view: this.#views.current, sequence, entry }
    this.#accept(message, this.#tell(message))
  }

  #proposed(message: Proposal, signed: Signed): void {
    const { index } = this.#options.placements
    if (message.view !== this.#views.current || signed.from !== this.leader) return
    if (message.sequence > index + ahead) return this.#options.behind()
    if (message.sequence <= index - kept) return
    const known = this.#slots.get(message.sequence)
    const digest = digestOf(message.entry)
    const asked = this.#requests.get(message.entry.proposal)
    // Who proposed it has told all members: a primary cannot make something else of it.
    if (asked !== undefined && digestOf(asked) !== digest) return
    const due = this.#views.mustBe(message.sequence)
    if (due !== undefined && digestOf(due) !== digest) return
    if (known !== undefined && (known.view === message.view || known.isCommitted) && known.digest !== digest) return
    this.#accept(message, signed)
    this.#vote('prepare', message.sequence)
  }

  #accept(message: Proposal, proposal: Signed): void {
    const early = this.#slots.open(message, proposal)
    if (early === null) return
    this.#save(message.sequence, { view: message.view, proposal, votes: [] })
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
    const { index } = this.#options.placements
    if (vote.sequence > index + ahead) return this.#options.behind()
    const slot = this.#slots.take(vote, signed, index)
    if (slot !== null) this.#count(vote.sequence, slot)
  }

  #count(sequence: number, slot: Slot): void {
    const proof = this.#slots.prepare(slot)
    if (proof !== null) {
      this.#save(sequence, proof)
      this.#vote('commit', sequence)
    }
    if (this.#slots.commit(slot)) this.#execute()
  }

  #execute(): void {
    const { placements } = this.#options
    const { epoch } = this.#judge
    for (;;) {
      const slot = this.#slots.get(placements.index + 1)
      if (slot === undefined || !slot.isCommitted || placements.epoch !== epoch) break
      this.#options.save({ epoch, type: 'executed', entry: slot.entry })
      this.#requests.delete(slot.entry.proposal)
      this.#slots.forget(placements.index + 1 - kept)
      this.#options.applied(slot.entry, placements.apply(slot.entry))
    }
    this.#requests.restart()
    if (!this.#stopped) this.#propose()
  }

  #watch(): void {
    const now = performance.now()
    const timeout = this.#options.timeoutMs()
    this.#askIfStuck(now, timeout)
    const { isSettled, current, wanted, wantedSince } = this.#views
    if (isSettled) this.#watchRequests(timeout)
    else if (now - wantedSince > timeout * 2 ** Math.min(4, wanted - current))
      this.#want(this.#others.haveAnsweredSince(wantedSince) ? wanted + 1 : wanted)
  }

  /**
   * A request that takes too long is told again, and then calls for a new view: but not by a member that reaches too few, or did so until a moment
   * ago, or that the others have overtaken. It knows nothing of the primary; and alone in a view that nobody else wants it would stay there.
   */
  #watchRequests(timeout: number): void {
    this.#requests.settle()
    for (const entry of this.#requests.takeUntold(timeout / 2)) this.#tell({ type: 'request', entry })
    const overdue = this.#requests.overdue(timeout)
    if (overdue.length === 0) return
    const isHeard = this.#others.haveAnsweredSince(Math.max(...overdue)) && this.#others.haveAnsweredFor(timeout)
    if (isHeard && !this.#others.areAhead(this.#options.placements.index)) this.#want(this.#views.current + 1)
    else this.#requests.restart()
  }

  /** Others go on, or are further, and this member does not go on: messages were lost while it was away, and nobody sends them again. */
  #askIfStuck(now: number, timeout: number): void {
    const { index } = this.#options.placements
    const isMore = this.#slots.isAnyAfter(index) || this.#others.areAhead(index)
    if (!isMore || index !== this.#stuck.index) this.#stuck = { index, since: now }
    if (now - this.#stuck.since < timeout / 2) return
    this.#stuck = { index, since: now }
    this.#options.behind()
  }

  #want(view: number): void {
    this.#views.want(view)
    this.#options.leaderChanged(null)
    const { epoch, group } = this.#judge
    this.#options.save({ epoch, type: 'view', view })
    const message: ViewChange = {
      type: 'view-change',
      epoch,
      group,
      view,
      executed: this.#options.placements.index,
      proofs: this.#slots.proofs,
    }
    this.#changeWanted(message, this.#tell(message))
  }

  #changeWanted(message: ViewChange, signed: Signed): void {
    const { members, me } = this.#options
    const { view } = message
    const count = this.#views.add(message, signed)
    // At least one correct member wants it: this one goes along, and is counted with them.
    if (count > faultyOf(members.length) && view > this.#views.wanted) return this.#want(view)
    if (count < quorumOf(members.length) || view !== this.#views.wanted || this.#views.primary(view) !== me) return
    const { news, carried } = this.#views.makeNew(view)
    this.#views.enter(view, this.#tell(news))
    this.#entered()
    for (const [sequence, entry] of carried) this.#proposeAt(sequence, entry)
    this.#next = Math.max(this.#options.placements.index, ...carried.keys()) + 1
    this.#propose()
  }

  /** Its proposals come like all others; that they are those which its changes ask for is checked as they come. */
  #newView(message: NewView, signed: Signed): void {
    if (!this.#views.isFair(message, signed)) return
    this.#views.enter(message.view, signed, message.changes)
    this.#entered()
  }

  #entered(): void {
    this.#requests.restart()
    this.#options.leaderChanged(this.leader)
  }

  #recall(line: Line): void {
    if (line.epoch !== this.#judge.epoch) return
    if (line.type === 'view') this.#views.recall(line.view)
    if (line.type === 'slot')
      this.#slots.recall(line.sequence, line.proof, line.sequence <= this.#options.placements.index)
  }

  #save(sequence: number, proof: Proof): void {
    this.#options.save({ epoch: this.#judge.epoch, type: 'slot', sequence, proof })
  }
}
