import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../adapters/memory/index.ts'
import { readManifest, restoreFiles } from '../../backup/index.ts'
import type { Json } from '../../core/json.ts'
import type { Mark, Reading, Writing } from '../../core/kind.ts'
import { describeKind, type KindCase } from '../../testing/index.ts'
import { backupFiles } from './files.ts'

const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const key = '-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n'
const files = {
  'neonhub.yml': 'a: 1\n',
  'docker-compose.yml': 'services: {}\n',
  '.env': '# env\nNEONHUB_PORT=8080\nNEONHUB_JWT_SECRET="hunter2"\nNEONHUB_DB=postgres://u:hunter2@db/x\nHOME=/root\n',
  'data/a.bin': 'x'.repeat(100),
  'data/b/c.bin': '',
  'certs/server.crt': pem,
  'certs/server.pem': pem + key,
  'certs/server.key': 'DER',
  'certs/store.p12': 'x',
}
const spec = {
  take: { configuration: ['*.yml'], data: ['data/**'], certificates: ['certs/**'] },
  environment: { files: ['.env'], prefixes: ['NEONHUB_'] },
}

function kindCase(name: string, more: object, keeps: boolean): KindCase {
  return {
    name,
    kind: backupFiles,
    spec: { ...spec, ...more } as Json,
    keeps,
    most: 60,
    world: async () => {
      const source = memoryFiles(files)
      const store = memoryFiles({ README: 'mine' }, { watch: (path) => !path.startsWith('backups/') })
      const paths = () => [...store.content.keys()].sort()
      return {
        targets: { source, store },
        // The manifest holds times: only the names of the files are compared.
        state: async () => paths(),
        leftovers: async () => paths().filter((path) => path.startsWith('backups/')),
        close: async () => undefined,
      }
    },
  }
}

describeKind(kindCase('stays (60 points of death, evenly spread)', {}, true), { describe, it })
describeKind(kindCase('goes with a rollback (60 points of death, evenly spread)', { rollback: 'remove' }, false), {
  describe,
  it,
})

async function made(given: Json, from: Readonly<Record<string, string>> = files, room?: number, now = 0) {
  const source = memoryFiles(from)
  const store = memoryFiles({}, room === undefined ? {} : { room })
  const draft = backupFiles.plan(backupFiles.spec.parse(given), {
    facts: { source: { files: {} }, store: { files: {} } },
    tools: { source: {}, store: {} },
    targets: { source: 'source', store: 'store' },
  })
  const context = (run: string, at: number) => ({
    run,
    step: 'save',
    signal: new AbortController().signal,
    clock: { now: () => at },
    plan: { name: 'up', from: '3', to: '4' },
    load: async () => () => ({ NEONHUB_A: 'from a function' }),
    on: { source: source.write, store: store.write },
  })
  const go = async (run = 'r1', at = now) => {
    const marks: Mark[] = []
    for await (const mark of backupFiles.apply(
      draft.work,
      context(run, at) as unknown as Writing<{ source: 'files'; store: 'files' }>,
      null,
    ))
      marks.push(mark)
    return marks.at(-1)
  }
  const look = (verb: 'check' | 'verify', run = 'r1') =>
    backupFiles[verb]!(draft.work, context(run, now) as unknown as Reading<{ source: 'files'; store: 'files' }>)
  return { source, store, go, look }
}

describe('backup.files', () => {
  it('saves what was asked, no private key and no secret, and restores a part', async () => {
    const { store, go, look } = await made(spec)
    expect((await look('check')).map((each) => each.code)).toEqual(['backup.left-out', 'backup.left-out'])
    await go()
    const manifest = await readManifest(store.read, 'backups/r1-save')
    expect(manifest.entries.map((each) => [each.part, each.path])).toEqual([
      ['configuration', 'docker-compose.yml'],
      ['configuration', 'neonhub.yml'],
      ['data', 'data/a.bin'],
      ['data', 'data/b/c.bin'],
      ['certificates', 'certs/server.crt'],
      ['environment', '.env'],
    ])
    expect(manifest.left.map((each) => `${each.path}: ${each.what}`)).toEqual([
      'certs/server.key: the whole file',
      'certs/store.p12: the whole file',
      '.env: the variable HOME',
      '.env: the value of NEONHUB_DB',
      '.env: the value of NEONHUB_JWT_SECRET',
      'certs/server.pem: the whole file',
    ])
    expect([...store.content.values()].some((each) => each.includes('hunter2') || each.includes('PRIVATE KEY'))).toBe(
      false,
    )
    expect(store.content.get('backups/r1-save/environment/.env')?.toString()).toBe(
      '# env\nNEONHUB_PORT=8080\nNEONHUB_JWT_SECRET="${NEONHUB_JWT_SECRET}"\nNEONHUB_DB=${NEONHUB_DB}\n',
    )
    expect((await look('verify')).map((each) => each.level)).toEqual(Array(6).fill('note'))
    const into = memoryFiles({})
    await restoreFiles({ folder: 'backups/r1-save', manifest }, store.read, into.write, { only: { parts: ['data'] } })
    expect([...into.content.keys()]).toEqual(['data/a.bin', 'data/b/c.bin'])
  })

  it('keeps secrets where it is told, and takes variables from a function', async () => {
    const { store, go } = await made({
      take: {},
      environment: { files: ['.env'], from: './plan.ts#env', secrets: 'keep' },
    })
    await go()
    expect(store.content.get('backups/r1-save/environment/.env')?.toString()).toBe(files['.env'])
    expect(store.content.get('backups/r1-save/environment/environment.env')?.toString()).toBe(
      'NEONHUB_A="from a function"\n',
    )
  })

  it('finds a damaged file', async () => {
    const { store, go, look } = await made(spec)
    await go()
    await store.write.write('backups/r1-save/files/data/a.bin', Buffer.from('y'.repeat(100)))
    expect((await look('verify')).filter((each) => each.level === 'block').map((each) => each.data)).toEqual([
      { path: 'backups/r1-save/files/data/a.bin' },
    ])
    await expect(go()).rejects.toMatchObject({ code: 'backup.damaged' })
  })

  it('a full disk is told in figures before a byte is written, and leaves nothing behind', async () => {
    const before = await made(spec, files, 150)
    await expect(before.go()).rejects.toMatchObject({ code: 'backup.full', data: { free: 150 } })
    const between = await made(spec, files, 450)
    await expect(between.go()).rejects.toMatchObject({ code: 'backup.full' })
    expect([before.store.content.size, between.store.content.size]).toEqual([0, 0])
  })

  it('old backups go, the newest stays', async () => {
    const { go } = await made({ ...spec, retentionDays: 30 })
    const day = 86_400_000
    await go('r1', 0)
    await go('r2', 10 * day)
    expect((await go('r3', 35 * day))?.at).toMatchObject({ retired: ['backups/r1-save'] })
  })
})
