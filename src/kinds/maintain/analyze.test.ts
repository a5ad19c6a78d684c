import { describe, expect, it } from 'vitest'
import { onEveryPostgres } from '../../../test/postgres.ts'
import { type KindCase, describeKind } from '../../testing/kind-kit.ts'
import { maintainAnalyze } from './index.ts'

onEveryPostgres('maintain', (server) => {
  const open = () =>
    server.open(
      'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE a (id int); CREATE TABLE "b C" (id int); INSERT INTO a SELECT generate_series(1, 100)',
    )

  const cases: readonly Omit<KindCase, 'world'>[] = [
    { name: 'every table', kind: maintainAnalyze, spec: {} },
    { name: 'one table, with VACUUM', kind: maintainAnalyze, spec: { tables: ['a'], vacuum: true } },
  ]
  for (const each of cases) describeKind({ ...each, world: open }, { describe, it })

  it('names a table that is not there', async () => {
    const world = await open()
    const facts = await world.targets['database']?.observe()
    const draft = maintainAnalyze.plan({ tables: ['nobody'], vacuum: false, lockMs: 1 }, {
      facts: { database: facts },
      tools: {},
      targets: {},
    } as never)
    expect(draft.findings?.map(({ message }) => message)).toEqual(['there is no table "public.nobody" in the database'])
    await world.close()
  })
})
