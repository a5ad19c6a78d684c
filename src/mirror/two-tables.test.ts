import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresDialect } from '../adapters/postgres/index.ts'
import { postgresSources, type PostgresServer, startPostgres } from '../testing/postgres.ts'
import { type MirrorShape, mirrorTables, notesTableText, type Writing } from './index.ts'

const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing)) console.warn(`no PostgreSQL of ${source}: ${why}`)

const column = (name: string, type = 'integer') => ({ name, type, fallback: null })
const shape: MirrorShape = {
  name: 'mirror_places',
  old: { table: 'public.places', key: ['id'], columns: [column('id'), column('x'), column('y')] },
  new: {
    table: 'public.places_v4',
    key: ['id'],
    columns: [column('id'), column('at', 'jsonb'), column('x', 'integer')],
  },
  decides: 'new',
  versions: { old: 'v3', new: 'v4' },
}

/** x and y become fields of `at`; `at.note` and `label` are known to the new side alone. */
const ways: Writing = (row, was) => ({
  forward: [
    { column: 'id', expression: `${row}."id"` },
    {
      column: 'at',
      expression: `${was === undefined ? `'{}'::jsonb` : `coalesce(${was}."at", '{}')`} || jsonb_build_object('x', ${row}."x", 'y', ${row}."y")`,
    },
  ],
  backward: [
    { column: 'id', expression: `${row}."id"` },
    { column: 'x', expression: `(${row}."at" ->> 'x')::integer` },
    { column: 'y', expression: `(${row}."at" ->> 'y')::integer` },
  ],
})

describe.each(found)('a mirror of two tables on %s', (source) => {
  let server: PostgresServer
  let db: pg.Client
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off', deadlock_timeout: '200ms' } })
    db = new pg.Client(server.url())
    await db.connect()
    await db.query(`CREATE SCHEMA changeover; ${notesTableText};
      CREATE TABLE places (id int PRIMARY KEY, x int, y int);
      CREATE TABLE places_v4 (id int PRIMARY KEY, at jsonb, label text DEFAULT 'none')`)
    const made = mirrorTables(postgresDialect, shape, ways)
    for (const each of made.functions) await db.query(each.text)
    await db.query(`SET search_path = ''`)
    for (const each of made.triggers) {
      await db.query(each.text)
      const seen = await db.query(
        `SELECT pg_get_triggerdef(oid) AS is FROM pg_trigger WHERE tgname = $1 AND tgrelid = $2::regclass`,
        [each.name, each.table],
      )
      expect(seen.rows[0].is).toBe(each.text)
    }
    await db.query('RESET search_path')
  })
  afterAll(async () => {
    await db?.end()
    await server?.stop()
  })
  beforeEach(() => db.query('TRUNCATE places').then(() => undefined))

  const both = async (): Promise<unknown> => {
    const old = await db.query('SELECT id, x, y FROM places ORDER BY id')
    const newer = await db.query('SELECT id, at, label FROM places_v4 ORDER BY id')
    return [old.rows.map((row) => Object.values(row)), newer.rows.map((row) => Object.values(row))]
  }

  test('carries inserts, updates, upserts, key changes and deletes, both ways', async () => {
    await db.query('INSERT INTO places VALUES (1, 2, 3)')
    expect(await both()).toEqual([[[1, 2, 3]], [[1, { x: 2, y: 3 }, 'none']]])
    await db.query(`UPDATE places_v4 SET label = 'home', at = at || '{"x": 5, "note": "n"}'`)
    expect(await both()).toEqual([[[1, 5, 3]], [[1, { x: 5, y: 3, note: 'n' }, 'home']]])
    await db.query('INSERT INTO places VALUES (1, 7, 7) ON CONFLICT (id) DO UPDATE SET x = excluded.x')
    expect(await both()).toEqual([[[1, 7, 3]], [[1, { x: 7, y: 3, note: 'n' }, 'home']]])
    await db.query('UPDATE places SET id = 9')
    expect(await both()).toEqual([[[9, 7, 3]], [[9, { x: 7, y: 3, note: 'n' }, 'home']]])
    await db.query('UPDATE places_v4 SET id = 8')
    await db.query(`INSERT INTO places_v4 VALUES (4, '{"x": 1, "y": 1}')`)
    expect(await both()).toEqual([
      [
        [4, 1, 1],
        [8, 7, 3],
      ],
      [
        [4, { x: 1, y: 1 }, 'none'],
        [8, { x: 7, y: 3, note: 'n' }, 'home'],
      ],
    ])
    await db.query('DELETE FROM places_v4 WHERE id = 4')
    await db.query('DELETE FROM places WHERE id = 8')
    expect(await both()).toEqual([[], []])
    await db.query(`INSERT INTO places SELECT g, g, g FROM generate_series(1, 3) g`)
    await db.query('TRUNCATE places_v4')
    expect(await both()).toEqual([[], []])
  })

  test('leaves a trigger of the user alone, and mirrors what it writes elsewhere', async () => {
    await db.query(`
      CREATE FUNCTION public.also() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF pg_trigger_depth() < 5 AND NEW.id < 1000 THEN
          INSERT INTO public.places VALUES (NEW.id + 1000, 0, 0) ON CONFLICT DO NOTHING;
        END IF; RETURN NULL; END $$;
      CREATE TRIGGER also AFTER INSERT ON places_v4 FOR EACH ROW EXECUTE FUNCTION public.also()`)
    await db.query('INSERT INTO places VALUES (1, 1, 1)')
    expect(await both()).toEqual([
      [
        [1, 1, 1],
        [1001, 0, 0],
      ],
      [
        [1, { x: 1, y: 1 }, 'none'],
        [1001, { x: 0, y: 0 }, 'none'],
      ],
    ])
    await db.query('DROP TRIGGER also ON places_v4; DROP FUNCTION public.also()')
  })

  test('two clients on the same row through the two versions: nobody waits for a deadlock, both writes stay', async () => {
    await db.query('INSERT INTO places VALUES (1, 0, 0)')
    const [v3, v4] = [new pg.Client(server.url()), new pg.Client(server.url())]
    await Promise.all([v3.connect(), v4.connect()])
    await v3.query('BEGIN; SELECT * FROM places WHERE id = 1 FOR UPDATE')
    await v4.query(`UPDATE places_v4 SET at = at || '{"y": 4}' WHERE id = 1`)
    expect((await db.query('SELECT key FROM changeover.mirror_notes')).rowCount).toBe(1)
    await v3.query('UPDATE places SET x = 3 WHERE id = 1; COMMIT')
    expect(await both()).toEqual([[[1, 3, 4]], [[1, { x: 3, y: 4 }, 'none']]])
    expect((await db.query('SELECT key FROM changeover.mirror_notes')).rowCount).toBe(0)
    // Noted, and the holder wrote nothing: settled later.
    await v3.query('BEGIN; SELECT * FROM places WHERE id = 1 FOR UPDATE')
    await v4.query(`DELETE FROM places_v4 WHERE id = 1`)
    await v3.query('COMMIT')
    expect((await db.query('SELECT changeover.mirror_places_settle() AS left')).rows).toEqual([{ left: '0' }])
    expect(await both()).toEqual([[], []])
    await Promise.all([v3.end(), v4.end()])
  })

  test('many clients of both versions on few rows: no error, no lost write, both sides equal', async () => {
    await db.query('INSERT INTO places SELECT g, 0, 0 FROM generate_series(1, 4) g')
    const done = { x: 0, y: 0 }
    const until = Date.now() + 2500
    const client = async (seed: number): Promise<void> => {
      const own = new pg.Client(server.url())
      await own.connect()
      for (let at = seed; Date.now() < until || Math.min(done.x, done.y) <= 50; at++) {
        const id = 1 + ((at * 7 + seed) % 4)
        if (seed % 2 === 0) await own.query('UPDATE places SET x = x + 1 WHERE id = $1', [id]).then(() => done.x++)
        else {
          const text = `UPDATE places_v4 SET at = at || jsonb_build_object('y', (at ->> 'y')::int + 1) WHERE id = $1`
          await own.query(text, [id]).then(() => done.y++)
        }
      }
      await own.end()
    }
    await Promise.all([0, 1, 2, 3, 4, 5].map(client))
    await db.query('SELECT changeover.mirror_places_settle()')
    const sums =
      await db.query(`SELECT sum(o.x)::int AS x, sum(o.y)::int AS y, bool_and(n.at = jsonb_build_object('x', o.x, 'y', o.y)) AS equal
      FROM places o JOIN places_v4 n USING (id)`)
    expect(sums.rows).toEqual([{ ...done, equal: true }])
    expect(Math.min(done.x, done.y)).toBeGreaterThan(50)
  })
})
