/** The rendered expressions where they are used: INSERT … SELECT, UPDATE, and a trigger that mirrors both ways. */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresSources, startPostgres, type PostgresServer } from '../testing/postgres.ts'
import { type Assignment, readLens, toSql } from './index.ts'

const now = '2026-01-02T03:04:05+00:00'
const data = readLens([
  {
    op: 'object',
    to: 'consent_records',
    fields: {
      version: { constant: '4.0' },
      consentGiven: { from: 'consent_given' },
      timestamp: { now: true },
      scope: { constant: ['x'] },
    },
  },
  { op: 'split', from: 'name', to: ['first', 'last'], separator: ' ' },
  { op: 'add', path: 'tier', default: 'basic' },
])
const types = {
  a: { id: 'integer', consent_given: 'boolean', name: 'text' },
  b: { id: 'integer', consent_records: 'jsonb', first: 'text', last: 'text', tier: 'text' },
}

function render(row: string, was?: string) {
  const made = toSql(data, { dialect: 'postgres', row, ...(was === undefined ? {} : { was }), types, now })
  if ('refused' in made) throw new Error(made.refused.why)
  return made.sql
}

describe.each(postgresSources().found)('on PostgreSQL (%s)', (source) => {
  let server: PostgresServer
  let client: pg.Client
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
    client = new pg.Client(server.url())
    await client.connect()
    await client.query(
      `CREATE TABLE u (id integer PRIMARY KEY, consent_given boolean, name text, consent_records jsonb, first text, "last" text, tier text)`,
    )
    const assign = (to: readonly Assignment[]) =>
      to.map((each) => `NEW."${each.column}" := ${each.expression};`).join('\n')
    // What the other side holds now stands in the same row: NEW still has it, as only one side was written.
    await client.query(`CREATE FUNCTION mirror() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
      IF TG_OP = 'INSERT' OR (NEW.consent_given, NEW.name) IS DISTINCT FROM (OLD.consent_given, OLD.name) THEN ${assign(render('NEW', 'NEW').forward)}
      ELSE ${assign(render('NEW', 'NEW').backward)} END IF;
      RETURN NEW; END $f$`)
    await client.query('CREATE TRIGGER mirror BEFORE INSERT OR UPDATE ON u FOR EACH ROW EXECUTE FUNCTION mirror()')
  })
  afterAll(async () => {
    await client.end()
    await server.stop()
  })
  const row = async () => (await client.query('SELECT * FROM u WHERE id = 1')).rows[0] as Record<string, unknown>

  it('mirrors what either version writes, and keeps what only one knows', async () => {
    await client.query(`INSERT INTO u (id, consent_given, name) VALUES (1, false, 'Ann Mary Lee')`)
    const first = await row()
    expect(first).toMatchObject({
      first: 'Ann',
      last: 'Mary Lee',
      tier: 'basic',
      consent_records: { version: '4.0', consentGiven: false, timestamp: now, scope: ['x'] },
    })
    await client.query(
      `UPDATE u SET "first" = 'Ann Mary', "last" = 'Lee', tier = 'gold', consent_records = consent_records || '{"scope": ["y"], "by": 1.50}' WHERE id = 1`,
    )
    expect(await row()).toMatchObject({ name: 'Ann Mary Lee', consent_given: false, first: 'Ann Mary', tier: 'gold' })
    await client.query('UPDATE u SET consent_given = true WHERE id = 1')
    const last = await client.query(`SELECT consent_records::text AS record, "first", tier FROM u`)
    expect(last.rows).toEqual([
      {
        record: `{"by": 1.50, "scope": ["y"], "version": "4.0", "timestamp": "${now}", "consentGiven": true}`,
        first: 'Ann Mary',
        tier: 'gold',
      },
    ])
  })

  it('refuses the write that has no other side', async () => {
    await expect(client.query(`UPDATE u SET consent_records = '{"consentGiven": "yes"}' WHERE id = 1`)).rejects.toThrow(
      /lens refused the value at "consent_given": a boolean is needed/,
    )
  })

  it('fills another table', async () => {
    const made = render('t').forward
    await client.query('CREATE TABLE v4 (id integer, consent_records jsonb, first text, "last" text, tier text)')
    await client.query(
      `INSERT INTO v4 (id, ${made.map((each) => `"${each.column}"`).join(', ')}) SELECT t.id, ${made.map((each) => each.expression).join(', ')} FROM u t`,
    )
    expect((await client.query('SELECT tier, "last" FROM v4')).rows).toEqual([{ tier: 'basic', last: 'Mary Lee' }])
  })
})
