/**
 * One group's agreement through all its epochs: takes proposals, hands messages to the algorithm of the epoch, changes the algorithm when the old
 * one has agreed to it, and brings a member that is behind up to date. Knows no socket.
 */
import type { AgreementJournal } from './journal.ts'
import { faultyOf, type Line, type Member, type Signed } from './member.ts'
import { Pbft } from './pbft.ts'
import { type Algorithm, type Entry, type Outcome, Placements, printOf } from './placements.ts'
import { Raft } from './raft.ts'
import { type GroupState, isAfter, placementsFrom, snapshotOf } from './recall.ts'

export interface GroupOptions {
  readonly id: string
  readonly me: string
  readonly members: readonly string[]
  readonly journal: AgreementJournal<Line>
  /** A message of the algorithm of `epoch`; what comes back is `Delivered`, or null. */
  readonly send: (to: string, algorithm: Algorithm, delivery: Delivery) => Promise<Delivered | null>
  readonly stateOf: (member: string) => Promise<GroupState | null>
  readonly forward: (to: string, entry: Entry) => Promise<Outcome | null>
  readonly timeoutMs: () => number
  /** What this member would have now; false where PBFT cannot be spoken here at all. */
  readonly wants: () => Algorithm
  readonly canPbft: boolean
  readonly sign: (text: string) => string
  readonly isSigned: (signed: Signed) => boolean
  readonly happened: (what: 'leader' | 'algorithm', details: Readonly<Record<string, unknown>>) => void
}
export interface Delivery {
  readonly epoch: number
  readonly message: object
}
export interface Delivered {
  readonly epoch: number
  readonly reply: object | null
}
export class NoAgreement extends Error {}

/** A journal that is longer is written anew. */
const longestJournal = 3_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Group {
  readonly id: string
  readonly members: readonly string[]
  readonly #options: GroupOptions
  #placements: Placements
  #member: Member | null = null
  #lines = 0
  #waiting = new Map<string, ((outcome: Outcome) => void)[]>()
  #catching: Promise<void> | null = null
  #changedAt = 0
  readonly #timer: NodeJS.Timeout
  #stopped = false

  constructor(options: GroupOptions, imported: GroupState | null = null) {
    this.#options = options
    this.id = options.id
    this.members = options.members
    let lines = options.journal.load()
    // A state file is from an earlier life; a journal that is further on is right.
    const known = placementsFrom(lines)
    if (imported !== null && imported.state.index > known.placements.index) lines = [snapshotOf(imported)]
    const { placements, lastTerm } = placementsFrom(lines)
    this.#placements = placements
    this.#start(lastTerm, lines)
    this.#compact()
    this.#timer = setInterval(() => this.#consider(), 250)
  }

  get placements(): Placements {
    return this.#placements
  }
  get leader(): string | null {
    return this.#member?.leader ?? null
  }
  get term(): number {
    return this.#member?.term ?? 0
  }

  state(): GroupState {
    return { state: this.#placements.export(), lastTerm: this.#member?.lastTerm ?? 0 }
  }

  /** Until it is decided, or nobody decided it within `patienceMs`: then it may still be. `mayForward` is false for what was forwarded. */
  async propose(entry: Entry, patienceMs: number, mayForward = true): Promise<Outcome> {
    const until = performance.now() + patienceMs
    while (performance.now() < until && !this.#stopped) {
      const known = this.#placements.outcomeOf(entry.proposal)
      if (known !== undefined) return known
      const decided = this.#decided(entry.proposal, Math.min(until - performance.now(), 2 * this.#options.timeoutMs()))
      const offered = this.#member?.offer(entry) ?? { ask: null }
      const forwarded =
        offered !== 'taken' && mayForward && offered.ask !== null ? this.#options.forward(offered.ask, entry) : null
      const outcome = await (forwarded === null
        ? offered === 'taken'
          ? decided
          : pause(40)
        : Promise.race([forwarded, decided]))
      if (isOutcome(outcome)) return outcome
      if (!mayForward && offered !== 'taken') break
      if (forwarded !== null) await pause(20)
    }
    throw new NoAgreement(`group "${this.id}" has decided nothing in ${Math.round(patienceMs)} ms`)
  }

  async receive(from: string, algorithm: Algorithm, { epoch, message }: Delivery): Promise<Delivered> {
    if (epoch > this.#placements.epoch) void this.catchUp()
    const isCurrent = epoch === this.#placements.epoch && algorithm === this.#placements.algorithm
    const reply = isCurrent ? (this.#member?.receive(from, message) ?? null) : null
    return { epoch: this.#placements.epoch, reply }
  }

  /** Takes over what the others have agreed on meanwhile. */
  catchUp(): Promise<void> {
    return (this.#catching ??= this.#learn().finally(() => (this.#catching = null)))
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    this.#member?.stop()
    this.#compact()
  }

  #start(lastTerm: number, lines: readonly Line[]): void {
    const { algorithm, epoch } = this.#placements
    this.#changedAt = performance.now()
    if (algorithm === 'pbft' && !this.#options.canPbft) {
      // Not to be understood here: the others go back to Raft when they hear this node's hello.
      this.#member = null
      return
    }
    const options = {
      ...this.#options,
      placements: this.#placements,
      lastTerm,
      lines,
      save: (line: Line) => this.#save(line),
      send: (to: string, message: object) => this.#deliver(to, algorithm, epoch, message),
      applied: (entry: Entry, outcome: Outcome) => this.#applied(epoch, entry, outcome),
      leaderChanged: (leader: string | null) =>
        this.#options.happened('leader', { group: this.id, leader, algorithm, epoch }),
      behind: () => void this.catchUp(),
    }
    this.#member = algorithm === 'raft' ? new Raft(options) : new Pbft(options, this.id)
  }

  async #deliver(to: string, algorithm: Algorithm, epoch: number, message: object): Promise<object | null> {
    const delivered = await this.#options.send(to, algorithm, { epoch, message })
    if (delivered !== null && delivered.epoch > this.#placements.epoch) void this.catchUp()
    return delivered?.epoch === epoch ? delivered.reply : null
  }

  #applied(epoch: number, entry: Entry, outcome: Outcome): void {
    if (this.#placements.epoch !== epoch) {
      this.#member?.stop()
      this.#start(0, [])
      this.#compact()
      this.#options.happened('algorithm', {
        group: this.id,
        algorithm: this.#placements.algorithm,
        epoch: this.#placements.epoch,
      })
    }
    for (const taken of this.#waiting.get(entry.proposal) ?? []) taken(outcome)
    this.#waiting.delete(entry.proposal)
  }

  #decided(proposal: string, patienceMs: number): Promise<Outcome | null> {
    return new Promise((resolve) => {
      const taken = (outcome: Outcome | null): void => {
        clearTimeout(timer)
        const others = (this.#waiting.get(proposal) ?? []).filter((each) => each !== taken)
        if (others.length === 0) this.#waiting.delete(proposal)
        else this.#waiting.set(proposal, others)
        resolve(outcome)
      }
      const timer = setTimeout(() => taken(null), Math.max(1, patienceMs))
      this.#waiting.set(proposal, [...(this.#waiting.get(proposal) ?? []), taken])
    })
  }

  /** The leader sees to it that the group has the algorithm it wants; away from PBFT any member may ask, since its leader may be the one that cannot. */
  #consider(): void {
    const { algorithm, epoch } = this.#placements
    if (this.#member === null) return void this.catchUp()
    const wanted = this.#options.wants()
    if (wanted === algorithm || performance.now() - this.#changedAt < 2 * this.#options.timeoutMs()) return
    if (algorithm === 'raft' && this.leader !== this.#options.me) return
    const proposal = `${this.id} epoch ${epoch + 1} ${wanted}`
    this.#member.offer({ type: 'algorithm', algorithm: wanted, epoch: epoch + 1, proposal })
  }

  async #learn(): Promise<void> {
    for (let turn = 0; turn < 5 && !this.#stopped; turn++) {
      const others = this.members.filter((each) => each !== this.#options.me)
      const answers = (await Promise.all(others.map((each) => this.#options.stateOf(each)))).filter(
        (each) => each !== null,
      )
      const ahead = answers.filter(({ state }) => isAfter(state, this.#placements))
      if (ahead.length === 0) return
      const found = ahead.find((each) => this.#isToBeBelieved(each, ahead))
      if (found !== undefined) return this.#adopt(found)
      await pause(50)
    }
  }

  /** Raft trusts each member; where PBFT is or was in force one more must say the same than may lie. */
  #isToBeBelieved(one: GroupState, all: readonly GroupState[]): boolean {
    if (one.state.algorithm === 'raft' && this.#placements.algorithm === 'raft')
      return all.every((each) => !isAfter(each.state, one.state))
    const same = all.filter((each) => printOf(each.state) === printOf(one.state))
    return same.length > faultyOf(this.members.length)
  }

  #adopt(found: GroupState): void {
    const isSameEpoch = found.state.epoch === this.#placements.epoch
    if (this.#stopped || !isAfter(found.state, this.#placements)) return
    const lines = isSameEpoch ? (this.#member?.lines(found.state.index, found.lastTerm) ?? []) : []
    const before = this.#placements.algorithm
    this.#member?.stop()
    this.#placements = new Placements(found.state)
    this.#options.journal.compact([snapshotOf(found), ...lines])
    this.#start(found.lastTerm, lines)
    const { algorithm, epoch } = this.#placements
    if (algorithm !== before) this.#options.happened('algorithm', { group: this.id, algorithm, epoch })
    for (const [proposal, waiting] of this.#waiting) {
      const outcome = this.#placements.outcomeOf(proposal)
      if (outcome !== undefined) for (const taken of waiting) taken(outcome)
    }
  }

  #save(line: Line): void {
    this.#options.journal.add(line)
    // After this turn: the algorithm writes a line down before it has taken it itself.
    if (++this.#lines === longestJournal) setImmediate(() => this.#stopped || this.#compact())
  }

  #compact(): void {
    this.#lines = 0
    this.#options.journal.compact([snapshotOf(this.state()), ...(this.#member?.lines() ?? [])])
  }
}

function isOutcome(value: unknown): value is Outcome {
  return typeof value === 'object' && value !== null && 'done' in value
}
