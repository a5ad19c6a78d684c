/** What a server may do to a move: end its sessions, go away and come back, set limits of its own, run out of room. Nothing is lost, doubled or half done. */
import { expect, it } from 'vitest'
import { type Bench, openBench, type Step } from '../../../test/moves.ts'
import { onEveryPostgres } from '../../../test/postgres.ts'
import { postgresSources, startPostgres } from '../../testing/postgres.ts'
import type { Json } from '../../core/json.ts'
import { dataMirror } from './mirror/index.ts'
import { dataTransform } from './transform/index.ts'

const rows = 3000
const fill = `CREATE TABLE s (id int PRIMARY KEY, a text, doc jsonb); CREATE TABLE t (id int PRIMARY KEY, b text, doc jsonb);
  INSERT INTO s SELECT g, 'a' || g, jsonb_build_object('n', g) FROM generate_series(1, ${rows}) g; ANALYZE`
const load = { forward: ({ a }: { a: string }) => ({ b: a }), backward: ({ b }: { b: string }) => ({ a: b }) }
const lenses: readonly (readonly [string, Json])[] = [
  ['SQL', [{ op: 'rename', from: 'a', to: 'b' }]],
  ['a function', [{ op: 'fn', ref: './x.ts#f', takes: ['a'], gives: ['b'] }]],
]
const moved = `SELECT count(*), count(DISTINCT t.id), bool_and(b = a AND t.doc = s.doc) FROM t JOIN s USING (id)`

onEveryPostgres('a move that is interrupted', (server) => {
  const inBench = async (text: string, body: (bench: Bench) => Promise<void>): Promise<void> => {
    const bench = await openBench(server, text)
    try {
      await body(bench)
    } finally {
      await bench.close()
    }
  }
  const untilDone = async (step: Step, tries = 20): Promise<number> => {
    for (let failures = 0; ; failures++) {
      try {
        await step.apply()
        return failures
      } catch (error) {
        if (failures >= tries) throw error
      }
    }
  }

  it.each(lenses)('ends exact by %s where its sessions are ended again and again', async (_, lens) => {
    await inBench(fill, async (bench) => {
      const mirror = await bench.plan(dataMirror, { table: 's', into: 't', lens: lenses[0]![1] })
      await mirror.apply()
      const step = await bench.plan(dataTransform, { table: 's', into: 't', lens, batchSize: 40 }, load)
      let [ended, going] = [0, true]
      const ender = (async () => {
        while (going && ended < 12) {
          const { rowCount } = await bench.db.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND query ~ '^(COPY|INSERT|UPDATE)' LIMIT 1`,
          )
          ended += rowCount ?? 0
          await bench.db.query(
            `UPDATE s SET a = a || '.' WHERE id = 1 + (random() * ${rows - 1})::int; SELECT pg_sleep(0.005)`,
          )
        }
      })()
      await untilDone(step)
      going = false
      await ender
      expect(ended).toBeGreaterThan(0)
      expect(await bench.all(moved)).toEqual([`(${rows},${rows},t)`])
      expect((await step.verify()).map(({ code }) => code)).toEqual(['rows.equal'])
      await step.rollback()
      await mirror.rollback()
    })
  })

  it.each(lenses)('goes on by %s where the database sets limits for its sessions', async (_, lens) => {
    await inBench(fill, async (bench) => {
      const name = (await bench.all('SELECT current_database()'))[0]!.slice(1, -1)
      const set = Object.entries({
        statement_timeout: '5ms',
        idle_in_transaction_session_timeout: '1ms',
        default_transaction_isolation: 'serializable',
        row_security: 'on',
        DateStyle: 'German',
        search_path: 'nowhere',
        extra_float_digits: '0',
      })
      for (const [key, value] of set) await server.admin(`ALTER DATABASE ${name} SET ${key} = '${value}'`)
      const mirror = await bench.plan(dataMirror, { table: 's', into: 't', lens: lenses[0]![1] })
      await mirror.apply()
      const step = await bench.plan(dataTransform, { table: 's', into: 't', lens }, load)
      expect((await step.check()).filter(({ level }) => level === 'block')).toEqual([])
      await step.apply()
      expect(await bench.all(moved)).toEqual([`(${rows},${rows},t)`])
      expect((await step.verify()).map(({ code }) => code)).toEqual(['rows.equal'])
      expect((await mirror.verify()).map(({ code }) => code)).toEqual(['mirror.in-step'])
      await step.rollback()
      await mirror.rollback()
      expect(await bench.all('SELECT count(*) FROM t')).toEqual(['(0)'])
    })
  })

  it.each(lenses.slice(1))('holds few rows at once by %s where they are large', async (_, lens) => {
    const large = `CREATE TABLE s (id int PRIMARY KEY, a text, doc bytea); CREATE TABLE t (id int PRIMARY KEY, b text, doc bytea); ALTER TABLE s ALTER doc SET STORAGE EXTERNAL; ALTER TABLE t ALTER doc SET STORAGE EXTERNAL;
      INSERT INTO s SELECT g, 'a' || g, decode(repeat(md5(g::text), 65536), 'hex') FROM generate_series(1, 60) g; ANALYZE s`
    await inBench(large, async (bench) => {
      const step = await bench.plan(dataTransform, { table: 's', into: 't', lens }, load)
      await step.apply()
      expect(await bench.all(moved.replace('t.doc = s.doc', 'md5(t.doc) = md5(s.doc)'))).toEqual(['(60,60,t)'])
      const [most] = await bench.all('SELECT max(rows) <= 12 FROM changeover.chunks')
      expect(most).toBe('(t)')
    })
  })
})

it.each(postgresSources().found)(
  'goes on after the server was stopped and started in the middle (%s)',
  async (source) => {
    const own = await startPostgres({ source, settings: { fsync: 'off' } })
    try {
      const { default: pg } = await import('pg')
      const db = new pg.Client(own.url())
      db.on('error', () => undefined)
      await db.connect()
      await db.query(fill)
      const server = {
        url: () => own.url(),
        admin: () => Promise.reject(new Error('none')),
        open: () => Promise.reject(new Error('none')),
        fresh: () => Promise.resolve({ name: 'postgres', db, drop: () => Promise.resolve() }),
      }
      const bench = await openBench(server, '')
      const step = await bench.plan(
        dataTransform,
        { table: 's', into: 't', lens: lenses[1]![1], batchSize: 20, hands: 1 },
        load,
      )
      const going = step.apply().catch((error: unknown) => error)
      for (let done = 0; done < 5;) {
        const seen = await db.query(`SELECT count(*)::int AS n FROM t`)
        done = (seen.rows[0] as { n: number }).n / 20
      }
      await own.halt()
      await own.start()
      expect(await going).toMatchObject({ code: expect.stringMatching(/^target\./) as string })
      await step.apply()
      const after = new pg.Client(own.url())
      await after.connect()
      expect((await after.query(moved)).rows).toEqual([{ count: String(rows), bool_and: true }])
      await after.end()
      await bench.close()
    } finally {
      await own.stop()
    }
  },
)
