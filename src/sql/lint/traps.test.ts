import { describe, expect, it } from 'vitest'
import { loadParser } from '../parser.ts'
import { type LintOptions, lint } from './lint.ts'

await loadParser()

const named = (sql: string, options: LintOptions = {}) =>
  lint(sql, options).map((each) => each.code.slice('lint.'.length))

const proof = 'ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k;'
const widen = 'ALTER TABLE t ALTER c TYPE varchar(20)'
const key = 'ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES u (id) NOT VALID'

/** Alike at first sight; in each pair the server does one thing for the left and another for the right. */
describe('finds the one and leaves the other be', () => {
  const cases: readonly (readonly [rule: string, found: string, left: string, LintOptions?])[] = [
    // Columns
    [
      'adding-field-with-default',
      'ALTER TABLE t ADD c timestamptz DEFAULT now(3)',
      'ALTER TABLE t ADD c timestamptz DEFAULT now()',
    ],
    [
      'adding-field-with-default',
      'CREATE DOMAIN d AS int CHECK (value > 0); ALTER TABLE t ADD c d',
      'CREATE DOMAIN d AS int; ALTER TABLE t ADD c d',
    ],
    [
      'adding-required-field',
      'ALTER TABLE t ADD c int NOT NULL DEFAULT NULL',
      'ALTER TABLE t ADD c bigserial NOT NULL',
    ],
    ['adding-required-field', 'ALTER TABLE t ADD c int PRIMARY KEY', 'ALTER TABLE t ADD c int'],
    [
      'adding-not-nullable-field',
      `${proof} ALTER TABLE t ALTER c SET NOT NULL, DROP CONSTRAINT k`,
      `${proof} ALTER TABLE t ALTER c SET NOT NULL; ALTER TABLE t DROP CONSTRAINT k`,
    ],
    [
      'adding-not-nullable-field',
      `${proof} ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t ALTER c SET NOT NULL`,
      'ALTER TABLE t ADD CONSTRAINT nn NOT NULL c NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT nn; ALTER TABLE t ALTER c SET NOT NULL',
    ],
    [
      'adding-not-nullable-field',
      'ALTER TABLE t ADD CONSTRAINT nn NOT NULL c',
      `${proof} ALTER TABLE t ADD CONSTRAINT nn NOT NULL c`,
    ],
    [
      'changing-column-type',
      `ALTER TABLE t ADD c varchar(9)[]; ${widen}[]`,
      `ALTER TABLE t ADD c varchar(9); ${widen}`,
    ],
    [
      'changing-column-type',
      'ALTER TABLE t ADD c char(9); ALTER TABLE t ALTER c TYPE text',
      'ALTER TABLE t ADD c char(9); ALTER TABLE t ALTER c TYPE bpchar',
    ],
    ['ban-char-field', 'CREATE TABLE n (c char)', 'CREATE TABLE n (c "char")'],
    // Constraints
    ['constraint-missing-not-valid', 'ALTER TABLE t ADD c int CHECK (c > 0)', 'CREATE TABLE n (c int CHECK (c > 0))'],
    [
      'constraint-missing-not-valid',
      'ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0) NOT VALID, VALIDATE CONSTRAINT k',
      'BEGIN; ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0) NOT VALID; COMMIT; ALTER TABLE t VALIDATE CONSTRAINT k',
    ],
    ['constraint-missing-not-valid', 'ALTER TABLE t ADD CHECK (c > 0)', 'ALTER TABLE t ADD CHECK (c > 0) NOT ENFORCED'],
    [
      'dropping-constraint',
      'ALTER TABLE t DROP CONSTRAINT k',
      `${proof} ALTER TABLE t ALTER c SET NOT NULL; ALTER TABLE t DROP CONSTRAINT k`,
    ],
    [
      'foreign-key-without-index',
      `CREATE INDEX i ON t (c) WHERE d > 5; ${key}`,
      `CREATE INDEX i ON t (c) WHERE c IS NOT NULL; ${key}`,
    ],
    ['foreign-key-without-index', `ALTER TABLE t ADD UNIQUE (d, c); ${key}`, `ALTER TABLE t ADD UNIQUE (c, d); ${key}`],
    ['ban-create-domain-with-constraint', 'CREATE DOMAIN d AS int NOT NULL', 'CREATE DOMAIN d AS int DEFAULT 1'],
    ['setting-domain-not-null', 'ALTER DOMAIN d SET NOT NULL', 'ALTER DOMAIN d DROP NOT NULL'],
    // Indexes
    ['require-concurrent-index-creation', 'CREATE INDEX i ON p (c)', 'CREATE INDEX i ON ONLY p (c)'],
    [
      'require-concurrent-index-creation',
      'CREATE TABLE n (c int); CREATE INDEX i ON n (c)',
      'CREATE TEMP TABLE n (c int); CREATE INDEX i ON n (c)',
      { inTransaction: false },
    ],
    [
      'require-concurrent-index-creation',
      'CREATE TABLE app.n (c int); CREATE INDEX i ON n (c)',
      'SET search_path TO app; CREATE TABLE app.n (c int); CREATE INDEX i ON n (c)',
    ],
    [
      'require-concurrent-index-creation',
      'DO $$ BEGIN CREATE INDEX i ON n (c); END $$',
      'CREATE SCHEMA s CREATE TABLE n (c int); DO $$ BEGIN CREATE INDEX i ON s.n (c); END $$',
    ],
    [
      'concurrent-index-on-partitioned-table',
      'CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE INDEX CONCURRENTLY i ON p (a)',
      'CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE INDEX i ON p (a)',
    ],
    [
      'unique-index-over-rows',
      'CREATE UNIQUE INDEX CONCURRENTLY i ON t (c)',
      'CREATE TABLE n (c int); CREATE UNIQUE INDEX i ON n (c)',
    ],
    ['ban-concurrently-in-transaction', 'BEGIN; REINDEX SCHEMA s; COMMIT', 'BEGIN; REINDEX TABLE t; COMMIT'],
    [
      'ban-concurrently-in-transaction',
      'BEGIN; ALTER DATABASE d SET TABLESPACE x; COMMIT',
      "BEGIN; ALTER DATABASE d SET work_mem = '1MB'; COMMIT",
    ],
    [
      'ban-concurrently-in-transaction',
      "BEGIN; CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p; COMMIT",
      "BEGIN; CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (create_slot = false); COMMIT",
    ],
    // What is gone
    ['dropping-object', 'DROP VIEW v', 'DROP VIEW v; CREATE VIEW v AS SELECT 1'],
    ['dropping-object', "DROP TYPE e; CREATE TYPE e AS ENUM ('a')", "CREATE TYPE e AS ENUM ('a'); DROP TYPE e"],
    [
      'dropping-object',
      'DROP TRIGGER x ON t',
      'DROP TRIGGER x ON t; CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f()',
    ],
    ['disabling-row-security', 'ALTER TABLE t DISABLE ROW LEVEL SECURITY', 'ALTER TABLE t FORCE ROW LEVEL SECURITY'],
    // Transactions
    [
      'ban-uncommitted-transaction',
      'BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2',
      "BEGIN; SELECT 1; PREPARE TRANSACTION 'x'",
    ],
    ['transaction-nesting', 'SAVEPOINT a', 'BEGIN; SAVEPOINT a; COMMIT AND CHAIN; COMMIT'],
    [
      'statement-under-exclusive-lock',
      'BEGIN; SAVEPOINT a; ALTER TABLE t ADD c int; SELECT 1; COMMIT',
      'BEGIN; SAVEPOINT a; ALTER TABLE t ADD c int; ROLLBACK TO a; SELECT 1; COMMIT',
    ],
    [
      'ddl-and-backfill-in-one-transaction',
      'BEGIN; ALTER TABLE t ADD c int; INSERT INTO t (c) SELECT id FROM u; COMMIT',
      'BEGIN; ALTER TABLE t ADD c int; INSERT INTO t (c) VALUES (1); UPDATE t SET c = 1 WHERE id = 5; COMMIT',
    ],
    [
      'enum-value-used-in-same-transaction',
      "BEGIN; CREATE TYPE e AS ENUM ('a'); COMMIT; BEGIN; ALTER TYPE e ADD VALUE 'x'; INSERT INTO t VALUES ('x'); COMMIT",
      "BEGIN; CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'x'; INSERT INTO t VALUES ('x'); COMMIT",
    ],
    [
      'combine-alter-table',
      'ALTER TABLE t ADD a int; ALTER TABLE t ADD b int',
      'ALTER TABLE t ALTER c SET NOT NULL; ALTER TABLE t DROP CONSTRAINT k',
    ],
    // Rows
    [
      'unbatched-update',
      'EXPLAIN ANALYZE UPDATE t SET c = 1',
      'EXPLAIN UPDATE t SET c = 1; PREPARE q AS UPDATE t SET c = 1',
    ],
    [
      'unbatched-update',
      'WITH x AS (UPDATE t SET c = 1 RETURNING *) SELECT * FROM x',
      'CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC UPDATE t SET c = 1; END',
    ],
    [
      'unbatched-update',
      'UPDATE t SET c = 1 WHERE c = 2',
      "UPDATE alembic_version SET version_num = 'b' WHERE version_num = 'a'",
    ],
    [
      'unbatched-update',
      'UPDATE t SET c = 1 WHERE id = 5 OR c = 2',
      'UPDATE t SET c = 1 WHERE CURRENT OF x; UPDATE t SET c = 1 WHERE (id, c) IN ((1, 2))',
    ],
    [
      'ban-duplicate-column-assignments',
      'MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET c = 1, c = 2',
      'UPDATE t SET c[1] = 1, c[2] = 2 WHERE id = 5',
    ],
    ['unchecked-code', 'DO LANGUAGE plpython3u $$ x = 1 $$', "DO $$ BEGIN EXECUTE 'SELECT 1'; END $$"],
    // The script
    [
      'ban-drop-table',
      'DO $$ DECLARE n int; BEGIN SELECT 1 INTO STRICT n FROM t; DROP TABLE t; END $$',
      "SELECT 'DROP TABLE t'",
    ],
    ['identifier-too-long', `CREATE TABLE U&"${'a'.repeat(64)}" (c int)`, `CREATE TABLE "${'ä'.repeat(31)}" (c int)`],
    [
      'ban-drop-column',
      '-- SQUAWK-ignore ban-drop-table\nALTER TABLE t DROP c',
      '-- changeover-ignore\nALTER TABLE t DROP c',
    ],
  ]
  it.each(cases.map(([rule, found, left, options]) => ({ rule, found, left, options })))(
    '$rule: $found',
    ({ rule, found, left, options }) => {
      expect([named(found, options).includes(rule), named(left, options).includes(rule)]).toEqual([true, false])
    },
  )
})

describe('rules that are about time limits and second runs', () => {
  const change = 'ALTER TABLE t ADD c int'
  const limited: readonly (readonly [string, boolean])[] = [
    [`SET lock_timeout = '1s'; ${change}`, true],
    [`BEGIN; SET LOCAL lock_timeout = '1s'; ${change}; COMMIT`, true],
    [`BEGIN; SET LOCAL lock_timeout = '1s'; COMMIT; ${change}`, false],
    [`SET LOCAL lock_timeout = '1s'; ${change}`, false],
    [`SET lock_timeout = 0; ${change}`, false],
    [`SET lock_timeout = '1s'; RESET lock_timeout; ${change}`, false],
    [`SELECT set_config('lock_timeout', '1s', false); ${change}`, true],
    [`SET lock_timeout = '1s'; DO $$ BEGIN ${change}; END $$`, true],
    [`-- squawk-ignore require-timeout-settings\n${change}`, true],
    ['CREATE OR REPLACE VIEW v AS SELECT 1', false],
  ]
  it.each(limited)('%s', (sql, enough) => {
    expect(named(sql).includes('require-lock-timeout')).toBe(!enough)
  })

  const again = 'ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i'
  const repeated: readonly (readonly [string, number])[] = [
    [change, 0],
    [`${change}; SELECT 1`, 1],
    [`ALTER TABLE t DROP CONSTRAINT IF EXISTS k; ${again}`, 0],
    [`ALTER TABLE t DROP CONSTRAINT IF EXISTS k; ${again}; ${again}`, 1],
    ['DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON t (c)', 0],
    ['ALTER TABLE t ALTER c SET NOT NULL; ALTER TABLE t ENABLE ROW LEVEL SECURITY', 0],
  ]
  it.each(repeated)('%s', (sql, fragile) => {
    expect(named(sql).filter((each) => each === 'prefer-robust-stmts').length).toBe(fragile)
  })
})
