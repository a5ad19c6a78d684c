import { describe, expect, it } from 'vitest'
import type { Catalog, TableFacts } from '../../core/ports/index.ts'
import { loadParser } from '../parser.ts'
import { type LintOptions, lint } from './lint.ts'
import { rules } from './rules.ts'

await loadParser()

const bare = { exclude: ['require-lock-timeout', 'require-statement-timeout', 'prefer-robust-stmts'] }
const named = (sql: string, options: LintOptions = {}) =>
  lint(sql, { ...bare, ...options }).map((each) => each.code.slice('lint.'.length))

const t: TableFacts = {
  columns: {
    id: { type: 'bigint', nullable: false, default: null, generated: null },
    c: { type: 'character varying(10)', nullable: true, default: null, generated: null },
    ts: { type: 'timestamp(3) without time zone', nullable: true, default: null, generated: null },
    n: { type: 'numeric(10,2)', nullable: true, default: null, generated: null },
    email: { type: 'text', nullable: true, default: null, generated: null },
  },
  key: ['id'],
  indexes: {
    t_pkey: { definition: 'CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)', valid: true },
    t_email: { definition: 'CREATE UNIQUE INDEX t_email ON public.t USING btree (email)', valid: true },
    half: { definition: 'CREATE INDEX half ON public.t USING btree (c)', valid: false },
  },
  constraints: {
    there: 'CHECK ((c IS NOT NULL))',
    not_yet: 'CHECK ((ts IS NOT NULL)) NOT VALID',
    either: 'CHECK (((n IS NOT NULL) OR (id > 1)))',
  },
  triggers: {},
}
const facts: Catalog = {
  tables: { 'public.t': t },
  views: {},
  functions: {},
  types: {},
  sequences: {},
  extensions: {},
}

describe('rules that need no facts', () => {
  const cases: readonly (readonly [string, readonly string[], LintOptions?])[] = [
    ['ALTER TABLE t ADD COLUMN c bigint', []],
    ['ALTER TABLE t ADD COLUMN c bigint DEFAULT 10', []],
    ["ALTER TABLE t ADD COLUMN c timestamptz DEFAULT now() + interval '1 day'", []],
    ['ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid()', ['adding-field-with-default']],
    ['ALTER TABLE t ADD COLUMN c bigint DEFAULT my_own()', ['adding-field-with-default']],
    ['ALTER TABLE t ADD COLUMN c bigint DEFAULT 10', ['adding-field-with-default'], { version: 10 }],
    ['ALTER TABLE t ADD COLUMN c bigint NOT NULL', ['adding-required-field']],
    ['ALTER TABLE t ADD COLUMN c json', ['prefer-jsonb']],
    ['ALTER TABLE t ALTER COLUMN c SET NOT NULL', ['adding-not-nullable-field']],
    [
      'ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k; ALTER TABLE t ALTER COLUMN c SET NOT NULL',
      [],
    ],
    ['ALTER TABLE t ADD CONSTRAINT nn NOT NULL c NOT VALID', []],
    [
      'ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (c) REFERENCES u (id)',
      ['adding-foreign-key-constraint', 'constraint-missing-not-valid', 'foreign-key-without-index'],
    ],
    [
      'CREATE INDEX CONCURRENTLY i ON t (c, d); ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (c) REFERENCES u (id) NOT VALID',
      [],
    ],
    [
      'BEGIN; ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k; COMMIT',
      ['constraint-missing-not-valid', 'statement-under-exclusive-lock'],
    ],
    ['ALTER TABLE t ADD CONSTRAINT k UNIQUE (c)', ['disallowed-unique-constraint']],
    ['ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (c WITH &&)', ['adding-exclusion-constraint']],
    ['ALTER TABLE t ADD PRIMARY KEY USING INDEX i', ['primary-key-using-nullable-index']],
    ['CREATE INDEX i ON t (c)', ['require-concurrent-index-creation']],
    ['CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (c)', ['concurrent-index-if-not-exists']],
    ['DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (c)', []],
    ['BEGIN; CREATE INDEX CONCURRENTLY i ON t (c); COMMIT', ['ban-concurrent-index-creation-in-transaction']],
    [
      'CREATE TABLE n (id bigint PRIMARY KEY, c text); CREATE INDEX i ON n (c); ALTER TABLE n ALTER c SET NOT NULL; ALTER TABLE n ADD CONSTRAINT u UNIQUE (c)',
      [],
    ],
    [
      'CREATE TABLE n (id bigint); CREATE INDEX i ON n (id)',
      ['require-concurrent-index-creation'],
      { inTransaction: false },
    ],
    ['BEGIN; CREATE TABLE n (id bigint); CREATE INDEX i ON n (id); COMMIT', [], { inTransaction: false }],
    ['ALTER TABLE t ADD COLUMN c bigint; UPDATE t SET c = 1', ['unbatched-update']],
    [
      'BEGIN; ALTER TABLE t ADD COLUMN c bigint; UPDATE t SET c = 1; COMMIT',
      ['statement-under-exclusive-lock', 'ddl-and-backfill-in-one-transaction', 'unbatched-update'],
    ],
    [
      'UPDATE t SET c = 1 WHERE id = 5; UPDATE t SET c = 1 WHERE id > 5 AND id <= 10; UPDATE t SET c = 1 WHERE id IN (SELECT id FROM t WHERE c IS NULL LIMIT 1000)',
      [],
    ],
    ['DELETE FROM t WHERE c IS NULL', ['unbatched-delete']],
    [
      'BEGIN; ALTER TABLE a ADD COLUMN c bigint; ALTER TABLE b ADD COLUMN c bigint; COMMIT',
      ['statement-under-exclusive-lock', 'multi-table-ddl-transaction'],
    ],
    [
      "BEGIN; ALTER TYPE e ADD VALUE 'x' BEFORE 'y'; INSERT INTO t (c) VALUES ('x'); COMMIT",
      ['enum-value-used-in-same-transaction'],
    ],
    ['ALTER TABLE p ATTACH PARTITION q FOR VALUES IN (1)', ['attach-partition-without-check']],
    ['ALTER TABLE t DISABLE TRIGGER ALL', ['disabling-triggers']],
    ['ALTER TABLE t DROP CONSTRAINT t_pkey', ['dropping-replica-identity']],
    ['REFRESH MATERIALIZED VIEW m', ['refresh-without-concurrently']],
    ['ALTER TABLE t SET UNLOGGED', ['rewriting-table']],
    ['VACUUM FULL t', ['rewriting-table']],
    ['VACUUM FULL t', ['prefer-repack'], { version: 19 }],
    ['DROP SCHEMA s CASCADE', ['ban-drop-schema', 'ban-drop-cascade']],
    ['ALTER TABLE t ADD COLUMN a bigint; ALTER TABLE t ADD COLUMN b bigint', ['combine-alter-table']],
    ['-- changeover-ignore ban-drop-column\nALTER TABLE t DROP COLUMN c', []],
    ['ALTER TABLE t DROP COLUMN c -- squawk-ignore ban-drop-column, renaming-column', ['unused-ignore']],
    [
      "DO $$ BEGIN ALTER TABLE t DROP COLUMN c; EXECUTE 'DROP TABLE x'; END $$",
      ['ban-drop-column', 'ban-drop-table', 'statement-under-exclusive-lock', 'multi-table-ddl-transaction'],
    ],
    ['-- changeover-ignore ban-drop-column\nDO $$ BEGIN ALTER TABLE t DROP COLUMN c; END $$', []],
    ["DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'x'; END $$", ['unchecked-code']],
    ['CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3)', ['creating-partition']],
    ['SELECT * FROM t', []],
    ['SELECT * FROM t', ['require-table-schema'], { include: ['require-table-schema'] }],
  ]
  it.each(cases.map(([sql, expected, options]) => ({ sql, expected, options })))(
    '$sql',
    ({ sql, expected, options }) => {
      expect(named(sql, options).sort()).toEqual([...expected].sort())
    },
  )
})

describe('rules with facts', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['ALTER TABLE t ALTER c SET NOT NULL', []],
    ['ALTER TABLE t ALTER ts SET NOT NULL', ['adding-not-nullable-field']],
    ['ALTER TABLE t VALIDATE CONSTRAINT not_yet; ALTER TABLE t ALTER ts SET NOT NULL', []],
    ['ALTER TABLE t ALTER n SET NOT NULL', ['adding-not-nullable-field']],
    ['ALTER TABLE t ALTER email TYPE varchar', []],
    ['ALTER TABLE t ALTER c TYPE text', ['changing-column-type']],
    ['ALTER TABLE t ALTER c TYPE varchar(5)', ['changing-column-type', 'prefer-text-field']],
    ['ALTER TABLE t ALTER n TYPE numeric(12,2)', ['changing-column-type']],
    ['ALTER TABLE t ALTER ts TYPE timestamp(6)', ['prefer-timestamp-tz']],
    ['ALTER TABLE t ALTER n TYPE numeric(12,3)', ['changing-column-type']],
    ['ALTER TABLE t ALTER ts TYPE timestamptz', ['changing-column-type']],
    ['CREATE INDEX CONCURRENTLY IF NOT EXISTS fine ON t (c)', []],
    ['CREATE INDEX CONCURRENTLY IF NOT EXISTS half ON t (c)', ['concurrent-index-if-not-exists']],
    ["UPDATE t SET c = '' WHERE email = 'a@b'", []],
    ["UPDATE t SET c = '' WHERE c_id = 5", ['unbatched-update']],
    ['ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (email) REFERENCES u (id) NOT VALID', []],
  ]
  it.each(cases)('%s', (sql, expected) => {
    expect(named(sql, { facts }).sort()).toEqual([...expected].sort())
  })

  it('makes what grows with the rows a note on a table known to be small', () => {
    const [small] = lint('CREATE INDEX i ON t (c)', { ...bare, rows: { 'public.t': 12 } })
    const [large] = lint('CREATE INDEX i ON t (c)', { ...bare, rows: { 'public.t': 5_000_000 } })
    expect([small?.level, large?.level]).toEqual(['note', 'block'])
  })
})

it('says where, what and why, with the lock', () => {
  expect(lint('SELECT 1;\n\n-- now\nALTER TABLE shop.t DROP COLUMN c;', bare)).toEqual([
    {
      level: 'block',
      code: 'lint.ban-drop-column',
      message: 'column "c" of "shop.t" is dropped with its values (line 4)',
      help: 'stop using it first; drop it last, in a step of the kind schema.seal, when a backup is there',
      data: { statement: 2, line: 4, rule: 'ban-drop-column', object: 'shop.t', lock: 'ACCESS EXCLUSIVE' },
    },
  ])
})

it('has one rule for each name, each with its reason and its way out', () => {
  expect(new Set(rules.map((each) => each.name)).size).toBe(rules.length)
  for (const rule of rules)
    expect([rule.why.endsWith('.'), rule.help.length > 5, rule.help.endsWith('.')]).toEqual([true, true, false])
})
