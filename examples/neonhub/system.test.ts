import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../src/testing/postgres.ts'
import type { ClientsReport } from './clients.ts'
import { compare, photograph, type Photograph, proof, savePhotograph, loadPhotograph } from './facts.ts'
import { buildSystem, type NeonHub, openSystem } from './system.ts'

let server: PostgresServer
let hub: NeonHub
let before: Photograph
const folder = mkdtempSync(join(tmpdir(), 'neonhub-system-'))

beforeAll(async () => {
  server = await startPostgres()
  hub = await buildSystem({ folder, url: server.url('neonhub'), rows: 300 })
  before = await photograph(hub.url)
})
afterAll(async () => {
  await hub.stopAll()
  await server.stop()
  rmSync(folder, { recursive: true })
})

async function stats(): Promise<ClientsReport> {
  const answer = await fetch(`http://127.0.0.1:${hub.ports.clients}/stats`)
  return (await answer.json()) as ClientsReport
}

it('runs as programs of its own, found again by whoever knows the folder', async () => {
  for (const name of ['coordinator', 'v3', 'gateway', 'clients'] as const) await hub.start(name)
  const v3 = hub.pid('v3')
  const again = openSystem(folder)
  expect(again).toMatchObject({ url: hub.url, ports: hub.ports, rows: { users: 300, models: 60 } })
  await again.start('v3')
  expect(again.pid('v3')).toBe(v3)
  await expect.poll(async () => (await stats()).requests.served, { timeout: 15_000 }).toBeGreaterThan(50)
  await expect(hub.start('v4')).rejects.toThrow('"v4" did not become healthy')
  await expect(hub.start('v4')).rejects.toThrow('"api.ssl\\" is a key of v3')
  await again.stop('clients')
  expect(hub.pid('clients')).toBe(undefined)
  const summary = JSON.parse(readFileSync(join(hub.paths.clients, 'summary.json'), 'utf8')) as ClientsReport
  expect(summary.failures).toEqual([])
  const ledger = JSON.parse(readFileSync(join(hub.paths.clients, 'ledger.json'), 'utf8')) as Parameters<typeof proof>[1]
  savePhotograph(join(folder, 'before.bin'), before)
  const seen = compare(loadPhotograph(join(folder, 'before.bin')), await photograph(hub.url), ledger)
  expect(seen.equal).toBe(true)
  expect(await proof(hub.url, ledger)).toMatchObject({ equal: true })
  await hub.stopAll()
  for (const name of ['coordinator', 'v3', 'gateway'] as const) expect(hub.pid(name)).toBe(undefined)
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
