/** Plans with a fault, given to the real command: what is said, where it stands, what comes next; no target is opened and nothing is left. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../cli/command.ts'
import { plan } from './shop-plan.ts'

const good = `${plan}checklist:
  - { item: filled, step: fill }
`

let place: Place
beforeEach(() => {
  place = makePlace()
})
afterEach(() => place.remove())

async function refused(words: readonly string[], code: string, says: readonly string[]): Promise<void> {
  const before = readdirSync(place.folder)
  const both = await Promise.all([place.run('plan', ...words), place.run('run', '--yes', ...words)])
  for (const ended of both) {
    for (const each of [...says, code]) expect(ended.err).toContain(each)
    expect(ended.err).toContain('→')
    expect(ended.err).not.toMatch(/^ {4}at /m)
    expect([ended.code, ended.out]).toEqual([1, ''])
  }
  expect(readdirSync(place.folder)).toEqual(before)
}

describe('a word that is not known is named with its file, line and path, and the nearest one; no environment and no server is needed', () => {
  test.each([
    ['kind', 'schema.add-column', 'schema.add-colum', 'plan.unknown-kind', 9, 'steps[0].kind', 'schema.add-column'],
    [
      'target',
      'on: db\n    spec: { table: users, c',
      'on: bd\n    spec: { table: users, c',
      'plan.unknown-target',
      10,
      'steps[0].on',
      'db',
    ],
    [
      'key of a spec',
      'spec: { table: users, columns',
      'spec: { tabel: users, columns',
      'plan.unknown-key',
      11,
      'steps[0].spec.tabel',
      'table',
    ],
    ['key deep in a spec', 'type: text', 'tpye: text', 'plan.unknown-key', 11, 'steps[0].spec.columns[0].tpye', 'type'],
    ['key at the top', 'steps:\n', 'stpes:\n', 'plan.unknown-key', 7, 'stpes', 'steps'],
    [
      'key of a step',
      '    on: db\n    spec: { table: users, lens',
      '    onn: db\n    spec: { table: users, lens',
      'plan.unknown-key',
      14,
      'steps[1].onn',
      'on',
    ],
    ['adapter', 'adapter: postgres', 'adapter: postgrse', 'plan.invalid', 5, 'targets.db.adapter', 'postgres'],
    ['key of a config', 'url:', 'ulr:', 'plan.unknown-key', 5, 'targets.db.config.ulr', 'url'],
    ['operation of a lens', 'op: join', 'op: jion', 'plan.invalid', 15, 'steps[1].spec.lens[0].op', 'join'],
    [
      'key of an operation',
      'separator',
      'seperator',
      'plan.unknown-key',
      15,
      'steps[1].spec.lens[0].seperator',
      'separator',
    ],
    ['step', 'step: fill', 'step: fil', 'plan.unknown-step', 17, 'checklist[0].step', 'fill'],
  ] as const)('%s', async (_what, right, wrong, code, line, path, near) => {
    expect(good).toContain(right)
    place.write('changeover.yaml', good.replace(right, wrong))
    await refused([], code, [`changeover.yaml: line ${line}: ${path}`, `did you mean "${near}"?`])
  })

  test('in a plan in TypeScript the path is named', async () => {
    const asked = { name: 'x', from: '1', to: '2', targets: {}, steps: [{ id: 'a', kind: 'gate.sok', spec: {} }] }
    place.write('changeover.config.mjs', `export default ${JSON.stringify(asked)}`)
    await refused([], 'plan.unknown-kind', ['changeover.config.mjs: steps[0].kind', 'did you mean "gate.soak"?'])
  })
})

test('a name that shapes would drop in silence is refused with its line', async () => {
  place.write(
    'changeover.yaml',
    good.replace('on: db\n    spec: { table: users, c', 'on: db\n    spec: { __proto__: {}, table: users, c'),
  )
  await refused([], 'plan.invalid', ['changeover.yaml: line 11: steps[0].spec.__proto__: no name can be "__proto__"'])
})

describe('what does not fit', () => {
  test.each([
    [
      'a role that is not known',
      'on: db\n    spec: { table: users, c',
      'on: { databse: db }\n    spec: { table: users, c',
      'plan.unknown-key',
      ['line 10', 'did you mean "database"?'],
    ],
    [
      'a role without a target',
      '    on: db\n    spec: { table: users, c',
      '    spec: { table: users, c',
      'plan.invalid',
      ['line 8', 'no target for role "database"', 'needs database: a database target'],
    ],
    [
      'a target of another port',
      'on: db\n    spec: { table: users, c',
      'on: backups\n    spec: { table: users, c',
      'plan.wrong-port',
      ['line 10', '"backups" is a files target'],
    ],
    ['two steps of one id', 'id: fill', 'id: column', 'plan.invalid', ['line 12', 'two steps have the id "column"']],
    [
      'a spec that is not there',
      '    spec: { table: users, columns: [{ name: full_name, type: text }] }\n',
      '',
      'plan.invalid',
      ['line 8', 'steps[0].spec.table', 'a valid spec of schema.add-column'],
    ],
    ['a value of another type', 'table: users, columns', 'table: 7, columns', 'plan.invalid', ['line 11', 'not 7']],
    ['YAML that is none', 'on: db\n', 'on: { db\n', 'plan.invalid', ['line 11', 'mend the YAML']],
  ] as const)('%s', async (_what, right, wrong, code, says) => {
    expect(good).toContain(right)
    place.write('changeover.yaml', good.replace(right, wrong))
    await refused([], code, says)
  })
})

describe('a file that is no plan', () => {
  const bombed = [
    'a: &a [x,x]',
    ...'bcdef'.split('').map((name, at) => `${name}: &${name} [${`*${'abcde'[at]},`.repeat(9)}]`),
  ]
  test.each([
    ['empty', '', 'is empty'],
    ['white space', '\n \n', 'is empty'],
    ['only a comment', '# nothing\n', 'takes names with values'],
    ['a list', '- a\n', 'takes names with values'],
    ['text', 'hello', 'takes names with values'],
    ['binary', '\u0000\u0001\u0002', 'is binary'],
    ['huge', `name: ${'x'.repeat(5_000_000)}\n`, '4.8 MB is no plan'],
    ['a bomb of aliases', `${bombed.join('\n')}\n`, 'alias'],
    ['two documents', 'name: a\n---\nname: b\n', 'document'],
    ['a key twice', `${good}name: again\n`, 'unique'],
  ])('%s', async (_what, text, says) => {
    place.write('changeover.yaml', text)
    await refused([], 'plan.invalid', ['changeover.yaml', says])
  })

  test('not UTF-8, a folder, or another kind of file', async () => {
    writeFileSync(join(place.folder, 'changeover.yaml'), Buffer.from([0xe4, 0xf6, 0xfc, 0x0a]))
    await refused([], 'plan.invalid', ['not text in UTF-8'])
    mkdirSync(join(place.folder, 'folder'))
    await refused(['-f', 'folder'], 'plan.invalid', ['"folder" is no plan file'])
    place.write('plan.toml', 'name = "a"')
    await refused(['-f', 'plan.toml'], 'plan.invalid', ['"plan.toml" is no plan file'])
    mkdirSync(join(place.folder, 'other.yaml'))
    await refused(['-f', 'other.yaml'], 'plan.not-found', ['cannot be read'])
  })
})

test('a secret that the environment does not have is named, and the nearest one that it has', async () => {
  const near = makePlace({ DATABSE_URL: 'postgres://nobody@127.0.0.1:1/x' })
  try {
    near.write('changeover.yaml', good)
    const ended = await near.run('run', '--yes')
    expect(ended.err).toContain('target "db" needs "DATABASE_URL", which the environment does not have')
    expect(ended.err).toContain('did you mean "DATABSE_URL"?')
    expect(ended.err).toContain('secret.missing')
    expect(ended.code).toBe(1)
    expect(readdirSync(near.folder)).toEqual(['changeover.yaml'])
  } finally {
    near.remove()
  }
})
