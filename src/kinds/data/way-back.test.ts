/** What the way back must leave as it was: rows and values that were there before, and all that a client of either version wrote meanwhile. */
import pg from 'pg'
import { expect, it } from 'vitest'
import { type Bench, openBench, type Step } from '../../../test/moves.ts'
import { onEveryPostgres } from '../../../test/postgres.ts'
import type { Json } from '../../core/json.ts'
import { dataMirror } from './mirror/index.ts'
import { dataTransform } from './transform/index.ts'

const places = `
  CREATE TABLE places (id int PRIMARY KEY, name text, n int);
  CREATE TABLE places_v4 (id int PRIMARY KEY, title text, n int);
  INSERT INTO places SELECT g, 'n' || g, g FROM generate_series(1, 9) g`
const title = [{ op: 'rename', from: 'name', to: 'title' }]
const two = { table: 'places', into: 'places_v4', lens: title }

const points = `
  CREATE TABLE points (id int PRIMARY KEY, x int NOT NULL, at jsonb);
  INSERT INTO points SELECT g, g FROM generate_series(1, 9) g`
const one = { table: 'points', lens: [{ op: 'fn', ref: './x.ts#at', takes: ['x'], gives: ['at'] }] }
const at = {
  forward: ({ x }: { x: number }, was?: { at?: object | null }) => ({ at: { ...was?.at, x } }),
  backward: (b: { at: { x: number } | null }) => ({ x: b.at?.x ?? -1 }),
}

onEveryPostgres('the way back', (server) => {
  const inBench = async (fill: string, body: (bench: Bench) => Promise<void>): Promise<void> => {
    const bench = await openBench(server, fill)
    try {
      await body(bench)
    } finally {
      await bench.close()
    }
  }
  const forward = async (bench: Bench, spec: Json, load?: unknown): Promise<readonly [Step, Step]> => {
    const mirror = await bench.plan(dataMirror, spec, load)
    await mirror.apply()
    const transform = await bench.plan(dataTransform, spec, load)
    await transform.apply()
    return [mirror, transform]
  }
  const withWorker = async (mirror: Step, body: () => Promise<void>): Promise<void> => {
    const quit = new AbortController()
    const worker = mirror.follow(quit.signal)
    await body().finally(() => quit.abort())
    await worker
  }
  /** Another client holds the old row while `text` runs, and then changes nothing. */
  const whileHeld = async (bench: Bench, row: string, text: string): Promise<void> => {
    const other = new pg.Client(bench.url)
    await other.connect()
    await other.query(`BEGIN; ${row} FOR UPDATE`)
    await bench.db.query(text)
    await other.query('ROLLBACK')
    await other.end()
  }

  it.each([
    ['nobody writes meanwhile', '', '(1,new,1)'],
    ['an old client writes the row meanwhile', 'UPDATE places SET n = 100 WHERE id = 1', '(1,new,100)'],
    ['an old client deletes the row meanwhile', 'DELETE FROM places WHERE id = 1', '(2,n2,2)'],
  ])('keeps what a new client wrote while the old row was held, where %s', async (_, meanwhile, first) => {
    await inBench(places, async (bench) => {
      const [mirror, transform] = await forward(bench, two)
      await whileHeld(bench, 'SELECT FROM places WHERE id = 1', `UPDATE places_v4 SET title = 'new' WHERE id = 1`)
      await transform.rollback()
      expect(await bench.all('SELECT * FROM places_v4')).toEqual([])
      if (meanwhile !== '') await bench.db.query(meanwhile)
      await mirror.rollback()
      expect((await bench.all('SELECT * FROM places'))[0]).toBe(first)
    })
  })

  it('keeps what a new client wrote in place and no worker had carried over yet', async () => {
    await inBench(points, async (bench) => {
      const [mirror, transform] = await forward(bench, one, at)
      await bench.db.query(`UPDATE points SET at = '{"x": 100}' WHERE id = 1`)
      await bench.db.query(`UPDATE points SET x = 200 WHERE id = 2`)
      await withWorker(mirror, () => transform.rollback())
      await mirror.rollback()
      expect((await bench.all('SELECT id, x FROM points')).slice(0, 3)).toEqual(['(1,100)', '(2,200)', '(3,3)'])
    })
  })

  it('keeps on the way forward what a new client wrote in place and no worker had carried over yet', async () => {
    await inBench(points, async (bench) => {
      const mirror = await bench.plan(dataMirror, one, at)
      await mirror.apply()
      await bench.db.query(`UPDATE points SET at = '{"x": 100, "more": 1}' WHERE id = 1`)
      const transform = await bench.plan(dataTransform, one, at)
      await transform.apply()
      await mirror.rollback()
      expect((await bench.all('SELECT * FROM points'))[0]).toBe('(1,100,"{""x"": 100, ""more"": 1}")')
      expect(await bench.all('SELECT * FROM points WHERE at IS NULL')).toEqual([])
    })
  })

  it('brings no row back that a new client deleted while its chunk was under way', async () => {
    await inBench(`${places}; UPDATE places SET n = NULL WHERE id = 5`, async (bench) => {
      const [mirror] = [await bench.plan(dataMirror, two)]
      await mirror.apply()
      let calls = 0
      const meanwhile = {
        async: true,
        backward: () => Promise.resolve({}),
        forward: async ({ name }: { name: string }) => {
          // An old client writes the row, which puts it into the new table, and a new one deletes it there.
          if (calls++ === 0)
            await bench.db
              .query(`UPDATE places SET n = 6 WHERE id = 5`)
              .then(() => bench.db.query(`DELETE FROM places_v4 WHERE id = 5`))
          return { title: name }
        },
      }
      const lens = [{ op: 'fn', ref: './x.ts#later', takes: ['name'], gives: ['title'] }]
      const transform = await bench.plan(dataTransform, { ...two, lens, batchSize: 100 }, meanwhile)
      await transform.apply()
      await mirror.rollback()
      expect(await bench.all('SELECT id FROM places_v4')).toEqual([1, 2, 3, 4, 6, 7, 8, 9].map((id) => `(${id})`))
      expect(await bench.all('SELECT id FROM places')).toEqual([1, 2, 3, 4, 6, 7, 8, 9].map((id) => `(${id})`))
      expect(calls).toBeGreaterThan(9)
    })
  })

  it('deletes no row of the target that was there before', async () => {
    await inBench(`${places}; INSERT INTO places_v4 VALUES (3, 'mine', 3), (77, 'mine', 77)`, async (bench) => {
      const transform = await bench.plan(dataTransform, two)
      const codes = (await transform.check()).flatMap(({ level, code }) => (level === 'block' ? [code] : []))
      expect(codes).toEqual(['rows.taken'])
    })
  })

  it('resets no value that stood in the columns before', async () => {
    await inBench(`${points}; UPDATE points SET at = '{"mine": 1}' WHERE id = 3`, async (bench) => {
      const transform = await bench.plan(dataTransform, one, at)
      const codes = (await transform.check()).flatMap(({ level, code }) => (level === 'block' ? [code] : []))
      expect(codes).toEqual(['rows.filled'])
    })
  })
})
