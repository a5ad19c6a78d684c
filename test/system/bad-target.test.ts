/** Databases that cannot be used as the plan wants, with the real command: what is said, that nothing is lost, and that `resume` goes on. */
import pg from 'pg'
import { describe, expect } from 'vitest'
import { startPostgres } from '../../src/testing/index.ts'
import { mustBlock, mustEnd, mustFail, mustSay } from './judge.ts'
import { plan } from './shop-plan.ts'
import { type Shop, test } from './shop.ts'

describe('a database that cannot be reached', () => {
  test.for([
    ['no server', 'postgres://u:geheim99@127.0.0.1:1/x', 'target.unreachable', 'ECONNREFUSED'],
    ['no host', 'postgres://u:geheim99@no-such-host.invalid/x', 'target.unreachable', 'no-such-host.invalid'],
    ['another kind of address', 'mysql://u:geheim99@h/x', 'plan.invalid', 'postgres://'],
    ['an address that is none', 'postgres://u:geheim99@:h:x/x', 'plan.invalid', 'cannot be read'],
  ] as const)('%s', async ([_what, url, code, says], { shop }) => {
    const ended = await shop.as({ DATABASE_URL: url })('run', '--yes')
    mustFail(ended, 1, code, says)
    expect(`${ended.out}${ended.err}${shop.files()}`).not.toContain('geheim99')
    mustFail(await shop.run('status'), 1, 'run.not-found')
  })

  test('no database of that name', async ({ shop }) => {
    mustFail(
      await shop.as({ DATABASE_URL: `${shop.url}_nope` })('run', '--yes'),
      1,
      'target.unreachable',
      'does not exist',
    )
  })
})

test('a database that is read-only is said so before a run is opened', async ({ shop }) => {
  await shop.sql(
    'DO $$ BEGIN EXECUTE format($f$ALTER DATABASE %I SET default_transaction_read_only = on$f$, current_database()); END $$',
  )
  mustBlock(await shop.run('run', '--yes'), 'target.read-only', 'default_transaction_read_only')
  mustFail(await shop.run('status'), 1, 'run.not-found')
})

test('a database that becomes read-only while a run is paused: the run waits and goes on', async ({ shop }) => {
  mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
  const name = new URL(shop.url).pathname.slice(1)
  await shop.sql(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`)
  mustFail(await shop.run('resume'), 1, 'target.read-only', 'does not take writes')
  mustSay(await shop.run('status'), 0, 'paused', 'changeover resume')
  await shop.sql(`ALTER DATABASE "${name}" RESET default_transaction_read_only`)
  await shop.goesOn()
})

describe('an account without rights', () => {
  test('to make the schema of the tool', async ({ shop }) => {
    await shop.sql("CREATE ROLE reader_a LOGIN PASSWORD 'geheimwort'; GRANT SELECT ON users TO reader_a")
    const url = shop.url.replace('postgres@', 'reader_a:geheimwort@')
    const ended = await shop.as({ DATABASE_URL: url })('run', '--yes')
    mustBlock(ended, 'target.rights', 'GRANT CREATE ON DATABASE')
    mustFail(await shop.run('status'), 1, 'run.not-found')
    expect(`${ended.out}${ended.err}${shop.files()}`).not.toContain('geheimwort')
  })

  test('to change the table: it is said before anything is begun', async ({ shop }) => {
    const name = new URL(shop.url).pathname.slice(1)
    await shop.sql(
      `CREATE ROLE writer_a LOGIN; GRANT SELECT, UPDATE ON users TO writer_a; GRANT CREATE ON DATABASE "${name}" TO writer_a`,
    )
    const own = shop.as({ DATABASE_URL: shop.url.replace('postgres@', 'writer_a@') })
    mustBlock(await own('run', '--yes'), 'schema.rights', '"writer_a" does not own "public.users"')
    await shop.sql('ALTER TABLE users OWNER TO writer_a')
    mustEnd(await own('run', '--yes'), 0)
    expect(await shop.filled()).toBe('whole')
  })

  test('to write its rows any more: the run waits for the grant, and goes on', async ({ shop }) => {
    const name = new URL(shop.url).pathname.slice(1)
    await shop.sql(
      `CREATE ROLE writer_b LOGIN; ALTER TABLE users OWNER TO writer_b; GRANT CREATE ON DATABASE "${name}" TO writer_b`,
    )
    const own = shop.as({ DATABASE_URL: shop.url.replace('postgres@', 'writer_b@') })
    mustEnd(await own('run', '--yes', '--until', 'column'), 0)
    await shop.sql('REVOKE UPDATE ON users FROM writer_b')
    mustFail(await own('resume'), 1, 'target.rights', 'permission denied for table users')
    mustSay(await shop.run('status'), 0, 'failed', 'changeover resume')
    await shop.sql('GRANT UPDATE ON users TO writer_b')
    mustEnd(await own('resume'), 0)
    expect(await shop.filled()).toBe('whole')
  })
})

test('another database, or another server, than the run was opened on is refused and left alone', async ({
  shop,
  makeShop,
}) => {
  mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
  const other = await makeShop()
  mustFail(
    await shop.as({ DATABASE_URL: other.url })('resume'),
    1,
    'target.wrong',
    'was opened on',
    new URL(shop.url).pathname.slice(1),
  )
  expect([await other.filled(), await other.clean()]).toEqual(['none', true])
  await other.leave()
  const twin = await startPostgres()
  try {
    mustFail(await shop.as({ DATABASE_URL: twin.url('postgres') })('resume'), 1, 'target.wrong', 'was opened on')
  } finally {
    await twin.stop()
  }
  mustSay(await shop.run('status'), 0, 'changeover resume')
  await shop.goesOn()
})

describe('a lock that is not obtained: who holds it is named, and the run goes on when it is free', () => {
  /** A session that holds something until it is ended. */
  const holding = async (shop: Shop, holds: string): Promise<string> => {
    const holder = new pg.Client({ connectionString: shop.url, application_name: 'nightly-report' })
    holder.on('error', () => undefined)
    await holder.connect()
    await holder.query(`BEGIN; ${holds}`)
    return `pid ${String((await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid)} `
  }
  const free = (shop: Shop, pid: string) => shop.sql(`SELECT pg_terminate_backend(${pid.slice(4)})`)

  test('of a table: the run waits for a person', async ({ shop }) => {
    shop.place.write('changeover.yaml', plan.replace('type: text }] }', 'type: text }], lockMs: 200, retries: 1 }'))
    const pid = await holding(shop, 'LOCK TABLE users IN ACCESS SHARE MODE')
    const says = ['nightly-report', pid]
    mustFail(await shop.run('run', '--yes'), 1, 'target.lock', ...says, 'pg_terminate_backend', 'changeover resume')
    mustSay(await shop.run('status'), 0, ...says, 'changeover resume')
    await free(shop, pid)
    await shop.goesOn()
  })

  test('of a row: the run tells what it waits for, and goes on by itself', async ({ shop }) => {
    mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
    const pid = await holding(shop, 'UPDATE users SET last = last WHERE id = 1700')
    const running = shop.start('resume')
    await running.shows('nightly-report')
    mustSay(await shop.run('status'), 0, 'waits: no lock in time', pid)
    await free(shop, pid)
    mustEnd(await running.ended, 0)
    expect(await shop.filled()).toBe('whole')
    await shop.goesBack()
  })
})

describe('rows that the lens refuses', () => {
  const refusing = (tolerate: number) => `name: shop
from: "1"
to: "2"
targets:
  db: { adapter: postgres, config: { url: "\${DATABASE_URL}" } }
steps:
  - id: move
    kind: data.transform
    on: db
    spec:
      { table: orders, into: orders_v2, tolerate: ${tolerate}, lens: [{ op: map, path: status, table: { on: ACTIVE, off: DISABLED } }] }
`
  const orders = `
      CREATE TABLE orders (id int PRIMARY KEY, status text);
      CREATE TABLE orders_v2 (id int PRIMARY KEY, status text);
      INSERT INTO orders SELECT i, CASE WHEN i IN (7, 70) THEN 'lost' ELSE 'on' END FROM generate_series(1, 100) AS i`

  test('stand in the list of rejects with the reason; nothing is lost, and the run goes on after the mend', async ({
    shop,
  }) => {
    await shop.sql(orders)
    shop.place.write('changeover.yaml', refusing(1).replace('to: "2"', 'to: "2"\nonFailure: pause'))
    const told = await shop.run('run', '--yes')
    mustBlock(told, 'rows.refused', 'refuses 2 of 100 sampled rows', '1 are tolerated', '["7"]')
    expect(await shop.clean()).toBe(true)
    await shop.sql(
      "UPDATE orders SET status = 'on' WHERE id = 70; INSERT INTO orders SELECT i, 'on' FROM generate_series(101, 5000) i",
    )
    await shop.sql("UPDATE orders SET status = 'lost' WHERE id = 4900")
    const ended = await shop.run('run', '--yes')
    const says = [
      '2 rows of "public.orders" refused, 1 tolerated',
      '["4900"]',
      'FROM changeover.rejects',
      'changeover resume',
    ]
    mustSay(ended, 1, ...says)
    const kept = await shop.sql('SELECT key, reason FROM changeover.rejects ORDER BY key::text')
    expect(kept.map((each) => each['key'])).toEqual([['4900'], ['7']])
    await shop.sql("UPDATE orders SET status = 'off' WHERE status = 'lost'")
    mustEnd(await shop.run('resume'), 0)
    expect(await shop.sql('SELECT count(*)::int AS n FROM orders_v2')).toEqual([{ n: 5_000 }])
  })

  test('are tolerated where the plan says how many, and are named', async ({ shop }) => {
    await shop.sql(orders)
    shop.place.write('changeover.yaml', refusing(2))
    const ended = await shop.run('run', '--yes')
    mustSay(ended, 0, 'refused', '["7"]')
    expect(await shop.sql('SELECT count(*)::int AS n FROM orders_v2')).toEqual([{ n: 98 }])
    mustEnd(await shop.run('rollback', '--yes'), 5)
    expect(await shop.sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 100 }])
    expect(await shop.clean()).toBe(true)
  })
})
