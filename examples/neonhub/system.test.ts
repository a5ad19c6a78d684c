import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../src/testing/postgres.ts'
import { downByHand, rewriteByHand, transformByHand, upByHand } from './by-hand.ts'
import type { LedgerRecord } from './clients/ledger.ts'
import type { ClientsReport } from './clients.ts'
import { registration } from './parts.ts'
import { compare, photograph, type Photograph, proof, savePhotograph, loadPhotograph } from './facts.ts'
import { buildSystem, type NeonHub, openSystem } from './system.ts'

let server: PostgresServer
let hub: NeonHub
let before: Photograph
const folder = mkdtempSync(join(tmpdir(), 'neonhub-system-'))

beforeAll(async () => {
  server = await startPostgres()
  hub = await buildSystem({ folder, url: server.url('neonhub'), rows: 300, v4Phase: 'auto' })
  before = await photograph(hub.url)
})
afterAll(async () => {
  await hub.stopAll()
  await server.stop()
  rmSync(folder, { recursive: true })
})

async function ask<T>(port: number, path: string, body?: object, method = 'PUT'): Promise<T> {
  const token = `Bearer ${hub.secrets.FEDERATION_TOKEN}`
  const headers = { connection: 'close', authorization: token }
  const asked = body === undefined ? { headers } : { headers, method, body: JSON.stringify(body) }
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, asked)
  return (await answer.json()) as T
}

const stats = (): Promise<ClientsReport> => ask(hub.ports.clients, '/stats')
const turn = async (to: 'v3' | 'v4'): Promise<void> => {
  const shares = { v3: 0, v4: 0, [to]: 10_000 }
  const headers = { connection: 'close', authorization: `Bearer ${hub.secrets.GATEWAY_TOKEN}` }
  for (const route of to === 'v4' ? ['v3-api', 'v4-api'] : ['v4-api', 'v3-api']) {
    const url = `http://127.0.0.1:${hub.ports.gatewayControl}/v1/routes/${route}/shares`
    const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(shares) })
    expect(await answer.json()).toEqual(shares)
  }
}
/** The gateway looks four times a second, for each route on its own. */
const up = async (side: string): Promise<void> => {
  const headers = { connection: 'close', authorization: `Bearer ${hub.secrets.GATEWAY_TOKEN}` }
  for (const route of ['v3-api', 'v4-api']) {
    const url = `http://127.0.0.1:${hub.ports.gatewayControl}/v1/routes/${route}/sides`
    const serversUp = async () => {
      const sides = (await (await fetch(url, { headers })).json()) as Record<string, { serversUp: number }>
      return sides[side]?.serversUp
    }
    await expect.poll(serversUp).toBeGreaterThan(0)
  }
}

it('goes to v4 and back by hand, as programs of its own, while clients of both versions work', async () => {
  const { configFile, v4ConfigFile } = hub.paths
  for (const name of ['coordinator', 'v3', 'gateway', 'clients'] as const) await hub.start(name)
  await expect(hub.start('v4')).rejects.toThrow('"v4" did not become healthy')
  await upByHand(hub.url)
  await transformByHand(hub.url)
  rewriteByHand(configFile, `http://127.0.0.1:${hub.ports.coordinator}`, v4ConfigFile)
  await hub.start('v4')
  await up('v4')
  await turn('v4')
  await hub.stop('v3')
  await ask(hub.ports.coordinator, '/api/v1/federation/nodes', registration, 'POST')
  const status = () => ask(hub.ports.gateway, '/api/v1/federation/status')
  await expect.poll(status).toMatchObject({ overall: 'healthy' })
  await expect.poll(async () => (await stats()).clients.v4.served).toBeGreaterThan(50)
  await hub.start('v3')
  await up('v3')
  await turn('v3')
  await hub.stop('v4')
  await downByHand(hub.url)
  expect((await stats()).failures).toEqual([])
})

it('is found again by whoever knows the folder, and leaves a ledger that holds', async () => {
  const again = openSystem(folder)
  expect(again).toMatchObject({ url: hub.url, ports: hub.ports, rows: { users: 300, models: 60 } })
  const v3 = hub.pid('v3')
  await again.start('v3')
  expect(again.pid('v3')).toBe(v3)
  await again.stop('clients')
  expect(hub.pid('clients')).toBe(undefined)
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(hub.paths.clients, name), 'utf8')) as T
  expect(read<ClientsReport>('summary.json')).toMatchObject({ failures: [], requests: { failed: 0 } })
  const ledger = read<LedgerRecord>('ledger.json')
  savePhotograph(join(folder, 'before.bin'), before)
  const seen = compare(loadPhotograph(join(folder, 'before.bin')), await photograph(hub.url), ledger)
  expect(seen).toMatchObject({ equal: true, tables: { users: { lost: [], changed: [] } } })
  expect(await proof(hub.url, ledger)).toMatchObject({ equal: true, wrong: [] })
  await hub.stopAll()
  for (const name of ['coordinator', 'v3', 'v4', 'gateway'] as const) expect(hub.pid(name)).toBe(undefined)
})

it('is made of a configuration, secrets, certificates and data', () => {
  const { configFile, env, certs, data } = hub.paths
  expect(readFileSync(configFile, 'utf8')).toContain('password: ${DB_PASSWORD} ')
  expect(readFileSync(env, 'utf8')).toContain(hub.secrets.FEDERATION_TOKEN)
  expect(statSync(env).mode & 0o777).toBe(0o600)
  for (const name of ['server.crt', 'server.key', 'ca.pem', 'proxy.pem'])
    expect(existsSync(join(certs, name))).toBe(true)
  expect(statSync(join(data, 'checkpoints', 'Modèle № 1', 'weights.bin')).size).toBe(65_536)
})
