import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isChangeoverError } from '../../core/errors.ts'
import type { Target } from '../../core/kind.ts'
import { type PostgresServer, postgresSources, startPostgres } from '../../testing/postgres.ts'
import { postgres } from './index.ts'

const sources = postgresSources()
for (const [source, why] of Object.entries(sources.missing)) console.warn(`skipped: PostgreSQL "${source}": ${why}`)

async function failure(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isChangeoverError(error)) throw error ?? new Error('nothing was thrown')
  return error
}

async function collect(bytes: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of bytes) parts.push(part)
  return Buffer.concat(parts).toString()
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

describe.each(sources.found)('the postgres adapter on the %s server', (source) => {
  let server: PostgresServer
  let target: Target<'database'>
  const opened: Target<'database'>[] = []

  async function open(
    more: { run?: string; fence?: number; url?: string; signal?: AbortSignal } = {},
  ): Promise<Target<'database'>> {
    const who = {
      run: more.run ?? 'run-1',
      fence: more.fence ?? 1,
      base: '/',
      signal: more.signal ?? new AbortController().signal,
    }
    const made = await postgres.open({ url: more.url ?? server.url() }, who)
    opened.push(made)
    return made
  }

  /** How many statements of a run sleep on the server. */
  async function sleepers(run: string): Promise<number> {
    const found = await target.read.rows(
      `SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'changeover/${run}/%' AND wait_event = 'PgSleep'`,
    )
    return found.length
  }

  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
    target = await open()
    await target.write.run(`CREATE TYPE mood AS ENUM ('sad', 'happy');
      CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'sad',
        at timestamptz, twice int GENERATED ALWAYS AS (2) STORED, price numeric(10, 2) CHECK (price > 0));
      CREATE TABLE orders (id serial PRIMARY KEY, person bigint REFERENCES people, doc jsonb DEFAULT '{}');
      CREATE UNIQUE INDEX people_name ON people (lower(name)) WHERE name <> '';
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
      CREATE TRIGGER noted BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION note();
      ALTER TABLE orders DISABLE TRIGGER noted;
      CREATE VIEW happy AS SELECT name FROM people WHERE mood = 'happy';
      CREATE SCHEMA changeover; CREATE TABLE changeover.own (a int)`)
  })
  afterAll(async () => {
    for (const each of opened) await each.close()
    await server?.stop()
  })

  it('observes structure and nothing else', async () => {
    const facts = await target.observe()
    expect(Object.keys(facts.tables)).toEqual(['public.orders', 'public.people'])
    expect(facts.tables['public.people']).toEqual({
      columns: {
        at: { type: 'timestamp with time zone', nullable: true, default: null, generated: null },
        id: { type: 'bigint', nullable: false, default: null, generated: 'GENERATED ALWAYS AS IDENTITY' },
        mood: { type: 'public.mood', nullable: true, default: "'sad'::public.mood", generated: null },
        name: { type: 'text', nullable: false, default: null, generated: null },
        price: { type: 'numeric(10,2)', nullable: true, default: null, generated: null },
        twice: { type: 'integer', nullable: true, default: null, generated: 'GENERATED ALWAYS AS (2) STORED' },
      },
      key: ['id'],
      indexes: {
        people_name: {
          definition:
            "CREATE UNIQUE INDEX people_name ON public.people USING btree (lower(name)) WHERE (name <> ''::text)",
          valid: true,
        },
        people_pkey: { definition: 'CREATE UNIQUE INDEX people_pkey ON public.people USING btree (id)', valid: true },
      },
      constraints: { people_pkey: 'PRIMARY KEY (id)', people_price_check: 'CHECK ((price > (0)::numeric))' },
      triggers: {},
    })
    expect(facts.tables['public.orders']?.triggers).toEqual({
      noted:
        'CREATE TRIGGER noted BEFORE INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION public.note() [disabled]',
    })
    expect(facts.types).toEqual({ 'public.mood': ['sad', 'happy'] })
    expect(Object.keys(facts.views)).toEqual(['public.happy'])
    expect(facts.functions).toEqual({ 'public.note()': expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(facts.sequences['public.orders_id_seq']).toMatch(
      /^AS integer START 1 INCREMENT 1 .* OWNED BY public.orders.id$/,
    )
    expect(Object.keys(facts.extensions)).toEqual(['plpgsql'])
  })

  it('observes rights, policies, comments, parts and options where a table has them', async () => {
    const scratch = await target.write.scratch()
    const other = await open({ url: server.url(scratch.name) })
    await scratch.db
      .run(`CREATE TABLE plain (id int); CREATE TABLE base (a int); CREATE TABLE derived (b int) INHERITS (base);
      CREATE TABLE events (at date, what text) PARTITION BY RANGE (at);
      CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') WITH (fillfactor = 70);
      GRANT SELECT, INSERT, UPDATE (what) ON events TO pg_monitor WITH GRANT OPTION; GRANT SELECT ON events TO PUBLIC;
      CREATE POLICY late ON events AS RESTRICTIVE FOR UPDATE TO pg_monitor USING (at > '2026-01-01') WITH CHECK (what <> '');
      ALTER TABLE events ENABLE ROW LEVEL SECURITY; ALTER TABLE base FORCE ROW LEVEL SECURITY;
      COMMENT ON TABLE events IS 'what came'; COMMENT ON COLUMN events.at IS 'when'`)
    const { tables } = await other.observe()
    const always = ['columns', 'key', 'indexes', 'constraints', 'triggers']
    const extras = Object.entries(tables).map(([name, facts]) => [
      name,
      Object.fromEntries(Object.entries(facts).filter(([field]) => !always.includes(field))),
    ])
    expect(Object.fromEntries(extras)).toEqual({
      'public.plain': {},
      'public.base': { rowSecurity: 'forced, but off' },
      'public.derived': { inherits: 'public.base' },
      'public.events': {
        rights: {
          PUBLIC: 'SELECT',
          pg_monitor: 'INSERT WITH GRANT OPTION, SELECT WITH GRANT OPTION, UPDATE (what) WITH GRANT OPTION',
        },
        policies: {
          late: "RESTRICTIVE FOR UPDATE TO pg_monitor USING ((at > '2026-01-01'::date)) WITH CHECK ((what <> ''::text))",
        },
        rowSecurity: 'on',
        comments: { '': 'what came', at: 'when' },
        partition: 'BY RANGE (at)',
      },
      'public.events_1': {
        partition: "OF public.events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        options: ['fillfactor=70'],
      },
    })
    await other.close()
    await scratch.drop()
  })

  it('has an identity that another database does not share', async () => {
    const other = await target.write.scratch()
    expect(await target.identity()).toMatch(/^postgres:\d+\/\d+\/postgres$/)
    const [size] = await other.db.rows('SELECT current_database() AS name')
    expect(size).toEqual({ name: other.name })
    await other.drop()
    expect(await target.read.rows('SELECT 1 FROM pg_database WHERE datname = $1', [other.name])).toEqual([])
  })

  it('loses nothing in values', async () => {
    const [row] = await target.read
      .rows(`SELECT 9007199254740993::int8 AS big, 1.10::numeric AS exact, true AS yes, NULL AS no, 1.5::float8 AS float,
      '2020-01-02 03:04:05.123456+02'::timestamptz AS at, '{"a": [1]}'::jsonb AS doc, ARRAY['a', NULL] AS list, '\\x00ff'::bytea AS bytes`)
    expect(row).toEqual({
      big: 9007199254740993n,
      exact: '1.10',
      yes: true,
      no: null,
      float: 1.5,
      at: '2020-01-02 01:04:05.123456+00',
      doc: { a: [1] },
      list: ['a', null],
      bytes: Buffer.from([0, 255]),
    })
  })

  it.each([
    ['a write', 'CREATE TABLE x (a int)', 'target.read-only'],
    ['a write hidden in a COMMIT', 'COMMIT; CREATE TABLE x (a int)', 'target.failed'],
    ['a way back to read and write', 'SET TRANSACTION READ WRITE', 'target.failed'],
  ])('refuses %s to a reader', async (_, text, code) => {
    expect((await failure(target.read.rows(text))).code).toBe(code)
  })

  it('takes back a setting that a reader made to last', async () => {
    await target.read.rows("SELECT set_config('default_transaction_read_only', 'off', false)")
    expect((await failure(target.read.rows('CREATE TABLE x (a int)'))).code).toBe('target.read-only')
    expect((await failure(target.read.snapshot((at) => at.rows('INSERT INTO people (name) VALUES (1)')))).code).toBe(
      'target.read-only',
    )
  })

  it('keeps a snapshot while others write', async () => {
    const counts = await target.read.snapshot(async (at) => {
      const before = await at.rows('SELECT count(*) AS n FROM people')
      await target.write.run("INSERT INTO people (name) VALUES ('later')")
      return [before, await at.rows('SELECT count(*) AS n FROM people')]
    })
    expect(counts[0]).toEqual(counts[1])
  })

  it('copies out and in', async () => {
    await target.write.run('CREATE TABLE numbers (a int, b text)')
    const rows = Array.from({ length: 50_000 }, (_, i) => `${i}\tline ${i}\n`)
    const taken = await target.write.transaction((tx) => tx.copyIn('COPY numbers FROM STDIN', chunks(...rows)))
    expect(taken).toBe(50_000)
    const out = await target.read.snapshot((at) =>
      collect(at.copyOut('COPY (SELECT * FROM numbers ORDER BY a) TO STDOUT')),
    )
    expect(out).toBe(rows.join(''))
  })

  it('takes nothing of a COPY that fails, on either side, and the connection stays usable', async () => {
    const before = await target.read.rows('SELECT count(*) AS n FROM numbers')
    const bad = target.write.transaction((tx) =>
      tx.copyIn('COPY numbers FROM STDIN', chunks('1\tok\n', 'no number\tx\n', '2\tok\n')),
    )
    expect(await failure(bad)).toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('invalid input syntax for type integer'),
    })
    async function* breaks(): AsyncGenerator<Buffer> {
      yield Buffer.from('1\tok\n')
      throw new Error('the source broke')
    }
    await expect(target.write.transaction((tx) => tx.copyIn('COPY numbers FROM STDIN', breaks()))).rejects.toThrow(
      'the source broke',
    )
    expect(await target.read.rows('SELECT count(*) AS n FROM numbers')).toEqual(before)
  })

  it('gives up a connection whose COPY was left before its end', async () => {
    const first = await target.read.snapshot(async (at) => {
      for await (const chunk of at.copyOut('COPY (SELECT generate_series(1, 10000000)) TO STDOUT')) return chunk.length
      return 0
    })
    expect(first).toBeGreaterThan(0)
    expect(await target.read.rows('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('refuses a second statement beside a running COPY instead of waiting for ever', async () => {
    const asked = target.read.snapshot(async (at) => {
      for await (const _ of at.copyOut('COPY (SELECT generate_series(1, 100000)) TO STDOUT')) await at.rows('SELECT 1')
    })
    expect((await failure(asked)).message).toContain('while a COPY runs')
  })

  it('names who holds the lock', async () => {
    const other = await open({ run: 'the-other' })
    const held = other.write.transaction(async (tx) => {
      await tx.run("LOCK TABLE people; SELECT 'secret'")
      const error = await failure(target.write.run('ALTER TABLE people ADD COLUMN x int', undefined, { lockMs: 200 }))
      expect(error.code).toBe('target.lock')
      expect(error.message).toContain('"ALTER TABLE people ADD COLUMN x int"')
      expect(error.message).toMatch(/pid \d+ \("changeover\/the-other\/1", idle in transaction since 20\d\d-/)
      expect(error.message).not.toContain('secret')
    })
    await held
  })

  it('gives no lock more than 500 ms where no limit is named', async () => {
    await target.write.transaction(async (tx) => {
      await tx.run('LOCK TABLE people')
      const start = performance.now()
      expect((await failure(target.write.transaction((second) => second.run('LOCK TABLE people')))).code).toBe(
        'target.lock',
      )
      expect(performance.now() - start).toBeGreaterThan(450)
    })
  })

  it('ends a statement at its limit', async () => {
    expect((await failure(target.write.run('SELECT pg_sleep(5)', undefined, { statementMs: 50 }))).message).toContain(
      'statement timeout',
    )
    const one = await open({ run: 'limits' })
    const limited = one.write.run('SELECT pg_sleep(0)', undefined, { statementMs: 500 })
    expect(await limited).toBe(1)
    expect(await one.write.transaction((tx) => tx.run('SELECT pg_sleep(0.6)'))).toBe(1)
    expect((await one.read.rows('SELECT pg_sleep(0.6)')).length).toBe(1)
    expect(await one.write.run('SELECT pg_sleep(0.6)')).toBe(1)
  })

  it('hands no setting of one user to the next', async () => {
    const one = await open({ run: 'settings' })
    const seen = async () =>
      (await one.read.rows("SELECT pg_backend_pid() AS pid, current_setting('search_path') AS path"))[0]
    const before = await seen()
    await one.write.transaction((tx) => tx.run("SET LOCAL search_path = 'a'; SELECT 1"))
    expect(await seen()).toEqual(before)
    await one.write.transaction((tx) => tx.run("SET search_path = 'a'; SELECT 1"))
    expect((await seen())?.['path']).toBe(before?.['path'])
    await one.write.run("SET search_path = 'a'")
    expect((await seen())?.['path']).toBe(before?.['path'])
  })

  it('does not commit what a swallowed error has ended', async () => {
    const work = target.write.transaction(async (tx) => {
      await tx.run("INSERT INTO people (name) VALUES ('lost')")
      await tx.run('SELECT 1 / 0').catch(() => undefined)
    })
    expect((await failure(work)).message).toContain('cannot be committed')
  })

  it('creates an index outside a transaction block', async () => {
    await target.write.run('CREATE INDEX CONCURRENTLY numbers_a ON numbers (a)')
    expect((await target.observe()).tables['public.numbers']?.indexes['numbers_a']?.valid).toBe(true)
  })

  it('stops a statement on the server when the signal is aborted', async () => {
    const stop = new AbortController()
    const stopped = await open({ run: 'stopped', signal: stop.signal })
    const reason = new Error('stop')
    const sleeping = expect(stopped.write.transaction((tx) => tx.run('SELECT pg_sleep(600)'))).rejects.toBe(reason)
    await expect.poll(() => sleepers('stopped')).toBe(1)
    stop.abort(reason)
    await sleeping
    await expect(stopped.read.rows('SELECT 1')).rejects.toBe(reason)
    await expect.poll(() => sleepers('stopped')).toBe(0)
  })

  it('names the right that is missing, the account that is refused, and no password', async () => {
    await target.write.run("CREATE ROLE guest LOGIN PASSWORD 'hidden-word'")
    const url = server.url().replace('postgres@', 'guest:hidden-word@')
    const guest = await open({ url, run: 'guest' })
    const denied = await failure(guest.write.run('SELECT * FROM people'))
    expect(denied).toMatchObject({ code: 'target.rights', help: 'grant it: GRANT SELECT ON people TO "guest"' })
    const owner = await failure(guest.write.run('ALTER TABLE people ADD COLUMN x int'))
    expect(owner.help).toBe('run as the owner, or: ALTER TABLE people OWNER TO "guest"')
    const outside = await open({
      url: server.url('template1').replace('postgres@', 'guest:hidden-word@'),
      run: 'guest',
    })
    expect((await failure(outside.fence())).help).toBe('grant it: GRANT CREATE ON DATABASE template1 TO "guest"')
    const nobody = await open({ url: server.url().replace('postgres@', 'nobody:hidden-word@'), run: 'nobody' })
    const refused = await failure(nobody.read.rows('SELECT 1'))
    expect(refused.code).toBe('target.rights')
    expect(JSON.stringify([refused.message, refused.help, refused.data])).not.toContain('hidden-word')
  })

  it('says where nobody answers', async () => {
    const nowhere = await open({ url: 'postgres://u:hidden-word@127.0.0.1:1/db', run: 'nowhere' })
    const error = await failure(nowhere.read.rows('SELECT 1'))
    expect(error).toMatchObject({
      code: 'target.unreachable',
      message: expect.stringContaining('"127.0.0.1:1/db" does not answer'),
    })
    const missing = await open({ url: server.url('absent'), run: 'nowhere' })
    expect((await failure(missing.read.rows('SELECT 1'))).message).toContain('"absent"')
  })

  it('lets nobody wait for ever for a connection that cannot be opened', async () => {
    const nowhere = await open({ url: 'postgres://u@127.0.0.1:1/db', run: 'nowhere' })
    const all = await Promise.all(Array.from({ length: 40 }, () => failure(nowhere.read.rows('SELECT 1'))))
    expect(new Set(all.map((each) => each.code))).toEqual(new Set(['target.unreachable']))
  })

  it('bars an older runner of the same run, in the middle of what it does', async () => {
    const older = await open({ run: 'fenced', fence: 1 })
    await older.fence()
    await older.write.run("INSERT INTO people (name) VALUES ('older')")
    const sleeping = failure(older.write.transaction((tx) => tx.run('SELECT pg_sleep(600)')))
    await expect.poll(() => sleepers('fenced')).toBe(1)
    const newer = await open({ run: 'fenced', fence: 2 })
    await newer.fence()
    expect((await sleeping).code).toBe('target.unreachable')
    expect((await failure(older.write.run("INSERT INTO people (name) VALUES ('stalled')"))).code).toBe('target.fenced')
    expect((await failure(older.write.transaction((tx) => tx.run('SELECT 1')))).code).toBe('target.fenced')
    expect((await failure(older.fence())).code).toBe('target.fenced')
    await newer.write.run("INSERT INTO people (name) VALUES ('newer')")
    expect(await target.write.run("INSERT INTO people (name) VALUES ('another run')")).toBe(1)
  })

  it('lets one runner have two targets in one database', async () => {
    const one = await open({ run: 'twice', fence: 3 })
    const two = await open({ run: 'twice', fence: 3 })
    await one.fence()
    await two.fence()
    expect(await Promise.all([one.write.run('SELECT 1'), two.write.run('SELECT 1')])).toEqual([1, 1])
  })

  it('dumps and restores where a program fits the server', async () => {
    const dumper = await target.read.dumper()
    if (!dumper) {
      console.warn(`skipped: no pg_dump here is as new as server ${server.version}`)
      return
    }
    const scratch = await target.write.scratch()
    await target.write.run("INSERT INTO orders (person) SELECT id FROM people WHERE name = 'newer'")
    await dumper.restore(dumper.dump(['public.orders']), scratch.name)
    const [kept] = await scratch.db.rows(
      'SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) > 0 FROM people) AS people, (SELECT count(*) FROM numbers) AS numbers',
    )
    expect(kept).toEqual({ orders: 1n, people: true, numbers: 0n })
    await scratch.drop()
    async function* rubbish(): AsyncGenerator<Buffer> {
      for (let i = 0; i < 100; i++) yield Buffer.alloc(65536, 'x')
    }
    expect((await failure(dumper.restore(rubbish(), 'postgres'))).message).toContain('pg_restore failed')
  })
})
