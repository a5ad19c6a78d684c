import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres, postgresDialect } from '../../adapters/postgres/index.ts'
import type { Json } from '../../core/json.ts'
import { type CaseWorld, type KindCase, describeKind } from '../../testing/kind-kit.ts'
import { type PostgresServer, postgresSources, startPostgres } from '../../testing/postgres.ts'
import { schemaSql } from './index.ts'

const setting = `
  DROP SCHEMA IF EXISTS public CASCADE; DROP SCHEMA IF EXISTS changeover CASCADE; DROP SCHEMA IF EXISTS changeover_kept CASCADE; CREATE SCHEMA public;
  CREATE TABLE users (id bigint PRIMARY KEY, name text, region varchar(20));
  CREATE INDEX users_region ON users (region);
  CREATE TABLE legacy_nodes (id bigint PRIMARY KEY, region text);
  INSERT INTO users SELECT n, 'user ' || n, 'eu' FROM generate_series(1, 50) n;
  INSERT INTO legacy_nodes VALUES (1, NULL), (2, 'eu');
`

const { found, missing } = postgresSources()
for (const [source, reason] of Object.entries(missing)) console.warn(`skipped: PostgreSQL "${source}": ${reason}`)

describe.each(found)('kinds of schema on PostgreSQL (%s)', (source) => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
  })
  afterAll(async () => {
    await server.stop()
  })

  async function open(extra = ''): Promise<CaseWorld> {
    const target = await postgres.open(
      { url: server.url() },
      { run: 'case-1', fence: 1, base: '/', signal: new AbortController().signal },
    )
    await target.write.run(setting + extra)
    return {
      targets: { database: target },
      tools: { database: postgresDialect },
      state: async () =>
        (await target.read.rows('SELECT id::int, name, region FROM users ORDER BY id')) as unknown as Json,
      leftovers: async () =>
        (
          await target.read.rows<{ name: string }>(
            "SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace('changeover')",
          )
        ).map((row) => row.name),
      close: () => target.close(),
    }
  }

  const cases: readonly Omit<KindCase, 'world'>[] = [
    {
      name: 'the script of the guide',
      kind: schemaSql,
      spec: {
        up: `BEGIN;
          CREATE TABLE federation_nodes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), node_id varchar(255) UNIQUE NOT NULL, region varchar(100) NOT NULL, created_at timestamptz DEFAULT now());
          CREATE TABLE aix_learning_rounds (id uuid PRIMARY KEY, round_id varchar(255) UNIQUE NOT NULL);
          INSERT INTO federation_nodes (node_id, region) SELECT 'legacy-' || id, coalesce(region, 'us-east-1') FROM legacy_nodes;
          COMMIT;`,
        down: 'DROP TABLE aix_learning_rounds; DROP TABLE federation_nodes',
      },
    },
    {
      // Every part is a handful of calls: evenly spread deaths reach each of them.
      most: 16,
      name: 'a script with parts that no transaction can hold',
      kind: schemaSql,
      spec: {
        up: 'ALTER TABLE users ADD COLUMN node_id uuid; CREATE INDEX CONCURRENTLY users_node ON users (node_id); DROP INDEX CONCURRENTLY users_region; ALTER TABLE users ADD COLUMN more text',
        down: 'ALTER TABLE users DROP COLUMN more; CREATE INDEX CONCURRENTLY users_region ON users (region); DROP INDEX CONCURRENTLY users_node; ALTER TABLE users DROP COLUMN node_id',
      },
    },
  ]
  for (const each of cases) describeKind({ ...each, world: () => open() }, { describe, it })

  it('is there', () => expect(server.port).toBeGreaterThan(0))
})
