/** Rollback by part, on the real system under load: the federation, the configuration, the database; and forward again each time. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientsReport } from '../../examples/neonhub/clients.ts'
import type { LedgerRecord } from '../../examples/neonhub/clients/ledger.ts'
import { compare, photograph, type Photograph, proof } from '../../examples/neonhub/facts.ts'
import { v4Nodes } from '../../examples/neonhub/parts.ts'
import { openRig, type Rig } from '../../examples/neonhub/rig.ts'

let rig: Rig
let before: Photograph
beforeAll(async () => {
  rig = await openRig('changeover-parts-', 1_000)
  before = await photograph(rig.hub.url)
})
afterAll(() => rig?.close())

const run = async (wanted: number, ...words: readonly string[]) => {
  const { code, said } = await rig.changeover(...words)
  expect([code, code === wanted ? '' : said.slice(-2_000)]).toEqual([wanted, ''])
}
const get = async (port: keyof Rig['hub']['ports'], path: string) => {
  const headers = {
    connection: 'close',
    authorization: `Bearer ${rig.hub.secrets[port === 'gatewayControl' ? 'GATEWAY_TOKEN' : 'FEDERATION_TOKEN']}`,
  }
  const answer = await fetch(`http://127.0.0.1:${rig.hub.ports[port]}${path}`, { headers })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
const node = '/api/v1/federation/nodes/migrated-node-1'
const noneFailed = async () =>
  expect(((await get('clients', '/stats')).body as unknown as ClientsReport).failures).toEqual([])

/** Neither journal, report, status, events nor the backups hold a secret or a private key. */
async function noSecrets(): Promise<void> {
  const told = [
    ['report', '--format', 'html', '--out', join(rig.home, 'report.html')],
    ['report', '--format', 'json'],
    ['status', '--json'],
    ['events', '--json'],
    ['plan', '--json'],
  ]
  const said = await Promise.all(told.map(async (words) => (await rig.changeover(...words)).said))
  const folders = ['changeover', 'backups'].flatMap((folder) =>
    readdirSync(join(rig.home, folder), { recursive: true, withFileTypes: true }),
  )
  const files = folders.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = [...said, ...[...files, join(rig.home, 'report.html')].map((path) => readFileSync(path, 'latin1'))]
  expect(files.length).toBeGreaterThan(10)
  for (const secret of [...Object.values(rig.hub.secrets), 'PRIVATE KEY'])
    expect(texts.filter((text) => text.includes(secret))).toEqual([])
}

describe('a part alone', () => {
  it('is rolled back, and applied again', { timeout: 240_000 }, async () => {
    await run(0, 'run', '--yes', '--until', 'active')
    expect((await get('coordinator', node)).status).toBe(200)

    await run(0, 'rollback', '--yes', '--part', 'federation')
    expect((await get('coordinator', node)).status).toBe(404)
    expect(readFileSync(rig.hub.paths.v4ConfigFile, 'utf8')).toMatch(/enabled: false/)
    await expect.poll(async () => (await get('v4', '/api/v1/federation/status')).body['enabled']).toBe(false)
    await run(0, 'resume', '--until', 'active')
    expect((await get('coordinator', node)).body).toMatchObject({ status: 'active' })

    await run(0, 'rollback', '--yes', '--part', 'configuration')
    expect(existsSync(rig.hub.paths.v4ConfigFile)).toBe(false)
    expect((await get('v4', '/api/v1/health')).status).toBe(200)
    await expect.poll(async () => (await get('v4', '/api/v1/federation/status')).body['enabled']).toBe(false)
    expect((await get('v4', '/health/migration')).body).toMatchObject({ settings: 'ok', status: 'complete' })
    await run(0, 'resume', '--until', 'active')
    expect((await get('coordinator', node)).body).toMatchObject({ status: 'active' })

    await run(0, 'rollback', '--yes', '--part', 'database')
    for (const route of ['v3-api', 'v4-api'])
      expect((await get('gatewayControl', `/v1/routes/${route}/shares`)).body).toEqual({ v3: 10_000, v4: 0 })
    for (const each of v4Nodes) expect(rig.hub.pid(each)).toBe(undefined)
    expect(existsSync(rig.hub.paths.v4ConfigFile)).toBe(true)
    await noneFailed()
    await rig.phase('off', 'off')
    const ledger = (await get('clients', '/ledger')).body as unknown as LedgerRecord
    expect(compare(before, await photograph(rig.hub.url), ledger)).toMatchObject({ equal: true })
    expect((await proof(rig.hub.url, ledger)).wrong).toEqual([])
    await rig.phase('on', 'auto')

    await run(0, 'resume', '--until', 'active')
    await run(5, 'rollback', '--yes')
    await noneFailed()
    await noSecrets()
  })
})
