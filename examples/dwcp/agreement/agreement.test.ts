/** A group's agreement over a network that loses, cuts and kills: no two owners of a machine, in either algorithm and from one to the other. */
import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Delivery, Group } from './group.ts'
import { memoryJournal } from './journal.ts'
import { faultyOf, type Line, quorumOf, type Signed } from './member.ts'
import type { Algorithm, Entry, Outcome } from './placements.ts'
import type { GroupState } from './recall.ts'
import { carriedOver, type ViewChange } from './view-change.ts'

const running: Cluster[] = []
afterEach(() => {
  for (const cluster of running.splice(0)) cluster.stop()
})

class Cluster {
  readonly ids: readonly string[]
  readonly groups = new Map<string, Group>()
  readonly journals = new Map<string, ReturnType<typeof memoryJournal<Line>>>()
  readonly keys: ReadonlyMap<string, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>
  /** `a>b` */
  readonly cut = new Set<string>()
  readonly cannot = new Set<string>()
  wanted: Algorithm = 'raft'
  /** Changes what goes from one to another; undefined loses it. */
  tamper: (from: string, to: string, delivery: Delivery) => Delivery | undefined = (_from, _to, delivery) => delivery

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, at) => `n${at + 1}`)
    this.keys = new Map(this.ids.map((id) => [id, generateKeyPairSync('ed25519')]))
    for (const id of this.ids) this.start(id)
    running.push(this)
  }

  start(id: string): Group {
    const journal = this.journals.get(id) ?? memoryJournal<Line>()
    this.journals.set(id, journal)
    const reach = async <T>(to: string, ask: (group: Group) => T | Promise<T>): Promise<T | null> => {
      await sleep(1)
      const group = this.groups.get(to)
      if (group === undefined || this.cut.has(`${id}>${to}`)) return null
      const answer = await ask(group)
      return this.cut.has(`${to}>${id}`) ? null : structuredClone(answer)
    }
    const group = new Group({
      id: 'g1',
      me: id,
      members: this.ids,
      journal,
      send: (to, algorithm, delivery) =>
        reach(to, async (other) => {
          const given = this.tamper(id, to, delivery)
          return given === undefined || (algorithm === 'pbft' && this.cannot.has(to))
            ? null
            : other.receive(id, algorithm, structuredClone(given))
        }) as ReturnType<ConstructorParameters<typeof Group>[0]['send']>,
      stateOf: (to) => reach<GroupState>(to, (other) => other.state()),
      forward: (to, entry) => reach<Outcome | null>(to, (other) => other.propose(entry, 300, false).catch(() => null)),
      timeoutMs: () => 150,
      wants: () => (this.cannot.size > 0 ? 'raft' : this.wanted),
      canPbft: !this.cannot.has(id),
      sign: (text) => sign(null, Buffer.from(text), this.keys.get(id)!.privateKey).toString('base64'),
      isSigned: ({ from, text, signature }: Signed) =>
        verify(null, Buffer.from(text), this.keys.get(from)!.publicKey, Buffer.from(signature, 'base64')),
      happened: () => undefined,
    })
    this.groups.set(id, group)
    return group
  }

  kill(id: string): void {
    // Its journal is what it was: nothing is written at the end.
    const before = this.journals.get(id)!.load()
    this.groups.get(id)?.stop()
    this.journals.get(id)!.compact(before)
    this.groups.delete(id)
  }

  partition(side: readonly string[]): void {
    for (const a of side)
      for (const b of this.ids) if (!side.includes(b)) for (const way of [`${a}>${b}`, `${b}>${a}`]) this.cut.add(way)
  }

  stop(): void {
    for (const group of this.groups.values()) group.stop()
  }

  async leader(among = this.ids): Promise<string> {
    for (;;) {
      const leaders = among.flatMap((id) => this.groups.get(id)?.leader ?? [])
      const found = leaders.find(
        (id) => among.includes(id) && leaders.filter((each) => each === id).length > this.ids.length / 2,
      )
      if (found !== undefined) return found
      await sleep(10)
    }
  }

  async algorithm(wanted: Algorithm, among = this.ids): Promise<void> {
    while (!among.every((id) => this.groups.get(id)!.placements.algorithm === wanted)) await sleep(10)
  }

  /** All members have applied the same. */
  async same(among = this.ids): Promise<void> {
    const digests = () => new Set(among.map((id) => this.groups.get(id)!.placements.digest))
    await expect.poll(() => digests().size, { interval: 10 }).toBe(1)
  }

  propose(at: string, entry: Entry, patienceMs = 60_000): Promise<Outcome> {
    return this.groups.get(at)!.propose(entry, patienceMs)
  }
}

let count = 0
const create = (machine: string, owner: string): Entry => ({
  type: 'create',
  proposal: `p${count++}`,
  machine,
  owner,
  seed: 1,
  pages: 2,
})
const move = (machine: string, from: string, to: string, generation: number): Entry => ({
  type: 'move',
  proposal: `p${count++}`,
  machine,
  from,
  to,
  generation,
})

it('needs a quorum that shares a correct member with every other', () => {
  expect([4, 5, 6, 7, 10].map((n) => [faultyOf(n), quorumOf(n)])).toEqual([
    [1, 3],
    [1, 4],
    [1, 4],
    [2, 5],
    [3, 7],
  ])
})

describe.each(['raft', 'pbft'] as const)('%s', (algorithm) => {
  const begin = async (size = 4): Promise<Cluster> => {
    const cluster = new Cluster(size)
    cluster.wanted = algorithm
    await cluster.algorithm(algorithm)
    await cluster.leader()
    return cluster
  }

  it('gives a machine to one of many that want it at once', async () => {
    const cluster = await begin()
    expect(await cluster.propose('n1', create('m', 'n1'))).toEqual({ done: true })
    const outcomes = await Promise.all(
      cluster.ids.map((id) => cluster.propose(id, move('m', 'n1', id === 'n1' ? 'n9' : id, 1))),
    )
    expect(outcomes.filter((each) => each.done)).toHaveLength(1)
    await cluster.same()
  })

  it('counts a proposal once, however often it is made', async () => {
    const cluster = await begin()
    await cluster.propose('n1', create('m', 'n1'))
    const entry = move('m', 'n1', 'n2', 1)
    const outcomes = await Promise.all([...cluster.ids, ...cluster.ids].map((id) => cluster.propose(id, entry)))
    expect(outcomes.every((each) => each.done)).toBe(true)
    await cluster.same()
    expect(cluster.groups.get('n1')!.placements.get('m')).toMatchObject({ owner: 'n2', generation: 2 })
  })

  it('goes on when its leader is killed, and the killed one comes back from its journal', async () => {
    const cluster = await begin()
    await cluster.propose('n2', create('m', 'n1'))
    const leader = await cluster.leader()
    cluster.kill(leader)
    const rest = cluster.ids.filter((each) => each !== leader)
    expect(await cluster.propose(rest[0]!, move('m', 'n1', 'n3', 1))).toEqual({ done: true })
    cluster.start(leader)
    await cluster.propose(rest[1]!, create('other', 'n2'))
    await cluster.same()
    expect(cluster.groups.get(leader)!.placements.get('m')?.owner).toBe('n3')
  })

  it('decides nothing in a minority, and one thing over all after the partition', async () => {
    const cluster = await begin()
    await cluster.propose('n1', create('m', 'n1'))
    const leader = await cluster.leader()
    cluster.partition([leader])
    const rest = cluster.ids.filter((each) => each !== leader)
    const lonely = move('m', 'n1', leader, 1)
    const alone = cluster.propose(leader, lonely, 1_500).catch((error: Error) => error.message)
    expect(await cluster.propose(rest[0]!, move('m', 'n1', 'n7', 1))).toEqual({ done: true })
    expect(await alone).toContain('has decided nothing')
    cluster.cut.clear()
    expect((await cluster.propose(leader, lonely)).done).toBe(false)
    await cluster.same()
    expect(cluster.groups.get(leader)!.placements.get('m')).toMatchObject({ owner: 'n7', generation: 2 })
  })

  it('stays one log under kills and cuts at every turn', async () => {
    const cluster = await begin()
    for (let at = 0; at < 6; at++) await cluster.propose('n1', create(`m${at}`, 'n1'))
    for (let turn = 0; turn < 6; turn++) {
      const away = cluster.ids[turn % 4]!
      const rest = cluster.ids.filter((each) => each !== away)
      if (turn % 2 === 0) cluster.kill(away)
      else cluster.partition([away])
      const machine = `m${turn}`
      const outcomes = await Promise.all(rest.map((id) => cluster.propose(id, move(machine, 'n1', id, 1))))
      expect(outcomes.filter((each) => each.done)).toHaveLength(1)
      cluster.cut.clear()
      if (turn % 2 === 0) cluster.start(away)
    }
    await cluster.propose('n1', create('last', 'n1'))
    await cluster.same()
  })

  it('starts again whole from its journals', async () => {
    const cluster = await begin()
    await cluster.propose('n1', create('m', 'n1'))
    for (const id of cluster.ids) cluster.kill(id)
    for (const id of cluster.ids) cluster.start(id)
    expect((await cluster.propose('n2', create('m', 'n2'))).done).toBe(false)
    await cluster.same()
  })
})

describe('from one algorithm to the other', () => {
  it('keeps every placement, there and back, under proposals', async () => {
    const cluster = new Cluster(4)
    const made: string[] = []
    let goesOn = true
    const work = (async () => {
      for (let at = 0; goesOn; at++) {
        const outcome = await cluster.propose(cluster.ids[at % 4]!, create(`m${at}`, 'n1'))
        expect(outcome.done).toBe(true)
        made.push(`m${at}`)
      }
    })()
    for (const wanted of ['pbft', 'raft', 'pbft'] as const) {
      cluster.wanted = wanted
      await cluster.algorithm(wanted)
    }
    goesOn = false
    await work
    await cluster.same()
    expect(made.every((machine) => cluster.groups.get('n3')!.placements.get(machine)?.owner === 'n1')).toBe(true)
    expect(cluster.groups.get('n3')!.placements.epoch).toBe(4)
  })

  it('finds a member that was cut off and asked for things in the view of the others', async () => {
    const cluster = new Cluster(4)
    cluster.wanted = 'pbft'
    await cluster.algorithm('pbft')
    await cluster.propose('n1', create('m', 'n1'))
    const primary = await cluster.leader()
    const [lonely = '', ...rest] = cluster.ids.filter((each) => each !== primary)
    // Where this machine was too slow for their patience, they have another by the end.
    const others = [primary, ...rest]
    cluster.partition([lonely])
    await cluster.propose(lonely, create('alone', lonely), 1_500).catch(() => null)
    await cluster.propose(primary, create('meanwhile', primary))
    cluster.cut.clear()
    await cluster.propose(lonely, create('back', lonely))
    await cluster.same()
    await expect.poll(() => cluster.groups.get(lonely)!.leader).toBe(await cluster.leader(others))
  })

  it('finds a member whose request was carried out while it could hear nothing', async () => {
    const cluster = new Cluster(4)
    cluster.wanted = 'pbft'
    await cluster.algorithm('pbft')
    const primary = await cluster.leader()
    const [deaf = '', ...rest] = cluster.ids.filter((each) => each !== primary)
    for (const id of [primary, ...rest]) cluster.cut.add(`${id}>${deaf}`)
    const asked = cluster.propose(deaf, create('heard', deaf))
    while (![primary, ...rest].every((id) => cluster.groups.get(id)!.placements.get('heard'))) await sleep(10)
    cluster.cut.clear()
    expect(await asked).toEqual({ done: true })
    await cluster.same()
    await expect.poll(() => cluster.groups.get(deaf)!.leader).toBe(await cluster.leader([primary, ...rest]))
  })

  it('goes back to Raft when a member comes back that knows no PBFT', async () => {
    const cluster = new Cluster(4)
    cluster.wanted = 'pbft'
    await cluster.algorithm('pbft')
    await cluster.propose('n1', create('m', 'n1'))
    cluster.kill('n4')
    cluster.cannot.add('n4')
    cluster.start('n4')
    await cluster.algorithm('raft')
    expect(await cluster.propose('n4', move('m', 'n1', 'n4', 1))).toEqual({ done: true })
    await cluster.same()
  })
})

describe('PBFT with one that lies', () => {
  const begin = async (): Promise<Cluster> => {
    const cluster = new Cluster(4)
    cluster.wanted = 'pbft'
    await cluster.algorithm('pbft')
    await cluster.propose('n1', create('m', 'n1'))
    return cluster
  }
  const forge = (
    cluster: Cluster,
    from: string,
    delivery: Delivery,
    change: (message: Record<string, unknown>) => void,
  ): Delivery => {
    const { signed } = delivery.message as { signed: Signed }
    const message = JSON.parse(signed.text) as Record<string, unknown>
    change(message)
    const text = JSON.stringify(message)
    return {
      ...delivery,
      message: {
        signed: {
          from,
          text,
          signature: sign(null, Buffer.from(text), cluster.keys.get(from)!.privateKey).toString('base64'),
        },
      },
    }
  }

  it('never has two owners when the primary tells each member something else', async () => {
    const cluster = await begin()
    const primary = await cluster.leader()
    const rest = cluster.ids.filter((each) => each !== primary)
    const views = () => rest.map((id) => cluster.groups.get(id)!.term)
    const before = Math.max(...views())
    cluster.tamper = (from, to, delivery) =>
      from !== primary
        ? delivery
        : forge(cluster, from, delivery, (message) => {
            const entry = message['entry'] as Record<string, unknown> | undefined
            if (message['type'] === 'pre-prepare' && entry?.['type'] === 'move') entry['to'] = to
          })
    expect(await cluster.propose(rest[0]!, move('m', 'n1', 'n9', 1))).toEqual({ done: true })
    await cluster.same(rest)
    expect(rest.map((id) => cluster.groups.get(id)!.placements.get('m')?.owner)).toEqual(['n9', 'n9', 'n9'])
    // They have left its view. A later one may be its own again: each is the primary of every fourth.
    await expect.poll(() => Math.min(...views())).toBeGreaterThan(before)
  })

  it('does not believe what another has not signed', async () => {
    const cluster = await begin()
    cluster.tamper = (from, _to, delivery) => {
      if (from !== 'n4') return delivery
      const forged = forge(cluster, 'n4', delivery, () => undefined)
      const { signed } = forged.message as { signed: Signed }
      return { ...forged, message: { signed: { ...signed, from: 'n2' } } }
    }
    expect(await cluster.propose('n1', move('m', 'n1', 'n3', 1))).toEqual({ done: true })
    await cluster.same(['n1', 'n2', 'n3'])
  })
})

it('carries into a new view what may have been committed, of each the latest', () => {
  const proof = (view: number, sequence: number, machine: string) => ({
    view,
    votes: [],
    proposal: {
      from: 'n1',
      signature: '',
      text: JSON.stringify({ view, sequence, entry: { type: 'label', machine } }),
    },
  })
  const change = (executed: number, ...proofs: ReturnType<typeof proof>[]): ViewChange => ({
    type: 'view-change',
    epoch: 1,
    group: 'g1',
    view: 3,
    executed,
    proofs,
  })
  const carried = carriedOver(
    [change(5, proof(0, 6, 'a'), proof(1, 8, 'c')), change(5, proof(2, 6, 'b')), change(900)],
    4,
    400,
  )
  expect([...carried].map(([sequence, entry]) => [sequence, 'machine' in entry ? entry.machine : null])).toEqual([
    [6, 'b'],
    [7, null],
    [8, 'c'],
  ])
})
