/** What a node answers to whom. Starts and stops nothing. */
import type { Reply, Routes } from '../stage/http.ts'
import type { Parts } from './service-state.ts'
import { servicePage } from './service-metrics.ts'
import type { SignedTransaction } from './transactions.ts'

export interface Shown extends Parts {
  readonly trouble: () => string | null
  readonly requests: ReadonlyMap<string, number>
  /** Writes the state beside its file; null where the node keeps none. */
  readonly snapshot: { write(): void; remove(): void } | null
  readonly modules: string
}

const ok = (body: unknown): Reply => ({ status: 200, body })
const missing: Reply = { status: 404, body: { error: 'there is no such thing' } }

export function routesOf(shown: Shown): Routes {
  return { ...poolRoutes(shown), ...chainRoutes(shown), ...nodeRoutes(shown) }
}

function poolRoutes({ pool, ledger }: Shown): Routes {
  const calls = pool.router.calls
  return {
    // Which version was asked is said before it answers: the pool may be on its way to the other one by then.
    'POST /transactions': async ({ body }) => {
      const version = pool.router.versionOf({ method: 'submit', args: [body], context: undefined })
      const headers = { 'x-module-version': version }
      try {
        const done = await calls.submit(body as SignedTransaction)
        const status = done.accepted ? 201 : done.reason === 'pool-full' ? 503 : 422
        return { status, body: done, headers }
      } catch (error) {
        return { status: 500, body: { error: error instanceof Error ? error.message : String(error) }, headers }
      }
    },
    'GET /transactions': ({ path: [hash = ''] }) => {
      const found =
        pool.held() === 'split' ? (pool.versions.v1.get(hash) ?? pool.versions.v2.get(hash)) : calls.get(hash)
      return found === null ? missing : ok(found)
    },
    'GET /pending': ({ query }) => {
      const address = query.get('address')
      const limit = Math.min(1_000, Number(query.get('limit') ?? 100))
      return ok({ items: address === null ? pool.pending(limit) : calls.byAddress(address) })
    },
    'GET /nonce': ({ path: [address = ''] }) => ok({ address, nonce: calls.nextNonce(address) }),
    'GET /accounts': ({ path: [address = ''] }) =>
      ok({ address, ...ledger.account(address), pending: calls.byAddress(address) }),
    'GET /mismatches': () => ok({ items: pool.router.mismatches() }),
    'GET /moves': () => ok(pool.moves),
  }
}

function chainRoutes({ sync, seal }: Shown): Routes {
  const calls = sync.router.calls
  return {
    'GET /head': () => {
      const { current, highest } = calls.status()
      return ok({ number: current, hash: calls.block(current)?.hash ?? null, highest, sealed: seal.sealed() })
    },
    'GET /blocks': ({ path: [number] }) => {
      const block = calls.block(Number(number))
      return block === null ? missing : ok(block)
    },
  }
}

function nodeRoutes({ pool, sync, trouble, requests, snapshot, modules }: Shown): Routes {
  return {
    'GET /status': () =>
      ok({
        modules,
        transaction_pool: {
          version: pool.held(),
          decision: typeof pool.router.decision === 'function' ? 'by flag' : pool.router.decision,
          size: pool.versions.v1.size() + pool.versions.v2.size(),
        },
        sync_service: { version: sync.held(), ...sync.router.calls.status(), peers: sync.router.calls.peers() },
        trouble: trouble(),
      }),
    'PUT /snapshot': () => {
      if (snapshot === null) return missing
      snapshot.write()
      return ok({ written: true })
    },
    'DELETE /snapshot': () => {
      if (snapshot === null) return missing
      snapshot.remove()
      return ok({ written: false })
    },
    'GET /metrics': () => ok(servicePage(pool, sync, requests)),
  }
}
