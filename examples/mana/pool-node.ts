/** The transaction pool of a node: both versions behind one router, and their transactions moved when calls go elsewhere. Knows no HTTP. */
import { type Call, checkMigration, createRouter, type Router, stateSwitch } from '../../src/router/index.ts'
import { type Fault, poolWith } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { poolMigration } from './migrations.ts'
import { type Limits, usualLimits } from './pool/pool.ts'
import type { Submitted } from './pool/pool.ts'
import { PoolV1, type PoolStateV1 } from './pool/v1.ts'
import type { PoolV2, PoolStateV2 } from './pool/v2.ts'
import type { Setting } from './settings.ts'
import { digestOf, type SignedTransaction } from './transactions.ts'

type Pools = { readonly v1: PoolV1; readonly v2: PoolV2 }
export interface Sender {
  readonly sender: string
}
export type PoolState =
  { readonly version: 'v1'; readonly state: PoolStateV1 } | { readonly version: 'v2'; readonly state: PoolStateV2 }

/** What was there before the state moved, and after: how many transactions, and the digest of their hashes. */
export interface Move {
  readonly before: { readonly transactions: number; readonly digest: string }
  readonly after: { readonly transactions: number; readonly digest: string }
}

export interface PoolNode {
  readonly router: Router<Pools, Sender>
  readonly versions: Pools
  /** `v1`, `v2`, or `split` while each has the transactions of its own senders. */
  readonly held: () => 'v1' | 'v2' | 'split'
  /** Moves the state to where the calls go from then on; each move is compared, before and after. */
  set(setting: Setting): Promise<void>
  readonly moves: { readonly count: number; readonly unequal: number; readonly last: Move | null }
  /** Over both versions where they are split. */
  pending(limit: number): readonly SignedTransaction[]
  /** Included ones leave whoever holds them. */
  included(hashes: readonly string[]): void
  /** The whole state in one version's shape: that of v1 where both have some. Changes nothing. */
  export(): PoolState
  import(held: PoolState): void
}

const emptyV1: PoolStateV1 = { transactions: [], added: 0, dropped: 0, seq: 0 }
const emptyV2 = poolMigration.forward(emptyV1)

/** Who a call is about: what the share goes by. */
export function senderOf({ method, args, context }: Call<Sender>): string | undefined {
  if (context !== undefined) return context.sender
  if (method === 'submit') return (args[0] as Partial<SignedTransaction> | null)?.from
  return method === 'byAddress' || method === 'nextNonce' ? (args[0] as string) : undefined
}

/** v1 took it, and it was sealed while v2 was still checking its signature: v2 rightly says that the nonce is used by now. */
function wasSealed(control: unknown, candidate: unknown): boolean {
  const [inV1, inV2] = [control, candidate] as readonly [Partial<Submitted>?, Partial<Submitted>?]
  return inV1?.accepted === true && inV2?.accepted === false && inV2.reason === 'nonce-too-low'
}

/** Both versions behind one router, and the switch that takes the whole state along. */
function makeRouting(ledger: Ledger, limits: Limits, fault: Fault | null) {
  const accountOf = (address: string) => ledger.account(address)
  const versions: Pools = { v1: new PoolV1(accountOf, limits), v2: poolWith(fault, accountOf, limits) }
  const { v1, v2 } = versions
  const router = createRouter<Pools, Sender>({
    module: 'transaction_pool',
    versions,
    key: senderOf,
    reads: ['get', 'pending', 'byAddress', 'nextNonce', 'size'],
    // The shadow holds a copy of its own: what is submitted to it reaches nobody.
    shadow: {
      candidate: 'v2',
      percent: 0,
      sticky: true,
      also: ['submit'],
      timeoutMs: 500,
      clean: () => undefined,
      ignore: wasSealed,
    },
  })
  // What v2 alone knows is kept for when it comes back, but for the transactions: they are in the state that moves.
  let remembered: PoolStateV2 | undefined
  const moves = stateSwitch({
    router,
    first: { version: 'v1', export: () => v1.export(), import: (state: PoolStateV1) => v1.import(state) },
    second: { version: 'v2', export: () => v2.export(), import: (state: PoolStateV2) => v2.import(state) },
    migration: poolMigration,
    memory: {
      load: (version) => (version === 'v2' ? remembered : undefined),
      save: (version, state) => {
        if (version === 'v2') remembered = { ...(state as PoolStateV2), transactions: {}, byAddress: {} }
      },
    },
  })
  return { versions, router, moves }
}

/** What both hold, in the shape of v1. */
function whole({ v1, v2 }: Pools): PoolStateV1 {
  const [a, b] = [v1.export(), poolMigration.backward(v2.export())]
  const transactions = [...a.transactions, ...b.transactions].sort((x, y) => x.seq - y.seq)
  return { transactions, added: a.added + b.added, dropped: a.dropped + b.dropped, seq: Math.max(a.seq, b.seq) }
}

/** Everything into v1. Between two calls, as `share`. */
function gather(pools: Pools): void {
  pools.v1.import(whole(pools))
  pools.v2.import(emptyV2)
}

/** From v1: each transaction goes where the calls of its sender go from now on. */
function share({ v1, v2 }: Pools, router: Router<Pools, Sender>): void {
  const all = v1.export()
  const of = (version: string) =>
    all.transactions.filter(({ transaction }) => {
      const context = { sender: transaction.from }
      return router.versionOf({ method: 'submit', args: [transaction], context }) === version
    })
  v1.import({ ...all, transactions: of('v1') })
  v2.import(poolMigration.forward({ ...emptyV1, transactions: of('v2'), seq: all.seq }))
}

/** Two lists in the order of inclusion as one: the better head is taken each time, so that each sender's order stays. */
function merged(
  a: readonly SignedTransaction[],
  b: readonly SignedTransaction[],
  limit: number,
): readonly SignedTransaction[] {
  const taken: SignedTransaction[] = []
  for (let [i, j] = [0, 0]; taken.length < limit;) {
    const [x, y] = [a[i], b[j]]
    if (x === undefined && y === undefined) break
    if (y === undefined || (x !== undefined && x.fee >= y.fee)) taken.push(a[i++]!)
    else taken.push(b[j++]!)
  }
  return taken
}

export function makePoolNode(ledger: Ledger, limits: Limits = usualLimits, fault: Fault | null = null): PoolNode {
  const { versions, router, moves } = makeRouting(ledger, limits, fault)
  const { v1, v2 } = versions
  let split = false
  const compared = { count: 0, unequal: 0, last: null as Move | null }
  /** All that callers were promised: in both where they are split, else in the one that answers. */
  const promised = (): Move['before'] => {
    const inV1 = split || moves.version === 'v1' ? v1.export().transactions : []
    const inV2 = split || moves.version === 'v2' ? Object.values(v2.export().transactions) : []
    return { transactions: inV1.length + inV2.length, digest: digestOf([...inV1, ...inV2].map((each) => each.hash)) }
  }
  const between = (work: () => void): Promise<unknown> =>
    router.pause(() => {
      const before = promised()
      work()
      const after = promised()
      compared.count++
      if (after.digest !== before.digest) compared.unequal++
      compared.last = { before, after }
    })
  const together = (): Promise<unknown> =>
    between(() => {
      gather(versions)
      router.set('v1')
      split = false
    })
  const place = (decide: Setting['decide'], shadow: number): void => {
    // What was left behind, or was a shadow's copy, is nobody's any more.
    if (moves.version === 'v2') v1.import(emptyV1)
    else v2.import(shadow > 0 ? poolMigration.forward(v1.export()) : emptyV2)
    if (decide === 'v1') router.shadow(shadow)
    if (typeof decide === 'string') return
    router.set(decide)
    share(versions, router)
    split = true
  }
  const set = async ({ decide, shadow }: Setting): Promise<void> => {
    router.shadow(0)
    if (split) await together()
    await moves.to(typeof decide === 'string' ? decide : 'v1')
    await between(() => place(decide, shadow))
  }
  return {
    router,
    versions,
    held: () => (split ? 'split' : (moves.version as 'v1' | 'v2')),
    set,
    moves: compared,
    pending: (limit) => (split ? merged(v1.pending(limit), v2.pending(limit), limit) : router.calls.pending(limit)),
    included: (hashes) => {
      v1.remove(hashes)
      v2.remove(hashes)
    },
    export: () => {
      if (split) return { version: 'v1', state: whole(versions) }
      return moves.version === 'v2' ? { version: 'v2', state: v2.export() } : { version: 'v1', state: v1.export() }
    },
    import: (held) => {
      const found = checkMigration(poolMigration, [held.state], { side: held.version === 'v1' ? 'first' : 'second' })
      const bad = found.find((each) => each.level === 'block')
      if (bad !== undefined) throw new Error(bad.message)
      v1.import(held.version === 'v1' ? held.state : poolMigration.backward(held.state))
    },
  }
}
