import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres, postgresDialect } from '../../../adapters/postgres/index.ts'
import type { Json } from '../../../core/json.ts'
import { describeKind } from '../../../testing/kind-kit.ts'
import { databaseTemplate } from '../../../testing/database-template.ts'
import { postgresSources, type PostgresServer, startPostgres } from '../../../testing/postgres.ts'
import { dataCompare } from './index.ts'

const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing)) console.warn(`no PostgreSQL of ${source}: ${why}`)

const fill = `
  CREATE TABLE teams (id int PRIMARY KEY);
  CREATE TABLE users (id int PRIMARY KEY, email varchar(50), amount numeric, doc json, at timestamptz, place point, flag boolean, team int);
  INSERT INTO teams SELECT generate_series(1, 5);
  INSERT INTO users SELECT g, 'u' || g, g * 1.10, '{"a": 1}', '2020-01-01', '(1,2)', g % 2 = 0, 1 + g % 5 FROM generate_series(1, 20000) g;
  CREATE TABLE users_v4 (id int PRIMARY KEY, email text, amount numeric, doc json, at timestamptz, place point, flag boolean, team int, CONSTRAINT users_v4_team_fkey FOREIGN KEY (team) REFERENCES teams);
  INSERT INTO users_v4 SELECT * FROM users`

const pair = { source: 'public.users', target: 'public.users_v4' }

describe.each(found)('data.compare on %s', (source) => {
  let server: PostgresServer
  const templates = new Map<string, ReturnType<typeof databaseTemplate>>()
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
  })
  afterAll(async () => {
    await server?.stop()
  })

  async function world(text: string) {
    const template = templates.get(text) ?? databaseTemplate(server, text)
    templates.set(text, template)
    const { url, drop } = await (await template)()
    const db = new pg.Client(url)
    await db.connect()
    const who = { run: 'case-1', fence: 1, base: '/', signal: new AbortController().signal }
    const open = () => postgres.open({ url, connections: 4 }, who)
    const [one, two] = [await open(), await open()]
    return {
      targets: { source: one, target: two },
      tools: { source: postgresDialect, target: postgresDialect },
      close: async () => {
        await Promise.all([one.close(), two.close(), db.end()])
        await drop()
      },
      db,
    }
  }
  type World = Awaited<ReturnType<typeof world>>

  async function compare(place: World, spec: Json, same = true) {
    const draft = dataCompare.plan(dataCompare.spec.parse(spec), {
      facts: { source: await place.targets.source.observe(), target: await place.targets.target.observe() },
      tools: place.tools,
      targets: { source: 'main', target: same ? 'main' : 'other' },
    })
    if (draft.findings!.some((each) => each.level === 'block'))
      return { planned: draft.findings, findings: [], marks: [], at: undefined as never, work: draft.work }
    const at = context(place.targets.source.read, place.targets.target.read)
    const marks = []
    for await (const mark of dataCompare.apply(draft.work, at, null)) marks.push(mark)
    return { findings: await dataCompare.verify!(draft.work, at), marks, at, work: draft.work }
  }

  const spec = {
    tables: [pair],
    batchSize: 1000,
    rules: [{ name: 'amounts', sql: 'SELECT id FROM users_v4 WHERE amount < 0' }],
  }
  describeKind({ name: 'equal', kind: dataCompare, spec, world: () => world(fill), most: 4 }, { describe, it })

  it.each([true, false])(
    'names every row and column that differs, in one database (%s) and between two',
    async (same) => {
      const place = await world(fill)
      try {
        await place.db
          .query(`UPDATE users_v4 SET email = 'x', flag = NULL WHERE id = 7; UPDATE users_v4 SET amount = 12 WHERE id = 19999; UPDATE users_v4 SET amount = 11.000 WHERE id = 10;
        UPDATE users_v4 SET doc = '{"a":1}' WHERE id = 20000; DELETE FROM users_v4 WHERE id IN (1, 5000); INSERT INTO users_v4 (id) VALUES (-5), (30000)`)
        const seen = await compare(
          place,
          { tables: [{ ...pair, critical: ['email'], show: ['amount'] }], batchSize: 3000, patienceMs: 20 },
          same,
        )
        expect(seen.marks).toHaveLength(7)
        expect(seen.findings.map((each) => [each.level, each.code])).toEqual([
          ['block', 'compare.different'],
          ['block', 'compare.critical'],
        ])
        expect(seen.findings[0]!.data).toMatchObject({ source: 20000, target: 20000, different: 8, critical: 5 })
        const { listed } = seen.findings[0]!.data as { listed: { key: string[]; why: string; columns: string[] }[] }
        const sorted = [...listed].sort((a, b) => Number(a.key[0]) - Number(b.key[0]))
        expect(sorted).toEqual([
          { key: ['-5'], why: 'extra', columns: [], values: { amount: [null, null] } },
          { key: ['1'], why: 'missing', columns: [], values: { amount: ['1.10', null] } },
          { key: ['7'], why: 'differs', columns: ['email', 'flag'], values: {} },
          { key: ['10'], why: 'differs', columns: ['amount'], values: { amount: ['11.00', '11.000'] } },
          { key: ['5000'], why: 'missing', columns: [], values: { amount: ['5500.00', null] } },
          { key: ['19999'], why: 'differs', columns: ['amount'], values: { amount: ['21998.90', '12'] } },
          { key: ['20000'], why: 'differs', columns: ['doc'], values: {} },
          { key: ['30000'], why: 'extra', columns: [], values: { amount: [null, null] } },
        ])
        expect(seen.findings[0]!.message).not.toContain('u7')
      } finally {
        await place.close()
      }
    },
  )

  it('goes on from a checkpoint, tolerates what it may, finds orphans and broken rules', async () => {
    const place = await world(fill)
    try {
      await place.db.query(
        `UPDATE users_v4 SET email = 'x' WHERE id IN (7, 15000); SET session_replication_role = replica; UPDATE users_v4 SET team = 77 WHERE id = 3; UPDATE users SET team = 77 WHERE id = 3; RESET session_replication_role`,
      )
      const asked = {
        tables: [{ ...pair, tolerance: 2 }],
        batchSize: 5000,
        rules: [{ name: 'nobody is x', sql: `SELECT * FROM users_v4 WHERE email = 'x';` }],
      }
      const seen = await compare(place, asked)
      expect(seen.findings.map((each) => [each.level, each.code])).toEqual([
        ['risk', 'compare.tolerated'],
        ['block', 'compare.orphans'],
        ['block', 'compare.rule'],
      ])
      expect(seen.findings[1]!.data).toEqual({ relation: 'users_v4_team_fkey', keys: [['77']] })
      const again = []
      for await (const mark of dataCompare.apply(seen.work, seen.at, seen.marks[1]!)) again.push(mark)
      expect(again).toEqual(seen.marks.slice(2))
    } finally {
      await place.close()
    }
  })

  it('compares with what a lens makes, and refuses what cannot be compared', async () => {
    const place = await world(
      `CREATE TABLE users (id int PRIMARY KEY, email text, given boolean, records jsonb); INSERT INTO users SELECT g, 'e', true, '{"given": true, "more": 1}' FROM generate_series(1, 10) g`,
    )
    try {
      const lens = [{ op: 'object', to: 'records', fields: { given: { from: 'given' } } }]
      const asked = { tables: [{ source: 'public.users', lens }] }
      expect((await compare(place, asked)).findings).toMatchObject([{ code: 'compare.equal', data: { rows: 10 } }])
      await place.db.query('UPDATE users SET given = false WHERE id = 4')
      expect((await compare(place, asked)).findings).toMatchObject([
        { code: 'compare.different', data: { listed: [{ key: ['4'], columns: ['records'] }] } },
      ])
      expect((await compare(place, { tables: [{ source: 'public.user' }] })).planned).toMatchObject([
        { level: 'block', message: expect.stringContaining('users') as string },
        {},
      ])
      expect((await compare(place, {})).planned).toMatchObject([{ code: 'compare.nothing' }])
    } finally {
      await place.close()
    }
  })
})

function context(source: unknown, target: unknown): never {
  return {
    run: 'case-1',
    step: 'step',
    clock: { now: () => Date.now(), sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) },
    signal: new AbortController().signal,
    plan: { name: 'case', from: '1', to: '2' },
    on: { source, target },
    applied: null,
  } as never
}
