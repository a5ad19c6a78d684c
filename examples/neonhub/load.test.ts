import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PostgresServer, postgresSources, startPostgres } from '../../src/testing/postgres.ts'
import { writeBelongings } from './belongings.ts'
import { downByHand, rewriteByHand, transformByHand, upByHand } from './by-hand.ts'
import { type Clients, startClients } from './clients.ts'
import { compare, disagreements, hashes, photograph, proof } from './facts.ts'
import type { Gateway } from 'changeover/gateway'
import { openDoor } from './gateway.ts'
import { parity } from './parity.ts'
import { v3Contract } from './parts.ts'
import type { Serving } from './service/serve.ts'
import { readSettings, type Settings } from './service/settings.ts'
import { watchSettings } from './service/watched.ts'
import { v3Routes, v3Storage } from './v3/api.ts'
import { connect } from './service/database.ts'
import { fillV3, rowsFor } from './v3/fill.ts'
import { startV3 } from './v3/service.ts'
import { soundV4, startV4 } from './v4/service.ts'

const rows = rowsFor(400)
const { found, missing } = postgresSources()
for (const [source, why] of Object.entries(missing))
  console.warn(`NeonHub under load is not tested on ${source}: ${why}`)

describe.each(found)('NeonHub under load (%s)', (source) => {
  let server: PostgresServer
  let folder: string
  let client: pg.Client
  let url: string
  let v3Settings: Settings
  let v3: Serving
  let v4: Serving
  let gateway: Gateway
  let clients: Clients
  let made = 0
  const ends: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    server = await startPostgres({ source })
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'neonhub-load-'))
    await once(server.url(), `CREATE DATABASE hub${++made}`)
    url = server.url(`hub${made}`)
    await fillV3(url, rows)
    client = new pg.Client({ connectionString: url })
    await client.connect()
    writeBelongings({ folder, url, port: 0 })
    const path = join(folder, 'config', 'neonhub.yml')
    v3Settings = readSettings(path, {})
    const v4Path = join(folder, 'config', 'v4.yml')
    copyFileSync(path, v4Path)
    rewriteByHand(v4Path, null)
    v3 = await startV3(v3Settings, 0)
    v4 = await startV4(watchSettings(v4Path, {}, soundV4), 0)
    gateway = await open()
    ends.push(
      () => client.end(),
      () => v3.stop(),
      () => v4.stop(),
      () => gateway.close(),
    )
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
    rmSync(folder, { recursive: true })
  })

  const open = (): Promise<Gateway> =>
    openDoor({
      port: 0,
      controlPort: 0,
      v3: `http://127.0.0.1:${v3.port}`,
      v4: [`http://127.0.0.1:${v4.port}`],
      state: join(folder, 'gateway.json'),
      token: 'a token of this test',
    })

  async function startLoad(to = gateway.url): Promise<void> {
    const options = { gateway: to, controlPort: 0, out: join(folder, 'clients'), rate: 250 }
    clients = await startClients({ ...options, ...rows, phase: { v3: 'on', v4: 'auto' } })
    ends.push(() => clients.stop())
  }

  /** Each route looks on its own which sides are up. */
  const isUp = (side: 'v3' | 'v4') =>
    expect.poll(() => ['v3-api', 'v4-api'].map((route) => gateway.sides(route)[side]?.serversUp)).toEqual([1, 1])

  /** So many requests more were served. */
  const served = (more: number) => {
    const before = clients.report().requests.served
    return expect.poll(() => clients.report().requests.served).toBeGreaterThan(before + more)
  }

  /** v4's own API is open only while v4 has all clients. */
  async function turn(share: number): Promise<void> {
    const shares = { v3: 10_000 - share, v4: share }
    if (share < 10_000) await gateway.shift('v4-api', { v3: 10_000, v4: 0 })
    await gateway.shift('v3-api', shares)
    if (share === 10_000) await gateway.shift('v4-api', shares)
  }

  it('goes to v4 and back while both clients write, and nothing is lost', async () => {
    const before = await photograph(url)
    await startLoad()
    await served(100)
    await expect.poll(() => gateway.sides('v3-api')['v4']?.serversUp).toBe(0)
    await upByHand(url)
    await transformByHand(url)
    await isUp('v4')
    for (const share of [3_333, 6_667, 10_000, 0, 10_000]) {
      await turn(share)
      await served(100)
    }
    await expect.poll(() => clients.report().clients.v3.served).toBeGreaterThan(100)
    await expect.poll(() => clients.report().clients.v4.served).toBeGreaterThan(50)
    expect(clients.report()).toMatchObject({ v4Live: true, requests: { failed: 0 }, failures: [] })
    expect(await disagreements(url)).toEqual({ users: 0, models: 0 })
    await clients.setPhase({ v3: 'off', v4: 'off' })
    const kept = await parity(`http://127.0.0.1:${v3.port}`, `http://127.0.0.1:${v4.port}`)
    expect(kept).toMatchObject({ share: 1, routes: 13, different: [] })
    await clients.setPhase({ v3: 'on', v4: 'auto' })
    await turn(0)
    await expect.poll(() => clients.report().v4Live).toBe(false)
    await downByHand(url)
    await served(50)
    await clients.setPhase({ v3: 'off', v4: 'off' })
    const report = clients.report()
    expect(report.failures).toEqual([])
    expect(report.longestWriteGapMs).toBeLessThanOrEqual(report.longestWritePauseMs)
    const ledger = clients.ledger()
    expect(ledger.uncertain).toEqual({ users: [], models: [] })
    const seen = compare(before, await photograph(url), ledger)
    expect(seen).toMatchObject({ equal: true, tables: { users: { changed: [], lost: [], strange: [] } } })
    expect(seen.tables.users.same + seen.tables.users.touched).toBe(rows.users)
    expect(await proof(url, ledger)).toMatchObject({
      equal: true,
      wrong: [],
      checked: { users: Object.keys(ledger.users).length },
    })
  })

  it('loses no request while a version without a share is stopped, and started again', async () => {
    await upByHand(url)
    await transformByHand(url)
    await startLoad()
    await isUp('v4')
    await turn(10_000)
    for (let round = 0; round < 3; round++) {
      await served(40)
      const { port } = v3
      await v3.stop()
      v3 = await startV3(v3Settings, port)
    }
    await isUp('v3')
    await turn(0)
    await served(100)
    const lead = () => clients.report().lastAnswerAt.v3 - clients.report().lastAnswerAt.v4
    await expect.poll(lead).toBeGreaterThan(0)
    expect(clients.report()).toMatchObject({ requests: { failed: 0 }, failures: [] })
  })

  it('has a contract that names every route of v3', async () => {
    const database = connect({})
    const served = v3Routes(database, v3Storage).map(([method, path]) => `${method} ${path}`)
    await database.close()
    expect([...v3Contract].sort()).toEqual(['GET /api/v3/health', ...served].sort())
  })

  it('remembers its side over a restart', async () => {
    await upByHand(url)
    await turn(10_000)
    await gateway.close()
    gateway = await open()
    const answer = await fetch(`${gateway.url}/api/v3/health`, { headers: { connection: 'close' } })
    expect(answer.headers.get('x-neonhub-version')).toBe('4.0.0')
    expect(await answer.json()).toMatchObject({ version: '4.0.0' })
  })

  it.each([
    ['digits', (text: string) => JSON.stringify(JSON.parse(text)), /^(model data|details) /],
    ['consent', (text: string) => text.replace('"consent_given": true', '"consent_given": false'), /consent true$/],
    ['the row', (text: string) => text.replace(/"email": "user\d/, '"email": "user'), /^email /],
  ])('notices a service that is wrong about %s', async (_what, spoil, expected) => {
    const wrong = createServer((asked, answer) => {
      const chunks: Buffer[] = []
      asked
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', async () => {
          const body = asked.method === 'GET' ? {} : { body: Buffer.concat(chunks) }
          const got = await fetch(`${gateway.url}${asked.url}`, {
            method: asked.method ?? 'GET',
            ...body,
          })
          answer.writeHead(got.status).end(spoil(await got.text()))
        })
    })
    await new Promise<void>((resolve) => wrong.listen(0, '127.0.0.1', resolve))
    ends.push(() => new Promise((resolve) => wrong.close(resolve)))
    await startLoad(`http://127.0.0.1:${(wrong.address() as AddressInfo).port}`)
    await expect.poll(() => clients.report().failures.length).toBeGreaterThan(0)
    await clients.setPhase({ v3: 'off', v4: 'off' })
    for (const failure of clients.report().failures) expect(failure.expected).toMatch(expected)
  })

  it('notices a row that was changed, lost or invented behind the back of the clients', async () => {
    const before = await photograph(url)
    const ledger = { users: {}, models: {}, audit: {}, uncertain: { users: [], models: [] }, uncertainCreations: 0 }
    const first = await hashes(url)
    expect(first).toEqual(await hashes(url))
    await client.query('DELETE FROM jobs')
    await client.query('DELETE FROM models WHERE id = 7')
    await client.query(
      `UPDATE models SET model_data = jsonb_set(model_data, '{parameters}', '9007199254740993000') WHERE id = 8`,
    )
    await client.query(`INSERT INTO users (email, name) VALUES ('x@y.example', 'x')`)
    const seen = compare(before, await photograph(url), ledger)
    expect(seen.equal).toBe(false)
    expect(seen.tables.models).toMatchObject({ same: rows.models - 2, changed: ['8'], lost: ['7'] })
    expect(seen.tables.users).toMatchObject({ same: rows.users, strange: [String(rows.users + 1)] })
    const told = {
      ...ledger,
      users: { 1: { email: 'z', consent: true, scope: null, consentWrites: 0 } },
      models: { 7: { data: '{}', version: 1 }, 8: { data: '{}', version: 99 } },
    }
    const { wrong } = await proof(url, told)
    expect(wrong).toEqual([
      { table: 'users', id: '1', why: 'has another email' },
      { table: 'models', id: '7', why: 'is not there' },
      { table: 'models', id: '8', why: 'has another version' },
    ])
    expect((await hashes(url)).models).not.toEqual(first.models)
  })
})

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql)
  await client.end()
}
