import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../../test/cli/command.ts'
import { type PostgresServer, postgresSources, startPostgres } from '../testing/postgres.ts'
import { firstPlan, planTypeScript, planYaml, type SeenTable } from './init/index.ts'

const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing))
  console.warn(`init was not tried on the ${source} PostgreSQL: ${why}`)

const tables = `CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
INSERT INTO customers (name) SELECT 'Customer ' || g FROM generate_series(1, 500) g;
ALTER TABLE customers SET (autovacuum_enabled = false);
CREATE TABLE "odd ""name" (a int);
CREATE ROLE small LOGIN; GRANT SELECT ON customers TO small`

describe.each(found)('init on the %s PostgreSQL', (source) => {
  let server: PostgresServer
  let place: Place
  beforeAll(async () => {
    server = await startPostgres({ source })
    const client = new pg.Client({ connectionString: server.url() })
    await client.connect()
    await client.query(`${tables}; ALTER ROLE postgres PASSWORD 'very-secret'`)
    await client.end()
    place = makePlace({ DATABASE_URL: server.url().replace('postgres@', 'postgres:very-secret@') })
  })
  afterAll(async () => {
    place?.remove()
    await server?.stop()
  })

  test('says what it does not know yet, and which right the plan will want', async () => {
    const made = await place.run('init', server.url().replace('postgres@', 'small@'), '--dir', 'small')
    expect(made.out).toContain('adds one empty column to public.customers (rows not estimated yet)')
    expect(made.out).toContain('ALTER ROLE "small" CREATEDB')
    expect(readFileSync(join(place.folder, 'small', 'changeover.yaml'), 'utf8')).toContain(
      'public.customers: rows not estimated yet, ',
    )
    const client = new pg.Client({ connectionString: server.url() })
    await client.connect()
    await client.query('ANALYZE')
    await client.end()
  })

  test('writes a first plan that runs, verifies, reports and rolls back', async () => {
    const made = await place.run('init')
    expect(made.out).toContain('adds one empty column to public.customers (about 500 rows)')
    expect(made.out).not.toContain('CREATEDB')
    expect(readFileSync(join(place.folder, 'changeover.yaml'), 'utf8')).not.toContain('very-secret')
    expect((await place.run('check')).code).toBe(0)
    const run = await place.run('run', '--yes')
    expect(run.err).toBe('')
    expect(run.code).toBe(0)
    expect((await place.run('verify')).code).toBe(0)
    expect((await place.run('report', '--out', 'report.html')).code).toBe(0)
    expect(existsSync(join(place.folder, 'backups', 'backups'))).toBe(true)
    const back = await place.run('rollback', '--yes')
    expect(back.out).toContain('run.restored')
    expect(back.code).toBe(5)
    expect((await place.run('events')).out).not.toContain('very-secret')
  })

  test('overwrites nothing, and writes TypeScript elsewhere', async () => {
    const again = await place.run('init')
    expect(again.err).toContain('there is a plan already: changeover.yaml')
    expect(again.code).toBe(2)
    expect((await place.run('init', '--typescript', '--dir', 'ts')).code).toBe(0)
    expect((await place.run('check', '-f', 'ts/changeover.config.ts')).code).toBe(0)
  })

  test('a database that is not there is an error with help', async () => {
    const ended = await place.run('init', server.url('nowhere'), '--dir', 'other')
    expect(ended.err).toContain('database "nowhere" does not exist')
    expect(ended.code).toBe(1)
  })
})

describe('the first plan', () => {
  const table = (name: string, bytes: number, more: Partial<SeenTable> = {}): SeenTable => ({
    schema: 'public',
    name,
    rows: 10,
    bytes,
    key: ['id'],
    columns: ['id'],
    ...more,
  })

  test('takes the largest table with a key that a backup of takes no patience', () => {
    const chosen = (...seen: readonly SeenTable[]) => firstPlan({ name: 'x', version: '18', tables: seen }).chosen?.name
    expect(chosen(table('a', 5), table('b', 9))).toBe('b')
    expect(chosen(table('a', 5), table('b', 9, { key: [] }))).toBe('a')
    expect(chosen(table('a', 5), table('b', 9, { schema: 'my.schema' }))).toBe('a')
    expect(chosen(table('a', 5), table('b', 2e9))).toBe('a')
    expect(chosen(table('a', 5, { columns: ['id', 'changeover_example'] }))).toBeUndefined()
  })

  test('keeps its comments on one line, whatever a table is called', () => {
    const seen = { name: 'x', version: '18', tables: [table('two\nlines', 5)] }
    const first = firstPlan(seen)
    for (const text of [planYaml(first, seen), planTypeScript(first, seen)])
      expect(text.split('\n').filter((line) => line.startsWith('lines'))).toEqual([])
  })

  test('of an empty database only looks, and is valid in both spellings', () => {
    const seen = { name: '"; drop', version: '18', tables: [] }
    const first = firstPlan(seen)
    expect(first.plan.name).toBe('drop')
    expect(first.plan.steps.map((step) => step.id)).toEqual(['look'])
    expect(planYaml(first, seen)).toContain('name: drop')
    expect(planTypeScript(first, seen)).toContain("name: 'drop'")
  })
})
