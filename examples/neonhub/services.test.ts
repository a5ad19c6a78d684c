import { pbkdf2Sync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresSources, startPostgres, type PostgresServer } from '../../src/testing/postgres.ts'
import { writeBelongings } from './belongings.ts'
import { startCoordinator } from './federation/coordinator.ts'
import { rewriteByHand, transformByHand, upByHand } from './by-hand.ts'
import { registration } from './parts.ts'
import type { Serving } from './service/serve.ts'
import { readSettings } from './service/settings.ts'
import { watchSettings } from './service/watched.ts'
import { fillV3, rowsFor } from './v3/fill.ts'
import { startV3 } from './v3/service.ts'
import { soundV4, startV4 } from './v4/service.ts'

interface Answer {
  readonly status: number
  readonly text: string
  readonly body: Record<string, any>
}

async function ask(
  port: number,
  method: string,
  path: string,
  body?: string | object,
  token?: string,
): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { connection: 'close', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  })
  const text = await answer.text()
  return { status: answer.status, text, body: JSON.parse(text) as Answer['body'] }
}

const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing))
  console.warn(`NeonHub's services are not tested on ${source}: ${why}`)

describe.each(found)('NeonHub on PostgreSQL (%s)', (source) => {
  const folder = mkdtempSync(join(tmpdir(), 'neonhub-'))
  const config = join(folder, 'config', 'neonhub.yml')
  let server: PostgresServer
  let client: pg.Client
  let token: string
  const serving: Serving[] = []
  beforeAll(async () => {
    server = await startPostgres({ source })
    await fillV3(server.url(), rowsFor(50))
    client = new pg.Client({ connectionString: server.url() })
    await client.connect()
    token = writeBelongings({ folder, url: server.url(), port: 0 }).FEDERATION_TOKEN
  })
  afterAll(async () => {
    for (const each of serving) await each.stop()
    await client.end()
    await server.stop()
    rmSync(folder, { recursive: true })
  })

  it('fills the same rows for the same numbers', async () => {
    const { rows } = await client.query('SELECT md5(string_agg(u::text, $1 ORDER BY id)) AS users FROM users AS u', [
      '\n',
    ])
    await client.query('CREATE DATABASE again')
    await fillV3(server.url('again'), rowsFor(50))
    const other = new pg.Client({ connectionString: server.url('again') })
    await other.connect()
    const again = await other.query('SELECT md5(string_agg(u::text, $1 ORDER BY id)) AS users FROM users AS u', ['\n'])
    await other.end()
    expect(again.rows).toEqual(rows)
  })

  describe('v3', () => {
    let port: number
    beforeAll(async () => {
      const v3 = await startV3(readSettings(config, {}), 0)
      serving.push(v3)
      port = v3.port
    })

    it('answers for its health, and only for v3', async () => {
      expect(await ask(port, 'GET', '/api/v3/health')).toMatchObject({
        status: 200,
        body: { status: 'ok', version: '3.3.0' },
      })
      expect((await ask(port, 'GET', '/api/v1/health')).status).toBe(404)
      expect((await ask(port, 'DELETE', '/api/v3/users/1')).status).toBe(405)
    })

    it('reads, lists, creates and changes users, and writes the trail', async () => {
      expect((await ask(port, 'GET', '/api/v3/users/7')).body).toMatchObject({ id: 7, email: 'user7@neonhub.example' })
      const page = await ask(port, 'GET', '/api/v3/users?after=48&limit=5')
      expect(page.body['items']).toMatchObject([{ id: 49 }, { id: 50 }])
      const made = await ask(port, 'POST', '/api/v3/users', { email: 'new@x.example', name: 'Ñ', consent_given: true })
      expect(made).toMatchObject({ status: 201, body: { id: 51, consent_given: true, region: null } })
      expect((await ask(port, 'POST', '/api/v3/users', { email: 'NEW@x.example', name: 'Ñ' })).status).toBe(409)
      expect((await ask(port, 'PUT', '/api/v3/users/51/consent', { consent_given: false })).body['consent_given']).toBe(
        false,
      )
      expect((await ask(port, 'PATCH', '/api/v3/users/51', { name: 'M', region: 'x' })).body).toMatchObject({
        name: 'M',
        region: 'x',
      })
      const { rows } = await client.query(
        'SELECT actor, details FROM compliance_audit_log WHERE subject_id = 51 ORDER BY id',
      )
      expect(rows).toEqual([
        { actor: 'api:v3', details: { consentGiven: true } },
        { actor: 'user:51', details: { consentGiven: false } },
      ])
    })

    it('keeps every digit of model data', async () => {
      const data = '{"big": 9007199254740993000001, "fine": 0.10000000000000000555111512312, "ε": [1.50, null, {}]}'
      const made = await ask(port, 'POST', '/api/v3/models', `{"owner_id": 1, "name": "m", "model_data": ${data}}`)
      expect(made.status).toBe(201)
      for (const digits of ['9007199254740993000001', '0.10000000000000000555111512312', '1.50'])
        expect(made.text).toContain(digits)
      const id = made.body['id'] as number
      const changed = await ask(
        port,
        'PUT',
        `/api/v3/models/${id}`,
        '{"model_data": {"big": 1e-7, "n": 18446744073709551617}}',
      )
      expect(changed.body['version']).toBe(2)
      expect((await ask(port, 'GET', `/api/v3/models/${id}`)).text).toContain('18446744073709551617')
    })

    it('refuses what it cannot take, and says why', async () => {
      expect(await ask(port, 'PUT', '/api/v3/users/1/consent', { consent_given: 'yes' })).toMatchObject({ status: 422 })
      expect(await ask(port, 'PUT', '/api/v3/users/1/consent', 'no')).toMatchObject({ status: 400 })
      expect((await ask(port, 'GET', '/api/v3/users/999999')).status).toBe(404)
      expect((await ask(port, 'GET', '/api/v3/users/x')).status).toBe(404)
      expect((await ask(port, 'POST', '/api/v3/models', { owner_id: 99999, name: 'm', model_data: {} })).status).toBe(
        422,
      )
      await expect(client.query('DELETE FROM compliance_audit_log')).rejects.toThrow('only grows')
    })

    it('works off the open jobs', async () => {
      const open = async (): Promise<number> =>
        Number((await client.query(`SELECT count(*) FROM jobs WHERE state <> 'done'`)).rows[0].count)
      await expect.poll(open).toBe(0)
      const [job] = (
        await client.query(`SELECT j.rounds, j.id, m.model_data::text AS text, j.result FROM jobs AS j
        JOIN models AS m ON m.id = j.model_id WHERE j.kind = 'fingerprint' ORDER BY j.id LIMIT 1`)
      ).rows
      const fingerprint = pbkdf2Sync(job.text, `job ${job.id}`, job.rounds, 32, 'sha256').toString('hex')
      expect(job.result).toEqual({ bytes: Buffer.byteLength(job.text), fingerprint })
    })
  })

  describe('v4', () => {
    let port: number
    let coordinator: Serving
    const url = () => `http://127.0.0.1:${coordinator.port}`
    beforeAll(async () => {
      coordinator = await startCoordinator({ port: 0, token, state: join(folder, 'coordinator.json'), staleMs: 3_000 })
      serving.push(coordinator)
      expect(() => watchSettings(config, {}, soundV4)).toThrow('"api.ssl" is a key of v3')
      rewriteByHand(config, null)
      const v4 = await startV4(watchSettings(config, {}, soundV4), 0)
      serving.push(v4)
      port = v4.port
    })

    it('says what is missing, then how many rows wait, then that all is done', async () => {
      expect(await ask(port, 'GET', '/health/migration')).toMatchObject({
        status: 503,
        body: { status: 'pending', notTransformed: null },
      })
      expect((await ask(port, 'GET', '/api/v1/health')).status).toBe(503)
      await upByHand(server.url())
      expect((await ask(port, 'GET', '/api/v1/health')).status).toBe(200)
      await expect
        .poll(async () => (await ask(port, 'GET', '/health/migration')).body)
        .toMatchObject({ status: 'migrating', notTransformed: { users: 51, models: 11 } })
      const waiting = await ask(port, 'GET', '/api/v1/users/7')
      const { rows } = await client.query('SELECT consent_given FROM users WHERE id = 7')
      expect(waiting.body['consentRecords']).toMatchObject({ consentGiven: rows[0].consent_given, version: '4.0' })
      await transformByHand(server.url())
      await expect
        .poll(async () => (await ask(port, 'GET', '/health/migration')).body)
        .toMatchObject({ status: 'complete', notTransformed: { users: 0, models: 0 } })
    })

    it('serves v3 clients from its own columns, and leaves alone what only v4 knows', async () => {
      const scope = ['analytics']
      const changed = await ask(port, 'PUT', '/api/v1/users/8/consent', { consentGiven: true, scope })
      expect(changed.body['consentRecords']).toMatchObject({ consentGiven: true, scope })
      expect((await ask(port, 'GET', '/api/v3/users/8')).body['consent_given']).toBe(true)
      expect((await ask(port, 'PUT', '/api/v3/users/8/consent', { consent_given: false })).body['consent_given']).toBe(
        false,
      )
      expect((await ask(port, 'GET', '/api/v1/users/8')).body['consentRecords']).toMatchObject({
        consentGiven: false,
        scope,
      })
      const { rows } = await client.query('SELECT consent_given FROM users WHERE id = 8')
      expect(rows).toEqual([{ consent_given: false }])
    })

    it('creates users and models in its own shape, digit by digit', async () => {
      const user = await ask(port, 'POST', '/api/v1/users', { email: 'four@x.example', name: '四', consentGiven: true })
      expect(user.body).toMatchObject({
        nodeId: null,
        federationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        consentRecords: { consentGiven: true },
      })
      const model = await ask(
        port,
        'POST',
        '/api/v1/models',
        `{"ownerId": ${user.body['id']}, "name": "m4", "data": {"big": 9007199254740993000002}}`,
      )
      expect(model.body).toMatchObject({ federationModelData: { originalVersion: '4.0', compressionEnabled: true } })
      const asV3 = await ask(port, 'GET', `/api/v3/models/${model.body['id']}`)
      expect(asV3.text).toContain('"model_data": {"big": 9007199254740993000002}')
    })

    it('counts consents and compares them with the trail', async () => {
      const status = await ask(port, 'GET', '/api/v1/compliance/status')
      expect(status.body).toMatchObject({
        status: 'compliant',
        consents: { total: 52 },
        auditTrail: { intact: true, contradicted: 0 },
      })
      await client.query('UPDATE users SET consent_given = NOT consent_given WHERE id = 8')
      await expect
        .poll(async () => (await ask(port, 'GET', '/api/v1/compliance/status')).body)
        .toMatchObject({ status: 'attention', auditTrail: { intact: false, contradicted: 1 } })
      await client.query('UPDATE users SET consent_given = NOT consent_given WHERE id = 8')
    })

    it('keeps the federation shut until it is enabled', async () => {
      const status = await ask(port, 'GET', '/api/v1/federation/status')
      expect(status.body).toMatchObject({
        enabled: false,
        overall: 'disabled',
        mode: 'migration',
        nodes: { total: 5, byStatus: { pending: 5 } },
      })
      const nodes = '/api/v1/federation/nodes'
      expect((await ask(port, 'POST', nodes, registration)).status).toBe(401)
      expect((await ask(port, 'POST', nodes, registration, token)).status).toBe(409)
      expect((await ask(port, 'POST', '/api/v1/aix/rounds', {}, token)).status).toBe(409)
      expect((await ask(port, 'GET', `${nodes}/legacy-node-3`)).body).toMatchObject({
        region: 'us-east-1',
        status: 'pending',
      })
    })

    it('follows its file: enabled, registered, heard, and shut again', async () => {
      rewriteByHand(config, url())
      const status = async () => (await ask(port, 'GET', '/api/v1/federation/status')).body
      await expect
        .poll(status)
        .toMatchObject({ enabled: true, overall: 'degraded', coordinator: { reachable: true, registered: false } })
      for (const [at, sent] of [
        [coordinator.port, 201],
        [coordinator.port, 200],
        [port, 201],
        [port, 200],
      ] as const) {
        expect((await ask(at, 'POST', '/api/v1/federation/nodes', registration, token)).status).toBe(sent)
      }
      expect(
        (await ask(coordinator.port, 'POST', '/api/v1/federation/nodes', { ...registration, region: 'x' }, token))
          .status,
      ).toBe(409)
      expect(
        (await ask(port, 'POST', '/api/v1/federation/nodes', { ...registration, region: 'x' }, token)).status,
      ).toBe(409)
      await expect
        .poll(status)
        .toMatchObject({ overall: 'healthy', nodes: { total: 6, byStatus: { active: 1, pending: 5 } } })
      const node = async () =>
        (await ask(coordinator.port, 'GET', '/api/v1/federation/nodes/migrated-node-1')).body['status'] as string
      await expect.poll(node).toBe('active')
      expect((await ask(coordinator.port, 'GET', '/api/v1/federation/health')).body).toMatchObject({
        overall: 'healthy',
      })
      writeFileSync(config, readFileSync(config, 'utf8').replace('enabled: true\n  mode', 'enabled: "x"\n  mode'))
      await expect
        .poll(async () => (await ask(port, 'GET', '/health/migration')).body['settings'])
        .toContain('"federation.enabled" must be a boolean')
      expect((await status())['overall']).toBe('healthy')
      rewriteByHand(config, null)
      await expect.poll(status).toMatchObject({ overall: 'disabled' })
      await expect.poll(node).toBe('inactive')
      expect(
        (await ask(coordinator.port, 'DELETE', '/api/v1/federation/nodes/migrated-node-1', undefined, token)).status,
      ).toBe(200)
      expect(
        (await ask(coordinator.port, 'DELETE', '/api/v1/federation/nodes/migrated-node-1', undefined, token)).status,
      ).toBe(404)
    })

    it('averages what the participants of a round have learned, each limited, into the model', async () => {
      rewriteByHand(config, url())
      const rounds = '/api/v1/aix/rounds'
      const start = () => ask(port, 'POST', rounds, { modelId: 3, participants: ['b', 'a'], clip: 0.5 }, token)
      await expect.poll(async () => (await start()).status).toBe(201)
      const { body } = await start()
      expect(body).toMatchObject({ status: 'initialized', participants: [{ nodeId: 'a' }, { nodeId: 'b' }] })
      const at = `${rounds}/${body['roundId']}`
      expect((await ask(port, 'POST', `${at}/complete`, {}, token)).status).toBe(409)
      expect((await ask(port, 'POST', `${at}/updates`, { nodeId: 'c', samples: 1, update: [1] }, token)).status).toBe(
        404,
      )
      await ask(port, 'POST', `${at}/updates`, { nodeId: 'a', samples: 3, update: [0.1, 9] }, token)
      await ask(port, 'POST', `${at}/updates`, { nodeId: 'b', samples: 1, update: [0.3, -9] }, token)
      const done = await ask(port, 'POST', `${at}/complete`, {}, token)
      expect(done.body).toMatchObject({ status: 'completed', weights: [0.15, 0.25] })
      const model = await ask(port, 'GET', '/api/v1/models/3')
      expect(model.body).toMatchObject({ federationMetadata: { lastRound: body['roundId'], rounds: 1 } })
      expect((await ask(port, 'GET', '/api/v3/models/3')).text).toContain('"weights": [0.150000000000, 0.250000000000]')
      expect((await ask(port, 'POST', `${at}/complete`, {}, token)).status).toBe(409)
    })
  })
})

describe('the belongings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'neonhub-files-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('are a configuration with a secret by reference, certificates that hold, and data', () => {
    const secrets = writeBelongings({ folder, url: 'postgres://neon:p%40ss@127.0.0.1:5433/hub', port: 8080 })
    const path = join(folder, 'config', 'neonhub.yml')
    expect(secrets.DB_PASSWORD).toBe('p@ss')
    expect(readFileSync(path, 'utf8')).not.toContain('p@ss')
    const settings = readSettings(path, {})
    expect(settings.text('database.password')).toBe('p@ss')
    expect(readSettings(path, { DB_PASSWORD: 'other' }).text('database.password')).toBe('other')
    expect(() => settings.number('database.host')).toThrow('"database.host" must be a number')
    const certificate = new X509Certificate(readFileSync(settings.file('api.ssl.cert')))
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkHost('localhost')).toBe('localhost')
    expect(readFileSync(join(folder, 'config/certs/proxy.pem'), 'utf8')).toContain('PRIVATE KEY')
  })
})
