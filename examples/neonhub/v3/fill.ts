/** Fills a NeonHub v3 on the server: the same rows for the same numbers, every value from a hash of the row's id. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { isProgram, options, say } from '../../stage/program.ts'

export interface Rows {
  readonly users: number
  readonly models: number
}

/** 20 models for each 100 users, as in the 100,000 : 20,000 of the default. */
export function rowsFor(users: number): Rows {
  return { users, models: Math.max(1, Math.round(users / 5)) }
}

const defaultRows: Rows = rowsFor(100_000)

/** How many jobs are still to be done when the service starts; it works them off, one after the other. */
const openJobs = 3
/** Of each: about a third of a second on one core. */
const rounds = 1_500_000

/** A number from 0 below `below`, from a hash of `id` and a word. */
const pick = (word: string, below: number) => `mod(abs(hashtextextended('${word}:' || id, 7)), ${below})`
const at = (word: string) =>
  `timestamptz '2024-01-01 00:00:00+00' + ${pick(word, 40_000_000)} * interval '1.000001 seconds'`

const fillUsers = `
INSERT INTO users (id, email, name, region, status, consent_given, created_at, updated_at)
SELECT id, 'user' || id || '@neonhub.example',
       (ARRAY['Ada','Zoë','Łukasz','Nguyễn','李','Søren','Aïsha','Ωmega'])[1 + ${pick('given', 8)}] || ' ' || id,
       (ARRAY['us-east-1','eu-central-1','ap-south-1','sa-east-1',NULL])[1 + ${pick('region', 5)}],
       (CASE WHEN ${pick('status', 20)} = 0 THEN 'suspended' WHEN ${pick('status', 20)} = 1 THEN 'invited' ELSE 'active' END)::user_status,
       ${pick('consent', 10)} < 6, ${at('made')}, ${at('made')} + ${pick('touched', 1_000_000)} * interval '1 second'
FROM generate_series(1, $1::bigint) AS id`

/** About 300 bytes, with numbers that no double holds, deep and empty values, and text from many scripts. */
const fillModels = `
INSERT INTO models (id, owner_id, name, framework, status, version, model_data, created_at, updated_at)
SELECT id, 1 + mod(abs(hashtextextended('owner:' || id, 7)), $2::bigint), 'model-' || id,
       (ARRAY['torch','jax','onnx'])[1 + ${pick('framework', 3)}],
       (ARRAY['draft','training','ready','ready','archived']::model_status[])[1 + ${pick('state', 5)}],
       1 + ${pick('version', 9)},
       format('{"parameters": %s, "learningRate": 0.1000000000000000055511151231257%s, "weights": [0.%s, -0.%s, 1.0, 2.50],
         "label": "モデル 🚀 naïve Ångström №%s", "layers": [{"type": "dense", "units": %s}, {"type": "norm", "ε": 1e-12}],
         "trained": %s, "notes": null, "extra": {}, "tags": ["résumé", "a\\"b\\\\c", ""]}',
         9007199254740993000::numeric + id, 1000 + ${pick('rate', 9000)}, lpad(${pick('w1', 1_000_000_000)}::text, 9, '0') || '123456789',
         lpad(${pick('w2', 1_000_000_000)}::text, 9, '0'), id, 16 * (1 + ${pick('units', 64)}), (${pick('trained', 2)} = 1)::text)::jsonb,
       ${at('model')}, ${at('model')}
FROM generate_series(1, $1::bigint) AS id`

const fillNodes = `
INSERT INTO legacy_nodes (id, hostname, region, cores, memory_gb, created_at)
SELECT id, 'node-' || id || '.neonhub.example', (ARRAY['us-east-1','eu-central-1',NULL])[1 + mod(id, 3)], 8 * (1 + mod(id, 2)), 16 * (1 + mod(id, 3)),
       timestamptz '2023-06-01 00:00:00+00' + id * interval '1 day'
FROM generate_series(1, 5) AS id`

const fillAudit = `
INSERT INTO compliance_audit_log (at, actor, action, subject_table, subject_id, details)
SELECT updated_at, 'user:' || id, 'consent.changed', 'users', id, jsonb_build_object('consentGiven', consent_given)
FROM users WHERE mod(id, 10) = 0 ORDER BY id`

const fillJobs = `
INSERT INTO jobs (model_id, kind, state, rounds, result, queued_at, started_at, finished_at)
SELECT id, 'measure', 'done'::job_state, 1, jsonb_build_object('bytes', octet_length(model_data::text)), created_at, created_at + interval '1 second', created_at + interval '2 seconds' FROM models WHERE id <= 200
UNION ALL SELECT id, 'fingerprint', 'queued'::job_state, ${rounds}, NULL, timestamptz '2025-06-01 00:00:00+00', NULL, NULL FROM models WHERE id <= ${openJobs}`

/** Makes the v3 schema in an empty database and fills it. About 2 s for the default on one core. */
export async function fillV3(url: string, rows: Rows = defaultRows): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' })
  await client.connect()
  try {
    await client.query(readFileSync(join(import.meta.dirname, 'schema.sql'), 'utf8'))
    await client.query('BEGIN')
    await client.query(fillUsers, [rows.users])
    await client.query(fillModels, [rows.models, rows.users])
    for (const sql of [fillNodes, fillAudit, fillJobs]) await client.query(sql)
    for (const table of ['users', 'models', 'legacy_nodes']) {
      await client.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), (SELECT max(id) FROM ${table}))`)
    }
    await client.query('COMMIT')
    await client.query('VACUUM ANALYZE users, models, legacy_nodes, compliance_audit_log, jobs')
  } finally {
    await client.end()
  }
}

if (isProgram(import.meta.filename)) {
  const given = options(['url', 'rows'])
  if (given.url === undefined) throw new Error('--url postgres://… says which empty database to fill')
  const rows = rowsFor(Number(given.rows ?? defaultRows.users))
  await fillV3(given.url, rows)
  say('filled', { ...rows })
}
