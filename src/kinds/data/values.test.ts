/** Every value a table can hold, through every path and both shapes of a move, to the last bit; what cannot come through is refused by name. */
import { expect, it } from 'vitest'
import { type Bench, openBench } from '../../../test/moves.ts'
import { onEveryPostgres } from '../../../test/postgres.ts'
import type { Json } from '../../core/json.ts'
import { dataMirror } from './mirror/index.ts'
import { dataTransform } from './transform/index.ts'

/** Type, and values as the server reads them. */
const values: readonly (readonly [type: string, ...values: readonly string[]])[] = [
  [
    'numeric',
    'NaN',
    'Infinity',
    '-Infinity',
    '0.00',
    '-0.000',
    '1e-16383',
    '1e131071',
    '123456789012345678901234567890.1234567890',
    '1.50',
    '-9999.00010000',
  ],
  ['numeric(5,2)', '999.99', '-0.01', 'NaN'],
  [
    'double precision',
    '-0',
    'NaN',
    'Infinity',
    '-Infinity',
    '4.9e-324',
    '2.2250738585072011e-308',
    '1.7976931348623157e308',
    '0.1',
    '9007199254740993',
  ],
  ['real', '-0', 'NaN', '1e-45', '1.1754942e-38', '3.4028235e38', '0.1', '16777217', '8.3886085e6'],
  ['bigint', '-9223372036854775808', '9223372036854775807', '9007199254740993', '-9007199254740993', '0'],
  [
    'timestamp',
    '4713-01-01 00:00:00 BC',
    '0001-01-01 00:00:00 BC',
    'infinity',
    '-infinity',
    '294276-12-31 23:59:59.999999',
    '1999-12-31 23:59:59.999999',
    '0001-02-29 12:00:00.000001 BC',
  ],
  [
    'timestamptz',
    '4713-01-01 00:00:00+00 BC',
    'infinity',
    '-infinity',
    '294276-12-31 23:59:59.999999+00',
    '1969-12-31 23:59:59.999999-15:59',
  ],
  ['timestamptz(3)', '2024-01-01 00:00:00.123456'],
  ['date', '4713-01-01 BC', '5874897-12-31', 'infinity', '-infinity', '0001-12-31 BC'],
  ['timetz', '24:00:00-15:59:59', '00:00:00.000001+15:59:59'],
  ['time', '24:00:00', '00:00:00.000001'],
  ['interval', '-178000000 years', '1 mon -2 days +03:04:05.678901', '-1 mon 2 days -00:00:00.000001', '-00:00:01'],
  [
    'json',
    '{"a" :  1.10,"a":2, "b":1e400}',
    '"\\u0000"',
    '"\\ud800"',
    ' [ ] ',
    '-0.0',
    '1E+2',
    'null',
    '{"__proto__": {"x": 1}, "10": 1, "9": 2}',
  ],
  [
    'jsonb',
    '{"n": 12345678901234567890.10, "t": 1.0}',
    '1e400',

    '"\\"\\\\u00e9\\ud83d\\ude00"',
    '{"__proto__": {"x": 1}, "constructor": 2, "toString": 3}',
    '-0.0',
    '{"": {"": []}}',
    '"\\u007f"',
  ],
  [
    'text',
    '',
    ' ',
    "it's \\ \\t",
    'é',
    'e\u0301',
    '\u{1F600}\u{10FFFF}\u{FFFF}',
    '\uFEFFbom',
    'NULL',
    '\u0085\u2028',
    '\u0001\u007f',
  ],
  ['character(5)', 'ab', '', 'abcde', ' a'],
  ['"char"', 'a', ''],
  ['name', 'a', 'é'],
  ['bytea', '\\x', '\\x00', '\\x5c27ff'],
  ['int[]', '{}', '{1,NULL,3}', '[0:2]={1,2,3}', '[2:3][-1:0]={{1,2},{3,4}}', '{{{1}},{{2}}}'],
  ['text[]', '{"",NULL,"NULL","a,b","{x}","\\"q\\""}', '[5:5]={x}'],
  ['double precision[]', '{NaN,-0,Infinity}'],
  ['numeric[]', '{NaN,1.50}'],
  ['jsonb[]', '{"{\\"a\\": 1.0}",NULL,"null"}'],
  ['timestamptz[]', '{infinity,"2024-01-01 00:00:00.000001+00"}'],
  ['varchar(3)[]', '{abc,NULL}'],
  ['int4range', 'empty', '(,)', '[1,5)', '(,3)'],
  ['tstzrange', '["2024-01-01 00:00:00+00",infinity]', '(,"2024-01-01 00:00:00.000001+00")'],
  ['int4multirange', '{}', '{[1,2),[5,)}'],
  ['pair', '(1,"a,b")', '(,)', '(2,"")'],
  ['pair[]', '{"(1,a)",NULL}'],
  ['mood', 'it\'s "fine"', 'SAD'],
  ['"Mood 2"', 'a b'],
  ['mood[]', '{SAD,NULL}'],
  ['email', 'a@b'],
  ['email[]', '{a@b,c@d}'],
  ['"Small Int"', '3'],
  ['ints', '[0:1]={7,8}'],
  ['bit(3)', '101'],
  ['bit varying', '', '10110'],
  ['inet', '10.0.0.1/8', '::1', '2001:db8::/32'],
  ['cidr', '10.0.0.0/8'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['macaddr8', '08:00:2b:01:02:03:04:05'],
  ['money', '-92233720368547758.08', '0'],
  ['xml', '<a b="1"> x </a>', 'text &amp; <b/>'],
  ['tsvector', "'a':1A 'b c':2,3"],
  ['tsquery', "'a' & !'b':*"],
  ['point', '(1e-300,NaN)'],
  ['path', '((0,0),(1,1))'],
  ['pg_lsn', 'FFFFFFFF/FFFFFFFF'],
  ['oid', '4294967295'],
  ['xid8', '18446744073709551615'],
  ['regclass', 'pg_class'],
  ['uuid', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ['boolean', 't', 'f'],
  ['citext', 'MiXed', ''],
  ['citext[]', '{A,a}'],
  ['hstore', '"a"=>NULL, "b"=>"", "c d"=>"1"'],
]
const rows = Math.max(...values.map((each) => each.length - 1))
const column = (index: number) => ['constructor', 'valueOf', 'toString', 'select', 'Weird "col"'][index] ?? `c${index}`
const quoted = (index: number) => `"${column(index).replaceAll('"', '""')}"`
const names = values.map((_, index) => column(index))
const inserts = Array.from({ length: rows }, (_, row) => {
  const cells = values.map(([type, ...each]) => (each[row] === undefined ? 'NULL' : `$v$${each[row]}$v$::${type}`))
  return `(${row}, ${cells.join(', ')})`
})
const columns = values.map(([type], index) => `${quoted(index)} ${type}`).join(', ')
const zoo = `
  CREATE EXTENSION citext; CREATE EXTENSION hstore;
  CREATE TYPE mood AS ENUM ('it''s "fine"', 'SAD'); CREATE TYPE "Mood 2" AS ENUM ('a b'); CREATE TYPE pair AS (n int, "t x" text);
  CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); CREATE DOMAIN "Small Int" AS int CHECK (VALUE < 10); CREATE DOMAIN ints AS int[];
  CREATE TABLE zoo (id int PRIMARY KEY, gone int, ${columns});
  ALTER TABLE zoo DROP COLUMN gone;
  INSERT INTO zoo VALUES ${inserts.join(', ')};
  CREATE TABLE zoo_v2 (id int PRIMARY KEY, ${columns});
  CREATE TABLE zoo_wide (id int PRIMARY KEY, gone int, ${columns}, ${values.map(([type], index) => `"new ${index}" ${type}`).join(', ')});
  ALTER TABLE zoo_wide DROP COLUMN gone;
  INSERT INTO zoo_wide SELECT id, ${values.map((_, index) => quoted(index)).join(', ')} FROM zoo`

const same = { forward: (row: object) => row, backward: (row: object) => row }
const renamed = values.map((_, index) => ({ op: 'rename', from: column(index), to: `new ${index}` }))
const fresh = {
  forward: (row: Record<string, unknown>) =>
    Object.fromEntries(names.map((name, index) => [`new ${index}`, row[name]])),
  backward: (row: Record<string, unknown>) =>
    Object.fromEntries(names.map((name, index) => [name, row[`new ${index}`]])),
}
/** Functions get json as values: their spelling is no value, and a null of JSON is the null of JavaScript. */
const spelled = new Set(['json', 'jsonb[]'])

onEveryPostgres('every value', (server) => {
  const inBench = async (body: (bench: Bench) => Promise<void>): Promise<void> => {
    const bench = await openBench(server, zoo)
    try {
      await body(bench)
    } finally {
      await bench.close()
    }
  }
  /** Cells that are not the same in both, each as its column and both texts. */
  const differing = async (
    bench: Bench,
    table: string,
    left: (index: number) => string,
    right: (index: number) => string,
  ) => {
    const found: string[] = []
    for (const [index, [type]] of values.entries()) {
      const image = (text: string) => `ROW(${text})::record`
      const cells = await bench.all(
        `SELECT s.id, ${left(index)}::text AS a, ${right(index)}::text AS b FROM ${table} WHERE ${image(left(index))} *<> ${image(right(index))}`,
      )
      found.push(...cells.map((each) => `${type}: ${each}`))
    }
    return found
  }

  const beside = (bench: Bench) =>
    differing(
      bench,
      'zoo s JOIN zoo_v2 t USING (id)',
      (at) => `s.${quoted(at)}`,
      (at) => `t.${quoted(at)}`,
    )
  const within = (bench: Bench) =>
    differing(
      bench,
      'zoo_wide s',
      (at) => `s.${quoted(at)}`,
      (at) => `s."new ${at}"`,
    )
  const run = async (bench: Bench, spec: Json, load?: unknown) => {
    const step = await bench.plan(dataTransform, spec, load)
    expect(step.found.filter((each) => each.startsWith('block'))).toEqual([])
    expect((await step.check()).filter(({ level }) => level === 'block')).toEqual([])
    await step.apply()
    expect((await step.verify()).map(({ code }) => code)).toEqual(['rows.equal'])
    return step
  }

  it('passes to a new table as it is', async () => {
    await inBench(async (bench) => {
      const before = await bench.all('SELECT * FROM zoo')
      const step = await run(bench, { table: 'zoo', into: 'zoo_v2', lens: [] })
      expect(await beside(bench)).toEqual([])
      await step.rollback()
      expect([await bench.all('SELECT * FROM zoo'), await bench.all('SELECT * FROM zoo_v2')]).toEqual([before, []])
    })
  })

  it('goes through a function to a new table', async () => {
    await inBench(async (bench) => {
      const kept = names.filter((_, index) => !spelled.has(values[index]![0]))
      await run(
        bench,
        { table: 'zoo', into: 'zoo_v2', lens: [{ op: 'fn', ref: './x.ts#f', takes: kept, gives: kept }] },
        same,
      )
      expect(await beside(bench)).toEqual([])
    })
  })

  it('is refused by name where a function gives what its column cannot hold', async () => {
    await inBench(async (bench) => {
      await bench.db.query(
        'CREATE TABLE asked (id int PRIMARY KEY, n int); CREATE TABLE given (id int PRIMARY KEY, r real, d float8, t text, v varchar(2), a timestamp)',
      )
      const odd: readonly object[] = [
        { r: 1e300 },
        { r: 1e-300 },
        { t: 'half \ud800' },
        { t: 'nul \u0000' },
        { v: 'abc' },
        { d: 10n ** 400n },
        { a: '2024-02-30' },
      ]
      const even: readonly object[] = [
        { r: Infinity },
        { d: '-Infinity' },
        { a: '2024-01-01T00:00:00.9999999Z' },
        { d: -0 },
      ]
      const all = [...odd, ...even]
      await bench.db.query(`INSERT INTO asked SELECT g, g FROM generate_series(0, ${all.length - 1}) g`)
      const lens = [{ op: 'fn', ref: './x.ts#f', takes: ['n'], gives: ['r', 'd', 't', 'v', 'a'] }]
      const step = await bench.plan(
        dataTransform,
        { table: 'asked', into: 'given', lens, tolerate: odd.length },
        { forward: ({ n }: { n: number }) => all[n], backward: () => ({ n: 0 }) },
      )
      await step.apply()
      expect(await bench.all(`SELECT * FROM given`)).toEqual([
        '(10,,-0,,,)',
        '(7,Infinity,,,,)',
        '(8,,-Infinity,,,)',
        '(9,,,,,"2024-01-01 00:00:01")',
      ])
      expect((await step.verify()).map(({ code }) => code)).toEqual(['rows.equal'])
    })
  })

  it('is renamed in place by SQL, kept in step and cleared', async () => {
    await inBench(async (bench) => {
      const before = await bench.all('SELECT * FROM zoo_wide')
      const mirror = await bench.plan(dataMirror, { table: 'zoo_wide', lens: renamed })
      expect(mirror.found.filter((each) => each.startsWith('block'))).toEqual([])
      await mirror.apply()
      const step = await run(bench, { table: 'zoo_wide', lens: renamed })
      expect(await within(bench)).toEqual([])
      await bench.db.query(`UPDATE zoo_wide SET ${values.map((_, index) => `${quoted(index)} = NULL`).join(', ')}`)
      expect(
        await bench.all(
          `SELECT id FROM zoo_wide WHERE (${values.map((_, index) => `"new ${index}"::text`).join(', ')}) IS NOT NULL`,
        ),
      ).toEqual([])
      await bench.db.query(
        `UPDATE zoo_wide w SET ${values.map((_, index) => `"new ${index}" = z.${quoted(index)}`).join(', ')} FROM zoo z WHERE z.id = w.id`,
      )
      expect(await within(bench)).toEqual([])
      await step.rollback()
      await mirror.rollback()
      expect(await bench.all('SELECT * FROM zoo_wide')).toEqual(before)
    })
  })

  it('is copied in place by a function, and a worker keeps it in step', async () => {
    await inBench(async (bench) => {
      const kept = names.filter((_, index) => !spelled.has(values[index]![0]))
      const gives = values.flatMap(([type], index) => (spelled.has(type) ? [] : [`new ${index}`]))
      const lens = [{ op: 'fn', ref: './x.ts#f', takes: kept, gives }]
      const before = await bench.all('SELECT * FROM zoo_wide')
      const mirror = await bench.plan(dataMirror, { table: 'zoo_wide', lens }, fresh)
      expect(mirror.found.filter((each) => each.startsWith('block'))).toEqual([])
      await mirror.apply()
      const step = await run(bench, { table: 'zoo_wide', lens }, fresh)
      const unlike = async () => (await within(bench)).filter((each) => !spelled.has(each.split(':')[0]!))
      expect(await unlike()).toEqual([])
      await bench.db.query(
        `CREATE TABLE kept AS SELECT * FROM zoo_wide; UPDATE zoo_wide SET ${gives.map((name) => `"${name}" = NULL`).join(', ')}`,
      )
      await bench.db.query(
        `UPDATE zoo_wide w SET ${gives.map((name) => `"${name}" = k."${name}"`).join(', ')} FROM kept k WHERE k.id = w.id`,
      )
      const quit = new AbortController()
      const worker = mirror.follow(quit.signal)
      await step.rollback().finally(() => quit.abort())
      await worker
      await mirror.rollback()
      expect(await bench.all('SELECT * FROM zoo_wide')).toEqual(before)
    })
  })

  it('is carried between tables, both ways', async () => {
    await inBench(async (bench) => {
      const before = await bench.all('SELECT * FROM zoo')
      const mirror = await bench.plan(dataMirror, { table: 'zoo', into: 'zoo_v2', lens: [] })
      expect(mirror.found.filter((each) => each.startsWith('block'))).toEqual([])
      await mirror.apply()
      await bench.db.query(
        `CREATE TABLE kept AS SELECT * FROM zoo; DELETE FROM zoo; INSERT INTO zoo SELECT * FROM kept`,
      )
      expect(await beside(bench)).toEqual([])
      await bench.db.query(`DELETE FROM zoo_v2; INSERT INTO zoo_v2 SELECT * FROM kept`)
      expect(await bench.all('SELECT * FROM zoo')).toEqual(before)
      expect((await mirror.verify()).map(({ code }) => code)).toEqual(['mirror.in-step'])
    })
  })
})
