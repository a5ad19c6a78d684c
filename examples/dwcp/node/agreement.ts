/** This node's part in its groups, over the wire: messages, states, proposals; and how somebody who is in no group of a machine asks those who are. */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { type Delivered, type Delivery, Group, NoAgreement } from '../agreement/group.ts'
import { fileJournal, memoryJournal } from '../agreement/journal.ts'
import { faultyOf, type Line, type Signed } from '../agreement/member.ts'
import type { Algorithm, Entry, Outcome, Placement } from '../agreement/placements.ts'
import type { GroupState } from '../agreement/recall.ts'
import type { Version } from '../wire/features.ts'
import { frameTypes } from '../wire/frame.ts'
import type { Figures } from './figures.ts'
import { type FollowedFleet, groupOf } from './fleet-file.ts'
import type { InForce } from './flags.ts'
import type { Links } from './links.ts'
import type { Settings } from './setting-rules.ts'

export interface AgreementOptions {
  readonly me: string
  readonly version: Version
  readonly fleet: FollowedFleet
  readonly links: Links
  readonly inForce: () => InForce
  readonly settings: () => Settings
  readonly figures: Figures
  readonly key: KeyObject | null
  /** Folder of the journals; without it kill -9 makes a member forget what it promised. */
  readonly folder: string | null
  readonly imported: Readonly<Record<string, GroupState>>
  readonly happened: (name: string, details: Readonly<Record<string, unknown>>) => void
}
type Head = Readonly<Record<string, unknown>>

export class Agreement {
  readonly #options: AgreementOptions
  readonly #groups = new Map<string, Group>()
  readonly #keys = new Map<string, KeyObject>()

  constructor(options: AgreementOptions) {
    this.#options = options
    for (const [id, members] of Object.entries(options.fleet.current().groups))
      if (members.includes(options.me)) this.#groups.set(id, this.#group(id, members))
  }

  get groups(): readonly Group[] {
    return [...this.#groups.values()]
  }
  get groupNames(): readonly string[] {
    return Object.keys(this.#options.fleet.current().groups)
  }

  /** Throws NoAgreement when nobody decided in time: then it may still be decided. */
  async propose(machine: string, entry: Entry): Promise<Outcome> {
    const { figures, settings } = this.#options
    const id = groupOf(machine, this.groupNames)
    const patience = 4 * settings()['acp.consensus_timeout']
    const began = performance.now()
    const group = this.#groups.get(id)
    const { outcome, algorithm } =
      group !== undefined
        ? { outcome: await group.propose(entry, patience), algorithm: group.placements.algorithm }
        : await this.#proposeTo(id, entry, patience)
    figures.observe('dwcp_agreement_seconds', (performance.now() - began) / 1_000, { algorithm })
    if (algorithm === 'raft') figures.asV1('agreement')
    return outcome
  }

  /** Who owns what, as one member of each group says: to be confirmed by a proposal before anything is done about it. */
  async placements(): Promise<readonly (readonly [string, Placement])[]> {
    const found = await Promise.all(
      this.groupNames.map(async (id) => {
        const group = this.#groups.get(id)
        if (group !== undefined) return group.placements.all()
        for (const member of this.#membersOf(id)) {
          const answer = await this.#op(member, 'agree.placements', { group: id })
          if (answer !== null) return answer['items'] as readonly (readonly [string, Placement])[]
        }
        throw new NoAgreement(`nobody of group "${id}" answers`)
      }),
    )
    return found.flat()
  }

  /** From the wire. */
  async deliver(from: string, algorithm: Algorithm, head: Head, body: Buffer): Promise<object> {
    const group = this.#named(head)
    const message = (
      algorithm === 'raft'
        ? head['message']
        : { signed: { ...(head['signed'] as Signed), text: body.toString('utf8') } }
    ) as object
    return group.receive(from, algorithm, { epoch: Number(head['epoch']), message })
  }
  async proposed(head: Head): Promise<object> {
    const group = this.#named(head)
    const patience = 2 * this.#options.settings()['acp.consensus_timeout']
    const outcome = await group.propose(head['entry'] as Entry, patience, head['mayForward'] === true)
    return { outcome, algorithm: group.placements.algorithm }
  }
  placementsAsked(head: Head): object {
    return { items: this.#named(head).placements.all() }
  }
  stateAsked(head: Head): object {
    return this.#named(head).state()
  }

  stop(): void {
    for (const group of this.#groups.values()) group.stop()
  }

  #named(head: Head): Group {
    const group = this.#groups.get(String(head['group']))
    if (group === undefined) throw new RangeError(`this node is not in group "${String(head['group'])}"`)
    return group
  }

  #membersOf(id: string): readonly string[] {
    return this.#options.fleet.current().groups[id] ?? []
  }

  /** One member is believed for Raft. For PBFT one more must say the same than may lie. */
  async #proposeTo(id: string, entry: Entry, patience: number): Promise<{ outcome: Outcome; algorithm: Algorithm }> {
    const members = this.#membersOf(id)
    const until = performance.now() + patience
    const ask = async (member: string): Promise<{ outcome: Outcome; algorithm: Algorithm } | null> => {
      const answer = await this.#op(member, 'agree.propose', { group: id, entry, mayForward: true }, patience)
      return answer === null ? null : (answer as { outcome: Outcome; algorithm: Algorithm })
    }
    while (performance.now() < until) {
      for (const member of members) {
        const first = await ask(member)
        if (first === null) continue
        if (first.algorithm === 'raft') return first
        const others = await Promise.all(members.filter((each) => each !== member).map(ask))
        const same = others.filter((each) => JSON.stringify(each?.outcome) === JSON.stringify(first.outcome))
        if (same.length >= faultyOf(members.length)) return first
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new NoAgreement(`nobody of group "${id}" answers`)
  }

  #group(id: string, members: readonly string[]): Group {
    const { me, folder, settings, version, key, figures, imported, happened } = this.#options
    return new Group(
      {
        id,
        me,
        members,
        journal: folder === null ? memoryJournal<Line>() : fileJournal<Line>(`${folder}/${id}.jsonl`),
        send: (to, algorithm, delivery) => this.#send(id, to, algorithm, delivery),
        stateOf: (member) => this.#stateOf(member, id),
        forward: async (to, entry) =>
          ((await this.#op(to, 'agree.propose', { group: id, entry, mayForward: false }))?.['outcome'] as
            Outcome | undefined) ?? null,
        timeoutMs: () => settings()['acp.consensus_timeout'],
        canPbft: version === 'v3' && key !== null,
        wants: () => this.#wanted(id, members),
        sign: (text) => (key === null ? '' : sign(null, Buffer.from(text), key).toString('base64')),
        isSigned: (signed) => this.#isSigned(signed),
        happened: (what, details) => {
          if (what === 'leader' && details['leader'] !== null) figures.count('dwcp_leader_changes_total', { group: id })
          happened(what, details)
        },
      },
      imported[id] ?? null,
    )
  }

  /** PBFT where it is switched on for this group and every member has said that it would; one that is away is waited for. */
  #wanted(group: string, members: readonly string[]): Algorithm {
    const { me, links, inForce, settings } = this.#options
    const others = members.filter((each) => each !== me).map((each) => links.theirs(each)?.pbftGroups.includes(group))
    if (!inForce().pbftGroups.includes(group) || settings()['acp.force_raft'] || others.includes(false)) return 'raft'
    return others.includes(undefined) ? (this.#groups.get(group)?.placements.algorithm ?? 'raft') : 'pbft'
  }

  async #send(
    group: string,
    to: string,
    algorithm: Algorithm,
    { epoch, message }: Delivery,
  ): Promise<Delivered | null> {
    const { links, figures, settings } = this.#options
    figures.count('dwcp_agreement_rounds_total', { algorithm })
    const timeout = settings()['acp.consensus_timeout']
    try {
      if (algorithm === 'raft')
        return (await links.op(to, 'agree.raft', { group, epoch, message }, timeout)) as unknown as Delivered
      const { text, ...signed } = (message as { readonly signed: Signed }).signed
      const answer = await links.ask(to, frameTypes.signed, { group, epoch, signed }, Buffer.from(text), timeout)
      return answer.head as unknown as Delivered
    } catch {
      return null
    }
  }

  async #stateOf(member: string, group: string): Promise<GroupState | null> {
    return (await this.#op(member, 'agree.state', { group })) as GroupState | null
  }

  async #op(to: string, op: string, head: object, timeoutMs?: number): Promise<Head | null> {
    try {
      return await this.#options.links.op(to, op, head, timeoutMs ?? this.#options.settings()['acp.consensus_timeout'])
    } catch {
      return null
    }
  }

  #isSigned({ from, text, signature }: Signed): boolean {
    const publicKey = this.#options.fleet.current().nodes[from]?.publicKey
    if (publicKey === undefined) return false
    const key =
      this.#keys.get(publicKey) ??
      createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    this.#keys.set(publicKey, key)
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))
  }
}
