import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import { databaseTemplate, freePort, type PostgresServer, postgresSources, startPostgres } from '../../testing/index.ts'
import { sqlMetrics } from './index.ts'

const sources = postgresSources()
for (const [source, why] of Object.entries(sources.missing)) console.warn(`skipped: PostgreSQL "${source}": ${why}`)
const who = { run: 'r', fence: 1, base: '/', signal: new AbortController().signal }

describe.each(sources.found)('the sql-metrics adapter on PostgreSQL (%s)', (source) => {
  let server: PostgresServer
  let target: Target<'metrics'>
  let database: { readonly url: string; drop(): Promise<void> }
  beforeAll(async () => {
    server = await startPostgres({ source })
    const make = await databaseTemplate(
      server,
      `CREATE TABLE jobs (kind text, n bigint, cost numeric, seen timestamptz);
       INSERT INTO jobs VALUES ('a', 1, 1.5, '2026-01-01T00:00:00Z'), ('b', 2, 'NaN', '2026-01-02T00:00:00Z')`,
    )
    database = await make()
    target = await sqlMetrics.open({ url: database.url }, who)
  })
  afterAll(async () => {
    await target?.close()
    await database?.drop()
    await server?.stop()
  })

  it('answers figures, labels and times', async () => {
    const { read } = target
    expect(await read.measure('SELECT count(*) FROM jobs')).toMatchObject({ value: [2], labels: [{}] })
    expect(await read.measure('SELECT kind, n AS value, cost, seen AS at FROM jobs ORDER BY 1')).toEqual({
      value: [1, 2],
      at: Date.parse('2026-01-01T00:00:00Z'),
      labels: [
        { kind: 'a', cost: '1.5' },
        { kind: 'b', cost: 'NaN' },
      ],
    })
    expect((await read.measure("SELECT cost FROM jobs WHERE kind = 'b'")).value).toEqual([NaN])
    expect((await read.measure('SELECT sum(n) FROM jobs WHERE false')).value).toEqual([])
    expect((await read.measure('SELECT n FROM jobs WHERE false')).value).toEqual([])
  })

  it.each([
    ['SELECT n, cost FROM jobs', 'not exactly one that is numeric: "n", "cost"'],
    ["SELECT 'x' AS value", 'not exactly one that is numeric: none'],
    ['SELECT nothing FROM jobs', 'column "nothing" does not exist [42703]'],
    ['DELETE FROM jobs RETURNING n', 'writes: cannot execute DELETE in a read-only transaction'],
    ['SELECT 1; COMMIT', 'cannot insert multiple commands'],
    [
      "SELECT 1 AS value FROM set_config('transaction_read_only', 'off', true)",
      'transaction read-write mode must be set before any query',
    ],
  ])('refuses %s', async (query, why) => {
    await expect(target.read.measure(query)).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining(why),
    })
    expect((await target.read.measure('SELECT count(*) FROM jobs')).value).toEqual([2])
  })

  it('gives up in time, and says where nobody answers', async () => {
    const quick = await sqlMetrics.open({ url: database.url, timeoutMs: 300 }, who)
    await expect(quick.read.measure('SELECT 1 AS value FROM pg_sleep(5)')).rejects.toMatchObject({
      code: expect.stringMatching(/^target\./),
    })
    await quick.close()
    const nowhere = await sqlMetrics.open({ url: `postgres://u:hidden@127.0.0.1:${await freePort()}/x` }, who)
    await expect(nowhere.read.measure('SELECT 1')).rejects.toMatchObject({
      code: 'target.unreachable',
      message: expect.not.stringContaining('hidden'),
    })
    await nowhere.close()
  })
})
