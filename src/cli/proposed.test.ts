import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../../test/cli/command.ts'
import { spelled } from './spelled.ts'

const plan = `name: demo
from: "1"
to: "2"
targets: {}
steps:
  - { id: warm, kind: gate.soak, part: first, spec: { forMs: 10 } }
  - { id: last, kind: gate.soak, spec: { forMs: 10 } }
`

let place: Place
beforeEach(() => {
  place = makePlace()
  place.write('other.yaml', plan)
})
afterEach(() => place.remove())

describe('a command that is proposed is the one that was typed', () => {
  test.each([
    [['rollback', '--part', 'first'], '`changeover rollback --part first --file other.yaml --yes`'],
    [['rollback', '--to', 'warm', '--note', "it's late"], `--to warm --note 'it'\\''s late' --file other.yaml --yes`],
    [['abort', '--run', 'demo-1'], '`changeover abort --run demo-1 --file other.yaml --yes`'],
    [['run', '--until', 'warm'], '`changeover run --until warm --file other.yaml --yes`'],
    [['approve', 'last'], "`changeover approve last --file other.yaml --note 'support is ready'`"],
  ])('%j', async (words, proposed) => {
    const ended = await place.run(...words, '-f', 'other.yaml')
    expect([ended.code, ended.err]).toEqual([2, expect.stringContaining(proposed)])
  })

  test('a release names the plan that was named', async () => {
    expect((await place.run('run', '--yes', '-f', 'other.yaml')).code).toBe(0)
    const ended = await place.run('release', 'demo', '-f', 'other.yaml')
    expect(ended.err).toContain("`changeover release demo --file other.yaml --note 'what was mended'`")
  })

  test('options as they were given, no more', () => {
    expect(spelled('run', { yes: true, batchSize: '10', color: false, json: false, until: undefined })).toBe(
      'changeover run --yes --batch-size 10',
    )
  })
})

describe('what is proposed about flags and settings is about the store that was named', () => {
  test.each([
    [['flags', 'get', 'colr', '--store', 'flags.json'], '`changeover flags list --store flags.json` names them'],
    [['flags', 'set', 'colr', '--percent', '5', '--store', 'flags.json'], '`changeover flags list --store flags.json`'],
    [['config', 'get', 'siz', '--store', 'settings.json'], '`changeover config list --store settings.json` names them'],
    [['flags', 'list', '--store', 'absent.json'], `\`echo '{"flags": {}}' > absent.json\``],
    [['flags', 'list'], '`--store flags.json`'],
  ])('%j', async (words, proposed) => {
    place.write('flags.json', '{"flags": {}}')
    place.write('settings.json', '{"settings": {}, "values": {}}')
    expect((await place.run(...words)).err).toContain(proposed)
  })
})

test('the code that stands beside a finding has a page', async () => {
  const ended = await place.run('docs', 'backup.rights')
  expect([ended.code, ended.out]).toEqual([0, expect.stringContaining('A finding, block:')])
})

describe('a file that cannot be written is no fault of this tool', () => {
  test.each([
    [['plan', '--out', 'no/such/plan.md'], 'there is no folder'],
    [['plan', '--out', 'folder'], 'is a folder, not a file'],
    [['dashboard', '--out', 'no/such/it.json'], 'there is no folder'],
    [['alerts', '--out', '/dev/full'], 'there is no room for file "/dev/full"'],
    [['report', '--out', 'no/such/report.html'], 'there is no folder'],
  ])('%j', async (words, message) => {
    mkdirSync(join(place.folder, 'folder'))
    if (words[0] === 'report') await place.run('run', '--yes', '-f', 'other.yaml')
    const ended = await place.run(...words, '-f', 'other.yaml')
    expect(ended.err).toContain(message)
    expect(ended.err).toContain('→')
    expect(ended.err).not.toContain('fault of changeover')
    expect(existsSync(join(place.folder, 'no'))).toBe(false)
  })
})

describe('with --json stdout holds one object a line', () => {
  test.each([[['plan']], [['alerts']], [['dashboard']], [['plan', '--markdown']], [['plan', '--out', 'plan.json']]])(
    '%j',
    async (words) => {
      const ended = await place.run(...words, '--json', '-f', 'other.yaml')
      expect([ended.code, ended.out.trim().split('\n').length]).toEqual([0, 1])
      expect(JSON.parse(ended.out)).toBeTypeOf('object')
    },
  )

  test('a report too; another format is refused, and may be had in a file', async () => {
    await place.run('run', '--yes', '-f', 'other.yaml')
    const whole = await place.run('report', '--json', '-f', 'other.yaml')
    expect(whole.out.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(whole.out)).toMatchObject({ name: 'demo' })
    const refused = await place.run('report', '--json', '--format', 'markdown', '-f', 'other.yaml')
    expect([refused.code, JSON.parse(refused.out)]).toMatchObject([2, { error: { code: 'usage.invalid' } }])
    const written = await place.run('report', '--json', '--format', 'markdown', '--out', 'r.md', '-f', 'other.yaml')
    expect([written.code, JSON.parse(written.out)]).toMatchObject([0, { report: join(place.folder, 'r.md') }])
  })
})

test('a worker that finds nothing to share says so', async () => {
  await place.run('run', '--yes', '-f', 'other.yaml')
  await place.run('rollback', '--yes', '-f', 'other.yaml')
  const ended = await place.run('worker', '-f', 'other.yaml')
  expect([ended.code, ended.out]).toEqual([
    0,
    expect.stringMatching(/no step of demo-1-\w{4} .*: the run is rolled-back/),
  ])
})
