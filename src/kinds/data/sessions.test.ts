/** Writers as they come: sessions with other settings, other rights, other search paths; accounts that row security binds. */
import pg from 'pg'
import { expect, it } from 'vitest'
import { type Bench, openBench } from '../../../test/moves.ts'
import { onEveryPostgres } from '../../../test/postgres.ts'
import type { Json } from '../../core/json.ts'
import { dataMirror } from './mirror/index.ts'
import { dataTransform } from './transform/index.ts'

/** Every type whose text depends on the session, as a key or beside one. */
const rooms = `
  CREATE TABLE rooms (at timestamptz, day date, PRIMARY KEY (at, day), f float8, r real, b bytea, i interval, cash money, doc json, xs int[], t text, n int);
  CREATE TABLE rooms_v4 (at timestamptz, day date, PRIMARY KEY (at, day), f float8, r real, b bytea, i interval, cash money, doc json, xs int[], title text, n int);
  INSERT INTO rooms VALUES ('2024-03-04 05:06:07.123456+00', '2024-05-06', 0.1::float8 + 0.2::float8, 1.1::real / 3, '\\x005c27ff', '-1 mon +2 days -03:04:05.678', 12.34, '{"a" : "\\u0000", "a":1}', '[0:1]={1,2}', 'one', 1),
    ('2024-04-03 22:00:00+00', '2024-06-05', 1e-300, 3.4e38, '', '1 year -1 day', -1, '[]', '{}', 'two', 2)`
const asRow = [
  {
    op: 'object',
    to: 'doc2',
    fields: { at: { from: 'at' }, f: { from: 'f' }, r: { from: 'r' }, title: { from: 't' } },
  },
]
const settings = [
  `SET DateStyle = 'SQL, DMY'; SET TimeZone = 'America/St_Johns'; SET IntervalStyle = 'sql_standard'; SET bytea_output = 'escape'; SET extra_float_digits = -3`,
  `SET standard_conforming_strings = off; SET escape_string_warning = off; SET DateStyle = 'German'; SET TimeZone = 'Asia/Kolkata'; SET transform_null_equals = on; SET IntervalStyle = 'iso_8601'`,
  `CREATE SCHEMA IF NOT EXISTS odd; SET search_path = odd, pg_catalog, public`,
]

onEveryPostgres('writers as they come', (server) => {
  const inBench = async (fill: string, body: (bench: Bench) => Promise<void>, options = {}): Promise<void> => {
    const bench = await openBench(server, fill, options)
    try {
      await body(bench)
    } finally {
      await bench.close()
    }
  }
  const asClient = async (bench: Bench, text: string, user?: string): Promise<void> => {
    const client = new pg.Client(user === undefined ? bench.url : bench.url.replace(/\/\/[^@]*@/, `//${user}@`))
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
  const stand = async (bench: Bench, spec: Json, load?: unknown) => {
    const mirror = await bench.plan(dataMirror, spec, load)
    expect(mirror.found.filter((each) => each.startsWith('block'))).toEqual([])
    await mirror.apply()
    const transform = await bench.plan(dataTransform, spec, load)
    expect(transform.found.filter((each) => each.startsWith('block'))).toEqual([])
    await transform.apply()
    return { mirror, transform }
  }

  it.each(settings)('carries between tables what a session writes with: %s', async (set) => {
    await inBench(rooms, async (bench) => {
      const { mirror } = await stand(bench, {
        table: 'rooms',
        into: 'rooms_v4',
        lens: [{ op: 'rename', from: 't', to: 'title' }],
      })
      await asClient(bench, `${set}; UPDATE rooms SET n = n + 10; UPDATE rooms_v4 SET title = title || '!' `)
      // Noted by one session, met by another: the key must read the same.
      const other = new pg.Client(bench.url)
      await other.connect()
      await other.query(`BEGIN; SELECT FROM rooms WHERE n = 11 FOR UPDATE`)
      await asClient(bench, `${set}; UPDATE rooms_v4 SET title = 'noted' WHERE n = 11`)
      await other.query(`UPDATE rooms SET n = 12 WHERE n = 11; COMMIT`)
      await other.end()
      expect(await bench.all('SELECT n, t FROM rooms')).toEqual(['(12,noted)', '(12,two!)'])
      await mirror.rollback()
      expect(await bench.all('SELECT * FROM rooms')).toEqual(await bench.all('SELECT * FROM rooms_v4'))
      expect(await bench.all('SELECT n, t, doc, f = 0.1::float8 + 0.2::float8 FROM rooms')).toEqual([
        `(12,noted,"{""a"" : ""\\\\u0000"", ""a"":1}",t)`,
        '(12,two!,[],f)',
      ])
    })
  })

  it.each(settings)('keeps one row in step whatever the session has set: %s', async (set) => {
    await inBench(`${rooms}; ALTER TABLE rooms ADD doc2 jsonb`, async (bench) => {
      const { mirror } = await stand(bench, { table: 'rooms', lens: asRow })
      const before = await bench.all(`SELECT doc2 FROM rooms`)
      await asClient(
        bench,
        `${set}; UPDATE rooms SET n = n + 1, t = t || ''; UPDATE rooms SET t = 'x'; UPDATE rooms SET doc2 = jsonb_set(doc2, '{title}', '"one"') WHERE n = 2; UPDATE rooms SET t = 'two' WHERE n = 3`,
      )
      expect(await bench.all(`SELECT doc2 FROM rooms`)).toEqual(before)
      expect((await mirror.verify()).map(({ code }) => code)).toEqual(['mirror.in-step'])
    })
  })

  it.each(settings)('hands a worker what a session writes with: %s', async (set) => {
    await inBench(
      `${rooms}; ALTER TABLE rooms ADD title text; CREATE EXTENSION IF NOT EXISTS hstore; ALTER TABLE rooms ADD h hstore DEFAULT 'a=>1'`,
      async (bench) => {
        const lens = [{ op: 'fn', ref: './x.ts#t', takes: ['t', 'doc', 'i', 'b', 'xs', 'f'], gives: ['title'] }]
        const load = {
          forward: ({ t }: { t: string }) => ({ title: t }),
          backward: ({ title }: { title: string }, was?: object) => ({ ...was, t: title }),
        }
        const { mirror } = await stand(bench, { table: 'rooms', lens }, load)
        const before = await bench.all(`SELECT at, day, f, r, b, i, cash, doc, xs FROM rooms`)
        await asClient(
          bench,
          `${set}; UPDATE rooms SET title = 'new' WHERE n = 1; UPDATE rooms SET t = 'old' WHERE n = 2; UPDATE rooms SET n = n + 10`,
        )
        await mirror.rollback()
        expect(await bench.all('SELECT n, t, title FROM rooms')).toEqual(['(11,new,new)', '(12,old,old)'])
        expect(await bench.all(`SELECT at, day, f, r, b, i, cash, doc, xs FROM rooms`)).toEqual(before)
      },
    )
  })

  it('carries what a session writes that plays a replica', async () => {
    await inBench(rooms, async (bench) => {
      const { mirror } = await stand(bench, {
        table: 'rooms',
        into: 'rooms_v4',
        lens: [{ op: 'rename', from: 't', to: 'title' }],
      })
      await asClient(
        bench,
        `SET session_replication_role = replica; UPDATE rooms SET t = 'r'; DELETE FROM rooms_v4 WHERE n = 2`,
      )
      expect(await bench.all('SELECT title, n FROM rooms_v4')).toEqual(['(r,1)'])
      expect(await bench.all('SELECT t, n FROM rooms')).toEqual(['(r,1)'])
      expect((await mirror.verify()).map(({ code }) => code)).toEqual(['mirror.in-step'])
    })
  })

  it('says that a mirror stands no more where its trigger is disabled', async () => {
    await inBench(rooms, async (bench) => {
      const { mirror } = await stand(bench, {
        table: 'rooms',
        into: 'rooms_v4',
        lens: [{ op: 'rename', from: 't', to: 'title' }],
      })
      await bench.db.query('ALTER TABLE rooms DISABLE TRIGGER ALL')
      expect((await mirror.verify()).map(({ level, code }) => `${level} ${code}`)).toEqual(['block mirror.disabled'])
    })
  })

  it('needs no right of a writer on the other table', async () => {
    const writers = `${rooms}; CREATE ROLE writer_old LOGIN; GRANT SELECT, UPDATE ON rooms TO writer_old; REVOKE ALL ON SCHEMA public FROM public; GRANT USAGE ON SCHEMA public TO writer_old`
    await inBench(writers, async (bench) => {
      await stand(bench, { table: 'rooms', into: 'rooms_v4', lens: [{ op: 'rename', from: 't', to: 'title' }] })
      await asClient(bench, `UPDATE rooms SET t = 'w'`, 'writer_old')
      expect(await bench.all('SELECT title FROM rooms_v4')).toEqual(['(w)', '(w)'])
      await bench.db.query('DROP OWNED BY writer_old; DROP ROLE writer_old')
    })
  })

  it('moves no part of a table whose rows are hidden from its account', async () => {
    const hidden = `CREATE ROLE mover LOGIN CREATEROLE; ALTER SCHEMA public OWNER TO mover; DO $$BEGIN EXECUTE 'GRANT CREATE ON DATABASE ' || quote_ident(current_database()) || ' TO mover'; END$$;
      SET ROLE mover; CREATE TABLE own (id int PRIMARY KEY, a text); CREATE TABLE own_v4 (id int PRIMARY KEY, b text);
      INSERT INTO own SELECT g, 'a' FROM generate_series(1, 9) g; ALTER TABLE own ENABLE ROW LEVEL SECURITY; ALTER TABLE own FORCE ROW LEVEL SECURITY;
      CREATE POLICY few ON own USING (id <= 3); RESET ROLE`
    await inBench(
      hidden,
      async (bench) => {
        const transform = await bench.plan(dataTransform, {
          table: 'own',
          into: 'own_v4',
          lens: [{ op: 'rename', from: 'a', to: 'b' }],
        })
        expect((await transform.check()).flatMap(({ level, code }) => (level === 'block' ? [code] : []))).toEqual([
          'rows.hidden',
        ])
        await expect(transform.apply()).rejects.toThrow('row-level security')
        expect(await bench.all('SELECT id FROM own_v4')).toEqual([])
      },
      { account: 'mover' },
    ).finally(() => server.admin('DROP ROLE mover'))
  })
})
