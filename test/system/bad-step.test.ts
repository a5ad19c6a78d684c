/** Steps that meet a bad world, with the real command: no room for a backup, a damaged one, a service that stays ill, secrets in answers. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { describe, expect } from 'vitest'
import { freePort } from '../../src/testing/index.ts'
import type { Ended } from '../cli/command.ts'
import { mustBlock, mustEnd, mustFail, mustSay } from './judge.ts'
import { type Shop, test, token } from './shop.ts'

/** Neither what was said nor any file of the folder holds the token. */
async function noSecret(shop: Shop, ended: Ended, except = ''): Promise<void> {
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

describe('no room for a backup', () => {
  /** The store on a small file system of its own. */
  const small = async (shop: Shop, skip: (why: string) => void, use: (folder: string) => Promise<void>) => {
    const folder = join(shop.place.folder, 'backups')
    mkdirSync(folder)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', folder], { encoding: 'utf8' })
    if (mounted.status !== 0) {
      const why = `a full disk needs a mount: ${mounted.stderr}${String(mounted.error ?? '')}`.trim()
      console.warn(`skipped: ${why}`)
      return skip(why)
    }
    try {
      await use(folder)
      // As the help says: make room.
      spawnSync('mount', ['-o', 'remount,size=64m', folder])
      mustSay(await shop.run(...(shop.hasRun() ? ['resume'] : ['run', '--yes'])), 0, 'done')
      mustSay(await shop.run('verify'), 0, 'rows were saved, and restored in')
    } finally {
      spawnSync('umount', ['-l', folder])
    }
  }

  test('is said before the run where it can be known', async ({ shop, skip }) => {
    await small(shop, skip, async (folder) => {
      await shop.sql(
        'CREATE TABLE blobs (id int PRIMARY KEY, text text); INSERT INTO blobs SELECT i, md5(i::text) || md5((-i)::text) FROM generate_series(1, 30000) i',
      )
      shop.place.write('changeover.yaml', backup)
      mustBlock(await shop.run('run', '--yes'), 'backup.full', 'the tables take', 'MB free', 'make room there')
      expect([shop.hasRun(), readdirSync(folder)]).toEqual([false, []])
    })
  })

  test('is said when the disk fills up; nothing half is left, and it goes on', async ({ shop, skip }) => {
    await small(shop, skip, async (folder) => {
      // What the server has compressed to little is much when it is written out.
      await shop.sql(
        "CREATE TABLE blobs (id int PRIMARY KEY, text text); INSERT INTO blobs SELECT i, repeat('x', 100000) FROM generate_series(1, 100) i",
      )
      shop.place.write(
        'changeover.yaml',
        backup.replace('store: backups }', 'store: backups }, spec: { with: copy, gzip: false }'),
      )
      mustFail(
        await shop.run('run', '--yes'),
        1,
        'backup.full',
        'public.blobs.copy',
        'free',
        'make room',
        'changeover resume',
      )
      mustSay(await shop.run('status'), 0, 'changeover resume')
      expect(leaves(folder)).toEqual([])
    })
  })
})

/** Every file below. */
const leaves = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))

describe('a backup that was damaged afterwards', () => {
  const damage = (shop: Shop): string => {
    const victim = leaves(join(shop.place.folder, 'backups')).find((each) => !/manifest|SHA256/.test(each)) ?? ''
    const bytes = readFileSync(victim)
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
    writeFileSync(victim, bytes)
    return basename(victim)
  }

  test('is found by verify and named; a new run makes a right one', async ({ shop }) => {
    shop.place.write('changeover.yaml', backup)
    mustSay(await shop.run('run', '--yes'), 0, 'done')
    mustSay(await shop.run('verify'), 0)
    const file = damage(shop)
    const told = await shop.run('verify')
    mustSay(told, 3, 'backup.damaged', file, '→')
    mustSay(await shop.run('run', '--yes'), 0, 'done')
    mustSay(await shop.run('verify'), 0)
  })
})

test('a service that does not get healthy: its last lines are shown, it is not left running, no secret is told; mended, it runs', async ({
  shop,
}) => {
  const port = await freePort()
  const health = `http://127.0.0.1:${port}/`
  // A shell has said it before anybody looks, on the busiest machine.
  const ill = 'echo "no ink $API_TOKEN $$"; exec sleep 600'
  const target = `  ill: { adapter: process, config: { command: [/bin/sh, ill.sh], env: { API_TOKEN: "\${API_TOKEN}" }, log: ill.log, health: { url: "${health}" } } }`
  const start = (ms: number) =>
    `  - { id: start, kind: service.start, on: ill, spec: { healthyWithinMs: ${ms}, graceMs: 200 } }`
  const written = (ms: number) =>
    shop.place.write('changeover.yaml', planOf(target, start(ms)).replace('onFailure: pause', 'onFailure: rollback'))

  shop.place.write('ill.sh', ill)
  written(3_000)
  const ended = await shop.run('run', '--yes')
  mustSay(ended, 5, 'service.unhealthy', 'no ink', health)
  const pid = Number(/(\d+)\s*$/.exec(readFileSync(join(shop.place.folder, 'ill.log'), 'utf8'))?.[1])
  expect(pid).toBeGreaterThan(1)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  await noSecret(shop, ended, 'the log, which the service wrote itself')

  shop.place.write(
    'ill.sh',
    `exec "${process.execPath}" -e "require('node:http').createServer((q, a) => a.end()).listen(${port}, '127.0.0.1')"`,
  )
  written(30_000)
  mustEnd(await shop.run('run', '--yes'), 0)
  expect((await fetch(health, { headers: { connection: 'close' } })).status).toBe(200)
  mustEnd(await shop.run('rollback', '--yes'), 5)
  await expect(fetch(health)).rejects.toThrow('fetch failed')
})

test('no secret is told when the database repeats it', async ({ shop }) => {
  await shop.sql(`
    CREATE FUNCTION leak() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no such key: %', convert_from('\\x${Buffer.from(token).toString('hex')}', 'UTF8'); END $$`)
  const url = shop.url.replace('postgres@', `postgres:${token}@`)
  const leak = '  - { id: leak, kind: schema.sql, on: db, spec: { up: "SELECT leak()", down: "SELECT 1" } }'
  shop.place.write('changeover.yaml', planOf('', leak))
  const ended = await shop.as({ DATABASE_URL: url })('run', '--yes')
  mustSay(ended, 1, 'no such key: ${DATABASE_URL:password}', 'changeover resume')
  await noSecret(shop, ended)
})

test('no secret is told when an answer repeats it', async ({ shop }) => {
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
    await noSecret(shop, ended)
  } finally {
    api.close()
  }
})
