import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres, postgresDialect } from '../../adapters/postgres/index.ts'
import { type CaseWorld, type KindCase, describeKind } from '../../testing/kind-kit.ts'
import { type PostgresServer, postgresSources, startPostgres } from '../../testing/postgres.ts'
import { maintainAnalyze } from './index.ts'

const { found, missing } = postgresSources()
for (const [source, reason] of Object.entries(missing)) console.warn(`skipped: PostgreSQL "${source}": ${reason}`)

describe.each(found)('maintain on PostgreSQL (%s)', (source) => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
  })
  afterAll(async () => {
    await server.stop()
  })

  async function open(): Promise<CaseWorld> {
    const target = await postgres.open(
      { url: server.url() },
      { run: 'case-1', fence: 1, base: '/', signal: new AbortController().signal },
    )
    await target.write.run(
      'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE a (id int); CREATE TABLE "b C" (id int); INSERT INTO a SELECT generate_series(1, 100)',
    )
    return { targets: { database: target }, tools: { database: postgresDialect }, close: () => target.close() }
  }

  const cases: readonly Omit<KindCase, 'world'>[] = [
    { name: 'every table', kind: maintainAnalyze, spec: {} },
    { name: 'one table, with VACUUM', kind: maintainAnalyze, spec: { tables: ['a'], vacuum: true } },
  ]
  for (const each of cases) describeKind({ ...each, world: open }, { describe, it })

  it('names a table that is not there', async () => {
    const world = await open()
    const facts = await world.targets['database']?.observe()
    const draft = maintainAnalyze.plan({ tables: ['nobody'], vacuum: false, lockMs: 1 }, {
      facts: { database: facts },
      tools: {},
      targets: {},
    } as never)
    expect(draft.findings?.map(({ message }) => message)).toEqual(['there is no table "public.nobody" in the database'])
    await world.close()
  })
})
