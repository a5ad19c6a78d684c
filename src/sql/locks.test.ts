import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, postgresSources, startPostgres } from '../testing/postgres.ts'
import type { Catalog } from '../core/ports/index.ts'
import { locksOf } from './locks.ts'
import { loadParser, parse } from './parser.ts'
import { newWorld } from './world.ts'

await loadParser()

const setting = `
  CREATE TABLE u (id bigint PRIMARY KEY, v text);
  CREATE TABLE t (id bigint PRIMARY KEY, a int, b text, c varchar(10), d int NOT NULL DEFAULT 0, e int NOT NULL, u bigint, g tsvector);
  CREATE TABLE w (id bigint CONSTRAINT w_key PRIMARY KEY, u bigint CONSTRAINT w_u REFERENCES u (id));
  ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
  ALTER TABLE w ADD CONSTRAINT later FOREIGN KEY (u) REFERENCES u (id) NOT VALID;
  CREATE INDEX t_a ON t (a);
  CREATE INDEX t_g ON t USING gin (g);
  CREATE UNIQUE INDEX t_b ON t (b);
  CREATE TABLE p (id bigint, k int) PARTITION BY LIST (k);
  CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
  CREATE TABLE p2 (id bigint, k int);
  CREATE TABLE parent (id bigint);
  CREATE TABLE child (id bigint);
  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
  CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
  CREATE UNIQUE INDEX m_id ON m (id);
  CREATE SEQUENCE s;
  CREATE VIEW v AS SELECT id FROM t;
  CREATE TABLE p3 (id bigint, k int);
  CREATE TABLE pd (id bigint, k int) PARTITION BY LIST (k);
  CREATE TABLE pd1 PARTITION OF pd FOR VALUES IN (1);
  CREATE TABLE rest PARTITION OF pd DEFAULT;
  CREATE INDEX pd_id ON pd (id);
  CREATE INDEX frame ON ONLY p (id);
  CREATE INDEX frame_1 ON p1 (id);
  CREATE TABLE kid () INHERITS (parent);
  CREATE TABLE types (id bigint PRIMARY KEY, plain varchar(10), indexed varchar(10), lowered varchar(10), checked varchar(10) CHECK (length(checked) > 0),
    list varchar(10)[], fixed char(5), n numeric(10,2), at timestamp(3), proved int CONSTRAINT proof CHECK (proved IS NOT NULL), u bigint REFERENCES u (id));
  CREATE INDEX types_indexed ON types (indexed);
  CREATE INDEX types_lowered ON types (lower(lowered));
  CREATE DOMAIN loose AS int;
  CREATE DOMAIN strict AS int CHECK (value > 0);
  CREATE TABLE uses (id bigint, x loose);
  CREATE INDEX t_br ON t USING brin (id);
  CREATE POLICY po ON t USING (true);
  CREATE RULE ru AS ON DELETE TO w DO ALSO NOTHING;
  CREATE PUBLICATION pub;
  CREATE SCHEMA sch;
  INSERT INTO types (id, indexed, lowered, checked, proved) VALUES (1, 'a', 'b', 'c', 1);
  INSERT INTO u VALUES (1, 'x'); INSERT INTO t VALUES (1, 1, 'x', 'y', 1, 1, 1);
`

/** Statements that can run in a transaction, so that their locks can be seen before it is rolled back. `18:` needs that version. */
const statements = `
  ALTER TABLE t ADD COLUMN x int
  ALTER TABLE t ADD COLUMN x int DEFAULT 5
  ALTER TABLE t ADD COLUMN x uuid DEFAULT gen_random_uuid()
  ALTER TABLE t ADD COLUMN x timestamptz DEFAULT now()
  ALTER TABLE t ADD COLUMN x bigint GENERATED ALWAYS AS (a * 2) STORED
  ALTER TABLE t ADD COLUMN x bigint GENERATED ALWAYS AS IDENTITY
  ALTER TABLE t ADD COLUMN x serial
  ALTER TABLE t ADD COLUMN x bigint REFERENCES u (id)
  ALTER TABLE t ADD COLUMN x bigint UNIQUE
  ALTER TABLE t DROP COLUMN a
  ALTER TABLE t ALTER COLUMN a SET DEFAULT 1
  ALTER TABLE t ALTER COLUMN a DROP DEFAULT
  ALTER TABLE t ALTER COLUMN a SET NOT NULL
  ALTER TABLE t ALTER COLUMN d DROP NOT NULL
  ALTER TABLE t ALTER COLUMN a TYPE bigint
  ALTER TABLE t ALTER COLUMN c TYPE varchar(20)
  ALTER TABLE t ALTER COLUMN c TYPE varchar(5)
  ALTER TABLE t ALTER COLUMN c TYPE text
  ALTER TABLE t ALTER COLUMN b TYPE varchar
  ALTER TABLE t ALTER COLUMN a TYPE int USING a + 1
  ALTER TABLE t ALTER COLUMN a SET STATISTICS 100
  ALTER TABLE t ALTER COLUMN a SET (n_distinct = 5)
  ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL
  ALTER TABLE t ALTER COLUMN e ADD GENERATED ALWAYS AS IDENTITY
  ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)
  ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID
  ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)
  ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX t_b
  ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING btree (a WITH =)
  ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (u) REFERENCES u (id)
  ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (u) REFERENCES u (id) NOT VALID
  ALTER TABLE t VALIDATE CONSTRAINT positive
  ALTER TABLE w VALIDATE CONSTRAINT later
  ALTER TABLE t DROP CONSTRAINT positive
  ALTER TABLE w DROP CONSTRAINT w_u
  ALTER TABLE w DROP CONSTRAINT w_key
  ALTER TABLE t RENAME COLUMN a TO z
  ALTER TABLE t RENAME TO z
  ALTER TABLE t RENAME CONSTRAINT positive TO z
  ALTER INDEX t_a RENAME TO z
  ALTER TABLE t SET (fillfactor = 70)
  ALTER TABLE t SET (autovacuum_enabled = false)
  ALTER TABLE t SET (user_catalog_table = true)
  ALTER INDEX t_g SET (fastupdate = off)
  ALTER INDEX t_a SET (fillfactor = 70)
  ALTER TABLE t DISABLE TRIGGER tr
  ALTER TABLE t ENABLE TRIGGER ALL
  ALTER TABLE t CLUSTER ON t_a
  ALTER TABLE t SET UNLOGGED
  ALTER TABLE t REPLICA IDENTITY FULL
  ALTER TABLE t ENABLE ROW LEVEL SECURITY
  ALTER TABLE t OWNER TO postgres
  ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2)
  ALTER TABLE p DETACH PARTITION p1
  ALTER TABLE child INHERIT parent
  CREATE TABLE n (id bigint REFERENCES u (id))
  CREATE TABLE n (id bigint) INHERITS (parent)
  CREATE TABLE n PARTITION OF p FOR VALUES IN (3)
  CREATE TABLE n AS SELECT * FROM t
  CREATE INDEX i ON t (b)
  DROP INDEX t_a
  DROP TABLE t CASCADE
  DROP TABLE w
  CREATE TRIGGER t2 AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
  DROP TRIGGER tr ON t
  CREATE POLICY pol ON t USING (true)
  CREATE RULE r AS ON INSERT TO t DO ALSO NOTHING
  CREATE STATISTICS st ON a, b FROM t
  COMMENT ON TABLE t IS 'x'
  COMMENT ON COLUMN t.a IS 'x'
  CREATE VIEW v2 AS SELECT id FROM t
  DROP VIEW v
  REFRESH MATERIALIZED VIEW m
  REFRESH MATERIALIZED VIEW CONCURRENTLY m
  REINDEX TABLE t
  REINDEX INDEX t_a
  CLUSTER t USING t_a
  ALTER SEQUENCE s RESTART WITH 5
  ANALYZE t
  TRUNCATE t
  LOCK TABLE t IN SHARE MODE
  SELECT * FROM t
  SELECT * FROM t FOR UPDATE
  INSERT INTO t (id, e) SELECT id + 10, 1 FROM u
  UPDATE t SET a = 2 FROM u WHERE u.id = t.id
  DELETE FROM t
  WITH x AS (DELETE FROM t RETURNING id) SELECT * FROM x
  ALTER TABLE t ADD COLUMN x int CHECK (x > 0)
  ALTER TABLE t ADD COLUMN x int NOT NULL DEFAULT 5
  ALTER TABLE t ADD COLUMN x bigint DEFAULT 1 REFERENCES u (id)
  ALTER TABLE t ADD COLUMN x loose
  ALTER TABLE t ADD COLUMN x strict
  18: ALTER TABLE t ADD COLUMN x bigint GENERATED ALWAYS AS (a * 2) VIRTUAL
  ALTER TABLE p2 ADD COLUMN x bigserial PRIMARY KEY
  ALTER TABLE types ALTER COLUMN plain TYPE text
  ALTER TABLE types ALTER COLUMN plain TYPE bpchar
  ALTER TABLE types ALTER COLUMN plain TYPE text COLLATE "C"
  ALTER TABLE types ALTER COLUMN plain TYPE text USING lower(plain)
  ALTER TABLE types ALTER COLUMN indexed TYPE text
  ALTER TABLE types ALTER COLUMN indexed TYPE text COLLATE "C"
  ALTER TABLE types ALTER COLUMN lowered TYPE varchar(20)
  ALTER TABLE types ALTER COLUMN checked TYPE varchar(20)
  ALTER TABLE types ALTER COLUMN list TYPE varchar(20)[]
  ALTER TABLE types ALTER COLUMN fixed TYPE char(10)
  ALTER TABLE types ALTER COLUMN fixed TYPE bpchar
  ALTER TABLE types ALTER COLUMN n TYPE numeric(12,2)
  ALTER TABLE types ALTER COLUMN n TYPE numeric(12,3)
  ALTER TABLE types ALTER COLUMN at TYPE timestamp
  ALTER TABLE types ALTER COLUMN u TYPE bigint
  ALTER TABLE types ALTER COLUMN proved SET NOT NULL
  ALTER TABLE types ALTER COLUMN proved SET NOT NULL, DROP CONSTRAINT proof
  18: ALTER TABLE types ADD CONSTRAINT k NOT NULL proved
  18: ALTER TABLE types ADD CONSTRAINT k NOT NULL n NOT VALID
  ALTER TABLE types VALIDATE CONSTRAINT proof
  ALTER TABLE p2 ADD PRIMARY KEY (id)
  ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY USING INDEX t_b
  ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT k
  18: ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED
  18: ALTER TABLE w ALTER CONSTRAINT w_u NOT ENFORCED
  ALTER TABLE w ALTER CONSTRAINT w_u DEFERRABLE
  ALTER TABLE w DROP COLUMN u
  ALTER TABLE u DROP CONSTRAINT u_pkey CASCADE
  ALTER TABLE p ADD COLUMN x int
  ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES u (id)
  ALTER TABLE parent ADD CONSTRAINT k CHECK (id > 0)
  ALTER TABLE ONLY parent ADD CONSTRAINT k CHECK (id > 0) NO INHERIT NOT VALID
  ALTER TABLE parent RENAME COLUMN id TO z
  ALTER TABLE kid NO INHERIT parent
  ALTER TABLE p OWNER TO postgres
  ALTER TABLE pd ATTACH PARTITION p3 FOR VALUES IN (3)
  ALTER TABLE pd DETACH PARTITION pd1
  ALTER INDEX frame ATTACH PARTITION frame_1
  ALTER TABLE t RESET (fillfactor)
  ALTER INDEX t_g SET (gin_pending_list_limit = 100)
  ALTER INDEX t_br SET (pages_per_range = 16)
  ALTER TABLE w DISABLE RULE ru
  ALTER TABLE t SET SCHEMA sch
  ALTER VIEW v RENAME TO z
  ALTER SEQUENCE s RENAME TO z
  ALTER TRIGGER tr ON t RENAME TO z
  ALTER POLICY po ON t RENAME TO z
  ALTER RULE ru ON w RENAME TO z
  ALTER DOMAIN loose ADD CONSTRAINT k CHECK (value > 0)
  ALTER DOMAIN loose ADD CONSTRAINT k CHECK (value > 0) NOT VALID
  ALTER DOMAIN loose SET NOT NULL
  CREATE TABLE n (LIKE t)
  CREATE TABLE n PARTITION OF pd FOR VALUES IN (9)
  CREATE SCHEMA made CREATE TABLE x (id bigint REFERENCES public.u (id))
  CREATE INDEX i ON p (k)
  CREATE INDEX i ON ONLY p (k)
  CREATE INDEX IF NOT EXISTS t_a ON t (b)
  DROP INDEX pd_id
  DROP TABLE p
  DROP TABLE p1
  CREATE OR REPLACE VIEW v AS SELECT id FROM t
  CREATE TRIGGER t2 BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION f()
  COMMENT ON SEQUENCE s IS 'x'
  COMMENT ON INDEX t_a IS 'x'
  CREATE PUBLICATION pub2 FOR TABLE t
  ALTER PUBLICATION pub ADD TABLE t
  TRUNCATE parent
  TRUNCATE u CASCADE
  LOCK TABLE p
  LOCK TABLE ONLY parent IN ROW EXCLUSIVE MODE
  ANALYZE p
  SELECT * FROM t JOIN u ON u.id = t.u FOR UPDATE OF t
  EXPLAIN UPDATE t SET a = 2
  PREPARE q AS UPDATE t SET a = 2
  CREATE FUNCTION fa() RETURNS void LANGUAGE sql BEGIN ATOMIC UPDATE t SET a = 2; END
  MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = 5
  ALTER TABLE t ADD COLUMN x int, ADD CONSTRAINT k FOREIGN KEY (u) REFERENCES u (id)
`
  .trim()
  .split('\n')
  .map((each) => each.trim())

/** What the locks and rewrites need of the facts. */
async function facts(client: pg.Client): Promise<Catalog> {
  const columns = await client.query<{ t: string; c: string; y: string; n: boolean }>(
    `SELECT c.relname t, a.attname c, format_type(a.atttypid, a.atttypmod) y, NOT a.attnotnull n FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0`,
  )
  const constraints = await client.query<{ t: string; c: string; d: string }>(
    `SELECT c.relname t, k.conname c, pg_get_constraintdef(k.oid) d FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = 'public'::regnamespace`,
  )
  const indexes = await client.query<{ t: string; c: string; d: string }>(
    `SELECT tablename t, indexname c, indexdef d FROM pg_indexes WHERE schemaname = 'public'`,
  )
  const families = await client.query<{ t: string; p: string; b: string | null }>(
    `SELECT c.relname t, 'public.' || i.inhparent::regclass p, pg_get_expr(c.relpartbound, c.oid) b FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid`,
  )
  const names = [...new Set([...columns.rows, ...indexes.rows].map((row) => row.t))]
  const of = <R extends { t: string }>(rows: readonly R[], t: string) => rows.filter((row) => row.t === t)
  const tables = names.map((name) => [
    `public.${name}`,
    {
      key: [],
      triggers: {},
      ...Object.fromEntries(
        of(families.rows, name).map(({ p, b }) => (b === null ? ['inherits', p] : ['partition', `OF ${p} ${b}`])),
      ),
      columns: Object.fromEntries(
        of(columns.rows, name).map((row) => [row.c, { type: row.y, nullable: row.n, default: null, generated: null }]),
      ),
      constraints: Object.fromEntries(of(constraints.rows, name).map((row) => [row.c, row.d])),
      indexes: Object.fromEntries(of(indexes.rows, name).map((row) => [row.c, { definition: row.d, valid: true }])),
    },
  ])
  return {
    tables: Object.fromEntries(tables),
    views: { 'public.v': 'SELECT id FROM t' },
    functions: {},
    types: {
      'public.loose': ['DOMAIN integer'],
      'public.strict': ['DOMAIN integer', 'strict_check CHECK ((VALUE > 0))'],
    },
    sequences: {},
    extensions: {},
  }
}

const order = `array_position(array['AccessShareLock','RowShareLock','RowExclusiveLock','ShareUpdateExclusiveLock','ShareLock','ShareRowExclusiveLock','ExclusiveLock','AccessExclusiveLock'], mode)`

/** What the server says while it works, at `debug1`: rows read through, and indexes made for tables that it does not copy. */
const telling = { scan: /^(verifying table|validating foreign key)/, build: /^building index "(?!pg_toast)/ } as const

/** The strongest lock on each named table, view, sequence and (where the statement names it) index that stood before, which were copied, and what was said. */
async function measured(client: pg.Client, statement: string, objects: readonly string[]) {
  const said: string[] = []
  const hear = ({ message = '' }: { message?: string | undefined }) => said.push(message)
  const files = await client.query<{ oid: number; name: string; file: number }>(
    `SELECT oid::int, 'public.' || relname name, relfilenode::int file FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
  )
  await client.query('BEGIN')
  client.on('notice', hear)
  try {
    await client.query(statement)
    const locks = await client.query<{ oid: number; mode: string }>(
      `SELECT DISTINCT ON (relation) relation::int oid, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' ORDER BY relation, ${order} DESC`,
    )
    const after = await client.query<{ oid: number; file: number }>(
      `SELECT oid::int, relfilenode::int file FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
    )
    const named = files.rows.filter((each) => objects.includes(each.name))
    const held = named.flatMap((each) =>
      locks.rows
        .filter(({ oid }) => oid === each.oid)
        .map(({ mode }) => [
          each.name,
          mode
            .replace(/Lock$/, '')
            .replace(/([a-z])([A-Z])/g, '$1 $2')
            .toUpperCase(),
        ]),
    )
    const copied = named
      .filter((each) => after.rows.some(({ oid, file }) => oid === each.oid && file !== each.file))
      .map((each) => each.name)
    return { held: Object.fromEntries(held) as Record<string, string>, copied, said }
  } finally {
    client.off('notice', hear)
    await client.query('ROLLBACK')
  }
}

const { found, missing } = postgresSources()
for (const [source, reason] of Object.entries(missing)) console.warn(`skipped: PostgreSQL "${source}": ${reason}`)

describe.each(found)('locks, predicted and measured on PostgreSQL (%s)', (source) => {
  let server: PostgresServer
  let client: pg.Client
  let catalog: Catalog

  beforeAll(async () => {
    server = await startPostgres({ source })
    client = new pg.Client(server.url())
    await client.connect()
    await client.query(setting)
    catalog = await facts(client)
    await client.query('SET client_min_messages = debug1')
  })
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  const tables = 'u t w p p1 p2 p3 pd pd1 rest parent child kid types uses m s v'
    .split(' ')
    .map((each) => `public.${each}`)

  it.for(statements)('%s', async (line, { skip }) => {
    const [, needed = '0', statement = ''] = /^(?:(\d+): )?(.*)$/.exec(line) ?? []
    skip(Number.parseInt(server.version, 10) < Number(needed), `PostgreSQL ${server.version} does not know it`)
    const world = newWorld(catalog)
    const [parsed] = parse(statement)
    const predicted = locksOf(parsed!.node, world)
    const indexes = predicted.map((each) => each.object).filter((each) => !tables.includes(each))
    const real = await measured(client, statement, [...tables, ...indexes])
    expect(
      Object.fromEntries(
        predicted
          .filter(({ object }) => object in real.held || tables.includes(object))
          .map(({ object, mode }) => [object, mode]),
      ),
    ).toEqual(
      weakened(
        statement,
        real.held,
        predicted.map((each) => each.object),
      ),
    )
    const rewritten = predicted
      .filter(({ object, work }) => work.includes('rewrite') && !indexes.includes(object))
      .map(({ object }) => object)
    expect(rewritten).toEqual(
      real.copied.filter((each) => tables.includes(each) && !/^(TRUNCATE|ALTER SEQUENCE)/.test(statement)),
    )
    if (works.test(statement) && rewritten.length === 0) {
      const did = (work: 'scan' | 'build') => predicted.some((each) => each.work.includes(work))
      const told = (work: 'scan' | 'build') => real.said.some((each) => telling[work].test(each))
      expect({ scan: did('scan'), build: did('build') }).toEqual({ scan: told('scan'), build: told('build') })
    }
  })
})

/** What the server tells of. A new table's own indexes are no work on another; of domains and default partitions it reads rows in silence. */
const works = /^(ALTER (TABLE|INDEX)|CREATE (UNIQUE )?INDEX|DROP)/

/** Dependents reached only through CASCADE or a view are not predicted: the statement names the danger by itself. */
function weakened(
  statement: string,
  held: Record<string, string>,
  predicted: readonly string[],
): Record<string, string> {
  const keep = (object: string) => predicted.includes(object) || !/CASCADE|MATERIALIZED|VIEW/.test(statement)
  return Object.fromEntries(Object.entries(held).filter(([object]) => keep(object)))
}
