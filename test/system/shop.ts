/** A small shop on a real PostgreSQL, its plan, and the command as a process: for tests of what goes wrong. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { databaseTemplate, type PostgresServer } from '../../src/testing/index.ts'
import { type Ended, makePlace, type Place, type Running } from '../cli/command.ts'

export const rows = 3_000

const tables = `
  CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, first text NOT NULL, last text NOT NULL);
  INSERT INTO users (first, last) SELECT 'First' || i, 'Last' || i FROM generate_series(1, ${rows}) AS i;`

export const plan = `name: shop
from: "1"
to: "2"
targets:
  db: { adapter: postgres, config: { url: "\${DATABASE_URL}" } }
  backups: { adapter: files, config: { folder: ./backups } }
steps:
  - id: column
    kind: schema.add-column
    on: db
    spec: { table: users, columns: [{ name: full_name, type: text }] }
  - id: fill
    kind: data.transform
    on: db
    spec: { table: users, lens: [{ op: join, from: [first, last], to: full_name, separator: " " }] }
`

type Row = Record<string, unknown>

export interface Shop {
  readonly url: string
  readonly place: Place
  run(...words: string[]): Promise<Ended>
  start(...words: string[]): Running
  /** The same folder seen with another environment. */
  as(env: Readonly<Record<string, string>>): (...words: string[]) => Promise<Ended>
  sql(text: string): Promise<readonly Row[]>
  /** Every row is filled, or none is; the column is there, or not. */
  filled(): Promise<'none' | 'whole' | 'part'>
  /** Nothing of the tool is left in the database. */
  clean(): Promise<boolean>
  /** The whole text of every file in the folder. */
  files(): string
  remove(): void
}

/** Makes shops of one server, each on a database of its own. */
export async function shops(
  server: PostgresServer,
): Promise<(env?: Readonly<Record<string, string>>) => Promise<Shop>> {
  const make = await databaseTemplate(server, tables)
  return async (env = {}) => {
    const { url } = await make()
    const place = makePlace({ DATABASE_URL: url, ...env })
    place.write('changeover.yaml', plan)
    return shopAt(url, place)
  }
}

function shopAt(url: string, place: Place): Shop {
  const sql = async (text: string): Promise<readonly Row[]> => {
    const client = new pg.Client({ connectionString: url, options: '-c default_transaction_read_only=off' })
    await client.connect()
    try {
      const result = (await client.query(text)) as pg.QueryResult<Row> | pg.QueryResult<Row>[]
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? []
    } finally {
      await client.end()
    }
  }
  return {
    url,
    place,
    run: (...words) => place.run(...words),
    start: (...words) => place.start(...words),
    as: (env) => place.runWith(env),
    sql,
    filled: async () => {
      const [column] = await sql(
        "SELECT FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'full_name'",
      )
      if (column === undefined) return 'none'
      const [right] = await sql("SELECT count(*)::int AS n FROM users WHERE full_name = first || ' ' || last")
      const [all] = await sql('SELECT count(*)::int AS n FROM users')
      return right?.['n'] === all?.['n'] && all?.['n'] === rows ? 'whole' : right?.['n'] === 0 ? 'none' : 'part'
    },
    clean: async () => (await sql("SELECT FROM pg_namespace WHERE nspname LIKE 'changeover%'")).length === 0,
    files: () =>
      readdirSync(place.folder, { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map((each) => readFileSync(join(each.parentPath, each.name), 'latin1'))
        .join('\n'),
    remove: () => place.remove(),
  }
}

/** Makes the transformation of a shop slow, so that things can happen while it goes on. */
export const slowly = (ms: number): string => `
  CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(${ms} / 1000.0); RETURN new; END $$;
  CREATE TRIGGER linger BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION linger()`
