/** Steps that meet a bad world, with the real command: no room for a backup, a damaged one, a service that stays ill, secrets in answers. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../src/testing/index.ts'
import type { Ended } from '../cli/command.ts'
import { type Shop, shops } from './shop.ts'

const token = 'tok-5f1c0ffee-geheim'
let server: PostgresServer
let makeShop: (env?: Readonly<Record<string, string>>) => Promise<Shop>
let shop: Shop
beforeAll(async () => {
  server = await startPostgres()
  makeShop = await shops(server)
})
afterAll(() => server?.stop())
beforeEach(async () => {
  shop = await makeShop({ API_TOKEN: token })
})
afterEach(() => shop?.remove())

function mustSay(ended: Ended, exit: number, ...says: readonly string[]): void {
  for (const each of says) expect(`${ended.out}${ended.err}`).toContain(each)
  expect(ended.err).not.toMatch(/^ {4}at /m)
  expect(ended.code).toBe(exit)
}

/** Neither what was said nor any file of the folder holds the token. */
async function noSecret(ended: Ended, except = ''): Promise<void> {
  const words = [['status'], ['events', '--json'], ['report', '--format', 'html']]
  const told = await Promise.all(words.map((each) => shop.run(...each)))
  for (const each of [ended, ...told]) expect(each.out + each.err).not.toContain(token)
  if (except === '') expect(shop.files()).not.toContain(token)
}

const planOf = (targets: string, steps: string) => `name: shop
from: "1"
to: "2"
onFailure: pause
targets:
  db: { adapter: postgres, config: { url: "\${DATABASE_URL}" } }
${targets}
steps:
${steps}
`
const backup = planOf(
  '  backups: { adapter: files, config: { folder: ./backups } }',
  '  - { id: backup, kind: backup.database, on: { source: db, store: backups } }',
)

test('no room for a backup is said before the run, or when the disk fills up; nothing half is left, and it goes on', async () => {
  const folder = join(shop.place.folder, 'backups')
  mkdirSync(folder)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', folder], { encoding: 'utf8' })
  if (mounted.status !== 0)
    return console.warn(`a full disk was not tried: ${mounted.stderr}${String(mounted.error ?? '')}`.trim())
  try {
    await shop.sql(
      'CREATE TABLE blobs (id int PRIMARY KEY, text text); INSERT INTO blobs SELECT i, md5(i::text) || md5((-i)::text) FROM generate_series(1, 30000) i',
    )
    shop.place.write('changeover.yaml', backup)
    const early = await shop.run('run', '--yes')
    mustSay(early, 3, 'backup.')
    expect(readdirSync(folder)).toEqual([])
    spawnSync('mount', ['-o', 'remount,size=64m', folder])
    mustSay(await shop.run('run', '--yes'), 0, 'done')
    mustSay(await shop.run('verify'), 0)
  } finally {
    spawnSync('umount', ['-l', folder])
  }
})

test('a backup that was damaged afterwards is found by verify, and named', async () => {
  shop.place.write('changeover.yaml', backup)
  mustSay(await shop.run('run', '--yes'), 0, 'done')
  mustSay(await shop.run('verify'), 0)
  const victim = readdirSync(join(shop.place.folder, 'backups'), { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && !/manifest|SHA256/.test(each.name))
    .map((each) => join(each.parentPath, each.name))[0]
  const bytes = readFileSync(victim ?? '')
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
  writeFileSync(victim ?? '', bytes)
  mustSay(await shop.run('verify'), 3, 'backup.damaged')
})

test('a service that does not get healthy: its last lines are shown, it is not left running, no secret is told', async () => {
  shop.place.write(
    'ill.mjs',
    "console.log('no ink ' + process.env.API_TOKEN + ' ' + process.pid); setInterval(() => {}, 1000)",
  )
  const ill = `  ill: { adapter: process, config: { command: [${process.execPath}, ill.mjs], env: { API_TOKEN: "\${API_TOKEN}" }, log: ill.log, health: { url: "http://127.0.0.1:1/" } } }`
  const start = '  - { id: start, kind: service.start, on: ill, spec: { healthyWithinMs: 1500, graceMs: 200 } }'
  shop.place.write('changeover.yaml', planOf(ill, start).replace('onFailure: pause', 'onFailure: rollback'))
  const ended = await shop.run('run', '--yes')
  mustSay(ended, 5, 'service.unhealthy', 'no ink')
  const pid = Number(/(\d+)\s*$/.exec(readFileSync(join(shop.place.folder, 'ill.log'), 'utf8'))?.[1])
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  await noSecret(ended, 'the log, which the service wrote itself')
})

test('no secret is told when an answer repeats it', async () => {
  const api = createServer((request, response) => {
    response.writeHead(400).end(`who are you, ${String(request.headers['authorization'])}?`)
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  const { port } = api.address() as AddressInfo
  try {
    const target = `  api: { adapter: http, config: { url: "http://127.0.0.1:${port}", headers: { authorization: "Bearer \${API_TOKEN}" } } }`
    const call =
      '  - { id: call, kind: http.call, on: api, spec: { do: { method: POST, path: /nodes, body: { a: 1 } }, undo: nothing, retries: { times: 1, waitMs: 10 } } }'
    shop.place.write('changeover.yaml', planOf(target, call))
    const ended = await shop.run('run', '--yes')
    mustSay(ended, 1, '400')
    await noSecret(ended)
  } finally {
    api.close()
  }
})
