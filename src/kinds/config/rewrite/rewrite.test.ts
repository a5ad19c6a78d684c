import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesAdapter } from '../../../adapters/files/index.ts'
import { memoryFiles } from '../../../adapters/memory/index.ts'
import { keysOf } from '../../../config/index.ts'
import type { Json } from '../../../core/json.ts'
import type { Mark, Reading, Writing } from '../../../core/kind.ts'
import { describeKind, type KindCase } from '../../../testing/index.ts'
import { configRewrite } from './index.ts'

const v3 = `# NeonHub v3
database:
  host: db.internal # primary
  port: 5432
  name: neonhub
  username: neonhub
  password: \${DB_PASSWORD}

api:
  host: 0.0.0.0
  port: 8080
  # TLS termination
  ssl:
    enabled: true # must stay on
    cert: '/etc/neonhub/certs/server.crt'
    key: /etc/neonhub/certs/server.key

custom:
  flag: 03
`
const map = {
  'database.host': 'database.host',
  'database.port': 'database.port',
  'database.name': 'database.name',
  'database.username': 'database.username',
  'database.password': 'database.password',
  'api.port': 'api.port',
  'api.host': 'api.host',
  'api.ssl.enabled': 'api.tls.enabled',
  'api.ssl.cert': 'api.tls.certPath',
  'api.ssl.key': 'api.tls.keyPath',
}
const set = {
  federation: { enabled: false, mode: 'migration', nodeId: null },
  aix: { enabled: false, mode: 'migration' },
  'compliance.gdpr.enabled': true,
  'compliance.ccpa.enabled': true,
}
const v4 = `${v3.replace('ssl:', 'tls:').replace(' cert:', ' certPath:').replace(' key:', ' keyPath:')}federation:
  enabled: false
  mode: migration
  nodeId: null
aix:
  enabled: false
  mode: migration
compliance:
  gdpr:
    enabled: true
  ccpa:
    enabled: true
`
const watch = (path: string) => !path.startsWith('.changeover/')
const world = (files: Readonly<Record<string, string>>) => memoryFiles(files, { keysOf, watch })

function kindCase(name: string, files: Readonly<Record<string, string>>, spec: Json): KindCase {
  return {
    name,
    kind: configRewrite,
    spec,
    world: async () => {
      const target = world(files)
      const content = () => Object.fromEntries([...target.content].map(([path, bytes]) => [path, bytes.toString()]))
      return {
        targets: { files: target },
        state: async () => Object.fromEntries(Object.entries(content()).filter(([path]) => watch(path))),
        leftovers: async () => Object.keys(content()).filter((path) => !watch(path)),
        close: async () => undefined,
      }
    },
  }
}

const runner = { describe, it }
describeKind(
  kindCase('NeonHub in place', { 'neonhub.yml': v3, 'other.txt': 'x' }, { file: 'neonhub.yml', map, set }),
  runner,
)
describeKind(
  kindCase('into a new file', { 'v3.yml': v3 }, { file: 'v3.yml', to: 'v4.yml', map, set, unmapped: 'drop' }),
  runner,
)
describeKind(
  kindCase(
    'several formats',
    {
      'a.toml': '[api.ssl]\nkey = "k" # c\n',
      '.env': 'A=1\nB="x"\n',
      'a.ini': '[api]\nport=1\n',
      'a.json': '{\n  "api": {"ssl": {"key": 1}} // c\n}\n',
    },
    {
      file: ['a.toml', '.env', 'a.ini', 'a.json'],
      map: { 'api.ssl': 'tls', A: 'NEON_A', 'api.port': 'api.listen.port' },
      remove: ['B'],
      defaults: { LEVEL: 'info' },
    },
  ),
  runner,
)
describeKind(
  kindCase('two keys change places', { 'a.yml': 'a: 1\nb: 2\n' }, { file: 'a.yml', map: { a: 'b', b: 'a' } }),
  runner,
)

const lens = [
  { op: 'move', from: '/api/ssl/enabled', to: '/api/tls/enabled' },
  { op: 'move', from: '/api/ssl/cert', to: '/api/tls/certPath' },
  { op: 'move', from: '/api/ssl/key', to: '/api/tls/keyPath' },
]
describeKind(kindCase('by a lens', { 'neonhub.yml': v3 }, { file: 'neonhub.yml', lens, set }), runner)

/** The same on a real folder: nothing may be there afterwards that was not there before, an empty folder neither. */
async function onDisk(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-rewrite-'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
  const who = { run: 'case-1', fence: 1, base: folder, signal: new AbortController().signal }
  const target = await filesAdapter(keysOf).open({ folder, watch: ['*'] }, who)
  const paths = () => (readdirSync(folder, { recursive: true }) as string[]).sort()
  return {
    targets: { files: target },
    state: async () =>
      Object.fromEntries(
        paths()
          .filter((path) => watch(`${path}/`) && statSync(join(folder, path)).isFile())
          .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
      ),
    leftovers: async () => paths().filter((path) => !watch(`${path}/`)),
    close: async () => rmSync(folder, { recursive: true }),
  }
}
const folderCase: KindCase = {
  name: 'NeonHub on disk (24 points of death, evenly spread: each waits for the disk)',
  most: 24,
  kind: configRewrite,
  spec: { file: 'neonhub.yml', map, set },
  world: () => onDisk({ 'neonhub.yml': v3 }),
}
describeKind(folderCase, runner)

const valued = [
  { op: 'convert', path: '/api/port', with: 'number-text' },
  { op: 'rename', from: 'custom', to: 'own' },
]

async function planned(files: Readonly<Record<string, string>>, spec: Json, target = world(files), step = 's') {
  const draft = configRewrite.plan(configRewrite.spec.parse(spec), {
    facts: { files: await target.observe() },
    tools: { files: {} },
    targets: { files: 'files' },
  })
  const at = {
    run: 'r1',
    step,
    signal: new AbortController().signal,
    clock: { now: () => 0 },
    on: { files: target.write },
  }
  const go = async (verb: 'apply' | 'rollback') => {
    const marks: Mark[] = []
    for await (const mark of configRewrite[verb](draft.work, at as unknown as Writing<{ files: 'files' }>, null))
      marks.push(mark)
    return marks
  }
  const look = (verb: 'check' | 'verify') =>
    configRewrite[verb]!(draft.work, at as unknown as Reading<{ files: 'files' }>)
  const text = (path: string) => target.content.get(path)?.toString()
  return { target, draft, go, look, text }
}

const codes = (findings: readonly { level: string; code: string }[]) =>
  findings.map((each) => `${each.level} ${each.code}`)

describe('config.rewrite', () => {
  it('does what the guide of NeonHub says, and reports what no rule names', async () => {
    const { draft, go, text } = await planned({ 'neonhub.yml': v3 }, { file: 'neonhub.yml', map, set })
    expect(codes(draft.findings ?? [])).toEqual(['note config.breaking', 'note config.unmapped'])
    expect(draft.preview).toContain('  api.ssl.cert → api.tls.certPath')
    await go('apply')
    expect(text('neonhub.yml')).toBe(v4)
  })

  it('brings edits of the new file back, and keeps those that the old version has no place for', async () => {
    const { go, look, text, target } = await planned({ 'neonhub.yml': v3 }, { file: 'neonhub.yml', map, set })
    await go('apply')
    const edited =
      v4
        .replace('certPath: ', 'certPath: /new')
        .replace('port: 8080', 'port: 9090')
        .replace('nodeId: null', 'nodeId: n1') + 'extra: 1\n'
    await target.write.write(
      'neonhub.yml',
      Buffer.from(edited.replace("/new'/etc/neonhub/certs/server.crt'", "'/new.crt'")),
    )
    expect(codes(await look('verify'))).toEqual(['risk config.no-way-back', 'note config.references'])
    const marks = await go('rollback')
    expect(text('neonhub.yml')).toBe(
      v3.replace('/etc/neonhub/certs/server.crt', '/new.crt').replace('port: 8080', 'port: 9090') + 'extra: 1\n',
    )
    expect(marks[0]?.note).toContain('"federation.nodeId" were edited')
    expect(text('neonhub.yml.changeover-r1')).toContain('nodeId: n1')
  })

  it('a later step on the same file is no edit by a person; both go back in turn', async () => {
    const { go, look, text, target } = await planned({ 'neonhub.yml': v3 }, { file: 'neonhub.yml', map, set })
    await go('apply')
    const second = await planned({}, { file: 'neonhub.yml', set: { 'federation.enabled': true } }, target, 'second')
    expect(codes(second.draft.findings ?? [])).toEqual([])
    await second.go('apply')
    expect(text('neonhub.yml')).toBe(v4.replace('enabled: false', 'enabled: true'))
    expect(codes(await look('verify'))).toEqual(['note config.references'])
    await second.go('rollback')
    await go('rollback')
    expect([...target.content].map(([path, bytes]) => [path, bytes.toString()])).toEqual([['neonhub.yml', v3]])
  })

  it('a lens does the same as the map, and brings edits back', async () => {
    const { go, look, text, target } = await planned({ 'neonhub.yml': v3 }, { file: 'neonhub.yml', lens, set })
    await go('apply')
    expect(text('neonhub.yml')).toContain("certPath: '/etc/neonhub/certs/server.crt'")
    expect(text('neonhub.yml')).toContain('enabled: true # must stay on')
    await target.write.write(
      'neonhub.yml',
      Buffer.from(text('neonhub.yml')!.replace('server.crt', 'new.crt').replace('mode: migration', 'mode: on')),
    )
    expect(codes(await look('verify'))).toEqual(['risk config.no-way-back', 'note config.references'])
    await go('rollback')
    expect(text('neonhub.yml')).toContain("cert: '/etc/neonhub/certs/new.crt'")
    expect(text('neonhub.yml.changeover-r1')).toContain('mode: on')
  })

  it('a lens that changes values says so, and a refusal blocks', async () => {
    const { draft, go, text } = await planned(
      { 'a.yml': 'api:\n  port: 80 # web\ncustom: 1\n' },
      { file: 'a.yml', lens: valued },
    )
    expect(draft.predicted.files?.files['a.yml']?.keys).toBe('(known after apply)')
    await go('apply')
    expect(text('a.yml')).toBe('api:\n  port: "80" # web\nown: 1\n')
    await go('rollback')
    expect(text('a.yml')).toBe('api:\n  port: 80 # web\ncustom: 1\n')
    const odd = await planned({ 'a.yml': 'api:\n  port: [1]\n' }, { file: 'a.yml', lens: valued })
    expect(codes(await odd.look('check'))).toEqual(['block lens.refused'])
  })

  it('a file that can no longer be read is kept, and the old one comes back', async () => {
    const { go, look, text, target } = await planned({ 'neonhub.yml': v3 }, { file: 'neonhub.yml', map, set })
    await go('apply')
    await target.write.write('neonhub.yml', Buffer.from('a: [\n'))
    expect(codes(await look('verify'))).toEqual(['block config.syntax'])
    await go('rollback')
    expect([text('neonhub.yml'), text('neonhub.yml.changeover-r1')]).toEqual([v3, 'a: [\n'])
  })

  it('blocks what is missing, taken, unmapped or secret, and shows no value', async () => {
    const spec = {
      file: 'a.yml',
      map: { a: 'b' },
      require: ['c.d'],
      unmapped: 'block',
      set: { 'jwt.secret': 'hunter2', 'ok.secret': '${OK}' },
    }
    const { draft, look } = await planned({ 'a.yml': 'a: hunter3\nb: hunter4\nz: 1\n' }, spec)
    expect(codes(draft.findings ?? [])).toEqual([
      'note config.breaking',
      'risk config.collision',
      'block config.unmapped',
      'block config.required',
      'block config.literal-secret',
    ])
    expect(codes(await look('check'))).toEqual(['block config.collision'])
    expect(JSON.stringify([draft.findings, draft.preview, draft.predicted, await look('check')])).not.toContain(
      'hunter',
    )
    const gone = await planned({}, { file: 'a.yml' })
    expect(codes(gone.draft.findings ?? [])).toEqual(['block config.missing'])
    const broken = await planned({ 'a.txt': 'x' }, { file: 'a.txt', format: 'json' })
    expect(codes(await broken.look('check'))).toEqual(['block config.syntax'])
  })

  it('reviews references and guessable secrets', async () => {
    const files = {
      'a.yml': 'jwt:\n  secret: default-secret\nb: ${B:-x}\nc: ${C}\ndb_password: ${P:-changeme}\nmail: ${MAIL}\n',
      '.env': 'MAIL=x\n',
    }
    const { look } = await planned(files, { file: 'a.yml', environment: { files: ['.env'] } })
    const found = await look('check')
    expect(found.map((each) => [each.code, each.data])).toEqual([
      ['config.secret-missing', { name: 'C', keys: ['c'] }],
      ['config.insecure-default', { key: 'db_password' }],
      ['config.insecure-default', { key: 'jwt.secret' }],
    ])
  })
})
