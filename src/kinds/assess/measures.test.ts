import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { onEveryPostgres } from '../../../test/postgres.ts'
import { postgresDialect } from '../../adapters/postgres/index.ts'
import type { Finding } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import type { Mark } from '../../core/kind.ts'
import type { SqlWriter } from '../../core/ports/index.ts'
import { type CaseWorld, type KindCase, describeKind } from '../../testing/kind-kit.ts'
import { assessActivity, assessDatabase } from './index.ts'

const setting = `
  DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;
  CREATE TABLE users (id bigint PRIMARY KEY, data json, price money, at timestamp(3));
  INSERT INTO users SELECT n, '{}', 1, now() FROM generate_series(1, 5000) n;
  CREATE TABLE rounds (id int PRIMARY KEY, status text);
  INSERT INTO rounds VALUES (1, 'running'), (2, 'done');
  ANALYZE users;
`
const running = "SELECT 'training' AS label, count(*) FROM rounds WHERE status = 'running'"

onEveryPostgres('assessment of a database', (server) => {
  const open = () => server.open(setting)

  const cases: readonly Omit<KindCase, 'world'>[] = [
    { name: 'all tables', kind: assessDatabase, spec: {} },
    { name: 'nobody at work', kind: assessActivity, spec: { work: ["SELECT 'x' AS label, 0 AS count"] } },
  ]
  for (const each of cases) describeKind({ ...each, world: open }, { describe, it })

  const sqlOf = (world: CaseWorld) => world.targets['database']?.write as SqlWriter

  function context(world: CaseWorld): never {
    const clock = { now: () => Date.now(), sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) }
    return {
      run: 'case-1',
      step: 'step',
      on: { database: sqlOf(world) },
      signal: new AbortController().signal,
      clock,
      applied: null,
    } as never
  }

  async function planned(
    world: CaseWorld,
    kind: KindCase['kind'],
    spec: Json,
  ): Promise<{ work: Json; findings?: readonly Finding[] }> {
    const facts = await world.targets['database']?.observe()
    return kind.plan(kind.spec.parse(spec), {
      facts: { database: facts },
      tools: { database: postgresDialect },
      targets: { database: 'db' },
    } as never) as never
  }

  it('names types that will not fit, and measures', async () => {
    const world = await open()
    const draft = await planned(world, assessDatabase, { sampleRows: 1000 })
    expect((draft.findings ?? []).map(({ message }) => message)).toEqual([
      'column "at" of "public.users" has the type "timestamp(3) without time zone"',
      'column "data" of "public.users" has the type "json"',
      'column "price" of "public.users" has the type "money"',
    ])
    const measured = await assessDatabase.check?.(draft.work as never, context(world))
    const users = measured?.find(({ message }) => message.startsWith('"public.users"'))
    expect(users?.data).toMatchObject({ table: 'public.users', rows: 5000, sampled: 1000 })
    // How fast is a matter of the machine, and of who else is on it.
    expect((users?.data as { rowsPerSecond: number } | undefined)?.rowsPerSecond).toBeGreaterThan(0)
    expect(measured?.map(({ code }) => code)).toEqual([
      'assess.table',
      'assess.table',
      'assess.size',
      'assess.sessions',
    ])
    await world.close()
  })

  it('waits for work to end, with its name', async () => {
    const world = await open()
    const draft = await planned(world, assessActivity, { work: [running], everyMs: 10 })
    const notes: unknown[] = []
    for await (const mark of assessActivity.apply(draft.work as never, context(world), null)) {
      notes.push(mark?.note)
      if (notes.length === 2) await sqlOf(world).run("UPDATE rounds SET status = 'done'")
    }
    expect(notes).toEqual(['waits for training', 'waits for training', 'nobody is in the middle of anything'])
    await world.close()
  })

  it('refuses, and gives up at its limit, naming who is at work', async () => {
    const world = await open()
    const run = async (spec: Json): Promise<Mark[]> => {
      const draft = await planned(world, assessActivity, spec)
      const marks: Mark[] = []
      for await (const mark of assessActivity.apply(draft.work as never, context(world), null)) marks.push(mark)
      return marks
    }
    await expect(run({ work: [running], policy: 'refuse' })).rejects.toMatchObject({
      code: 'run.blocked',
      message: 'work is going on: training',
    })
    await expect(run({ work: [running], limitMs: 30, everyMs: 10 })).rejects.toMatchObject({ code: 'run.blocked' })
    const refused = await planned(world, assessActivity, { work: [running], policy: 'refuse' })
    expect(
      (await assessActivity.check?.(refused.work as never, context(world)))?.map(
        ({ level, code }) => `${level} ${code}`,
      ),
    ).toEqual(['block assess.active', 'note assess.sessions'])
    await world.close()
  })

  it('drains what was there, whatever comes after', async () => {
    const world = await open()
    const client = async (): Promise<pg.Client> => {
      const one = new pg.Client({ connectionString: server.url(), application_name: 'job' })
      await one.connect()
      await one.query('BEGIN; SELECT 1')
      return one
    }
    const [first, second] = [await client(), await client()]
    await new Promise((resolve) => setTimeout(resolve, 40))
    const draft = await planned(world, assessActivity, { longMs: 20, policy: 'drain', everyMs: 10 })
    const later: pg.Client[] = []
    let marks = 0
    for await (const mark of assessActivity.apply(draft.work as never, context(world), null)) {
      if (++marks === 1) later.push(await client())
      if (marks === 3) await Promise.all([first, second].map((one) => one.end()))
      if (marks === 1)
        expect(mark?.note).toMatch(/^waits for transaction of pid \d+ \(job\) open for \d+ s, transaction of pid/)
    }
    expect(marks).toBeGreaterThan(3)
    await later[0]?.end()
    await world.close()
  })
})
