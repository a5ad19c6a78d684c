/** Where the transactions of a pool are while its calls go to v1, to v2, or to both: moved between two calls, and compared each time. Knows no HTTP. */
import type { Router, StateSwitch } from '../../src/router/index.ts'
import { poolMigration } from './migrations.ts'
import type { PoolV1, PoolStateV1 } from './pool/v1.ts'
import type { PoolV2 } from './pool/v2.ts'
import type { Sender, Setting, Version } from './settings.ts'
import { digestOf } from './transactions.ts'

export type Pools = { readonly v1: PoolV1; readonly v2: PoolV2 }

/** What was there before the state moved, and after: how many transactions, and the digest of their hashes. */
export interface Move {
  readonly before: { readonly transactions: number; readonly digest: string }
  readonly after: { readonly transactions: number; readonly digest: string }
}

/** Every move so far. */
export interface Compared {
  readonly count: number
  readonly unequal: number
  readonly last: Move | null
}

const emptyV1: PoolStateV1 = { transactions: [], added: 0, dropped: 0, seq: 0 }
const emptyV2 = poolMigration.forward(emptyV1)

/** What both hold, in the shape of v1. */
export function whole({ v1, v2 }: Pools): PoolStateV1 {
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

export interface PoolMoves {
  readonly compared: Compared
  /** `split` while each has the transactions of its own senders. */
  readonly by: () => Version | 'split'
  readonly set: (setting: Setting) => Promise<void>
}

export function poolMoves(pools: Pools, router: Router<Pools, Sender>, moves: StateSwitch): PoolMoves {
  let split = false
  const by = (): Version | 'split' => (split ? 'split' : (moves.version as 'v1' | 'v2'))
  const compared = { count: 0, unequal: 0, last: null as Move | null }
  const between = (work: () => void): Promise<unknown> =>
    router.pause(() => {
      const before = promised(pools, by())
      work()
      const after = promised(pools, by())
      compared.count++
      if (after.digest !== before.digest) compared.unequal++
      compared.last = { before, after }
    })
  const together = (): Promise<unknown> =>
    between(() => {
      gather(pools)
      router.set('v1')
      split = false
    })
  const place = (decide: Setting['decide'], shadow: number): void => {
    // What was left behind, or was a shadow's copy, is nobody's any more.
    if (moves.version === 'v2') pools.v1.import(emptyV1)
    else pools.v2.import(shadow > 0 ? poolMigration.forward(pools.v1.export()) : emptyV2)
    if (decide === 'v1') router.shadow(shadow)
    if (typeof decide === 'string') return
    router.set(decide)
    share(pools, router)
    split = true
  }
  return {
    compared,
    by,
    set: async ({ decide, shadow }) => {
      router.shadow(0)
      if (split) await together()
      await moves.to(typeof decide === 'string' ? decide : 'v1')
      await between(() => place(decide, shadow))
    },
  }
}

/** All that callers were promised: in both where they are split, else in the one that answers. */
function promised({ v1, v2 }: Pools, by: Version | 'split'): Move['before'] {
  const inV1 = by === 'v2' ? [] : v1.export().transactions
  const inV2 = by === 'v1' ? [] : Object.values(v2.export().transactions)
  return { transactions: inV1.length + inV2.length, digest: digestOf([...inV1, ...inV2].map((each) => each.hash)) }
}
