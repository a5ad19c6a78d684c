/** AIX learning rounds: participants train a model apart, their updates are averaged by samples, the result becomes the model's weights. */
import { randomUUID } from 'node:crypto'
import { needToken } from '../federation/node.ts'
import type { Database } from '../service/database.ts'
import { type Asked, Refusal, type Reply, type Route } from '../service/serve.ts'
import type { Settings } from '../service/settings.ts'
import { need, page } from '../v3/api.ts'
import { federationModelData } from './storage.ts'

const round = `jsonb_build_object('roundId', r.round_id, 'modelId', r.model_id, 'algorithm', r.algorithm, 'participants', r.participants,
  'status', r.status, 'privacyConfig', r.privacy_config, 'createdAt', r.created_at, 'completedAt', r.completed_at)`

const create = `INSERT INTO aix_learning_rounds AS r (round_id, model_id, algorithm, participants, privacy_config)
  SELECT $2, m.id::text, 'fedavg', (SELECT jsonb_agg(jsonb_build_object('nodeId', p) ORDER BY p) FROM (SELECT DISTINCT p FROM jsonb_array_elements_text(b->'participants') AS p) AS each),
         jsonb_build_object('clip', coalesce(b->'clip', '1'))
  FROM (SELECT $1::jsonb AS b) AS body JOIN models AS m ON m.id = (b->>'modelId')::bigint RETURNING ${round}`

// clipped here, so that what is kept already respects the limit on what one node may contribute
const submit = `UPDATE aix_learning_rounds AS r SET status = 'training', participants = (
    SELECT jsonb_agg(CASE WHEN p->>'nodeId' = b->>'nodeId' THEN p || jsonb_build_object('samples', b->'samples', 'update',
      (SELECT jsonb_agg(greatest(-clip, least(clip, w::numeric)) ORDER BY at) FROM jsonb_array_elements_text(b->'update') WITH ORDINALITY AS weight (w, at),
       LATERAL (SELECT (r.privacy_config->>'clip')::numeric AS clip) AS limited)) ELSE p END ORDER BY place)
    FROM jsonb_array_elements(r.participants) WITH ORDINALITY AS each (p, place))
  FROM (SELECT $2::jsonb AS b) AS body
  WHERE r.round_id = $1 AND r.status <> 'completed' AND r.participants @> jsonb_build_array(jsonb_build_object('nodeId', b->'nodeId')) RETURNING ${round}`

// numeric all the way: an average of decimals is rounded once, to 12 places
const complete = `WITH average AS (
    SELECT jsonb_agg(round(total / samples, 12) ORDER BY at) AS weights FROM (
      SELECT at, sum(w::numeric * (p->>'samples')::numeric) AS total, sum((p->>'samples')::numeric) AS samples
      FROM aix_learning_rounds AS r, jsonb_array_elements(r.participants) AS p, jsonb_array_elements_text(p->'update') WITH ORDINALITY AS weight (w, at)
      WHERE r.round_id = $1 GROUP BY at) AS summed),
  done AS (UPDATE aix_learning_rounds AS r SET status = 'completed', completed_at = now()
    WHERE r.round_id = $1 AND r.status = 'training' AND NOT EXISTS (SELECT FROM jsonb_array_elements(r.participants) AS p WHERE NOT p ? 'update')
    RETURNING r.round_id, r.model_id, ${round} AS json),
  learned AS (UPDATE models AS m SET version = m.version + 1, updated_at = now(),
      federation_model_data = jsonb_set(${federationModelData}, '{data,weights}', average.weights, true),
      federation_metadata = coalesce(m.federation_metadata, '{}') || jsonb_build_object('lastRound', done.round_id,
        'rounds', coalesce((m.federation_metadata->>'rounds')::int, 0) + 1)
    FROM done, average WHERE m.id = done.model_id::bigint RETURNING m.id)
  SELECT json || jsonb_build_object('weights', average.weights) FROM done, average, learned`

export function learningRoutes(database: Database, settings: () => Settings): readonly Route[] {
  const permitted = (asked: Asked): void => {
    needToken(asked, settings().secret('FEDERATION_TOKEN'))
    if (!settings().flag('aix.enabled', false)) throw new Refusal(409, 'aix is disabled')
  }
  const start = async (asked: Asked): Promise<Reply> => {
    permitted(asked)
    need(asked, 'modelId', 'number')
    if ((asked.body['algorithm'] ?? 'fedavg') !== 'fedavg') throw new Refusal(422, 'the only "algorithm" is "fedavg"')
    needList(asked, 'participants', 'string')
    return database.json(create, [asked.text, randomUUID()], 201)
  }
  const update = async (asked: Asked): Promise<Reply> => {
    permitted(asked)
    need(asked, 'nodeId', 'string')
    if (!(Number(asked.body['samples']) > 0)) throw new Refusal(422, '"samples" must be a number above 0')
    needList(asked, 'update', 'number')
    return database.json(submit, [asked.params['id'], asked.text])
  }
  const finish = async (asked: Asked): Promise<Reply> => {
    permitted(asked)
    const done = await database.value(complete, [asked.params['id']])
    if (done === null)
      throw new Refusal(
        409,
        'there is no such round, it is completed, or not every participant has submitted an update',
      )
    return { status: 200, json: done }
  }
  const rounds = '/api/v1/aix/rounds'
  const list = `SELECT jsonb_build_object('items', coalesce(jsonb_agg(json ORDER BY created_at DESC), '[]'))
    FROM (SELECT r.created_at, ${round} AS json FROM aix_learning_rounds AS r ORDER BY r.created_at DESC LIMIT $1) AS page`
  return [
    ['GET', rounds, async (asked) => database.json(list, [page(asked)[1]])],
    [
      'GET',
      `${rounds}/:id`,
      async (asked) =>
        database.json(`SELECT ${round} FROM aix_learning_rounds AS r WHERE r.round_id = $1`, [asked.params['id']]),
    ],
    ['POST', rounds, start],
    ['POST', `${rounds}/:id/updates`, update],
    ['POST', `${rounds}/:id/complete`, finish],
  ]
}

function needList(asked: Asked, field: string, type: 'string' | 'number'): void {
  const value = asked.body[field]
  if (!Array.isArray(value) || value.length === 0 || !value.every((each) => typeof each === type)) {
    throw new Refusal(422, `"${field}" must be a list of at least one ${type}`)
  }
}
