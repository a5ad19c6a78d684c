/** A small shop on a real PostgreSQL, its plan, and the command as a process: for tests of what goes wrong. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test as base, vi } from 'vitest'
import { databaseTemplate, type PostgresServer, startPostgres } from '../../src/testing/index.ts'
import { type Ended, type Environment, makePlace, type Place, type Running } from '../cli/command.ts'
import { mustBeQuiet, mustEnd } from './judge.ts'
import { plan } from './shop-plan.ts'

export const rows = 3_000

// Each test starts some ten processes: on a busy machine a second or more each.
vi.setConfig({ testTimeout: 180_000 })

const tables = `
  CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, first text NOT NULL, last text NOT NULL);
  INSERT INTO users (first, last) SELECT 'First' || i, 'Last' || i FROM generate_series(1, ${rows}) AS i;`

type Row = Record<string, unknown>

export interface Shop {
  readonly url: string
  readonly place: Place
  run(...words: string[]): Promise<Ended>
  start(...words: string[]): Running
  /** The same folder seen with another environment. */
  as(env: Environment): (...words: string[]) => Promise<Ended>
  sql(text: string): Promise<readonly Row[]>
  /** Every row is filled, or none is; the column is there, or not. */
  filled(): Promise<'none' | 'whole' | 'part'>
  /** Nothing of the tool is left in the database. */
  clean(): Promise<boolean>
  /** Starts a run and waits until it is in the middle of its transformation, which takes a minute with two hands: nothing but `fast` ends it in time. */
  underWay(): Promise<Running>
  /** How many rows are filled. */
  done(): Promise<number>
  /** Each row takes so many milliseconds from now on. */
  slow(ms: number): Promise<void>
  /** Lets the rows go as fast as they can. */
  fast(): Promise<void>
  /** `resume` ends with every row right, then `rollback` with nothing left. */
  goesOn(): Promise<void>
  goesBack(): Promise<void>
  /** The file of the only run that ends so, and the folder of the journals. */
  fileOf(ending: '.jsonl' | '.claim'): string
  /** The journal's types of events, in order. */
  events(): readonly string[]
  /** Whether a run was opened. */
  hasRun(): boolean
  /** The whole text of every file in the folder. */
  files(): string
  /** Ends what was started here and is still there, and demands that nothing of the tool goes on in database or journal. */
  leave(): Promise<void>
}

/** In the environment of every shop. */
export const token = 'tok-5f1c0ffee-geheim'

/** Makes shops of one server, each on a database of its own. */
export async function shops(server: PostgresServer): Promise<() => Promise<Shop>> {
  const make = await databaseTemplate(server, tables)
  return async () => {
    const { url } = await make()
    const place = makePlace({ DATABASE_URL: url, API_TOKEN: token })
    place.write('changeover.yaml', plan)
    return shopAt(url, place)
  }
}

/** A test in a shop of its own: `test('…', async ({ shop }) => …)`. The server is that of the file. */
export const test = base.extend<{ server: PostgresServer; makeShop: () => Promise<Shop>; shop: Shop }>({
  server: [
    // oxlint-disable-next-line no-empty-pattern -- vitest reads what a fixture needs from the pattern
    async ({}, use) => {
      const server = await startPostgres()
      await use(server)
      await server.stop()
    },
    { scope: 'file' },
  ],
  makeShop: [async ({ server }, use) => use(await shops(server)), { scope: 'file' }],
  shop: async ({ makeShop }, use) => {
    const shop = await makeShop()
    await use(shop)
    await shop.leave()
  },
})

function shopAt(url: string, place: Place): Shop {
  const started: Running[] = []
  const sql = async (text: string): Promise<readonly Row[]> => {
    const client = new pg.Client({ connectionString: url, options: '-c default_transaction_read_only=off' })
    // A server that goes away tells it twice: to the query, and here.
    client.on('error', () => undefined)
    await client.connect()
    try {
      const result = (await client.query(text)) as pg.QueryResult<Row> | pg.QueryResult<Row>[]
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? []
    } finally {
      await client.end()
    }
  }
  const start = (...words: string[]): Running => {
    const running = place.start(...words)
    started.push(running)
    return running
  }
  const journals = join(place.folder, '.changeover')
  const filled = async (): Promise<'none' | 'whole' | 'part'> => {
    const [column] = await sql(
      "SELECT FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'full_name'",
    )
    if (column === undefined) return 'none'
    const [right] = await sql("SELECT count(*)::int AS n FROM users WHERE full_name = first || ' ' || last")
    const [all] = await sql('SELECT count(*)::int AS n FROM users')
    return right?.['n'] === all?.['n'] && all?.['n'] === rows ? 'whole' : right?.['n'] === 0 ? 'none' : 'part'
  }
  const clean = async () => (await sql("SELECT FROM pg_namespace WHERE nspname LIKE 'changeover%'")).length === 0
  const done = async () => {
    const found = await sql('SELECT count(*)::int AS n FROM users WHERE full_name IS NOT NULL').catch(() => [])
    return Number(found[0]?.['n'] ?? 0)
  }
  const slow = async (ms: number) => void (await sql(pace(ms)))
  const fast = () => slow(0)
  const goesBack = async () => {
    mustEnd(await place.run('rollback', '--yes'), 5)
    expect([await filled(), await clean()]).toEqual(['none', true])
  }
  const fileOf = (ending: string) => join(journals, readdirSync(journals).find((each) => each.endsWith(ending)) ?? '')
  return {
    url,
    place,
    run: (...words) => place.run(...words),
    start,
    as: (env) => place.runWith(env),
    sql,
    filled,
    clean,
    done,
    slow,
    fast,
    fileOf,
    underWay: async () => {
      await sql(`${pace(40)}; ${lingers}`)
      const running = start('run', '--yes', '--batch-size', '10')
      await running.shows('step.marked')
      await expect.poll(done, { timeout: 60_000, interval: 30 }).toBeGreaterThan(0)
      return running
    },
    goesOn: async () => {
      await fast()
      mustEnd(await place.run('resume'), 0)
      expect(await filled()).toBe('whole')
      await goesBack()
    },
    goesBack,
    events: () =>
      readFileSync(fileOf('.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { seq: number; type: string })
        // Of two that wrote at once, the first line with a number is the event.
        .filter(({ seq }, at, all) => all.findIndex((each) => each.seq === seq) === at)
        .map(({ type }) => type),
    hasRun: () => existsSync(journals) && readdirSync(journals).some((each) => each.endsWith('.jsonl')),
    files: () =>
      readdirSync(place.folder, { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map((each) => readFileSync(join(each.parentPath, each.name), 'latin1'))
        .join('\n'),
    leave: async () => {
      const left = started.filter(({ child }) => child.exitCode === null && child.signalCode === null)
      for (const { child } of left) child.kill('SIGKILL')
      await Promise.all(started.map((each) => each.ended))
      try {
        if (left.length === 0) await mustBeQuiet(sql, journals)
      } finally {
        place.remove()
      }
    },
  }
}

/** Makes the transformation of a shop slow, row by row, and nothing else, so that things can happen while it goes on. Takes no lock on the table. */
const pace = (ms: number): string => `
  CREATE OR REPLACE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF ${ms} > 0 AND to_jsonb(new) ->> 'full_name' IS NOT NULL THEN PERFORM pg_sleep(${ms} / 1000.0); END IF;
    RETURN new;
  END $$`
const lingers = 'CREATE TRIGGER linger BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION linger()'
