import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres, postgresDialect } from '../../adapters/postgres/index.ts'
import type { Json } from '../../core/json.ts'
import { describeKind, type KindCase } from '../../testing/kind-kit.ts'
import { postgresSources, type PostgresServer, startPostgres } from '../../testing/postgres.ts'
import { dataMirror } from './mirror.ts'
import type { MirrorWork } from './mirror-spec.ts'

const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing)) console.warn(`no PostgreSQL of ${source}: ${why}`)

const users = `
  CREATE TABLE users (id int PRIMARY KEY, email text, consent_given boolean NOT NULL DEFAULT false, consent_records jsonb, touched int DEFAULT 0);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := coalesce(NEW.touched, 0) + 1; RETURN NEW; END';
  CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
  INSERT INTO users (id, consent_given) SELECT g, g % 2 = 0 FROM generate_series(1, 50) g`

const consent = [
  {
    op: 'object',
    to: 'consent_records',
    fields: {
      version: { constant: '4.0' },
      consentGiven: { from: 'consent_given' },
      timestamp: { now: true },
      scope: { constant: ['federated_learning'] },
    },
  },
]

const places = `
  CREATE TABLE places (id int PRIMARY KEY, name text, town text, cents bigint);
  CREATE TABLE places_v4 (place int PRIMARY KEY, title text NOT NULL, cents bigint, place_town jsonb, rating int DEFAULT 5);
  INSERT INTO places SELECT g, 'n' || g, 't' || g % 3, g * 100 FROM generate_series(1, 20) g`

const moved = [
  { op: 'rename', from: 'name', to: 'title' },
  { op: 'object', to: 'place_town', fields: { town: { from: 'town' } } },
]

const specs = {
  row: { table: 'users', lens: consent, versions: { old: 'v3', new: 'v4' } },
  tables: { table: 'public.places', into: 'public.places_v4', lens: moved, key: { id: 'place' } },
} satisfies { readonly [name: string]: Json }

describe.each(found)('data.mirror on %s', (source) => {
  let server: PostgresServer
  let admin: pg.Client
  let made = 0
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
    admin = new pg.Client(server.url())
    await admin.connect()
  })
  afterAll(async () => {
    await admin?.end()
    await server?.stop()
  })

  async function world(fill: string) {
    const name = `case_${++made}`
    await admin.query(`CREATE DATABASE ${name}`)
    const db = new pg.Client(server.url(name))
    await db.connect()
    await db.query(fill)
    const who = { run: 'case-1', fence: 1, base: '/', signal: new AbortController().signal }
    const database = await postgres.open({ url: server.url(name), connections: 4 }, who)
    return {
      targets: { database },
      tools: { database: postgresDialect },
      state: async (): Promise<Json> => {
        const tables = await db.query<{ name: string }>(
          `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`,
        )
        const rows = []
        for (const each of tables.rows)
          rows.push((await db.query(`SELECT t::text FROM ${each.name} t ORDER BY 1`)).rows as Json)
        return rows
      },
      leftovers: async () =>
        (await db.query<{ nspname: string }>(`SELECT nspname FROM pg_namespace WHERE nspname = 'changeover'`)).rows.map(
          (each) => each.nspname,
        ),
      close: async () => {
        await database.close()
        await db.end()
        await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
      },
      db,
      url: server.url(name),
    }
  }

  for (const [name, fill] of [
    ['row', users],
    ['tables', places],
  ] as const) {
    const kindCase: KindCase = { name, kind: dataMirror, spec: specs[name], world: () => world(fill), most: 6 }
    describeKind(kindCase, { describe, it })
  }

  async function standing(fill: string, spec: Json) {
    const place = await world(fill)
    const draft = dataMirror.plan(dataMirror.spec.parse(spec), {
      facts: { database: await place.targets.database.observe() },
      tools: place.tools,
      targets: { database: 'main' },
    })
    expect(draft.findings?.filter((each) => each.level === 'block')).toEqual([])
    const at = context(place.targets.database.write)
    try {
      expect((await dataMirror.check!(draft.work, at)).filter((each) => each.level !== 'note')).toEqual([])
      for await (const mark of dataMirror.apply(draft.work, at, null)) void mark
    } catch (error) {
      await place.close()
      throw error
    }
    return { ...place, work: draft.work, at }
  }

  it('keeps what only the new shape knows while old clients write, and the other way round', async () => {
    const { db, work, at, close } = await standing(users, specs.row)
    try {
      const read = async (id: number) =>
        (await db.query(`SELECT consent_given AS old, consent_records AS new FROM users WHERE id = ${id}`))
          .rows[0] as unknown
      await db.query(`INSERT INTO users (id, consent_given) VALUES (100, true)`)
      expect(await read(100)).toEqual({
        old: true,
        new: {
          version: '4.0',
          consentGiven: true,
          timestamp: expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:.]+Z$/) as string,
          scope: ['federated_learning'],
        },
      })
      await db.query(
        `UPDATE users SET consent_records = consent_records || '{"scope": ["x"], "extra": 1}' WHERE id = 100`,
      )
      await db.query(`UPDATE users SET consent_given = false WHERE id = 100`)
      expect(await read(100)).toMatchObject({ old: false, new: { consentGiven: false, scope: ['x'], extra: 1 } })
      await db.query(
        `UPDATE users SET consent_records = jsonb_set(consent_records, '{consentGiven}', 'true') WHERE id = 100`,
      )
      expect(await read(100)).toMatchObject({ old: true })
      expect(await dataMirror.verify!(work, at)).toMatchObject([
        { level: 'note', code: 'mirror.in-step', data: { rows: 51, waiting: 50, different: 0 } },
      ])
      await db.query(
        `BEGIN; SET LOCAL changeover.writer = 'tool'; UPDATE users SET consent_given = false WHERE id = 100; COMMIT`,
      )
      expect(await dataMirror.verify!(work, at)).toMatchObject([
        { level: 'block', code: 'mirror.apart', data: { keys: ['100'] } },
      ])
    } finally {
      await close()
    }
  })

  it('carries rows between tables with a key of another name', async () => {
    const { db, work, at, close } = await standing(places, specs.tables)
    try {
      await db.query(
        `UPDATE places SET name = 'N1' WHERE id = 1; INSERT INTO places_v4 VALUES (99, 'new', 5, '{"town": "x", "more": 1}', 3)`,
      )
      await db.query(`UPDATE places SET town = 'y' WHERE id = 99; DELETE FROM places_v4 WHERE place = 1`)
      expect((await db.query('SELECT * FROM places_v4 ORDER BY 1')).rows).toEqual([
        { place: 99, title: 'new', cents: '5', place_town: { town: 'y', more: 1 }, rating: 3 },
      ])
      expect((await db.query('SELECT * FROM places WHERE id IN (1, 99)')).rows).toEqual([
        { id: 99, name: 'new', town: 'y', cents: '5' },
      ])
      expect(await dataMirror.verify!(work, at)).toMatchObject([
        { code: 'mirror.in-step', data: { rows: 20, waiting: 19 } },
      ])
    } finally {
      await close()
    }
  })

  it('waits for its lock in short tries, names who blocks, and gives up when patience ends', async () => {
    const place = await world(users)
    const other = new pg.Client(place.url)
    await other.connect()
    try {
      await other.query('BEGIN; UPDATE users SET email = email WHERE id = 1')
      const facts = { database: await place.targets.database.observe() }
      const { work } = dataMirror.plan(dataMirror.spec.parse({ ...specs.row, patienceMs: 300, lockMs: 20 }), {
        facts,
        tools: place.tools,
        targets: { database: 'main' },
      })
      const marks: unknown[] = []
      const run = async (): Promise<void> => {
        for await (const mark of dataMirror.apply(work, context(place.targets.database.write), null)) marks.push(mark)
      }
      await expect(run()).rejects.toMatchObject({ code: 'target.lock' })
      expect(marks.length).toBeGreaterThan(0)
      expect(await place.targets.database.observe()).toEqual(facts.database)
      expect(await place.leftovers()).toEqual([])
      setTimeout(() => void other.query('COMMIT'), 100)
      const patient = { ...(work as MirrorWork), patienceMs: 5000 }
      for await (const mark of dataMirror.apply(patient, context(place.targets.database.write), null)) marks.push(mark)
      expect(marks.at(-1)).toEqual({ at: { standing: true } })
    } finally {
      await other.end()
      await place.close()
    }
  })
})

function context(write: unknown): never {
  return {
    run: 'case-1',
    step: 'step',
    clock: { now: () => Date.now(), sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) },
    signal: new AbortController().signal,
    quit: new AbortController().signal,
    load: () => Promise.reject(new Error('nothing to load')),
    plan: { name: 'case', from: '1', to: '2' },
    on: { database: write },
    applied: null,
  } as never
}
