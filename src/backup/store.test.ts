import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { FileWriter } from '../core/ports/index.ts'
import { ensureRoom } from './room.ts'
import { PrivateKeyFound, namedAsKey, withoutKeys } from './private-keys.ts'
import { restoreFiles } from './restore.ts'
import { listBackups, retire } from './retention.ts'
import { backupFolder, findManifest, pourEntry, readManifest, verifyBackup, writeManifest } from './store.ts'

const day = 86_400_000

function memory(files: Map<string, Buffer> = new Map(), space = 1_000_000): FileWriter {
  const sum = (bytes: Buffer) => ({ sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length })
  const used = () => [...files.values()].reduce((all, each) => all + each.length, 0)
  const put = (path: string, bytes: Buffer) => {
    if (used() + bytes.length > space) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    files.set(path, bytes)
    return sum(bytes)
  }
  return {
    list: async (globs) => {
      const patterns = globs.map((glob) => new RegExp(`^${glob.replaceAll('*', '[^/]*')}$`))
      return [...files.keys()].filter((path) => patterns.some((each) => each.test(path))).sort()
    },
    read: async (path) => files.get(path) ?? null,
    async *stream(path) {
      yield files.get(path)!
    },
    digest: async (path) => (files.has(path) ? sum(files.get(path)!) : null),
    free: async () => space - used(),
    write: async (path, bytes) => void put(path, bytes),
    pour: async (path, bytes) => {
      const pieces: Buffer[] = []
      for await (const piece of bytes) pieces.push(piece)
      return put(path, Buffer.concat(pieces))
    },
    remove: async (path) => {
      for (const each of files.keys()) if (each === path || each.startsWith(`${path}/`)) files.delete(each)
    },
  }
}

async function* bytes(...pieces: string[]) {
  for (const piece of pieces) yield Buffer.from(piece)
}

async function saved(store: FileWriter, run: string, finished: number) {
  const folder = backupFolder('backups', run, 'save')
  const entry = await pourEntry(
    store,
    folder,
    { path: 'etc/app.yml', stored: 'files/etc/app.yml', part: 'configuration' },
    bytes(`of ${run}`),
  )
  const time = new Date(finished).toISOString()
  const plan = { name: 'up', from: '3', to: '4' }
  await writeManifest(store, folder, {
    kind: 'files',
    run,
    step: 'save',
    plan,
    started: time,
    finished: time,
    entries: [entry],
    left: [],
  })
  return folder
}

describe('a backup', () => {
  test('is whole only with its sums, and then reads back and restores', async () => {
    const files = new Map<string, Buffer>()
    const store = memory(files)
    const folder = await saved(store, 'r1', 0)
    const manifest = await readManifest(store, folder)
    expect(await verifyBackup(store, folder, manifest)).toEqual([])
    const into = new Map<string, Buffer>()
    await restoreFiles({ folder, manifest }, store, memory(into), { only: { parts: ['configuration'] } })
    expect([...into].map(([path, each]) => [path, each.toString()])).toEqual([['etc/app.yml', 'of r1']])
    files.delete(`${folder}/SHA256SUMS`)
    expect(await findManifest(store, folder)).toBeUndefined()
    await expect(readManifest(store, folder)).rejects.toMatchObject({ code: 'backup.damaged' })
  })

  test('that was changed is found, and restores nothing', async () => {
    const files = new Map<string, Buffer>()
    const store = memory(files)
    const folder = await saved(store, 'r1', 0)
    const manifest = await readManifest(store, folder)
    files.set(`${folder}/files/etc/app.yml`, Buffer.from('of r2'))
    expect((await verifyBackup(store, folder, manifest)).map((each) => [each.level, each.code])).toEqual([
      ['block', 'backup.damaged'],
    ])
    const into = new Map<string, Buffer>()
    await expect(restoreFiles({ folder, manifest }, store, memory(into))).rejects.toMatchObject({
      code: 'backup.damaged',
    })
    expect(into.size).toBe(0)
    const text = files.get(`${folder}/manifest.json`)!.toString()
    files.set(`${folder}/manifest.json`, Buffer.from(text.replace('"files/etc', '"../etc')))
    await expect(readManifest(store, folder)).rejects.toMatchObject({ code: 'backup.damaged' })
  })

  test('that does not fit says what it needs and what is free', async () => {
    const store = memory(new Map(), 10)
    await expect(ensureRoom(store, 11)).rejects.toMatchObject({ code: 'backup.full', data: { needed: 11, free: 10 } })
    await expect(
      pourEntry(store, 'b', { path: 'a', stored: 'a', part: 'data' }, bytes('more than ten bytes')),
    ).rejects.toMatchObject({ code: 'backup.full' })
  })
})

describe('retention', () => {
  test('takes what is old, but not the newest, not those of open runs, and nothing that is not proved ours', async () => {
    const files = new Map<string, Buffer>()
    const store = memory(files)
    for (const [run, at] of Object.entries({ a: 1, b: 2, open: 3, newest: 4 })) await saved(store, run, at * day)
    files.set('backups/mine/SHA256SUMS', Buffer.from(''))
    files.set('backups/mine/photos', Buffer.from('.'))
    expect(await retire(store, 'backups', { days: 30, now: 100 * day, open: ['open'] })).toEqual([
      'backups/a-save',
      'backups/b-save',
    ])
    expect((await listBackups(store, 'backups')).map((each) => each.folder)).toEqual([
      'backups/open-save',
      'backups/newest-save',
    ])
    expect(files.has('backups/mine/photos')).toBe(true)
  })
})

describe('private keys', () => {
  test('are told by name', () => {
    expect(
      ['a/server.key', 'x.P12', 'id_rsa', 'b/id_ed25519', 'k.jks'].map((each) => namedAsKey(each) !== undefined),
    ).toEqual([true, true, true, true, true])
    expect(['server.crt', 'keys.yml', 'id_rsa.pub', 'key'].filter((each) => namedAsKey(each) !== undefined)).toEqual([])
  })

  test('are found in a combined file, and over the edge of two pieces', async () => {
    const read = async (...pieces: string[]) => {
      for await (const piece of withoutKeys(bytes(...pieces))) void piece
    }
    await expect(
      read('-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n-----BEGIN EC PRIV', 'ATE KEY-----'),
    ).rejects.toBeInstanceOf(PrivateKeyFound)
    await expect(read('-----BEGIN PUBLIC KEY-----', 'about a PRIVATE KEY')).resolves.toBeUndefined()
  })
})
