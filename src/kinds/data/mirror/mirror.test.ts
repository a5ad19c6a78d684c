import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { caseRun, onEveryPostgres } from '../../../../test/postgres.ts'
import { postgres, postgresDialect } from '../../../adapters/postgres/index.ts'
import type { Json } from '../../../core/json.ts'
import { describeKind, type KindCase } from '../../../testing/kind-kit.ts'
import { dataMirror } from './index.ts'
import { dataTransform } from '../transform/index.ts'
import type { MirrorWork } from './spec.ts'

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

const points = `
  CREATE TABLE points (id int PRIMARY KEY, x int NOT NULL DEFAULT 0, y int NOT NULL DEFAULT 0, at jsonb);
  INSERT INTO points SELECT g, 0, 0, '{"x": 0, "y": 0}' FROM generate_series(1, 6) g`

/** A lens without SQL: a pair of functions. */
const functions = {
  forward: (old: Json, was?: { at?: Json }) => ({ at: { ...(was?.at as object | null), ...(old as object) } }),
  backward: ({ at }: { at: { x: number; y: number } | null }) => {
    if (typeof at?.x !== 'number') throw new Error('no point')
    return { x: at.x, y: at.y }
  },
}

const specs = {
  notes: { table: 'points', lens: [{ op: 'fn', ref: './x.ts#point', takes: ['x', 'y'], gives: ['at'] }] },
  row: { table: 'users', lens: consent, versions: { old: 'v3', new: 'v4' } },
  tables: { table: 'public.places', into: 'public.places_v4', lens: moved, key: { id: 'place' } },
} satisfies { readonly [name: string]: Json }

onEveryPostgres('data.mirror', (server) => {
  async function world(fill: string) {
    const { name, db, drop } = await server.fresh(fill)
    const database = await postgres.open({ url: server.url(name), connections: 4 }, caseRun)
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
        await drop()
      },
      db,
      url: server.url(name),
    }
  }

  for (const [name, fill] of [
    ['row', users],
    ['tables', places],
    ['notes', points],
  ] as const) {
    const load = (): Promise<unknown> => Promise.resolve(functions)
    const kindCase: KindCase = { name, kind: dataMirror, spec: specs[name], world: () => world(fill), most: 4, load }
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

  it('applies a lens without SQL by a worker: no write of either version is lost, whoever is faster', async () => {
    const { db, work, at, close, url } = await standing(points, specs.notes)
    const quit = new AbortController()
    const clients: pg.Client[] = []
    try {
      const worker = [0, 1].map(() => dataMirror.follow!(work, { ...(at as object), quit: quit.signal } as never))
      const done = { x: 0, y: 0 }
      const until = Date.now() + 2000
      const writer = async (seed: number): Promise<void> => {
        const own = new pg.Client(url)
        clients.push(own)
        await own.connect()
        for (let step = seed; Date.now() < until || Math.min(done.x, done.y) <= 50; step++) {
          const id = 1 + ((step * 5 + seed) % 6)
          if (seed % 2 === 0) await own.query('UPDATE points SET x = x + 1 WHERE id = $1', [id]).then(() => done.x++)
          else
            await own
              .query(`UPDATE points SET at = jsonb_set(at, '{y}', to_jsonb((at ->> 'y')::int + 1)) WHERE id = $1`, [id])
              .then(() => done.y++)
        }
      }
      await Promise.all([0, 1, 2, 3].map(writer))
      await db.query(
        `INSERT INTO points (id, x, y) VALUES (7, 3, 4); INSERT INTO points (id, at) VALUES (8, '{"x": 5, "y": 6}'); DELETE FROM points WHERE id = 6 AND false`,
      )
      quit.abort()
      await Promise.all(worker)
      for await (const mark of dataMirror.rollback(work, at, null)) void mark
      const sums = await db.query(
        `SELECT sum(x)::int AS x, sum(y)::int AS y, bool_and(at = jsonb_build_object('x', x, 'y', y)) AS equal FROM points`,
      )
      expect(sums.rows).toEqual([{ x: done.x + 8, y: done.y + 10, equal: true }])
      expect(Math.min(done.x, done.y)).toBeGreaterThan(50)
    } finally {
      quit.abort()
      await Promise.all(clients.map((each) => each.end()))
      await close()
    }
  })

  it('keeps what the lens refuses noted, says so, and loses nothing', async () => {
    const { db, work, at, close } = await standing(points, specs.notes)
    try {
      await db.query(`UPDATE points SET at = '{"odd": 1}' WHERE id = 1; UPDATE points SET x = 9 WHERE id = 2`)
      expect(await dataMirror.verify!(work, at)).toMatchObject([{ code: 'mirror.behind', data: { notes: 2 } }])
      const back = async (): Promise<void> => {
        for await (const mark of dataMirror.rollback(work, at, null)) void mark
      }
      await expect(back()).rejects.toMatchObject({ code: 'rows.rejected' })
      expect((await db.query('SELECT at FROM points WHERE id = 2')).rows).toEqual([{ at: { x: 9, y: 0 } }])
      await db.query(`UPDATE points SET at = '{"x": 7, "y": 8}' WHERE id = 1`)
      await back()
      expect((await db.query('SELECT x, y FROM points WHERE id = 1')).rows).toEqual([{ x: 7, y: 8 }])
    } finally {
      await close()
    }
  })

  it('both versions write the same rows while they are transformed: every row is in step, no write is lost', async () => {
    const { db, work, at, close, url, targets } = await standing(users, specs.row)
    const clients: pg.Client[] = []
    try {
      const until = Date.now() + 2000
      const done = { given: 0, extra: 0 }
      const writer = async (seed: number): Promise<void> => {
        const own = new pg.Client(url)
        clients.push(own)
        await own.connect()
        for (let step = seed; Date.now() < until; step++) {
          const id = 1 + ((step * 7 + seed) % 50)
          if (seed % 2 === 0)
            await own
              .query('UPDATE users SET consent_given = NOT consent_given WHERE id = $1', [id])
              .then(() => done.given++)
          else
            await own
              .query(
                `UPDATE users SET consent_records = coalesce(consent_records, '{"consentGiven": true}') || jsonb_build_object('extra', coalesce((consent_records ->> 'extra')::int, 0) + 1) WHERE id = $1`,
                [id],
              )
              .then(() => done.extra++)
        }
      }
      const all = Promise.all([0, 1, 2, 3].map(writer))
      await db.query(`INSERT INTO users (id, consent_given) SELECT g, g % 3 = 0 FROM generate_series(1000, 3000) g`)
      await transform({ table: 'users', lens: consent, live: true, batchSize: 20 }, targets.database)
      // A client that dies in the middle of its transaction leaves nothing.
      const killed = new pg.Client(url)
      killed.on('error', () => undefined)
      await killed.connect()
      await killed.query('BEGIN; UPDATE users SET consent_given = NOT consent_given WHERE id = 50')
      await db.query(`SELECT pg_terminate_backend($1)`, [(killed as unknown as { processID: number }).processID])
      await all
      const seen = await db.query(
        `SELECT sum((consent_records ->> 'extra')::int)::int AS extra, bool_and(consent_given = (consent_records ->> 'consentGiven')::boolean) AS equal FROM users WHERE consent_records IS NOT NULL`,
      )
      expect(seen.rows).toEqual([{ extra: done.extra, equal: true }])
      expect(await dataMirror.verify!(work, at)).toMatchObject([
        { code: 'mirror.in-step', data: { rows: 2051, waiting: 0, different: 0 } },
      ])
    } finally {
      await Promise.all(clients.map((each) => each.end()))
      await close()
    }
  })

  it('refuses a plan that would lose rows: two counters, a column of both shapes, a computed one, no key', async () => {
    const place =
      await world(`CREATE TABLE a (id serial PRIMARY KEY, x int, s int GENERATED ALWAYS AS (1) STORED); CREATE TABLE b (id serial PRIMARY KEY, y int);
      CREATE TABLE c (x int); CREATE TABLE d (id bigint PRIMARY KEY, y int)`)
    try {
      const facts = { database: await place.targets.database.observe() }
      const codes = (spec: Json) =>
        dataMirror
          .plan(dataMirror.spec.parse(spec), { facts, tools: place.tools, targets: { database: 'main' } })
          .findings!.filter((each) => each.level === 'block')
          .map((each) => each.code)
      const lens = [{ op: 'rename', from: 'x', to: 'y' }]
      expect(codes({ table: 'a', into: 'b', lens })).toEqual(['mirror.two-counters'])
      expect(codes({ table: 'a', into: 'd', lens })).toEqual(['mirror.key-type'])
      expect(codes({ table: 'c', into: 'b', lens })).toEqual(['mirror.no-key'])
      expect(codes({ table: 'a', lens: [{ op: 'map', path: 'x', table: { on: 'off' } }] })).toEqual([
        'mirror.same-column',
      ])
      expect(codes({ table: 'a', lens: [{ op: 'rename', from: 's', to: 'x' }] })).toEqual(['mirror.computed'])
      expect(codes({ table: 'aa', lens })).toEqual(['mirror.no-table'])
    } finally {
      await place.close()
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
      // Time passes only while it sleeps: how many tries fit into its patience is not a matter of the machine.
      let now = 0
      const clock = { now: () => now, sleep: async (ms: number) => void (now += ms) }
      const at = { ...(context(place.targets.database.write) as object), clock } as never
      const run = async (): Promise<void> => {
        for await (const mark of dataMirror.apply(work, at, null)) marks.push(mark)
      }
      await expect(run()).rejects.toMatchObject({ code: 'target.lock' })
      expect(marks.length).toBeGreaterThan(0)
      expect(await place.targets.database.observe()).toEqual(facts.database)
      expect(await place.leftovers()).toEqual([])
      setTimeout(() => void other.query('COMMIT'), 100)
      const patient = { ...(work as MirrorWork), patienceMs: 60_000 }
      for await (const mark of dataMirror.apply(patient, context(place.targets.database.write), null)) marks.push(mark)
      expect(marks.at(-1)).toEqual({ at: { standing: true } })
    } finally {
      await other.end()
      await place.close()
    }
  })
})

async function transform(spec: Json, database: Awaited<ReturnType<typeof postgres.open>>): Promise<void> {
  const facts = { database: await database.observe() }
  const { work } = dataTransform.plan(dataTransform.spec.parse(spec), {
    facts,
    tools: { database: postgresDialect },
    targets: { database: 'main' },
  })
  const at: object = {
    ...(context(database.write) as object),
    wishes: {},
    hire: (hands: number) => ({
      ended: Promise.all(Array.from({ length: hands }, () => dataTransform.labour!(work, at as never))),
      dismiss: () => Promise.resolve(),
    }),
  }
  for await (const mark of dataTransform.apply(work, at as never, null)) void mark
}

function context(write: unknown): never {
  return {
    run: 'case-1',
    step: 'step',
    clock: { now: () => Date.now(), sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) },
    signal: new AbortController().signal,
    quit: new AbortController().signal,
    load: () => Promise.resolve(functions),
    plan: { name: 'case', from: '1', to: '2' },
    on: { database: write },
    applied: null,
  } as never
}
