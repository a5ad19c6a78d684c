import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { openBench } from '../../../test/moves.ts'
import { onEveryPostgres } from '../../../test/postgres.ts'
import { postgresDialect } from '../../adapters/postgres/index.ts'
import type { Finding } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import type { Draft, Mark } from '../../core/kind.ts'
import type { Catalog, SqlWriter } from '../../core/ports/index.ts'
import { type CaseWorld, type KindCase, describeKind } from '../../testing/kind-kit.ts'
import { predict } from '../../sql/index.ts'
import { schemaAddColumn, schemaIndex, schemaSeal, schemaSql } from './index.ts'

const setting = `
  DROP SCHEMA IF EXISTS public CASCADE; DROP SCHEMA IF EXISTS changeover CASCADE; DROP SCHEMA IF EXISTS changeover_kept CASCADE; CREATE SCHEMA public;
  CREATE TABLE users (id bigint PRIMARY KEY, name text, region varchar(20));
  CREATE INDEX users_region ON users (region);
  CREATE TABLE legacy_nodes (id bigint PRIMARY KEY, region text);
  INSERT INTO users SELECT n, 'user ' || n, 'eu' FROM generate_series(1, 50) n;
  INSERT INTO legacy_nodes VALUES (1, NULL), (2, 'eu');
`

onEveryPostgres('kinds of schema', (server) => {
  async function open(extra = ''): Promise<CaseWorld> {
    const world = await server.open(setting + extra)
    const target = world.targets.database
    return {
      ...world,
      state: async () =>
        (await target.read.rows('SELECT to_jsonb(u) AS row FROM users u ORDER BY id')) as unknown as Json,
      leftovers: async () =>
        (
          await target.read.rows<{ name: string }>(
            "SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace('changeover')",
          )
        ).map((row) => row.name),
    }
  }

  type Kind = KindCase['kind']

  /** Runs a verb on a world outside the kit; its marks. */
  async function go(
    world: CaseWorld,
    kind: Kind,
    spec: Json,
    verbs: readonly ('apply' | 'rollback')[],
    onMark: (mark: Mark) => unknown = () => undefined,
  ): Promise<readonly Mark[]> {
    const draft = await planned(world, kind, spec)
    const marks: Mark[] = []
    for (const verb of verbs) {
      for await (const mark of kind[verb](draft.work, context(world), null)) {
        marks.push(mark)
        await onMark(mark)
      }
    }
    return marks
  }

  async function planned(world: CaseWorld, kind: Kind, spec: Json): Promise<Draft<{ database: 'database' }, Json>> {
    const facts = await world.targets['database']?.observe()
    return kind.plan(kind.spec.parse(spec), {
      facts: { database: facts },
      tools: { database: postgresDialect },
      targets: { database: 'db' },
    } as never) as never
  }

  function context(world: CaseWorld): never {
    const signal = new AbortController().signal
    const clock = {
      now: () => Date.now(),
      sleep: (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 100))),
    }
    return {
      run: 'case-1',
      step: 'step',
      on: { database: world.targets['database']?.write },
      signal,
      clock,
      applied: null,
    } as never
  }

  const sqlOf = (world: CaseWorld) => world.targets['database']?.write as SqlWriter
  const codes = (draft: { readonly findings?: readonly Finding[] }) =>
    (draft.findings ?? []).map(({ level, code }) => `${level} ${code}`)

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
      most: 10,
      name: 'a script with parts that no transaction can hold',
      kind: schemaSql,
      spec: {
        up: 'ALTER TABLE users ADD COLUMN node_id uuid; CREATE INDEX CONCURRENTLY users_node ON users (node_id); DROP INDEX CONCURRENTLY users_region; ALTER TABLE users ADD COLUMN more text',
        down: 'ALTER TABLE users DROP COLUMN more; CREATE INDEX CONCURRENTLY users_region ON users (region); DROP INDEX CONCURRENTLY users_node; ALTER TABLE users DROP COLUMN node_id',
      },
    },
    {
      name: 'rights, policies, comments and options',
      kind: schemaSql,
      spec: {
        up: `GRANT SELECT, UPDATE (name) ON users TO PUBLIC; CREATE POLICY near ON users USING (region <> 'far'); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
          COMMENT ON TABLE users IS 'who is here'; ALTER TABLE users SET (fillfactor = 80)`,
        down: `ALTER TABLE users RESET (fillfactor); COMMENT ON TABLE users IS NULL; ALTER TABLE users DISABLE ROW LEVEL SECURITY; DROP POLICY near ON users;
          REVOKE SELECT, UPDATE (name) ON users FROM PUBLIC`,
      },
    },
  ]
  const more: readonly Omit<KindCase, 'world'>[] = [
    {
      name: 'three columns at once',
      kind: schemaAddColumn,
      spec: {
        table: 'users',
        columns: [
          { name: 'federation_id', type: 'uuid' },
          { name: 'node_id', type: 'varchar(255)' },
          { name: 'level', type: 'bigint', nullable: false, default: '0' },
        ],
      },
    },
    {
      name: 'on two columns',
      kind: schemaIndex,
      spec: { table: 'users', name: 'users_by', columns: ['region', 'name DESC'] },
    },
    {
      name: 'partial and unique',
      kind: schemaIndex,
      spec: { table: 'users', name: 'users_one', columns: ['name'], unique: true, where: 'id > 10' },
    },
    { name: 'a column and a table', kind: schemaSeal, spec: { columns: ['users.region'], tables: ['legacy_nodes'] } },
  ]
  // Twelve deaths, evenly spread over some thirty calls: each call of a part is met, on both servers together within a minute.
  for (const each of [...cases, ...more]) describeKind({ most: 12, ...each, world: () => open() }, { describe, it })

  const nodes = {
    up: "CREATE TABLE nodes (id int PRIMARY KEY, v text); CREATE TYPE mood AS ENUM ('fine'); ALTER TABLE nodes ADD COLUMN m mood",
    down: 'DROP TABLE nodes; DROP TYPE mood',
  }

  it('keeps the rows of a table that the way back drops', async () => {
    const world = await open()
    const db = sqlOf(world)
    await go(world, schemaSql, nodes, ['apply'])
    await db.run("INSERT INTO nodes VALUES (1, 'from v4', 'fine')")
    await go(world, schemaSql, nodes, ['rollback']).catch(() => undefined)
    const facts = (await world.targets['database']?.observe()) as Catalog
    expect(Object.keys(facts.tables)).not.toContain('public.nodes')
    expect(await db.rows('SELECT * FROM changeover_kept.nodes_case_1')).toEqual([{ id: 1, v: 'from v4', m: 'fine' }])
    await world.close()
  })

  it('says what a rollback would lose when it is told to lose it', async () => {
    const world = await open()
    const draft = await planned(world, schemaSql, { ...nodes, keep: 'drop' })
    expect(draft.undo).toBe('lossy')
    expect(draft.preview).toContain('on rollback: rows of "public.nodes" are lost')
    await world.close()
  })

  it('waits beside a long transaction, names it, and never stands in the queue', async () => {
    const world = await open()
    const other = new pg.Client({ connectionString: server.url(), application_name: 'report' })
    await other.connect()
    await other.query('BEGIN; SELECT * FROM users LIMIT 1')
    await new Promise((resolve) => setTimeout(resolve, 60))
    let reads = 0
    const marks = await go(
      world,
      schemaAddColumn,
      { table: 'users', columns: [{ name: 'x', type: 'int' }], lockMs: 50 },
      ['apply'],
      async () => {
        await sqlOf(world).rows('SELECT count(*) FROM users')
        if (++reads === 3) await other.query('COMMIT')
      },
    )
    await other.end()
    expect(marks[0]?.note).toMatch(
      /^pid \d+ \("report"\) has held "public.users" in a transaction for \d+ s; try 2 of 21 in 250 ms$/,
    )
    expect(marks.at(-1)).toEqual({ at: 'added', done: 1, of: 1, unit: 'column' })
    await world.close()
  })

  it('gives up with the name of who blocks', async () => {
    const world = await open()
    const other = new pg.Client({ connectionString: server.url(), application_name: 'report' })
    await other.connect()
    await other.query('BEGIN; SELECT * FROM users LIMIT 1')
    await new Promise((resolve) => setTimeout(resolve, 30))
    await expect(
      go(world, schemaAddColumn, { table: 'users', columns: [{ name: 'x', type: 'int' }], lockMs: 10, retries: 1 }, [
        'apply',
      ]),
    ).rejects.toMatchObject({ code: 'target.lock', message: expect.stringContaining('"report"') as string })
    await other.query('ROLLBACK')
    await other.end()
    await world.close()
  })

  it('mends an index that a failed attempt left invalid', async () => {
    const world = await open("INSERT INTO users VALUES (100, 'user 1', 'us')")
    const db = sqlOf(world)
    await expect(db.run('CREATE UNIQUE INDEX CONCURRENTLY users_name ON users (name)')).rejects.toThrow(
      'could not create unique index',
    )
    await db.run('DELETE FROM users WHERE id = 100')
    const spec = { table: 'users', name: 'users_name', columns: ['name'], unique: true }
    expect(codes(await planned(world, schemaIndex, spec))).toEqual(['risk schema.index-invalid'])
    await go(world, schemaIndex, spec, ['apply'])
    const facts = (await world.targets['database']?.observe()) as Catalog
    expect(facts.tables['public.users']?.indexes['users_name']).toEqual({
      definition: 'CREATE UNIQUE INDEX users_name ON public.users USING btree (name)',
      valid: true,
    })
    await world.close()
  })

  it('refuses what would hurt, unless it is allowed with a reason', async () => {
    const world = await open()
    const draft = async (spec: Json, kind: Kind = schemaSql) => codes(await planned(world, kind, spec))
    expect(await draft({ up: 'DROP TABLE legacy_nodes', down: '' })).toEqual([
      'block lint.ban-drop-table',
      'block schema.no-way-back',
    ])
    expect(await draft({ up: 'CREATE INDEX i ON users (name)', down: 'DROP INDEX i' })).toEqual([
      'block lint.require-concurrent-index-creation',
      'risk lint.require-concurrent-index-deletion',
    ])
    expect(
      await draft({
        up: 'CREATE INDEX i ON users (name)',
        down: 'DROP INDEX i',
        allow: { 'require-concurrent-index-creation': 'fifty rows only', nonsense: 'for no reason' },
      }),
    ).toEqual([
      'block schema.unknown-rule',
      'note lint.require-concurrent-index-creation',
      'risk lint.require-concurrent-index-deletion',
    ])
    expect(await draft({ up: 'CREATE TABLE a (id int); CREATE TABLE b (id int)', down: 'DROP TABLE a' })).toEqual([
      'risk schema.down-differs',
    ])
    expect(await draft({ up: 'DO $$ BEGIN CREATE TABLE a (id int); END $$', down: 'DROP TABLE a' })).toEqual([
      'risk schema.unpredicted',
    ])
    expect(
      await draft(
        { table: 'users', columns: [{ name: 'x', type: 'uuid', default: 'gen_random_uuid()' }] },
        schemaAddColumn,
      ),
    ).toEqual(['block lint.adding-field-with-default'])
    expect(await draft({ table: 'nobody', columns: [{ name: 'x', type: 'uuid' }] }, schemaAddColumn)).toEqual([
      'block schema.no-table',
    ])
    expect(await draft({ table: 'users', columns: [{ name: 'name', type: 'uuid' }] }, schemaAddColumn)).toEqual([
      'block schema.column-there',
    ])
    await world.close()
  })

  it('holds what a script sets in each of its parts', async () => {
    const world = await open('DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app')
    for (const transaction of ['auto', 'none']) {
      const script = {
        up: 'SET search_path TO app; BEGIN; CREATE TABLE one (id int); COMMIT; BEGIN; CREATE TABLE two (id int); COMMIT',
        down: 'SET search_path TO app; DROP TABLE two; DROP TABLE one',
        transaction,
      }
      await go(world, schemaSql, script, ['apply'])
      const [made] = await sqlOf(world).rows("SELECT to_regclass('app.one') AS one, to_regclass('app.two') AS two")
      expect(made).toEqual({ one: 'app.one', two: 'app.two' })
      await sqlOf(world).run('INSERT INTO app.one VALUES (7)')
      const draft = await planned(world, schemaSql, { ...script, up: `${script.up}; CREATE TABLE three (id int)` })
      expect(draft.preview).toContain(
        'on rollback: rows of "app.one" are copied to schema "changeover_kept" before it is dropped',
      )
      await go(world, schemaSql, script, ['rollback'])
      expect(await sqlOf(world).rows('SELECT * FROM changeover_kept.one_case_1')).toEqual([{ id: 7 }])
      await sqlOf(world).run('DROP SCHEMA changeover_kept CASCADE')
    }
    const draft = await planned(world, schemaSql, {
      up: 'SET search_path TO app; CREATE INDEX CONCURRENTLY i ON users (name)',
      down: '',
    })
    expect(codes(draft)).toContain('block schema.refused')
    await world.close()
  })

  it('does not take the index of another table for its own', async () => {
    const world = await open(
      'CREATE TABLE divided (id bigint, region text) PARTITION BY LIST (region); CREATE VIEW shown AS SELECT 1 AS a',
    )
    const index = async (name: string, table = 'legacy_nodes') =>
      codes(await planned(world, schemaIndex, { table, name, columns: ['region'] }))
    expect(await index('users_region')).toEqual(['block schema.name-taken'])
    expect(await index('shown')).toEqual(['block schema.name-taken'])
    expect(await index('free', 'divided')).toEqual(['block schema.index-divided'])
    await expect(
      go(world, schemaIndex, { table: 'legacy_nodes', name: 'users_region', columns: ['region'] }, ['apply']),
    ).rejects.toThrow('relation "users_region" already exists')
    await go(world, schemaIndex, { table: 'legacy_nodes', name: 'users_region', columns: ['region'] }, ['rollback'])
    const facts = (await world.targets['database']?.observe()) as Catalog
    expect(Object.keys(facts.tables['public.users']?.indexes ?? {})).toContain('users_region')
    const script = { up: 'CREATE INDEX CONCURRENTLY users_region ON legacy_nodes (region)', down: '' }
    expect(codes(await planned(world, schemaSql, script))).toContain('block schema.refused')
    await world.close()
  })

  it('goes on where an earlier step left the facts open', async () => {
    const world = await open()
    const before = await world.targets['database']?.observe()
    const { facts } = predict(before as Catalog, 'DO $$ BEGIN CREATE TABLE later (id int); END $$')
    const site = {
      facts: { database: facts },
      tools: { database: postgresDialect },
      targets: { database: 'db' },
    } as never
    const asked = { table: 'later', columns: [{ name: 'x', type: 'int' }] }
    expect(schemaAddColumn.plan(schemaAddColumn.spec.parse(asked), site).findings).toEqual([])
    expect(
      schemaIndex.plan(schemaIndex.spec.parse({ table: 'later', name: 'i', columns: ['id'] }), site).findings,
    ).toEqual([])
    await world.close()
  })

  it('does not seal what is in use', async () => {
    const world = await open(`
      CREATE VIEW v AS SELECT id, region FROM users;
      CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM legacy_nodes';
      CREATE TABLE child (id bigint REFERENCES legacy_nodes (id))`)
    const draft = await planned(world, schemaSeal, { columns: ['users.region'], tables: ['legacy_nodes'] })
    const found = await schemaSeal.check?.(draft.work as never, context(world))
    expect(found?.map(({ message }) => message).sort()).toEqual([
      'constraint child_id_fkey on table child depends on "public.legacy_nodes"',
      'rule _RETURN on view v depends on "public.users.region"',
      'the text of function "f()" names "legacy_nodes"',
    ])
    await world.close()
  })

  it('is refused before it begins where the account does not own the table', async () => {
    const fill = 'CREATE ROLE stranger LOGIN; CREATE TABLE theirs (id bigint PRIMARY KEY, a text)'
    const bench = await openBench(server, fill, { account: 'stranger' })
    const wishes = [
      [schemaAddColumn, { table: 'theirs', columns: [{ name: 'b', type: 'text' }] }],
      [schemaIndex, { table: 'theirs', name: 'theirs_a', columns: ['a'] }],
      [schemaSeal, { columns: ['theirs.a'] }],
    ] as const
    const found = async () =>
      Promise.all(wishes.map(async ([kind, spec]) => (await bench.plan(kind, spec as never)).check()))
    const message = '"stranger" does not own "public.theirs", which "postgres" does: only an owner may change it'
    const help = 'GRANT "postgres" TO "stranger", or run as "postgres"'
    const refused = [{ level: 'block', code: 'schema.rights', message, help }]
    expect(await found()).toEqual([refused, refused, refused])
    await bench.db.query('ALTER TABLE theirs OWNER TO stranger')
    expect(await found()).toEqual([[], [], []])
    await bench.db.query('DROP TABLE theirs')
    await bench.close()
    await server.admin('DROP ROLE stranger')
  })
})
