/** Suites on every PostgreSQL that is found, and databases in it for the cases of kinds. Knows no kind. */
import pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import { postgres, postgresDialect } from '../src/adapters/postgres/index.ts'
import type { Target } from '../src/core/kind.ts'
import type { CaseWorld } from '../src/testing/kind-kit.ts'
import { type PostgresServer, postgresSources, startPostgres } from '../src/testing/postgres.ts'

const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing)) console.warn(`skipped: PostgreSQL "${source}": ${why}`)

/** Who opens a target for a case. */
export const caseRun = { run: 'case-1', fence: 1, base: '/', signal: new AbortController().signal }

export interface SuiteServer {
  url(database?: string): string
  admin(text: string): Promise<pg.QueryResult>
  /** The one database of the server, as `setUp` leaves it. */
  open(setUp: string): Promise<CaseWorld & { readonly targets: { readonly database: Target<'database'> } }>
  /** A database of its own. `db` is connected to it; `drop` ends that. */
  fresh(fill: string): Promise<{ readonly name: string; readonly db: pg.Client; readonly drop: () => Promise<void> }>
}

/** One server for the suite, once for each PostgreSQL there is. What the suite is given is there when its tests run. */
export function onEveryPostgres(name: string, suite: (server: SuiteServer) => void): void {
  describe.each(found)(`${name} on PostgreSQL (%s)`, (source) => {
    let server: PostgresServer
    let client: Promise<pg.Client> | undefined
    let made = 0
    beforeAll(async () => {
      server = await startPostgres({ source, settings: { fsync: 'off' } })
    })
    afterAll(async () => {
      await (await client)?.end()
      await server?.stop()
    })
    // Not before it is needed: a suite that counts sessions sees its own alone.
    const admin = async (text: string) => (await (client ??= connected(server.url()))).query(text)
    suite({
      url: (database) => server.url(database),
      admin,
      open: async (setUp) => {
        const target = await postgres.open({ url: server.url() }, caseRun)
        await target.write.run(setUp)
        return { targets: { database: target }, tools: { database: postgresDialect }, close: () => target.close() }
      },
      fresh: async (fill) => {
        const name = `case_${++made}`
        await admin(`CREATE DATABASE ${name}`)
        const db = await connected(server.url(name))
        await db.query(fill)
        const drop = async (): Promise<void> => {
          await db.end()
          await admin(`DROP DATABASE ${name} WITH (FORCE)`)
        }
        return { name, db, drop }
      },
    })
  })
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  return client
}
