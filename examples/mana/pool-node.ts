/** The transaction pool of a node: both versions behind one router, and their transactions moved when calls go elsewhere. Knows no HTTP. */
import { type Call, checkMigration, createRouter, type Router, stateSwitch } from '../../src/router/index.ts'
import { type Fault, poolWith } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { poolMigration } from './migrations.ts'
import { type Compared, poolMoves, type Pools, whole } from './pool-moves.ts'
import { type Limits, type Submitted, usualLimits } from './pool/pool.ts'
import { PoolV1, type PoolStateV1 } from './pool/v1.ts'
import type { PoolStateV2 } from './pool/v2.ts'
import type { Sender, Setting } from './settings.ts'
import type { SignedTransaction } from './transactions.ts'

export type PoolState =
  { readonly version: 'v1'; readonly state: PoolStateV1 } | { readonly version: 'v2'; readonly state: PoolStateV2 }

export interface PoolNode {
  readonly router: Router<Pools, Sender>
  readonly versions: Pools
  /** `v1`, `v2`, or `split` while each has the transactions of its own senders. */
  readonly held: () => 'v1' | 'v2' | 'split'
  /** Moves the state to where the calls go from then on; each move is compared, before and after. */
  set(setting: Setting): Promise<void>
  readonly moves: Compared
  /** Over both versions where they are split. */
  pending(limit: number): readonly SignedTransaction[]
  /** Included ones leave whoever holds them. */
  included(hashes: readonly string[]): void
  /** The whole state in one version's shape: that of v1 where both have some. Changes nothing. */
  export(): PoolState
  import(held: PoolState): void
}

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
  const held = poolMoves(versions, router, moves)
  return {
    router,
    versions,
    held: held.by,
    set: held.set,
    moves: held.compared,
    pending: (limit) =>
      held.by() === 'split' ? merged(v1.pending(limit), v2.pending(limit), limit) : router.calls.pending(limit),
    included: (hashes) => {
      v1.remove(hashes)
      v2.remove(hashes)
    },
    export: () => {
      if (held.by() === 'split') return { version: 'v1', state: whole(versions) }
      return held.by() === 'v2' ? { version: 'v2', state: v2.export() } : { version: 'v1', state: v1.export() }
    },
    import: (given) => {
      const found = checkMigration(poolMigration, [given.state], { side: given.version === 'v1' ? 'first' : 'second' })
      const bad = found.find((each) => each.level === 'block')
      if (bad !== undefined) throw new Error(bad.message)
      v1.import(given.version === 'v1' ? given.state : poolMigration.backward(given.state))
    },
  }
}
