/** Users and models as v4 shows them: consent with its scope, model data with its origin, and the federation's own fields. */
import type { Database } from '../service/database.ts'
import { type Asked, Refusal, type Reply, type Route } from '../service/serve.ts'
import { idOf, listing, need, page, withTrail } from '../v3/api.ts'
import { consentRecords, defaultScope, federationModelData, v4Storage } from './storage.ts'

/** `nodeId` is the node that this service speaks for, or null while the federation is off. */
export function recordRoutes(database: Database, nodeId: () => string | null): readonly Route[] {
  return [...userRoutes(database, nodeId), ...modelRoutes(database, nodeId)]
}

function userRoutes(database: Database, nodeId: () => string | null): readonly Route[] {
  const json = `jsonb_build_object('id', u.id, 'email', u.email, 'name', u.name, 'region', u.region, 'status', u.status, 'federationId', u.federation_id,
    'nodeId', u.node_id, 'consentRecords', ${consentRecords}, 'createdAt', u.created_at, 'updatedAt', u.updated_at)`
  const returning = `RETURNING u.id, ${consentRecords} - 'timestamp' AS details, ${json} AS json`
  const insert = `INSERT INTO users AS u (email, name, region, federation_id, node_id, consent_records)
    SELECT b->>'email', b->>'name', b->>'region', gen_random_uuid(), $2,
           ${v4Storage.consent.born("coalesce((b->>'consentGiven')::boolean, false)")} || jsonb_build_object('scope', coalesce(b->'scope', ${defaultScope}))
    FROM (SELECT $1::jsonb AS b) AS body ${returning}`
  const change = `UPDATE users AS u SET updated_at = now(), node_id = coalesce($3, u.node_id), consent_records =
      ${v4Storage.consent.changed("(b->>'consentGiven')::boolean")} || CASE WHEN b ? 'scope' THEN jsonb_build_object('scope', b->'scope') ELSE '{}' END
    FROM (SELECT $2::jsonb AS b) AS body WHERE u.id = $1 ${returning}`
  const create = (asked: Asked): Promise<Reply> => {
    for (const field of ['email', 'name']) need(asked, field, 'string')
    needScope(asked)
    return database.json(withTrail(insert, `'api:v4'`), [asked.text, nodeId()], 201)
  }
  const setConsent = (asked: Asked): Promise<Reply> => {
    need(asked, 'consentGiven', 'boolean')
    needScope(asked)
    return database.json(withTrail(change, `'user:' || id`), [idOf(asked), asked.text, nodeId()])
  }
  return [
    ['GET', '/api/v1/users', async (asked) => database.json(listing('users', 'u', json), page(asked))],
    [
      'GET',
      '/api/v1/users/:id',
      async (asked) => database.json(`SELECT ${json} FROM users AS u WHERE u.id = $1`, [idOf(asked)]),
    ],
    ['POST', '/api/v1/users', async (asked) => create(asked)],
    ['PUT', '/api/v1/users/:id/consent', async (asked) => setConsent(asked)],
  ]
}

function needScope(asked: Asked): void {
  const scope = asked.body['scope']
  if (scope === undefined) return
  if (!Array.isArray(scope) || !scope.every((each) => typeof each === 'string'))
    throw new Refusal(422, '"scope" must be a list of words')
}

function modelRoutes(database: Database, nodeId: () => string | null): readonly Route[] {
  const json = `jsonb_build_object('id', m.id, 'ownerId', m.owner_id, 'name', m.name, 'framework', m.framework, 'status', m.status, 'version', m.version,
    'federationModelData', ${federationModelData}, 'federationMetadata', m.federation_metadata, 'createdAt', m.created_at, 'updatedAt', m.updated_at)`
  const insert = `INSERT INTO models AS m (owner_id, name, framework, federation_model_data, federation_metadata)
    SELECT (b->>'ownerId')::bigint, b->>'name', coalesce(b->>'framework', 'torch'), ${v4Storage.modelData.born("b->'data'")},
           jsonb_build_object('originNode', $2::text)
    FROM (SELECT $1::jsonb AS b) AS body RETURNING ${json}`
  const edit = `UPDATE models AS m SET name = coalesce(b->>'name', m.name), version = m.version + 1, updated_at = now(),
      federation_model_data = CASE WHEN b ? 'data' THEN ${v4Storage.modelData.changed("b->'data'")} ELSE m.federation_model_data END,
      federation_metadata = coalesce(m.federation_metadata, '{}') || jsonb_build_object('lastNode', $3::text)
    FROM (SELECT $2::jsonb AS b) AS body WHERE m.id = $1 RETURNING ${json}`
  const create = (asked: Asked): Promise<Reply> => {
    need(asked, 'ownerId', 'number')
    need(asked, 'name', 'string')
    need(asked, 'data', 'object')
    return database.json(insert, [asked.text, nodeId()], 201)
  }
  return [
    ['GET', '/api/v1/models', async (asked) => database.json(listing('models', 'm', json), page(asked))],
    [
      'GET',
      '/api/v1/models/:id',
      async (asked) => database.json(`SELECT ${json} FROM models AS m WHERE m.id = $1`, [idOf(asked)]),
    ],
    ['POST', '/api/v1/models', async (asked) => create(asked)],
    ['PUT', '/api/v1/models/:id', async (asked) => database.json(edit, [idOf(asked), asked.text, nodeId()])],
  ]
}
