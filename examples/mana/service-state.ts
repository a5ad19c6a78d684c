/** The whole state of a node in a file: ledger, pool, chain and what was sealed. Knows no version. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Account, Ledger } from './ledger.ts'
import type { PoolNode, PoolState } from './pool-node.ts'
import type { Sealed, Sealer } from './sealer.ts'
import type { SyncNode, SyncState } from './sync-node.ts'

/** What a node is made of. */
export interface Parts {
  readonly ledger: Ledger
  readonly pool: PoolNode
  readonly sync: SyncNode
  readonly seal: Sealer
}

interface Kept {
  readonly accounts: readonly (readonly [address: string, account: Account])[]
  readonly pool: PoolState
  readonly sync: SyncState
  readonly sealed: Sealed
}

/** Whole or not at all: a reader never sees half a file. */
export function keep(path: string, { ledger, pool, sync, seal }: Parts): void {
  const kept: Kept = { accounts: ledger.export(), pool: pool.export(), sync: sync.export(), sealed: seal.sealed() }
  writeFileSync(`${path}.new`, JSON.stringify(kept))
  renameSync(`${path}.new`, path)
}

export function restore(path: string, { ledger, pool, sync, seal }: Parts): void {
  const kept = JSON.parse(readFileSync(path, 'utf8')) as Kept
  ledger.import(kept.accounts)
  pool.import(kept.pool)
  sync.import(kept.sync)
  seal.import(kept.sealed)
}
