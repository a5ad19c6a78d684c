/** The v3 API. It is told where consent and model data are held, so that v4 keeps it alive over its own columns. */
import type { Database } from '../service/database.ts'
import { type Asked, Refusal, type Reply, type Route } from '../service/serve.ts'

/** One value of a row: how it is read, what a new row gets for it, what a change makes of it. All are SQL over `u` or `m`. */
interface Held {
  readonly column: string
  readonly read: string
  born(value: string): string
  changed(value: string): string
}

export interface Storage {
  readonly consent: Held
  readonly modelData: Held
}

const itself = (value: string): string => value

/** v3 holds both as they are. */
export const v3Storage: Storage = {
  consent: { column: 'consent_given', read: 'u.consent_given', born: itself, changed: itself },
  modelData: { column: 'model_data', read: 'm.model_data', born: itself, changed: itself },
}

/** A path parameter that is a row's id; anything else is a row that is not there. */
export function idOf(asked: Asked): string {
  const id = asked.params['id'] ?? ''
  if (!/^[0-9]{1,18}$/.test(id)) throw new Refusal(404, 'there is no such row')
  return id
}

/** Throws unless the body has a field of that type. */
export function need(asked: Asked, field: string, type: 'string' | 'boolean' | 'number' | 'object'): void {
  const value = asked.body[field]
  if (typeof value !== type || value === null) throw new Refusal(422, `"${field}" must be a ${type}`)
}

/** Keyset paging: `after` is the last id seen, `limit` at most 100. */
export function page(asked: Asked): readonly [after: number, limit: number] {
  const after = Number(asked.query.get('after') ?? 0)
  const limit = Number(asked.query.get('limit') ?? 20)
  if (!Number.isSafeInteger(after) || !Number.isInteger(limit) || limit < 1 || limit > 100) {
    throw new Refusal(422, '"after" must be an id, "limit" from 1 to 100')
  }
  return [after, limit]
}

/** A page of rows as one JSON text; `item` is SQL over the row `alias`. */
export function listing(table: string, alias: string, item: string): string {
  return `SELECT jsonb_build_object('items', coalesce(jsonb_agg(json ORDER BY id), '[]'), 'next', max(id))
    FROM (SELECT ${alias}.id, ${item} AS json FROM ${table} AS ${alias} WHERE ${alias}.id > $1 ORDER BY ${alias}.id LIMIT $2) AS page`
}

/** A change of consent and its line in the trail, in one statement. `change` returns id, consent, details and json. */
export function withTrail(change: string, actor: string): string {
  return `WITH changed AS (${change}), logged AS (
      INSERT INTO compliance_audit_log (actor, action, subject_table, subject_id, details)
      SELECT ${actor}, 'consent.changed', 'users', id, details FROM changed)
    SELECT json FROM changed`
}

export function v3Routes(database: Database, storage: Storage): readonly Route[] {
  return [
    ...userRoutes(database, storage.consent),
    ...modelRoutes(database, storage.modelData),
    ...auditRoutes(database),
  ]
}

function userRoutes(database: Database, consent: Held): readonly Route[] {
  const json = `jsonb_build_object('id', u.id, 'email', u.email, 'name', u.name, 'region', u.region, 'status', u.status,
    'consent_given', ${consent.read}, 'created_at', u.created_at, 'updated_at', u.updated_at)`
  const returning = `RETURNING u.id, jsonb_build_object('consentGiven', ${consent.read}) AS details, ${json} AS json`
  const insert = `INSERT INTO users AS u (email, name, region, ${consent.column})
    SELECT b->>'email', b->>'name', b->>'region', ${consent.born("coalesce((b->>'consent_given')::boolean, false)")}
    FROM (SELECT $1::jsonb AS b) AS body ${returning}`
  const toggle = `UPDATE users AS u SET ${consent.column} = ${consent.changed('$2::boolean')}, updated_at = now() WHERE u.id = $1 ${returning}`
  const edit = `UPDATE users AS u SET name = coalesce(b->>'name', u.name), region = CASE WHEN b ? 'region' THEN b->>'region' ELSE u.region END, updated_at = now()
    FROM (SELECT $2::jsonb AS b) AS body WHERE u.id = $1 RETURNING ${json}`
  const create = (asked: Asked): Promise<Reply> => {
    for (const field of ['email', 'name']) need(asked, field, 'string')
    return database.json(withTrail(insert, `'api:v3'`), [asked.text], 201)
  }
  const setConsent = (asked: Asked): Promise<Reply> => {
    need(asked, 'consent_given', 'boolean')
    return database.json(withTrail(toggle, `'user:' || id`), [idOf(asked), asked.body['consent_given']])
  }
  return [
    ['GET', '/api/v3/users', async (asked) => database.json(listing('users', 'u', json), page(asked))],
    [
      'GET',
      '/api/v3/users/:id',
      async (asked) => database.json(`SELECT ${json} FROM users AS u WHERE u.id = $1`, [idOf(asked)]),
    ],
    ['POST', '/api/v3/users', async (asked) => create(asked)],
    ['PATCH', '/api/v3/users/:id', async (asked) => database.json(edit, [idOf(asked), asked.text])],
    ['PUT', '/api/v3/users/:id/consent', async (asked) => setConsent(asked)],
  ]
}

function modelRoutes(database: Database, data: Held): readonly Route[] {
  const json = `jsonb_build_object('id', m.id, 'owner_id', m.owner_id, 'name', m.name, 'framework', m.framework, 'status', m.status,
    'version', m.version, 'model_data', ${data.read}, 'created_at', m.created_at, 'updated_at', m.updated_at)`
  const insert = `INSERT INTO models AS m (owner_id, name, framework, ${data.column})
    SELECT (b->>'owner_id')::bigint, b->>'name', coalesce(b->>'framework', 'torch'), ${data.born("b->'model_data'")}
    FROM (SELECT $1::jsonb AS b) AS body RETURNING ${json}`
  const edit = `UPDATE models AS m SET name = coalesce(b->>'name', m.name), version = m.version + 1, updated_at = now(),
      status = coalesce((b->>'status')::model_status, m.status),
      ${data.column} = CASE WHEN b ? 'model_data' THEN ${data.changed("b->'model_data'")} ELSE m.${data.column} END
    FROM (SELECT $2::jsonb AS b) AS body WHERE m.id = $1 RETURNING ${json}`
  const create = (asked: Asked): Promise<Reply> => {
    need(asked, 'owner_id', 'number')
    need(asked, 'name', 'string')
    need(asked, 'model_data', 'object')
    return database.json(insert, [asked.text], 201)
  }
  return [
    ['GET', '/api/v3/models', async (asked) => database.json(listing('models', 'm', json), page(asked))],
    [
      'GET',
      '/api/v3/models/:id',
      async (asked) => database.json(`SELECT ${json} FROM models AS m WHERE m.id = $1`, [idOf(asked)]),
    ],
    ['POST', '/api/v3/models', async (asked) => create(asked)],
    ['PUT', '/api/v3/models/:id', async (asked) => database.json(edit, [idOf(asked), asked.text])],
  ]
}

function auditRoutes(database: Database): readonly Route[] {
  const json = `jsonb_build_object('id', a.id, 'at', a.at, 'actor', a.actor, 'action', a.action,
    'subject_table', a.subject_table, 'subject_id', a.subject_id, 'details', a.details)`
  const insert = `INSERT INTO compliance_audit_log AS a (actor, action, subject_table, subject_id, details)
    SELECT b->>'actor', b->>'action', b->>'subject_table', (b->>'subject_id')::bigint, coalesce(b->'details', '{}')
    FROM (SELECT $1::jsonb AS b) AS body RETURNING ${json}`
  return [
    ['GET', '/api/v3/audit', async (asked) => database.json(listing('compliance_audit_log', 'a', json), page(asked))],
    [
      'GET',
      '/api/v3/audit/:id',
      async (asked) => database.json(`SELECT ${json} FROM compliance_audit_log AS a WHERE a.id = $1`, [idOf(asked)]),
    ],
    ['POST', '/api/v3/audit', async (asked) => database.json(insert, [asked.text], 201)],
  ]
}
