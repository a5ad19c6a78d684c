import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresDialect } from '../adapters/postgres/index.ts'
import { postgresSources, type PostgresServer, startPostgres } from '../testing/postgres.ts'
import { type MirrorShape, mirrorInPlace, type Writing } from './index.ts'

const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing)) console.warn(`no PostgreSQL of ${source}: ${why}`)

const shape: MirrorShape = {
  name: 'mirror_users',
  old: {
    table: 'public.users',
    key: ['id'],
    columns: [{ name: 'consent_given', type: 'boolean', fallback: 'false' }],
  },
  new: {
    table: 'public.users',
    key: ['id'],
    columns: [{ name: 'consent_records', type: 'jsonb', fallback: null }],
  },
  decides: 'new',
  versions: { old: 'v3', new: 'v4' },
}

const ways: Writing = (row, was) => ({
  forward: [
    {
      column: 'consent_records',
      expression:
        was === undefined
          ? `jsonb_build_object('consentGiven', ${row}."consent_given", 'scope', jsonb_build_array('all'))`
          : `jsonb_set(${was}."consent_records", '{consentGiven}', to_jsonb(${row}."consent_given"))`,
    },
  ],
  backward: [{ column: 'consent_given', expression: `(${row}."consent_records" ->> 'consentGiven')::boolean` }],
})

describe.each(found)('a mirror in one row on %s', (source) => {
  let server: PostgresServer
  let db: pg.Client
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
    db = new pg.Client(server.url())
    await db.connect()
    await db.query(`CREATE SCHEMA changeover;
      CREATE TABLE users (id int PRIMARY KEY, email text, consent_given boolean NOT NULL DEFAULT false, consent_records jsonb)`)
    await db.query(`INSERT INTO users (id, consent_given) VALUES (1, true), (2, true), (3, false)`)
    const made = mirrorInPlace(postgresDialect, shape, ways)
    for (const each of made.functions) await db.query(each.text)
    for (const each of made.triggers) {
      await db.query(each.text)
      await db.query(`SET search_path = ''`)
      const seen = await db.query(`SELECT pg_get_triggerdef(oid) AS is FROM pg_trigger WHERE tgname = $1`, [each.name])
      expect(seen.rows[0].is).toBe(each.text)
      await db.query('RESET search_path')
    }
  })
  afterAll(async () => {
    await db?.end()
    await server?.stop()
  })

  const write = async (text: string): Promise<unknown> => {
    const { rows } = await db.query(`${text} RETURNING consent_given AS old, consent_records AS new`)
    return rows[0]
  }

  test('the side that was given decides on INSERT', async () => {
    expect(await write(`INSERT INTO users (id, consent_given) VALUES (10, true)`)).toEqual({
      old: true,
      new: { consentGiven: true, scope: ['all'] },
    })
    expect(await write(`INSERT INTO users (id) VALUES (11)`)).toEqual({
      old: false,
      new: { consentGiven: false, scope: ['all'] },
    })
    expect(
      await write(`INSERT INTO users (id, consent_records) VALUES (12, '{"consentGiven": true, "scope": []}')`),
    ).toEqual({
      old: true,
      new: { consentGiven: true, scope: [] },
    })
  })

  test('the side that changed decides on UPDATE, and what only the other knows stays', async () => {
    await db.query(`INSERT INTO users (id, consent_records) VALUES (20, '{"consentGiven": true, "scope": ["x"]}')`)
    expect(await write(`UPDATE users SET consent_given = false WHERE id = 20`)).toEqual({
      old: false,
      new: { consentGiven: false, scope: ['x'] },
    })
    expect(
      await write(`UPDATE users SET consent_records = '{"consentGiven": true, "scope": ["y"]}' WHERE id = 20`),
    ).toEqual({
      old: true,
      new: { consentGiven: true, scope: ['y'] },
    })
    expect(await write(`UPDATE users SET email = 'a' WHERE id = 20`)).toMatchObject({ old: true })
  })

  test('both at once: the version of the session decides, else the plan', async () => {
    const both = `UPDATE users SET consent_given = false, consent_records = '{"consentGiven": true, "scope": ["z"]}' WHERE id = 20`
    expect(await write(both)).toMatchObject({ old: true })
    await db.query(`SET changeover.version = 'v3'`)
    expect(await write(both)).toEqual({ old: false, new: { consentGiven: false, scope: ['z'] } })
    await db.query(`RESET changeover.version`)
  })

  test('a row that was not transformed yet is written through either version', async () => {
    expect(await write(`UPDATE users SET consent_given = false WHERE id = 1`)).toEqual({
      old: false,
      new: { consentGiven: false, scope: ['all'] },
    })
    expect(await write(`UPDATE users SET consent_records = '{"consentGiven": false}' WHERE id = 2`)).toEqual({
      old: false,
      new: { consentGiven: false },
    })
    expect(await write(`UPDATE users SET email = 'untouched' WHERE id = 3`)).toEqual({ old: false, new: null })
  })

  test("the tool's own writes pass by", async () => {
    await db.query(`BEGIN; SET LOCAL changeover.writer = 'tool'`)
    expect(await write(`UPDATE users SET consent_given = true WHERE id = 3`)).toEqual({ old: true, new: null })
    await db.query('COMMIT')
    expect(await write(`UPDATE users SET consent_given = false WHERE id = 3`)).toMatchObject({
      new: { scope: ['all'] },
    })
  })
})
