/** The node's service: takes transactions, follows the chain of its peers, answers questions, shows its figures. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { followSettings, type Followed } from '../../src/router/index.ts'
import { isProgram, options, program, say } from '../neonhub/service/program.ts'
import { makeBlock, noParent } from './blocks.ts'
import { type Reply, type Routes, serve, type Serving } from './http.ts'
import { Ledger } from './ledger.ts'
import { makePoolNode, type PoolNode, type PoolState } from './pool-node.ts'
import { servicePage } from './service-metrics.ts'
import { readSetting, type Setting, settingFrom } from './settings.ts'
import { makeSyncNode, type SyncNode, type SyncState } from './sync-node.ts'
import { hashOf, type SignedTransaction } from './transactions.ts'

export interface ServiceOptions {
  readonly port: number
  readonly peers: readonly string[]
  /** JSON: `{ "module_versions": { "transaction_pool": "v1", "sync_service": "v1" } }`. Followed; without it the environment says. */
  readonly settings?: string | undefined
  /** The state is written there when the service stops, and read when it starts, by whichever version. */
  readonly state?: string | undefined
  /** How often the best pending transactions are sealed; 0 for never. */
  readonly sealMs?: number
  readonly sealSize?: number
  readonly poolSize?: number
  readonly environment?: NodeJS.ProcessEnv
}

export interface Service extends Serving {
  readonly pool: PoolNode
  readonly sync: SyncNode
  set(module: 'transaction_pool' | 'sync_service', setting: Setting): Promise<void>
}

export async function startService(given: ServiceOptions): Promise<Service> {
  const ledger = new Ledger()
  const pool = makePoolNode(ledger, { maxSize: given.poolSize ?? 5_000, maxFuture: 64, minFee: 1, bump: 10 })
  const taken = ({ transactions }: { readonly transactions: readonly SignedTransaction[] }) =>
    void ledger.apply(transactions)
  const sync = makeSyncNode({ peers: given.peers, taken })
  if (given.state !== undefined && existsSync(given.state)) restore(given.state, ledger, pool, sync)
  const modules = { transaction_pool: pool, sync_service: sync }
  const followed = await decide(given, pool, sync)
  sync.start()
  const seal = sealer(ledger, pool, given.sealSize ?? 200)
  const timer = given.sealMs ? setInterval(() => seal.once(), given.sealMs) : null
  const requests = new Map<string, number>()
  const routes = routesOf(
    pool,
    sync,
    () => seal.sealed(),
    () => followed?.trouble()?.message ?? null,
    requests,
  )
  const counted = (route: string, status: number) =>
    void requests.set(`${route} ${status}`, (requests.get(`${route} ${status}`) ?? 0) + 1)
  const server = await serve(given.port, routes, counted)
  return {
    port: server.port,
    pool,
    sync,
    set: (module, setting) => modules[module].set(setting),
    stop: async () => {
      followed?.stop()
      if (timer !== null) clearInterval(timer)
      await server.stop()
      await sync.stop()
      if (given.state !== undefined) keep(given.state, await pool.export(), sync.export())
    },
  }
}

async function decide(given: ServiceOptions, pool: PoolNode, sync: SyncNode): Promise<Followed | null> {
  if (given.settings === undefined) {
    const environment = given.environment ?? process.env
    await pool.set(settingFrom(environment, 'TRANSACTION_POOL_VERSION'))
    await sync.set(settingFrom(environment, 'SYNC_SERVICE_VERSION'))
    return null
  }
  const troubled = (trouble: Error | null) => say('settings', { trouble: trouble?.message ?? null })
  return followSettings(
    { path: given.settings, at: ['module_versions'], troubled },
    {
      transaction_pool: (value) => pool.set(readSetting(value)),
      sync_service: (value) => sync.set(readSetting(value)),
    },
  )
}

/** A development node's block production: the best pending transactions are applied, linked to those before, and leave the pool. */
function sealer(ledger: Ledger, pool: PoolNode, size: number) {
  let last = { number: -1, hash: noParent }
  let transactions = 0
  return {
    once: () => {
      const applied = ledger.apply(pool.pending(size))
      if (applied.length === 0) return
      last = makeBlock(last.number + 1, last.hash, applied)
      transactions += applied.length
      pool.included(applied.map(hashOf))
    },
    sealed: () => ({ number: last.number, hash: last.hash, transactions }),
  }
}

function routesOf(
  pool: PoolNode,
  sync: SyncNode,
  sealed: () => { readonly number: number; readonly hash: string; readonly transactions: number },
  trouble: () => string | null,
  requests: ReadonlyMap<string, number>,
): Routes {
  const ok = (body: unknown): Reply => ({ status: 200, body })
  const missing: Reply = { status: 404, body: { error: 'there is no such thing' } }
  const calls = pool.router.calls
  return {
    'POST /transactions': async ({ body }) => {
      const done = await calls.submit(body as SignedTransaction)
      if (done.accepted) return { status: 201, body: done }
      return { status: done.reason === 'pool-full' ? 503 : 422, body: done }
    },
    'GET /transactions': ({ path: [hash = ''] }) => {
      const found =
        pool.held() === 'split' ? (pool.versions.v1.get(hash) ?? pool.versions.v2.get(hash)) : calls.get(hash)
      return found === null ? missing : ok(found)
    },
    'GET /pending': ({ query }) => {
      const address = query.get('address')
      return ok({
        items:
          address === null
            ? pool.pending(Math.min(1_000, Number(query.get('limit') ?? 100)))
            : calls.byAddress(address),
      })
    },
    'GET /nonce': ({ path: [address = ''] }) => ok({ address, nonce: calls.nextNonce(address) }),
    'GET /head': () => {
      const { current, highest } = sync.router.calls.status()
      return ok({ number: current, hash: sync.router.calls.block(current)?.hash ?? null, highest, sealed: sealed() })
    },
    'GET /blocks': ({ path: [number] }) => {
      const block = sync.router.calls.block(Number(number))
      return block === null ? missing : ok(block)
    },
    'GET /status': () =>
      ok({
        transaction_pool: {
          version: pool.held(),
          decision: pool.router.decision,
          size: pool.versions.v1.size() + pool.versions.v2.size(),
        },
        sync_service: { version: sync.held(), ...sync.router.calls.status(), peers: sync.router.calls.peers() },
        trouble: trouble(),
      }),
    'GET /mismatches': () => ok({ items: pool.router.mismatches() }),
    'GET /metrics': () => ok(servicePage(pool, sync, requests)),
  }
}

interface Kept {
  readonly pool: PoolState
  readonly sync: SyncState
}

function keep(path: string, pool: PoolState, sync: SyncState): void {
  writeFileSync(`${path}.new`, JSON.stringify({ pool, sync } satisfies Kept))
  renameSync(`${path}.new`, path)
}

function restore(path: string, ledger: Ledger, pool: PoolNode, sync: SyncNode): void {
  const kept = JSON.parse(readFileSync(path, 'utf8')) as Kept
  for (const block of kept.sync.state.chain) ledger.apply(block.transactions)
  pool.import(kept.pool)
  sync.import(kept.sync)
}

if (isProgram(import.meta.filename)) {
  const given = options(['port', 'peers', 'settings', 'state', 'seal-ms', 'seal-size', 'pool-size'])
  await program('mana', () =>
    startService({
      port: Number(given.port ?? 0),
      peers: (given.peers ?? '').split(',').filter((each) => each !== ''),
      settings: given.settings,
      state: given.state,
      sealMs: Number(given['seal-ms'] ?? 0),
      sealSize: Number(given['seal-size'] ?? 200),
      poolSize: Number(given['pool-size'] ?? 5_000),
    }),
  )
}
