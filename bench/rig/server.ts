/** The server of a benchmark, its settings, and the tables it starts from. The same for every method that is measured. */
import pg from 'pg'
import { computed, targetColumns } from './lenses.ts'
import { type PostgresServer, startPostgres } from '../../src/testing/postgres.ts'

/** Room enough that no checkpoint falls into a run; durable as in production (fsync and synchronous_commit on); no autovacuum by chance. */
export const settings = {
  shared_buffers: '1GB',
  max_wal_size: '16GB',
  checkpoint_timeout: '30min',
  wal_level: 'replica',
  autovacuum: 'off',
  jit: 'off',
} as const

export interface Rig {
  readonly server: PostgresServer
  readonly url: string
  readonly admin: pg.Client
  stop(): Promise<void>
}

export async function startRig(): Promise<Rig> {
  const server = await startPostgres({ settings })
  const admin = new pg.Client({ connectionString: server.url() })
  await admin.connect()
  return {
    server,
    url: server.url(),
    admin,
    stop: async () => {
      await admin.end()
      await server.stop()
    },
  }
}

/** Users with a profile of about 300 bytes of JSON, 380 bytes a row in all. */
export async function seed(rig: Rig, rows: number, table = 'users'): Promise<void> {
  await rig.admin.query(`CREATE TABLE ${table} (
    id bigint PRIMARY KEY, email text NOT NULL, active boolean NOT NULL, name text NOT NULL, created_at timestamptz NOT NULL, profile jsonb NOT NULL)`)
  await rig.admin.query(
    `INSERT INTO ${table} SELECT i, 'User' || i || '@Example.COM', i % 3 <> 0, 'First' || (i % 1000) || ' Last' || (i % 5000),
       timestamptz '2020-01-01' + i * interval '1 second',
       jsonb_build_object('theme', CASE WHEN i % 2 = 0 THEN 'dark' ELSE 'light' END, 'lang', (ARRAY['en', 'de', 'fr'])[1 + i % 3],
         'legacy_flag', i % 7, 'tmp', md5(i::text), 'tags', jsonb_build_array('a' || i % 10, 'b' || i % 20, 'c'),
         'address', jsonb_build_object('street', i % 500 || ' Long Street', 'city', 'Berlin', 'zip', lpad((i % 99999)::text, 5, '0')),
         'bio', repeat('lorem ipsum ', 8))
     FROM generate_series(1, $1::bigint) i`,
    [rows],
  )
  await rig.admin.query(`VACUUM (ANALYZE) ${table}`)
}

export async function createTarget(rig: Rig): Promise<void> {
  await rig.admin
    .query(`CREATE TABLE users_v4 (id bigint PRIMARY KEY, email text NOT NULL, status text NOT NULL, first_name text, last_name text,
    created_at timestamptz NOT NULL, profile jsonb NOT NULL)`)
  await rig.admin.query('CREATE TABLE users_same (LIKE users INCLUDING ALL)')
}

/** The start of every run: an empty target, nothing dirty. */
export async function reset(rig: Rig): Promise<void> {
  await rig.admin.query('TRUNCATE users_v4, users_same')
  await rig.admin.query('DROP SCHEMA IF EXISTS changeover CASCADE')
  await rig.admin.query('CHECKPOINT')
}

/** Each thousandth row stands in the target already, as where a mirror has written. */
export async function fewThere(rig: Rig): Promise<void> {
  await rig.admin.query(`INSERT INTO users_v4 (${targetColumns}) SELECT ${computed} FROM users s WHERE id % 1000 = 1`)
}
