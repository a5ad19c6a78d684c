import { fork } from 'node:child_process'
import { once } from 'node:events'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres, postgresDialect } from '../../../adapters/postgres/index.ts'
import type { Finding } from '../../../core/finding.ts'
import type { Json } from '../../../core/json.ts'
import type { Crew, Target, Writing } from '../../../core/kind.ts'
import { type CaseWorld, describeKind, type KindCase } from '../../../testing/kind-kit.ts'
import { databaseTemplate } from '../../../testing/database-template.ts'
import { type PostgresServer, postgresSources, startPostgres } from '../../../testing/postgres.ts'
import { dataTransform } from './index.ts'
import type { Work } from './work.ts'

const { found, missing } = postgresSources()
for (const [source, reason] of Object.entries(missing)) console.warn(`skipped: PostgreSQL "${source}": ${reason}`)

/** Every way a key and a column can be odd, in few rows. */
const setting = `
  CREATE TYPE mood AS ENUM ('sad', 'it''s "fine"');
  CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
  CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, active boolean NOT NULL, profile jsonb, created_at timestamptz NOT NULL);
  INSERT INTO users SELECT n, 'First' || n || ' Last' || n, n % 3 <> 0, jsonb_build_object('n', n, 'big', 12345678901234567890, 'tenth', 1.10),
    timestamptz '2024-05-06 07:08:09.123456+02' + n * interval '1 day' FROM generate_series(1, 60) n;
  CREATE TABLE users_v4 (id bigint PRIMARY KEY, first_name text, last_name text, status text NOT NULL, profile jsonb, created_at timestamptz NOT NULL);
  ALTER TABLE users ADD COLUMN consent_records jsonb, ADD COLUMN level int NOT NULL DEFAULT 1;
  CREATE TABLE "Order" ("user" uuid, "Weird ""key"" col" text COLLATE "C", "select" int, mood mood, mail email, PRIMARY KEY ("Weird ""key"" col", "user"));
  INSERT INTO "Order" SELECT md5(n::text)::uuid, E'k''\\\\' || (n % 4), n, (ARRAY['sad', 'it''s "fine"'])[1 + n % 2]::mood, n || '@x' FROM generate_series(1, 40) n;
  CREATE TABLE "Order 2" ("user" uuid, "Weird ""key"" col" text, "from" int, mood mood, mail email, PRIMARY KEY ("Weird ""key"" col", "user"));
  CREATE TABLE zoo (id int PRIMARY KEY, s smallint, b bigint, r real, d double precision, n numeric, n2 numeric(12, 3), t text, v varchar(9), c char(5), u uuid,
    j json, jb jsonb, day date, ts timestamp, tz timestamptz, by bytea, ints int[], grid int[], texts text[], mood mood, mail email, iv interval, box box, flag boolean);
  INSERT INTO zoo VALUES
    (1, -32768, -9223372036854775808, 0.1, 1e-300, 12345678901234567890.123456789, 1.5, 'ü€😀', 'nine char', 'ab', md5('a')::uuid, '{"a":1.10,"b":1e400}', '{"k": 12345678901234567890}',
     '0044-03-15 BC', '2024-02-29 23:59:59.999999', '1999-12-31 23:59:59.000001+00', '\\x00ff', '{1,NULL,3}', '{{1,2},{3,4}}', '{"a b",NULL,"\\"q\\""}', 'sad', 'a@b', '1 mon 2 days', '(1,2),(3,4)', true),
    (2, 32767, 9007199254740993, 'NaN', 'Infinity', 'NaN', -0.001, '', '', '', md5('b')::uuid, '[]', '"x"', 'infinity', '-infinity', 'infinity', '', '{}', '{}', '{}', 'it''s "fine"', 'c@d', '0', '(0,0),(0,0)', false),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 0, 0, -0.0, 3.141592653589793, 0.00001, 1000000, E'a\\nb', 'x', 'abcde', md5('c')::uuid, '-0.0', '1.50', '2000-01-01', '2000-01-01', '2000-01-01', '\\x01', '{0}', '{{0}}', '{x}', NULL, NULL, NULL, NULL, NULL);
  CREATE TABLE zoo_copy (LIKE zoo INCLUDING ALL);
  CREATE TABLE nokey (a int);
  CREATE TABLE nokey2 (a int);
  ANALYZE;
`

const names: Json = [
  { op: 'split', from: 'name', to: ['first_name', 'last_name'], separator: ' ' },
  {
    op: 'map',
    path: 'active',
    pairs: [
      [true, 'active'],
      [false, 'inactive'],
    ] as unknown as Json,
  },
  { op: 'rename', from: 'active', to: 'status' },
]
/** A function for the name, operations for the rest. */
const mixed: readonly Json[] = [
  { op: 'fn', ref: './x.ts#name', takes: ['name'], gives: ['first_name', 'last_name'] },
  ...(names as readonly Json[]).slice(1),
]
const consent: Json = [
  { op: 'object', to: 'consent_records', fields: { given: { from: 'active' }, at: { now: true } } },
]
const byFunction = (takes: readonly string[], gives: readonly string[], ref = './x.ts#f'): Json => [
  { op: 'fn', ref, takes, gives },
]
const zooColumns = 's b r d n n2 t v c u j jb day ts tz by ints grid texts mood mail iv box flag'.split(' ')

interface Users {
  readonly name: string
  readonly active: boolean
}
const functions: { readonly [reference: string]: unknown } = {
  './x.ts#f': {
    forward: ({ name, active }: Users) => ({
      first_name: name.split(' ')[0],
      last_name: name.split(' ')[1],
      status: active ? 'active' : 'inactive',
    }),
    backward: (b: { first_name: string; last_name: string; status: string }) => ({
      name: `${b.first_name} ${b.last_name}`,
      active: b.status === 'active',
    }),
  },
  './x.ts#name': {
    forward: ({ name }: Users) => ({ first_name: name.split(' ')[0], last_name: name.split(' ')[1] }),
    backward: (b: { first_name: string; last_name: string }) => ({ name: `${b.first_name} ${b.last_name}` }),
  },
  './x.ts#later': {
    forward: async ({ name, active }: Users) => ({
      first_name: name.split(' ')[0],
      last_name: name.split(' ')[1],
      status: active ? 'active' : 'inactive',
    }),
    backward: async () => ({}),
  },
  './x.ts#consent': {
    forward: ({ active }: Users) => ({ consent_records: { given: active } }),
    backward: (b: { consent_records: { given: boolean } }) => ({ active: b.consent_records.given }),
  },
  './x.ts#same': { forward: (row: object) => row, backward: (row: object) => row },
  './x.ts#picky': {
    forward: ({ name, active }: Users) => {
      if (name.startsWith('First7')) throw new Error(`secret ${name}`)
      return { first_name: name, last_name: null, status: active ? 'a' : 'b' }
    },
    backward: () => ({ name: '', active: true }),
  },
}
const load = (reference: string): Promise<unknown> => Promise.resolve(functions[reference])

describe.each(found)('data.transform on PostgreSQL (%s)', (source) => {
  let server: PostgresServer
  let fresh: () => Promise<{ readonly url: string; drop(): Promise<void> }>
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off', max_wal_senders: 0, wal_level: 'minimal' } })
    fresh = await databaseTemplate(server, setting)
  })
  afterAll(async () => {
    await server.stop()
  })

  async function open(): Promise<CaseWorld & { readonly url: string; readonly target: Target<'database'> }> {
    const database = await fresh()
    const who = { run: 'case-1', fence: 0, base: '/', signal: new AbortController().signal }
    const target = await postgres.open({ url: database.url, connections: 24 }, who)
    const all = async (table: string) =>
      (await target.read.rows(`SELECT to_jsonb(x)::text AS row FROM ${table} x ORDER BY 1`)).map((row) =>
        String(row.row),
      )
    return {
      url: database.url,
      target,
      targets: { database: target },
      tools: { database: postgresDialect },
      state: async () => ({
        users: (await all('users')).map(withoutMoment),
        v4: await all('users_v4'),
        order: await all('"Order 2"'),
      }),
      leftovers: async () =>
        (
          await target.read.rows(
            "SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace('changeover')",
          )
        ).map((row) => String(row.name)),
      close: async () => {
        await target.close()
        await database.drop()
      },
    }
  }

  const cases: readonly Omit<KindCase, 'world'>[] = [
    {
      name: 'a new table by SQL',
      kind: dataTransform,
      spec: { table: 'users', into: 'users_v4', lens: names, batchSize: 25, hands: 2 },
      most: 5,
    },
    {
      name: 'a new table by a function',
      kind: dataTransform,
      load,
      most: 5,
      spec: {
        table: 'users',
        into: 'users_v4',
        batchSize: 25,
        hands: 1,
        lens: byFunction(['name', 'active'], ['first_name', 'last_name', 'status']),
      },
    },
    {
      name: 'in place by SQL',
      kind: dataTransform,
      spec: { table: 'users', lens: consent, batchSize: 25, hands: 1 },
      most: 5,
    },
    {
      name: 'in place by a function',
      kind: dataTransform,
      load,
      most: 5,
      spec: {
        table: 'users',
        batchSize: 25,
        hands: 1,
        lens: byFunction(['active'], ['consent_records'], './x.ts#consent'),
      },
    },
    {
      name: 'a composite key with reserved words and quotes',
      kind: dataTransform,
      most: 5,
      spec: { table: 'Order', into: 'Order 2', batchSize: 7, lens: [{ op: 'rename', from: 'select', to: 'from' }] },
    },
  ]
  for (const each of cases) describeKind({ ...each, world: open }, { describe, it })

  /** Plans outside the kit; `path` overrides the choice. */
  async function plan(
    world: CaseWorld,
    spec: Json,
    path?: Work['path'],
  ): Promise<{ readonly work: Work; readonly findings: readonly Finding[] }> {
    const facts = { database: await (world.targets.database as Target<'database'>).observe() }
    const draft = dataTransform.plan(dataTransform.spec.parse(spec), {
      facts,
      tools: { database: postgresDialect },
      targets: { database: 'db' },
    })
    return { work: path === undefined ? draft.work : { ...draft.work, path }, findings: draft.findings ?? [] }
  }

  function context(world: CaseWorld, work: Work, loading = load): Writing<{ readonly database: 'database' }> {
    const quit = new AbortController()
    const at: Writing<{ readonly database: 'database' }> = {
      run: 'case-1',
      step: 'step',
      clock: {
        now: () => performance.now() + 1e12,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
      },
      signal: new AbortController().signal,
      quit: quit.signal,
      recall: () => undefined,
      load: loading,
      plan: { name: 'case', from: '1', to: '2' },
      on: { database: (world.targets.database as Target<'database'>).write },
      applied: null,
      approval: undefined,
      wishes: {},
      hire: (hands): Crew => {
        const all = Array.from(
          { length: hands },
          () => dataTransform.labour?.(work, { ...at, quit: quit.signal }) ?? Promise.resolve(),
        )
        const ended = Promise.all(all).then(() => undefined)
        ended.catch(() => undefined)
        return {
          ended,
          dismiss: async () => {
            quit.abort()
            await Promise.allSettled(all)
          },
        }
      },
    }
    return at
  }

  async function apply(world: CaseWorld, work: Work, loading = load): Promise<void> {
    for await (const _ of dataTransform.apply(work, context(world, work, loading), null)) void _
  }

  const rows = async (world: { readonly target: Target<'database'> }, text: string) => world.target.read.rows(text)

  it.each(['copy', 'join'] as const)(
    'carries every type through a function, over %s, to the last digit',
    async (path) => {
      const world = await open()
      const { work, findings } = await plan(world, {
        table: 'zoo',
        into: 'zoo_copy',
        lens: byFunction(zooColumns, zooColumns, './x.ts#same'),
      })
      expect(findings.filter((each) => each.level === 'block')).toEqual([])
      expect(work.path).toBe('join')
      // The binary form of an interval and a box is not known: without them all goes straight.
      const columns = zooColumns.filter((each) => path === 'join' || !['iv', 'box'].includes(each))
      const straight = await plan(world, {
        table: 'zoo',
        into: 'zoo_copy',
        lens: byFunction(columns, columns, './x.ts#same'),
      })
      expect(straight.work.path).toBe(path)
      await apply(world, straight.work)
      expect(
        await rows(
          world,
          'SELECT x::text AS a, y::text AS b FROM zoo x JOIN zoo_copy y USING (id) WHERE x::text IS DISTINCT FROM y::text',
        ),
      ).toEqual([])
      expect(
        (await dataTransform.verify?.(straight.work, context(world, straight.work)))?.map((each) => each.code),
      ).toEqual(['rows.equal'])
      await world.close()
    },
  )

  it('leaves columns that the lens does not touch as the bytes they came in', async () => {
    const world = await open()
    await world.target.write.run(`UPDATE zoo SET j = '{"a" :  null}', jb = 'null' WHERE id = 2`)
    const { work } = await plan(world, {
      table: 'zoo',
      into: 'zoo_copy',
      lens: byFunction(['flag'], ['flag'], './x.ts#same'),
    })
    expect([work.path, work.layout.passed.length]).toEqual(['copy', 24])
    await apply(world, work)
    const differing = 'SELECT x::text FROM zoo x FULL JOIN zoo_copy y USING (id) WHERE x::text IS DISTINCT FROM y::text'
    expect(await rows(world, differing)).toEqual([])
    await world.close()
  })

  it('does the same by SQL, by a function, by one that answers later, and merged', async () => {
    const results: unknown[] = []
    const lens = (ref: string) => byFunction(['name', 'active'], ['first_name', 'last_name', 'status'], ref)
    for (const [each, path] of [
      [names],
      [lens('./x.ts#f')],
      [lens('./x.ts#later')],
      [lens('./x.ts#f'), 'join'],
      [mixed],
    ] as const) {
      const world = await open()
      const { work } = await plan(world, { table: 'users', into: 'users_v4', lens: each, batchSize: 7 }, path)
      await apply(world, work)
      results.push(await rows(world, 'SELECT x::text FROM users_v4 x ORDER BY id'))
      await world.close()
    }
    expect(results[0]).toHaveLength(60)
    for (const each of results.slice(1)) expect(each).toEqual(results[0])
  })

  it('leaves to the server what it can do beside a function, and says so', async () => {
    const world = await open()
    const { work } = await plan(world, { table: 'users', into: 'users_v4', lens: mixed })
    expect([work.path, work.here, work.there]).toEqual(['join', [mixed[0]], mixed.slice(1)])
    await world.close()
  })

  it('moves a chunk again when a row was written between its reading and its writing', async () => {
    const world = await open()
    let calls = 0
    const meanwhile = async (): Promise<unknown> => ({
      async: true,
      forward: async ({ name }: Users) => {
        // Once, after the rows of the chunk were read.
        if (calls++ === 0)
          await world.target.write.run(`UPDATE users SET name = 'New Name', active = NOT active WHERE id = 5`)
        return { first_name: name.split(' ')[0], last_name: name.split(' ')[1] }
      },
      backward: async () => ({ name: '' }),
    })
    const { work } = await plan(world, { table: 'users', into: 'users_v4', lens: mixed })
    await apply(world, work, meanwhile)
    expect(await rows(world, 'SELECT first_name, last_name, status FROM users_v4 WHERE id = 5')).toEqual([
      { first_name: 'New', last_name: 'Name', status: 'inactive' },
    ])
    expect(await rows(world, 'SELECT count(*)::int AS n FROM users_v4')).toEqual([{ n: 60 }])
    expect(calls).toBe(120)
    await world.close()
  })

  it('refuses a table without a key, a missing column and an overwritten one, with the mend', async () => {
    const world = await open()
    const codes = async (spec: Json) =>
      (await plan(world, spec)).findings.filter((each) => each.level === 'block').map((each) => each.code)
    expect(await codes({ table: 'nokey', into: 'nokey2', lens: [] })).toEqual(['rows.no-key'])
    expect(await codes({ table: 'userz', into: 'users_v4', lens: [] })).toEqual(['rows.no-table'])
    expect(
      await codes({ table: 'users', into: 'users_v4', lens: [{ op: 'rename', from: 'name', to: 'nam' }] }),
    ).toContain('rows.no-column')
    expect(await codes({ table: 'users', lens: [{ op: 'map', path: 'name', table: { a: 'b' } }] })).toEqual([
      'rows.overwrites',
    ])
    expect(await codes({ table: 'users', into: 'zoo_copy', lens: [] })).toContain('rows.other-type')
    await world.close()
  })

  it('notes the rows that a lens refuses, fails when they are too many, and goes on after the mend', async () => {
    const world = await open()
    const lens = byFunction(['name', 'active'], ['first_name', 'last_name', 'status'], './x.ts#picky')
    const { work } = await plan(world, { table: 'users', into: 'users_v4', lens, batchSize: 5 })
    const error: unknown = await apply(world, work).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'rows.rejected' })
    expect(String((error as Error).message)).toContain('["7"]')
    const kept = await rows(world, 'SELECT key, reason FROM changeover.rejects')
    expect(kept).toEqual([{ key: ['7'], reason: 'Error was thrown by a function of the lens' }])
    expect(JSON.stringify([kept, String(error)])).not.toContain('secret')
    await apply(world, work, () => load('./x.ts#f'))
    expect(await rows(world, 'SELECT count(*)::int FROM users_v4')).toEqual([{ count: 60 }])
    expect(await rows(world, 'SELECT * FROM changeover.rejects')).toEqual([])
    await world.close()
  })

  it.each([
    ['by SQL', names],
    ['by a function', byFunction(['name', 'active'], ['first_name', 'last_name', 'status'])],
  ] as const)('finds the rows that the server refuses, %s, and tolerates as many as the plan says', async (_, lens) => {
    const world = await open()
    await world.target.write.run(`ALTER TABLE users_v4 ADD CHECK (first_name NOT IN ('First13', 'First44'))`)
    const { work } = await plan(world, { table: 'users', into: 'users_v4', lens, batchSize: 20, tolerate: 2 })
    await apply(world, work)
    expect(await rows(world, 'SELECT count(*)::int FROM users_v4')).toEqual([{ count: 58 }])
    const kept = await rows(world, 'SELECT key, reason FROM changeover.rejects ORDER BY key')
    expect(kept).toEqual([
      { key: ['13'], reason: 'a check of the table is not met ("users_v4_first_name_check") [23514]' },
      { key: ['44'], reason: 'a check of the table is not met ("users_v4_first_name_check") [23514]' },
    ])
    expect((await dataTransform.verify?.(work, context(world, work)))?.map((each) => each.code)).toEqual(['rows.equal'])
    await world.close()
  })

  it('leaves rows alone that a mirror wrote before, and deletes a row nobody keeps', async () => {
    for (const lens of [names, byFunction(['name', 'active'], ['first_name', 'last_name', 'status'])]) {
      const world = await open()
      await world.target.write.run(
        `INSERT INTO users_v4 SELECT id, 'newer', 'newer', 'active', profile, created_at FROM users WHERE id IN (3, 30)`,
      )
      const { work } = await plan(world, { table: 'users', into: 'users_v4', lens, batchSize: 10 })
      await apply(world, work)
      expect(await rows(world, `SELECT id::int FROM users_v4 WHERE first_name = 'newer' ORDER BY id`)).toEqual([
        { id: 3 },
        { id: 30 },
      ])
      expect(await rows(world, 'SELECT count(*)::int FROM users_v4')).toEqual([{ count: 60 }])
      const found = await dataTransform.verify?.(work, context(world, work))
      expect(found?.map((each) => each.code)).toEqual(['rows.differ'])
      await world.close()
    }
  })

  it('ends exact when one of three processes is killed', async () => {
    const world = await open()
    await world.target.write.run(
      `INSERT INTO users SELECT n, 'First' || n || ' Last' || n, true, '{}', now() FROM generate_series(61, 30000) n`,
    )
    const { work } = await plan(world, { table: 'users', into: 'users_v4', lens: names, batchSize: 100, hands: 1 })
    // The job is opened by `apply`, whose own hands are told to come later.
    const at = context(world, work)
    const opened = dataTransform.apply(work, at, null)[Symbol.asyncIterator]()
    await opened.next()
    const orders = JSON.stringify({ url: world.url, work })
    const hands = [1, 2, 3].map(() => fork(new URL('./hand.mjs', import.meta.url), [orders]))
    await Promise.all(hands.map((each) => once(each, 'message')))
    for (const each of hands) each.send('go')
    const ends = hands.map((each) => once(each, 'exit'))
    await enough(world.url, 20)
    hands[1]!.kill('SIGKILL')
    const [one, , three] = await Promise.all(ends)
    expect([one?.[0], three?.[0]]).toEqual([0, 0])
    expect(await rows(world, `SELECT count(*)::int, count(DISTINCT id)::int AS ids FROM users_v4`)).toEqual([
      { count: 30000, ids: 30000 },
    ])
    expect(await rows(world, `SELECT count(*)::int FROM changeover.chunks WHERE state <> 'done'`)).toEqual([
      { count: 0 },
    ])
    expect(await rows(world, `SELECT sum(rows)::int FROM changeover.chunks`)).toEqual([{ sum: 30000 }])
    expect((await dataTransform.verify?.(work, at))?.map((each) => each.code)).toEqual(['rows.equal'])
    await world.close()
  })

  it('loses no write and keeps no deleted row while clients write behind a mirror', async () => {
    const world = await open()
    await world.target.write.run(
      `INSERT INTO users SELECT n, 'First' || n || ' Last' || n, true, '{}', now() FROM generate_series(61, 4000) n`,
    )
    await world.target.write.run(mirror)
    const { work } = await plan(world, { table: 'users', into: 'users_v4', lens: names, batchSize: 50, hands: 2 })
    expect(work.live).toBe(true)
    let going = true
    const clients = [1, 2].map(async (seed) => {
      const client = new pg.Client({ connectionString: world.url })
      await client.connect()
      for (let n = seed * 7919; going; n += 7919) {
        const id = 1 + (n % 4000)
        if (n % 5 === 0) await client.query('DELETE FROM users WHERE id = $1', [id])
        else await client.query(`UPDATE users SET name = 'New' || $2 || ' Name' WHERE id = $1`, [id, String(n)])
        if (n % 11 === 0)
          await client.query(`INSERT INTO users VALUES ($1, 'A B', true, '{}', now()) ON CONFLICT DO NOTHING`, [
            5000 + (n % 4000),
          ])
      }
      await client.end()
    })
    await apply(world, work)
    going = false
    await Promise.all(clients)
    expect((await dataTransform.verify?.(work, context(world, work)))?.map((each) => each.code)).toEqual(['rows.equal'])
    await world.close()
  })

  it('waits with the reason where the signal of a throttle is lost', async () => {
    const world = await open()
    const { work } = await plan(world, { table: 'users', into: 'users_v4', lens: names, throttle: { lagMs: 1000 } })
    const marks = dataTransform.apply(work, context(world, work), null)[Symbol.asyncIterator]()
    let note: string | undefined
    for (let tries = 0; tries < 200 && note === undefined; tries++)
      note = ((await marks.next()).value as { note?: string } | undefined)?.note
    expect(note).toBe('waits: no replica is connected, so its lag is not known')
    await marks.return?.(null)
    expect(await rows(world, `SELECT state FROM changeover.jobs`)).toEqual([{ state: 'paused' }])
    expect(await rows(world, 'SELECT count(*)::int FROM users_v4')).toEqual([{ count: 0 }])
    await world.close()
  })
})

/** A moment of the run stands in what is compared: it differs from run to run. */
function withoutMoment(text: string): string {
  return text.replace(/"at": "[^"]*"/, '"at": "now"')
}

/** Waits until so many chunks are done. */
async function enough(url: string, chunks: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (;;) {
    const { rows } = await client.query<{ done: number }>(
      `SELECT count(*)::int AS done FROM changeover.chunks WHERE state = 'done'`,
    )
    if ((rows[0]?.done ?? 0) >= chunks) break
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await client.end()
}

/** What `data.mirror` does on one side, in few lines. */
const mirror = `
  CREATE FUNCTION mirror() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' THEN DELETE FROM users_v4 WHERE id = OLD.id; RETURN NULL; END IF;
    INSERT INTO users_v4 VALUES (NEW.id, split_part(NEW.name, ' ', 1), split_part(NEW.name, ' ', 2), CASE WHEN NEW.active THEN 'active' ELSE 'inactive' END, NEW.profile, NEW.created_at)
      ON CONFLICT (id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name, status = excluded.status;
    RETURN NULL;
  END $$;
  CREATE TRIGGER mirror AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW
    WHEN (current_setting('changeover.writer', true) IS DISTINCT FROM 'tool') EXECUTE FUNCTION mirror();
`
