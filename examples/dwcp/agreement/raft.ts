/**
 * Leader-based agreement: terms, votes, a log that a majority holds (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm",
 * figure 2; snapshots of figure 13 in one piece). One epoch long: the entry that names another algorithm is the last that is applied.
 */
import type { Line, Logged, Member, MemberOptions } from './member.ts'
import type { Entry, PlacementsState } from './placements.ts'
import { RaftLog } from './raft-log.ts'

type Message =
  | { type: 'vote'; term: number; candidate: string; lastIndex: number; lastTerm: number }
  | {
      type: 'append'
      term: number
      leader: string
      previousIndex: number
      previousTerm: number
      entries: readonly Logged[]
      commit: number
    }
  | { type: 'install'; term: number; leader: string; state: PlacementsState; lastTerm: number }
interface Reply {
  readonly term: number
  readonly granted: boolean
  /** Up to where the follower's log is known to equal the leader's, or where to try. */
  readonly match: number
}
type Role = 'follower' | 'candidate' | 'leader'

const batch = 200

interface Progress {
  next: number
  match: number
  busy: boolean
}

export class Raft implements Member {
  readonly algorithm = 'raft'
  readonly #options: MemberOptions
  readonly #epoch: number
  #role: Role = 'follower'
  #term = 0
  #vote: string | null = null
  #leader: string | null = null
  readonly #log: RaftLog
  #commit: number
  #progress = new Map<string, Progress>()
  #timer: NodeJS.Timeout | undefined
  #heard = 0
  #stopped = false

  constructor(options: MemberOptions) {
    this.#options = options
    this.#epoch = options.placements.epoch
    this.#commit = options.placements.index
    this.#log = new RaftLog(options.placements.index, options.lastTerm)
    for (const line of options.lines) this.#recall(line)
    this.#await()
  }

  get leader(): string | null {
    return this.#leader
  }
  get term(): number {
    return this.#term
  }
  get lastTerm(): number {
    return this.#log.termAt(Math.min(this.#options.placements.index, this.#log.last))
  }

  lines(index = this.#options.placements.index, term = this.#log.termAt(index)): readonly Line[] {
    const vote: Line = { epoch: this.#epoch, type: 'vote', term: this.#term, vote: this.#vote }
    // What follows an entry that was not the committed one would pass for newer than it is.
    if (this.#log.termAt(index) !== term) return [vote]
    const entries = this.#log.slice(index + 1)
    return [vote, { epoch: this.#epoch, type: 'entries', from: index + 1, entries }]
  }

  offer(entry: Entry): 'taken' | { readonly ask: string | null } {
    if (this.#stopped || this.#role !== 'leader')
      return { ask: this.#leader === this.#options.me ? null : this.#leader }
    // Nothing follows the entry that ends the epoch.
    if (this.#log.some((each) => each.entry.type === 'algorithm' && each.entry.epoch === this.#epoch + 1))
      return { ask: null }
    if (!this.#log.some((each) => each.entry.proposal === entry.proposal)) this.#append([{ term: this.#term, entry }])
    return 'taken'
  }

  receive(_from: string, given: object): object | null {
    const message = given as Message
    if (this.#stopped) return null
    // Who hears its leader keeps it: a member that was away does not unseat it (Ongaro's thesis, 4.2.3).
    const settled = this.#leader !== null && performance.now() - this.#heard < this.#options.timeoutMs()
    if (message.type === 'vote' && settled && message.candidate !== this.#leader) return this.#no()
    if (message.term > this.#term) this.#follow(message.term, null)
    if (message.term < this.#term) return this.#no()
    if (message.type === 'vote') return this.#voteFor(message)
    this.#follow(message.term, message.leader)
    return message.type === 'append' ? this.#take(message) : this.#install(message)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #no(match = 0): Reply {
    return { term: this.#term, granted: false, match }
  }

  #recall(line: Line): void {
    if (line.epoch !== this.#epoch) return
    if (line.type === 'vote') [this.#term, this.#vote] = [line.term, line.vote]
    if (line.type === 'entries') this.#log.splice(line.from, line.entries)
  }

  /** Another turn of waiting: a leader beats, all others wait for one. */
  #await(): void {
    clearTimeout(this.#timer)
    if (this.#stopped) return
    const timeout = this.#options.timeoutMs()
    // Chance is what breaks the ties of an election: who stand at once split the votes, and with one fixed time would do so again (section 5.2).
    const wait = this.#role === 'leader' ? timeout / 5 : timeout * (1 + Math.random())
    this.#timer = setTimeout(() => (this.#role === 'leader' ? this.#beat() : this.#stand()), wait)
  }

  #follow(term: number, leader: string | null): void {
    this.#role = 'follower'
    if (term > this.#term) this.#remember(term, null)
    if (leader !== null) this.#heard = performance.now()
    this.#led(leader)
    this.#await()
  }

  #led(leader: string | null): void {
    if (leader === this.#leader) return
    this.#leader = leader
    this.#options.leaderChanged(leader)
  }

  #remember(term: number, vote: string | null): void {
    this.#term = term
    this.#vote = vote
    this.#options.save({ epoch: this.#epoch, type: 'vote', term, vote })
  }

  #stand(): void {
    this.#role = 'candidate'
    this.#remember(this.#term + 1, this.#options.me)
    this.#led(null)
    this.#await()
    const term = this.#term
    let votes = 1
    const lastTerm = this.#log.termAt(this.#log.last)
    const message: Message = { type: 'vote', term, candidate: this.#options.me, lastIndex: this.#log.last, lastTerm }
    for (const other of this.#others())
      void this.#options.send(other, message).then((given) => {
        const reply = given as Reply | null
        if (reply === null || this.#stopped) return
        if (reply.term > this.#term) return this.#follow(reply.term, null)
        if (!reply.granted || this.#term !== term || this.#role !== 'candidate') return
        if (++votes > this.#options.members.length / 2) this.#lead()
      })
  }

  #voteFor({ candidate, lastIndex, lastTerm }: Extract<Message, { type: 'vote' }>): Reply {
    const mine = this.#log.termAt(this.#log.last)
    const isAsNew = lastTerm > mine || (lastTerm === mine && lastIndex >= this.#log.last)
    if (!isAsNew || (this.#vote !== null && this.#vote !== candidate)) return this.#no()
    this.#remember(this.#term, candidate)
    this.#await()
    return { term: this.#term, granted: true, match: 0 }
  }

  #lead(): void {
    this.#role = 'leader'
    this.#progress = new Map(this.#others().map((id) => [id, { next: this.#log.last + 1, match: 0, busy: false }]))
    this.#led(this.#options.me)
    // An entry of its own term: only by that are those of older terms committed (figure 8).
    this.#append([{ term: this.#term, entry: { type: 'nothing', proposal: '' } }])
  }

  #append(entries: readonly Logged[]): void {
    this.#options.save({ epoch: this.#epoch, type: 'entries', from: this.#log.last + 1, entries })
    this.#log.push(entries)
    this.#beat()
  }

  #beat(): void {
    for (const other of this.#others()) void this.#bring(other)
    this.#await()
  }

  async #bring(other: string): Promise<void> {
    const progress = this.#progress.get(other)
    if (progress === undefined || progress.busy) return
    progress.busy = true
    const sent = this.#commit
    const reply = (await this.#options.send(other, this.#messageFor(progress))) as Reply | null
    progress.busy = false
    if (reply === null || this.#stopped || this.#role !== 'leader') return
    if (reply.term > this.#term) return this.#follow(reply.term, null)
    if (reply.granted) progress.match = Math.max(progress.match, reply.match)
    progress.next = reply.match + 1
    this.#commitWhatMajorityHolds()
    if (progress.match < this.#log.last || this.#commit > sent) void this.#bring(other)
  }

  #messageFor({ next }: Progress): Message {
    const leader = this.#options.me
    const term = this.#term
    if (next <= this.#log.base) {
      const lastTerm = this.#log.termAt(this.#options.placements.index)
      return { type: 'install', term, leader, state: this.#options.placements.export(), lastTerm }
    }
    const entries = this.#log.slice(next, batch)
    const previous = next - 1
    return {
      type: 'append',
      term,
      leader,
      previousIndex: previous,
      previousTerm: this.#log.termAt(previous),
      entries,
      commit: this.#commit,
    }
  }

  #commitWhatMajorityHolds(): void {
    const held = [this.#log.last, ...[...this.#progress.values()].map((each) => each.match)].sort((a, b) => b - a)
    const index = held[Math.floor(this.#options.members.length / 2)] ?? 0
    if (index > this.#commit && this.#log.termAt(index) === this.#term) this.#advance(index)
  }

  #take({ previousIndex, previousTerm, entries, commit }: Extract<Message, { type: 'append' }>): Reply {
    if (previousIndex > this.#log.last) return this.#no(this.#log.last)
    if (previousIndex >= this.#log.base && this.#log.termAt(previousIndex) !== previousTerm)
      return this.#no(previousIndex - 1)
    const last = previousIndex + entries.length
    const differs = entries.findIndex((each, at) => {
      const index = previousIndex + 1 + at
      return index > this.#log.base && this.#log.termAt(index) !== each.term
    })
    if (differs >= 0) {
      const from = previousIndex + 1 + differs
      this.#options.save({ epoch: this.#epoch, type: 'entries', from, entries: entries.slice(differs) })
      this.#log.splice(from, entries.slice(differs))
    }
    this.#advance(Math.min(commit, last))
    return { term: this.#term, granted: true, match: last }
  }

  #install({ state, lastTerm }: Extract<Message, { type: 'install' }>): Reply {
    if (state.index > this.#options.placements.index) this.#options.behind()
    return this.#no(lastTerm >= 0 ? this.#options.placements.index : 0)
  }

  #advance(to: number): void {
    const { placements } = this.#options
    this.#commit = Math.max(this.#commit, Math.min(to, this.#log.last))
    while (placements.index < this.#commit && placements.epoch === this.#epoch) {
      const logged = this.#log.at(placements.index + 1)
      if (logged === undefined) break
      const ends = logged.entry.type === 'algorithm' && logged.entry.epoch === this.#epoch + 1
      // The others learn of the end of the epoch before this member leaves it.
      if (ends && this.#role === 'leader')
        for (const id of this.#others()) void this.#options.send(id, this.#messageFor(this.#progress.get(id)!))
      this.#options.applied(logged.entry, placements.apply(logged.entry))
    }
    this.#log.cut(placements.index)
  }

  #others(): readonly string[] {
    return this.#options.members.filter((each) => each !== this.#options.me)
  }
}
