/** The node's service: takes transactions, follows the chain of its peers, answers questions, shows its figures. */
import { existsSync, rmSync } from 'node:fs'
import { followSettings, type Followed } from '../../src/router/index.ts'
import { isProgram, options, program, say } from '../stage/program.ts'
import { type Fault, isFault } from './faults.ts'
import { followFlags } from './flag-settings.ts'
import { serve, type Serving } from '../stage/http.ts'
import { Ledger } from './ledger.ts'
import { makePoolNode, type PoolNode, senderOf } from './pool-node.ts'
import { sealer } from './sealer.ts'
import { keep, type Parts, restore } from './service-state.ts'
import { routesOf } from './service-routes.ts'
import { readSetting, type Setting, settingFrom, type Version } from './settings.ts'
import { makeSyncNode, type SyncNode } from './sync-node.ts'
import type { SignedTransaction } from './transactions.ts'

export interface ServiceOptions {
  readonly port: number
  readonly peers: readonly string[]
  /** What the node is called: the sync's flag goes by it. */
  readonly node?: string
  /** Which versions may answer. `v1`: as it was before v2 came, `v2`: v1 is retired, and a setting that wants it is refused. */
  readonly modules?: Version | 'both'
  /** Flags in flagd's JSON. Followed. */
  readonly flags?: string | undefined
  /** JSON: `{ "module_versions": { "transaction_pool": "v1", "sync_service": "v1" } }`. Followed; without it and flags the environment says. */
  readonly settings?: string | undefined
  /** The state is written there when the service stops, and read when it starts, by whichever version. */
  readonly state?: string | undefined
  /** How often the best pending transactions are sealed; 0 for never. */
  readonly sealMs?: number
  readonly sealSize?: number
  readonly poolSize?: number
  /** What is wrong with v2. */
  readonly fault?: Fault | null
  readonly environment?: NodeJS.ProcessEnv
}

export interface Service extends Serving {
  readonly pool: PoolNode
  readonly sync: SyncNode
  set(module: 'transaction_pool' | 'sync_service', setting: Setting): Promise<void>
}

export async function startService(given: ServiceOptions): Promise<Service> {
  const { fault = null, state } = given
  const ledger = new Ledger()
  const pool = makePoolNode(ledger, { maxSize: given.poolSize ?? 5_000, maxFuture: 64, minFee: 1, bump: 10 }, fault)
  const taken = ({ transactions }: { readonly transactions: readonly SignedTransaction[] }) =>
    void ledger.apply(transactions)
  const sync = makeSyncNode({ peers: given.peers, taken }, fault)
  const seal = sealer(ledger, pool, given.sealSize ?? 200)
  const parts: Parts = { ledger, pool, sync, seal }
  if (state !== undefined && existsSync(state)) restore(state, parts)
  const modules = { transaction_pool: pool, sync_service: sync }
  const followed = await decide(given, pool, sync)
  sync.start()
  const timer = given.sealMs ? setInterval(() => seal.once(), given.sealMs) : null
  const requests = new Map<string, number>()
  const counted = (route: string, status: number) =>
    void requests.set(`${route} ${status}`, (requests.get(`${route} ${status}`) ?? 0) + 1)
  const trouble = () => followed?.trouble()?.message ?? null
  const snapshot =
    state === undefined
      ? null
      : { write: () => keep(`${state}.snapshot`, parts), remove: () => rmSync(`${state}.snapshot`, { force: true }) }
  const shown = { ...parts, trouble, requests, snapshot, modules: given.modules ?? 'both' }
  const server = await serve(given.port, routesOf(shown), counted)
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
      if (state !== undefined) keep(state, parts)
    },
  }
}

async function decide(given: ServiceOptions, pool: PoolNode, sync: SyncNode): Promise<Followed | null> {
  const { modules = 'both', flags: path } = given
  const allowed = (setting: Setting): Setting => {
    if (modules === 'both' || (setting.decide === modules && setting.shadow === 0)) return setting
    throw new RangeError(`this node has ${modules} only, and its settings want another version too`)
  }
  const troubled = (trouble: Error | null) => say('settings', { trouble: trouble?.message ?? null })
  if (path !== undefined && modules !== 'v1') {
    const to = { pool: (s: Setting) => pool.set(allowed(s)), sync: (s: Setting) => sync.set(allowed(s)) }
    return followFlags({ path, node: given.node ?? 'node', keyOf: senderOf, ...to, troubled })
  }
  if (given.settings === undefined) {
    const environment = given.environment ?? process.env
    await pool.set(allowed(settingFrom(environment, 'TRANSACTION_POOL_VERSION')))
    await sync.set(allowed(settingFrom(environment, 'SYNC_SERVICE_VERSION')))
    return null
  }
  return followSettings(
    { path: given.settings, at: ['module_versions'], troubled },
    {
      transaction_pool: (value) => pool.set(allowed(readSetting(value))),
      sync_service: (value) => sync.set(allowed(readSetting(value))),
    },
  )
}

if (isProgram(import.meta.filename)) {
  const given = options([
    'port',
    'peers',
    'node',
    'modules',
    'flags',
    'settings',
    'state',
    'seal-ms',
    'seal-size',
    'pool-size',
    'fault',
  ])
  await program('mana', () =>
    startService({
      port: Number(given.port ?? 0),
      peers: (given.peers ?? '').split(',').filter((each) => each !== ''),
      node: given.node ?? 'node',
      modules: oneOf('modules', given.modules ?? 'both', ['v1', 'both', 'v2']),
      flags: given.flags,
      settings: given.settings,
      state: given.state,
      sealMs: Number(given['seal-ms'] ?? 0),
      sealSize: Number(given['seal-size'] ?? 200),
      poolSize: Number(given['pool-size'] ?? 5_000),
      fault: given.fault !== undefined && isFault(given.fault) ? given.fault : null,
    }),
  )
}

function oneOf<const Word extends string>(name: string, value: string, words: readonly Word[]): Word {
  const found = words.find((each) => each === value)
  if (found === undefined) throw new Error(`--${name} is one of ${words.join(', ')}, not "${value}"`)
  return found
}
