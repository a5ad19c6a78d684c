/** Databases that cannot be used as the plan wants, with the real command: what is said, that nothing is lost, and that `resume` goes on. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../src/testing/index.ts'
import type { Ended } from '../cli/command.ts'
import { plan, type Shop, shops } from './shop.ts'

let server: PostgresServer
let makeShop: () => Promise<Shop>
let shop: Shop
beforeAll(async () => {
  server = await startPostgres()
  makeShop = await shops(server)
})
afterAll(() => server?.stop())
beforeEach(async () => {
  shop = await makeShop()
})
afterEach(() => shop?.remove())

function mustSay(ended: Ended, exit: number, code: string, ...says: readonly string[]): void {
  for (const each of [...says, code]) expect(ended.err).toContain(each)
  expect(ended.err).toContain('→')
  expect(ended.err).not.toMatch(/^ {4}at /m)
  expect(ended.code).toBe(exit)
}

async function goesOn(): Promise<void> {
  const ended = await shop.run('resume')
  expect([ended.code, ended.code === 0 ? '' : ended.err]).toEqual([0, ''])
  expect(await shop.filled()).toBe('whole')
  expect((await shop.run('rollback', '--yes')).code).toBe(5)
  expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
}

describe('a database that cannot be reached', () => {
  test.each([
    ['no server', 'postgres://u:geheim99@127.0.0.1:1/x', 'target.unreachable', 'ECONNREFUSED'],
    ['no host', 'postgres://u:geheim99@no-such-host.invalid/x', 'target.unreachable', 'no-such-host.invalid'],
    ['another kind of address', 'mysql://u:geheim99@h/x', 'plan.invalid', 'postgres://'],
    ['an address that is none', 'postgres://u:geheim99@:h:x/x', 'plan.invalid', 'cannot be read'],
  ])('%s', async (_what, url, code, says) => {
    const ended = await shop.as({ DATABASE_URL: url })('run', '--yes')
    mustSay(ended, 1, code, says)
    expect(`${ended.out}${ended.err}${shop.files()}`).not.toContain('geheim99')
    expect((await shop.run('status')).err).toContain('run.not-found')
  })

  test('no database of that name', async () => {
    mustSay(
      await shop.as({ DATABASE_URL: `${shop.url}_nope` })('run', '--yes'),
      1,
      'target.unreachable',
      'does not exist',
    )
  })
})

test('a database that is read-only is said so before a run is opened', async () => {
  await shop.sql(
    'DO $$ BEGIN EXECUTE format($f$ALTER DATABASE %I SET default_transaction_read_only = on$f$, current_database()); END $$',
  )
  mustSay(await shop.run('run', '--yes'), 3, 'target.read-only', 'default_transaction_read_only')
  expect((await shop.run('status')).err).toContain('run.not-found')
})

test('a database that becomes read-only while a run is paused: the run waits and goes on', async () => {
  expect((await shop.run('run', '--yes', '--until', 'column')).code).toBe(0)
  const name = new URL(shop.url).pathname.slice(1)
  await shop.sql(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`)
  mustSay(await shop.run('resume'), 1, 'target.read-only', 'does not take writes')
  expect((await shop.run('status')).out).toContain('paused')
  await shop.sql(`ALTER DATABASE "${name}" RESET default_transaction_read_only`)
  await goesOn()
})

describe('an account without rights', () => {
  test('to make the schema of the tool', async () => {
    await shop.sql("CREATE ROLE reader_a LOGIN PASSWORD 'geheimwort'; GRANT SELECT ON users TO reader_a")
    const url = shop.url.replace('postgres@', 'reader_a:geheimwort@')
    const ended = await shop.as({ DATABASE_URL: url })('run', '--yes')
    mustSay(ended, 3, 'target.rights', 'GRANT CREATE ON DATABASE')
    expect((await shop.run('status')).err).toContain('run.not-found')
    expect(`${ended.out}${ended.err}${shop.files()}`).not.toContain('geheimwort')
  })

  test('to change the table: the run waits for the grant, and goes on', async () => {
    const name = new URL(shop.url).pathname.slice(1)
    await shop.sql(
      `CREATE ROLE writer_a LOGIN; GRANT SELECT, UPDATE ON users TO writer_a; GRANT CREATE ON DATABASE "${name}" TO writer_a`,
    )
    const url = shop.url.replace('postgres@', 'writer_a@')
    mustSay(await shop.as({ DATABASE_URL: url })('run', '--yes'), 1, 'target.rights', 'must be owner of table users')
    expect((await shop.run('status')).out).toMatch(/failed|paused/)
    await shop.sql('ALTER TABLE users OWNER TO writer_a')
    const again = await shop.as({ DATABASE_URL: url })('resume')
    expect([again.code, again.code === 0 ? '' : again.err]).toEqual([0, ''])
    expect(await shop.filled()).toBe('whole')
  })
})

test('another database, or another server, than the run was opened on is refused and left alone', async () => {
  expect((await shop.run('run', '--yes', '--until', 'column')).code).toBe(0)
  const other = await makeShop()
  mustSay(
    await shop.as({ DATABASE_URL: other.url })('resume'),
    1,
    'target.wrong',
    'was opened on',
    new URL(shop.url).pathname.slice(1),
  )
  expect([await other.filled(), await other.clean()]).toEqual(['none', true])
  other.remove()
  const twin = await startPostgres()
  try {
    mustSay(await shop.as({ DATABASE_URL: twin.url('postgres') })('resume'), 1, 'target.wrong', 'was opened on')
  } finally {
    await twin.stop()
  }
  expect((await shop.run('status')).code).toBe(0)
  await goesOn()
})

test(
  'a lock that is not obtained: who holds it is named, and the run goes on when it is free',
  { timeout: 60_000 },
  async () => {
    shop.place.write('changeover.yaml', plan.replace('type: text }] }', 'type: text }], lockMs: 200, retries: 1 }'))
    const pg = (await import('pg')).default
    const holder = new pg.Client({ connectionString: shop.url, application_name: 'nightly-report' })
    await holder.connect()
    try {
      await holder.query('BEGIN; LOCK TABLE users IN ACCESS SHARE MODE')
      const ended = await shop.run('run', '--yes')
      mustSay(ended, 1, 'target.lock', 'nightly-report', 'pg_terminate_backend')
    } finally {
      await holder.end()
    }
    await goesOn()
  },
)

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
  beforeEach(() =>
    shop.sql(`
      CREATE TABLE orders (id int PRIMARY KEY, status text);
      CREATE TABLE orders_v2 (id int PRIMARY KEY, status text);
      INSERT INTO orders SELECT i, CASE WHEN i IN (7, 70) THEN 'lost' ELSE 'on' END FROM generate_series(1, 100) AS i`),
  )

  test('stand in the list of rejects with the reason; nothing is lost, and the run goes on after the mend', async () => {
    shop.place.write('changeover.yaml', refusing(1).replace('to: "2"', 'to: "2"\nonFailure: pause'))
    const told = await shop.run('run', '--yes')
    for (const says of ['refuses 2 of 100 sampled rows', '1 are tolerated', '["7"]']) expect(told.err).toContain(says)
    expect([told.code, await shop.clean()]).toEqual([3, true])
    await shop.sql(
      "UPDATE orders SET status = 'on' WHERE id = 70; INSERT INTO orders SELECT i, 'on' FROM generate_series(101, 5000) i",
    )
    await shop.sql("UPDATE orders SET status = 'lost' WHERE id = 4900")
    const ended = await shop.run('run', '--yes')
    for (const says of ['2 rows of "public.orders" refused, 1 tolerated', '["4900"]', 'FROM changeover.rejects'])
      expect(`${ended.out}${ended.err}`).toContain(says)
    expect(ended.code).toBe(1)
    const kept = await shop.sql('SELECT key, reason FROM changeover.rejects ORDER BY key::text')
    expect(kept.map((each) => each['key'])).toEqual([['4900'], ['7']])
    await shop.sql("UPDATE orders SET status = 'off' WHERE status = 'lost'")
    const again = await shop.run('resume')
    expect([again.code, again.code === 0 ? '' : again.out + again.err]).toEqual([0, ''])
    expect(await shop.sql('SELECT count(*)::int AS n FROM orders_v2')).toEqual([{ n: 5_000 }])
  })

  test('are tolerated where the plan says how many, and are named', async () => {
    shop.place.write('changeover.yaml', refusing(2))
    const ended = await shop.run('run', '--yes')
    expect([ended.code, ended.code === 0 ? '' : ended.out + ended.err]).toEqual([0, ''])
    expect(ended.out).toContain('refused')
    expect(await shop.sql('SELECT count(*)::int AS n FROM orders_v2')).toEqual([{ n: 98 }])
    expect((await shop.run('rollback', '--yes')).code).toBe(5)
    expect(await shop.sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 100 }])
    expect(await shop.clean()).toBe(true)
  })
})
