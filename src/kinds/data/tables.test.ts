/** Tables as real databases have them: odd keys, odd names, counters, constraints, partitions, the owner's own triggers. Carried exactly, or refused before anything runs. */
import { expect, it } from 'vitest'
import { type Bench, openBench } from '../../../test/moves.ts'
import { onEveryPostgres } from '../../../test/postgres.ts'
import type { Json } from '../../core/json.ts'
import { dataCompare } from './compare/index.ts'
import { dataMirror } from './mirror/index.ts'
import { dataTransform } from './transform/index.ts'

const title = [{ op: 'rename', from: 'a', to: 'b' }]
/** Every key as its type and values, in an order that is not theirs. */
const keys: readonly (readonly [type: string, ...values: readonly string[]])[] = [
  [
    'uuid',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '00000000-0000-0000-0000-000000000000',
    '7fffffff-0000-0000-0000-000000000001',
  ],
  ['text COLLATE "C"', '', 'a', 'B', 'é', 'Z', "it's", 'a\\b', '\u{1F600}'],
  ['text COLLATE "und-x-icu"', '', 'a', 'B', 'A', 'é', 'E', 'z', 'ß', 'Å', "it's"],
  ['text COLLATE "en-x-icu"', 'a-b', 'ab', 'a b', 'A', ''],
  ['varchar(9)', '', 'b', 'A', 'a', 'é'],
  ['character(4)', '', 'a', 'ab', 'B'],
  ['citext', '', 'a', 'B', 'é', 'Z', '_'],
  ['numeric', 'NaN', '0', '1e-30', '-1e30', 'Infinity', '-Infinity', '1.10'],
  ['bigint', '-9223372036854775808', '9223372036854775807', '0', '-1'],
  ['float8', 'NaN', 'Infinity', '-Infinity', '0', '1e-300', '0.1'],
  ['timestamptz', 'infinity', '-infinity', '2024-01-01 00:00:00.000001+00', '4713-01-01 00:00:00+00 BC'],
  ['date', 'infinity', '5874897-12-31', '4713-01-01 BC'],
  ['interval', '1 mon', '29 days', '-1 day', '00:00:00.000001'],
  ['bytea', '\\x', '\\x00', '\\x5c27ff', '\\xff'],
  ['mood', 'z', 'a', 'm'],
  ['small', '3', '1', '2'],
  ['inet', '10.0.0.1', '10.0.0.0/8', '::1'],
  ['int[]', '{}', '{1}', '{NULL}', '[0:1]={1,2}'],
  ['int4range', 'empty', '[1,3)', '(,)'],
  ['bit varying', '', '0', '1', '10'],
  ['money', '1', '-1'],
  ['pair', '(1,b)', '(1,a)', '(,)'],
  ['jsonb', '{"a": 1.0}', '[]', 'null', '"x"'],
  ['"char"', 'a', 'Z'],
  ['timetz', '00:00:00+01', '00:00:00-01'],
  ['pg_lsn', 'F/F', '0/1'],
  ['oid', '4294967295', '1'],
  ['boolean', 't', 'f'],
]
const types = `CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('z', 'm', 'a'); CREATE DOMAIN small AS int CHECK (VALUE < 9); CREATE TYPE pair AS (n int, t text)`

onEveryPostgres('tables as they are', (server) => {
  const inBench = async (fill: string, body: (bench: Bench) => Promise<void>, options = {}): Promise<void> => {
    const bench = await openBench(server, fill, options)
    try {
      await body(bench)
    } finally {
      await bench.close()
    }
  }
  const blocks = (findings: readonly { readonly level: string; readonly code: string }[]) =>
    findings.filter(({ level }) => level === 'block').map(({ code }) => code)

  it.each(keys)('tells rows apart by %s', async (type, ...values) => {
    const rows = values.map((value, index) => `($v$${value}$v$, ${index}, '${index}')`).join(', ')
    const fill = `${types}; CREATE TABLE s (k ${type}, n int, a text, PRIMARY KEY (n, k)); CREATE TABLE one (k ${type} PRIMARY KEY, a text); CREATE TABLE one_v2 (k ${type} PRIMARY KEY, b text);
      CREATE TABLE t (k ${type}, n int, b text, PRIMARY KEY (n, k)); INSERT INTO s VALUES ${rows}; INSERT INTO one SELECT k, a FROM s`
    await inBench(fill, async (bench) => {
      for (const [table, into] of [
        ['one', 'one_v2'],
        ['s', 't'],
      ] as const) {
        const before = await bench.all(`SELECT * FROM ${table}`)
        const mirror = await bench.plan(dataMirror, { table, into, lens: title })
        expect(blocks(mirror.draft.findings ?? [])).toEqual([])
        await mirror.apply()
        const step = await bench.plan(dataTransform, { table, into, lens: title, batchSize: 2 })
        expect([...blocks(step.draft.findings ?? []), ...blocks(await step.check())]).toEqual([])
        await step.apply()
        expect((await step.verify()).map(({ code }) => code)).toEqual(['rows.equal'])
        const columns = table === 'one' ? 'k, b' : 'k, n, b'
        const carried = async () => bench.all(`SELECT ${columns} FROM ${into}`)
        expect(await carried()).toEqual(before)
        const compare = await bench.plan(dataCompare, { tables: [{ source: table, target: into, lens: title }] })
        await compare.apply()
        // The same row by its key from either side; the key itself changed.
        await bench.db.query(`UPDATE ${into} SET b = b || '!'; UPDATE ${table} SET a = a || '?' `)
        expect(await bench.all(`SELECT * FROM ${table}`)).toEqual(await carried())
        await bench.db.query(
          `CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM ${table}; DELETE FROM ${into}`,
        )
        expect(await bench.all(`SELECT * FROM ${table}`)).toEqual([])
        await step.rollback()
        await mirror.rollback()
      }
    })
  })

  it.each([
    [
      'a deferrable key',
      `CREATE TABLE s (id int PRIMARY KEY DEFERRABLE, a text); CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, b text)`,
      ['mirror.deferrable'],
      ['rows.deferrable'],
    ],
    [
      'children that inherit',
      `CREATE TABLE s (id int PRIMARY KEY, a text); CREATE TABLE child () INHERITS (s); CREATE TABLE t (id int PRIMARY KEY, b text)`,
      ['mirror.inherited'],
      [],
    ],
  ])('refuses %s', async (_, fill, ...codes) => {
    await inBench(fill, async (bench) => {
      for (const [index, kind] of [dataMirror, dataTransform].entries()) {
        const step = await bench.plan(kind, { table: 's', into: 't', lens: title })
        const planned = blocks(step.draft.findings ?? [])
        expect(planned.length > 0 ? planned : blocks(await step.check())).toEqual(codes[index])
      }
    })
  })

  it.each([
    'flag',
    'held',
    'mine',
    'theirs',
    'made',
    'base',
    'note',
    'noted',
    'found_there',
    'x',
    'n',
    'k',
    's',
    't',
    'g',
    'mirror',
    'key',
    'at',
    'Key "1" of',
    'order',
    'a'.repeat(63),
  ])('carries by a key column called %s', async (name) => {
    const q = `"${name.replaceAll('"', '""')}"`
    await inBench(
      `CREATE TABLE "Old ${name.slice(0, 50).replaceAll('"', '""')}" (${q} int PRIMARY KEY, "p q" text); CREATE TABLE fresh (${q} int PRIMARY KEY, b text); INSERT INTO "Old ${name.slice(0, 50).replaceAll('"', '""')}" VALUES (1, 'x')`,
      async (bench) => {
        const table = `Old ${name.slice(0, 50)}`
        const spec: Json = { table, into: 'fresh', lens: [{ op: 'rename', from: 'p q', to: 'b' }] }
        const mirror = await bench.plan(dataMirror, spec)
        await mirror.apply()
        const step = await bench.plan(dataTransform, spec)
        await step.apply()
        await bench.db.query(
          `INSERT INTO fresh VALUES (2, 'y'); UPDATE fresh SET b = 'z'; UPDATE fresh SET ${q} = 3 WHERE ${q} = 2`,
        )
        expect(await bench.all(`SELECT * FROM "${table.replaceAll('"', '""')}"`)).toEqual(['(1,z)', '(3,z)'])
        await step.rollback()
        await mirror.rollback()
      },
    )
  })

  it.each([
    ['serial', 'n serial', '(1, 1)', 2],
    ['serial', 'n serial', '(1, 41)', 42],
    ['always', 'n int GENERATED ALWAYS AS IDENTITY', '(1, 1)', 2],
    ['by default, downwards', 'n int GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1 MAXVALUE -1)', '(1, -7)', -8],
  ])('lets the target go on counting after what it was given: %s', async (_, column, row, next) => {
    await inBench(
      `CREATE TABLE s (id int PRIMARY KEY, n int, a text); CREATE TABLE t (id int PRIMARY KEY, ${column}, b text); INSERT INTO s VALUES ${row}`,
      async (bench) => {
        for (const lens of [title, [{ op: 'fn', ref: './x.ts#f', takes: ['a'], gives: ['b'] }]]) {
          const step = await bench.plan(
            dataTransform,
            { table: 's', into: 't', lens },
            { forward: () => ({ b: 'x' }), backward: () => ({ a: 'x' }) },
          )
          expect(blocks(step.draft.findings ?? [])).toEqual([])
          await step.apply()
          await bench.db.query(`INSERT INTO t (id) VALUES (99)`)
          expect(await bench.all('SELECT n FROM t WHERE id = 99')).toEqual([`(${next})`])
          await bench.db.query(`DELETE FROM t; ALTER SEQUENCE t_n_seq RESTART`)
        }
      },
    )
  })

  it('says what the owner’s triggers would do to rows that it writes', async () => {
    const touch = `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := 1; RETURN NEW; END'`
    await inBench(
      `${touch}; CREATE TABLE s (id int PRIMARY KEY, a text, touched int, b text); CREATE TRIGGER touch BEFORE UPDATE ON s FOR EACH ROW EXECUTE FUNCTION touch(); INSERT INTO s VALUES (1, 'x', 0)`,
      async (bench) => {
        const step = await bench.plan(dataTransform, { table: 's', lens: title })
        expect(step.found).toEqual(['risk rows.trigger'])
        await bench.db.query(
          `DROP TRIGGER touch ON s; CREATE TRIGGER touch BEFORE UPDATE ON s FOR EACH ROW WHEN (current_setting('changeover.writer', true) IS DISTINCT FROM 'tool') EXECUTE FUNCTION touch()`,
        )
        const quiet = await bench.plan(dataTransform, { table: 's', lens: title })
        expect(quiet.found).toEqual([])
        await quiet.apply()
        await quiet.rollback()
        expect(await bench.all('SELECT * FROM s')).toEqual(['(1,x,0,)'])
      },
    )
  })

  it('carries by a key whose type another schema defines', async () => {
    const fill = `CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE TABLE s (k ext.citext PRIMARY KEY, a text); CREATE TABLE t (k ext.citext PRIMARY KEY, b text); INSERT INTO s VALUES ('B', '1'), ('a', '2'), ('C', '3'), ('d', '4')`
    await inBench(fill, async (bench) => {
      const mirror = await bench.plan(dataMirror, { table: 's', into: 't', lens: title })
      await mirror.apply()
      const step = await bench.plan(dataTransform, { table: 's', into: 't', lens: title, batchSize: 1 })
      await step.apply()
      expect(await bench.all('SELECT * FROM t')).toEqual(['(B,1)', '(C,3)', '(a,2)', '(d,4)'])
      await bench.db.query(`UPDATE s SET k = 'b', a = 'x' WHERE a = '1'; UPDATE t SET k = 'A', b = 'y' WHERE b = '2'`)
      expect(await bench.all('SELECT * FROM t')).toEqual(['(A,y)', '(C,3)', '(b,x)', '(d,4)'])
      expect(await bench.all('SELECT * FROM s')).toEqual(['(A,y)', '(C,3)', '(b,x)', '(d,4)'])
      await step.rollback()
      await mirror.rollback()
    })
  })

  it.each([
    ['C', 'und-x-icu'],
    ['default', 'C'],
    ['und-x-icu', 'default'],
  ])('carries between keys that are sorted otherwise: %s and %s', async (left, right) => {
    const fill = `CREATE TABLE s (k text COLLATE "${left}" PRIMARY KEY, a text); CREATE TABLE t (k text COLLATE "${right}" PRIMARY KEY, b text); INSERT INTO s SELECT v, v FROM unnest('{a,B,c,D,é,Z,"",_}'::text[]) v`
    await inBench(fill, async (bench) => {
      for (const lens of [title, [{ op: 'fn', ref: './x.ts#f', takes: ['a'], gives: ['b'] }]]) {
        const load = { forward: ({ a }: { a: string }) => ({ b: a }), backward: ({ b }: { b: string }) => ({ a: b }) }
        const step = await bench.plan(dataTransform, { table: 's', into: 't', lens, batchSize: 2 }, load)
        expect(blocks(step.draft.findings ?? [])).toEqual([])
        await step.apply()
        expect(await bench.all('SELECT * FROM t')).toEqual(await bench.all('SELECT * FROM s'))
        expect((await step.verify()).map(({ code }) => code)).toEqual(['rows.equal'])
        await step.rollback()
        expect(await bench.all('SELECT * FROM t')).toEqual([])
      }
    })
  })
})
