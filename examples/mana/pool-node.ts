/** The transaction pool of a node: both versions behind one router, and their transactions moved when calls go elsewhere. Knows no HTTP. */
import { type Call, checkMigration, createRouter, type Router, stateSwitch } from '../../src/router/index.ts'
import type { Ledger } from './ledger.ts'
import { poolMigration } from './migrations.ts'
import { type Limits, usualLimits } from './pool/pool.ts'
import { PoolV1, type PoolStateV1 } from './pool/v1.ts'
import { PoolV2, type PoolStateV2 } from './pool/v2.ts'
import type { Setting } from './settings.ts'
import type { SignedTransaction } from './transactions.ts'

type Pools = { readonly v1: PoolV1; readonly v2: PoolV2 }
export interface Sender {
  readonly sender: string
}
export type PoolState =
  { readonly version: 'v1'; readonly state: PoolStateV1 } | { readonly version: 'v2'; readonly state: PoolStateV2 }

export interface PoolNode {
  readonly router: Router<Pools, Sender>
  readonly versions: Pools
  /** `v1`, `v2`, or `split` while each has the transactions of its own senders. */
  readonly held: () => 'v1' | 'v2' | 'split'
  set(setting: Setting): Promise<void>
  /** Over both versions where they are split. */
  pending(limit: number): readonly SignedTransaction[]
  /** Included ones leave whoever holds them. */
  included(hashes: readonly string[]): void
  /** The whole state in one version's shape; a split pool is put together first. */
  export(): Promise<PoolState>
  import(held: PoolState): void
}

const emptyV1: PoolStateV1 = { transactions: [], added: 0, dropped: 0, seq: 0 }
const emptyV2 = poolMigration.forward(emptyV1)

function senderOf({ method, args, context }: Call<Sender>): string | undefined {
  if (context !== undefined) return context.sender
  if (method === 'submit') return (args[0] as Partial<SignedTransaction> | null)?.from
  return method === 'byAddress' || method === 'nextNonce' ? (args[0] as string) : undefined
}

/** Both versions behind one router, and the switch that takes the whole state along. */
function makeRouting(ledger: Ledger, limits: Limits) {
  const accountOf = (address: string) => ledger.account(address)
  const versions: Pools = { v1: new PoolV1(accountOf, limits), v2: new PoolV2(accountOf, limits) }
  const { v1, v2 } = versions
  const router = createRouter<Pools, Sender>({
    module: 'transaction_pool',
    versions,
    key: senderOf,
    reads: ['get', 'pending', 'byAddress', 'nextNonce', 'size'],
    // The shadow holds a copy of its own: what is submitted to it reaches nobody.
    shadow: { candidate: 'v2', percent: 0, sticky: true, also: ['submit'], timeoutMs: 500, clean: () => undefined },
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

/** Everything into v1. Between two calls, as `share`. */
function gather({ v1, v2 }: Pools): void {
  const [a, b] = [v1.export(), poolMigration.backward(v2.export())]
  const transactions = [...a.transactions, ...b.transactions].sort((x, y) => x.seq - y.seq)
  v1.import({ transactions, added: a.added + b.added, dropped: a.dropped + b.dropped, seq: Math.max(a.seq, b.seq) })
  v2.import(emptyV2)
}

/** From v1: each transaction goes where the calls of its sender go from now on. */
function share({ v1, v2 }: Pools, router: Router<Pools, Sender>): void {
  const whole = v1.export()
  const of = (version: string) =>
    whole.transactions.filter(({ transaction }) => {
      const context = { sender: transaction.from }
      return router.versionOf({ method: 'submit', args: [transaction], context }) === version
    })
  v1.import({ ...whole, transactions: of('v1') })
  v2.import(poolMigration.forward({ ...emptyV1, transactions: of('v2'), seq: whole.seq }))
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

export function makePoolNode(ledger: Ledger, limits: Limits = usualLimits): PoolNode {
  const { versions, router, moves } = makeRouting(ledger, limits)
  const { v1, v2 } = versions
  let split = false
  const together = (): Promise<unknown> =>
    router.pause(() => {
      gather(versions)
      router.set('v1')
      split = false
    })
  const set = async ({ decide, shadow }: Setting): Promise<void> => {
    router.shadow(0)
    if (split) await together()
    const plain = typeof decide === 'string' ? decide : null
    await moves.to(plain ?? 'v1')
    await router.pause(() => {
      // What was left behind, or was a shadow's copy, is nobody's any more.
      if (moves.version === 'v2') v1.import(emptyV1)
      else v2.import(shadow > 0 ? poolMigration.forward(v1.export()) : emptyV2)
      if (plain === 'v1') router.shadow(shadow)
      if (plain !== null) return
      router.set(decide)
      share(versions, router)
      split = true
    })
  }
  return {
    router,
    versions,
    held: () => (split ? 'split' : (moves.version as 'v1' | 'v2')),
    set,
    pending: (limit) => (split ? merged(v1.pending(limit), v2.pending(limit), limit) : router.calls.pending(limit)),
    included: (hashes) => {
      v1.remove(hashes)
      v2.remove(hashes)
    },
    export: async () => {
      if (split) await together()
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
