import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../../../test/cli/command.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'how-to', 'settings.md'), 'utf8')
const blocks = (kind: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${kind}\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) => block)

let place: Place
beforeEach(() => {
  place = makePlace()
  place.write('settings.json', blocks('json')[0] ?? '')
})
afterEach(() => place.remove())

const stored = () => readFileSync(join(place.folder, 'settings.json'), 'utf8')
const values = () => (JSON.parse(stored()) as { values: object }).values
const config = (...words: string[]) => place.run('config', ...words)

test('every command of the page does what it says, by file and by plan', async () => {
  const lines = blocks('sh').flatMap((block) => block.split('\n').filter((line) => line !== ''))
  for (const line of lines) {
    const ended = await place.run(...line.split(' ').slice(1))
    expect(`${line}: ${ended.code} ${ended.err}`).toBe(`${line}: 0 `)
  }
  expect(lines.map((line) => line.split(' ')[2])).toEqual('list get set set set set set unset history'.split(' '))
  const set = {
    'mode_detector.latency_threshold': '100ms',
    'hde.selector.learning_rate': 0.01,
    'amst.auto_mode': false,
    'amst.mode': 'datacenter',
  }
  expect(values()).toEqual(set)

  place.write('changeover.yaml', `name: demo\nfrom: "1"\nto: "2"\n${blocks('yaml')[0]}`)
  const planned = await place.run('plan')
  expect(planned.out).toContain('"mode_detector.latency_threshold": 100ms to 200ms')
  expect((await place.run('run', '--yes')).code).toBe(0)
  expect((await config('get', 'mode_detector.latency_threshold')).out).toMatch(
    /^200ms\na duration from 1ms to 10s; default 50ms\n/,
  )
  expect((await place.run('rollback', '--yes')).code).toBe(5)
  expect(values()).toEqual(set)
  const changes = (await config('history', '--json', '--most', '2')).out.trim().split('\n')
  expect(changes.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { why: 'turned back: settings.set (step "calmer")', before: '200ms', after: '100ms' },
    { why: 'settings.set (step "calmer")', before: '100ms', after: '200ms' },
  ])
})

test('--json gives what is, what was, and the rule', async () => {
  const read = async (...words: string[]) =>
    (await config(...words, '--json', '--store', 'settings.json')).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
  expect(await read('get', 'hde.max_baselines')).toEqual([
    {
      setting: 'hde.max_baselines',
      value: 1000,
      isDefault: true,
      rule: { type: 'integer', default: 1000, min: 1, max: 100_000 },
    },
  ])
  expect(await read('set', 'hde.max_baselines', '500')).toMatchObject([
    { setting: 'hde.max_baselines', before: 1000, after: 500, changed: true },
  ])
  expect(await read('list')).toHaveLength(6)
  expect(await read('history')).toMatchObject([
    { setting: 'hde.max_baselines', before: null, after: 500, by: expect.stringContaining('@') as string },
  ])
})

describe('words that do not fit', () => {
  test.each([
    [['set', 'hde.max_baselines', 'many'], 1, 'setting "hde.max_baselines" is "many", not an integer from 1 to 100000'],
    [['set', 'hde.max_baselines', '-1'], 1, 'setting "hde.max_baselines" is "-1", less than 1'],
    [['set', 'mode_detector.latency_threshold', '100'], 1, 'is "100", without a unit'],
    [['set', 'amst.mode', 'datacentre'], 1, 'did you mean "datacenter"?'],
    [['set', 'amst.mod', 'datacenter'], 2, 'there is no setting "amst.mod"; did you mean "amst.mode"?'],
    [['get', 'amst.mod'], 2, 'there is no setting "amst.mod"'],
    [['history', 'amst.mod'], 2, 'there is no setting "amst.mod"'],
    [['set', 'amst.mode', 'internet', '--expect', 'datacenter'], 1, 'setting "amst.mode" is hybrid, not datacenter'],
    [['set', 'amst.mode'], 2, 'config set amst.mode needs a value'],
    [['get', 'amst.mode', 'internet'], 2, 'config get takes no value, and "internet" was given'],
    [['get'], 2, 'config get needs the name of a setting'],
    [['lst'], 2, 'config has no verb "lst"; did you mean "list"?'],
  ])('%j', async (words, code, message) => {
    const before = stored()
    const ended = await config(...words, '--store', 'settings.json')
    expect([ended.err, ended.code]).toEqual([expect.stringContaining(message), code])
    expect(stored()).toBe(before)
  })

  test('a secret in the file, with its name', async () => {
    place.write('settings.json', '{"settings": {"db.password": {"type": "text", "default": ""}}}')
    const ended = await config('list', '--store', 'settings.json')
    expect([ended.code, ended.err]).toEqual([
      1,
      expect.stringContaining('setting "db.password" is a secret by its name'),
    ])
  })
})

test('operators at once: each setting of its own is kept, and the same setting goes to one of them unseen by none', async () => {
  const own = [
    ['hde.max_baselines', '500'],
    ['amst.auto_mode', 'false'],
    ['shadow.sample', '7%'],
  ] as const
  const ended = await Promise.all(own.map(([name, value]) => config('set', name, value, '--store', 'settings.json')))
  expect(ended.map(({ code, err }) => [code, err])).toEqual(own.map(() => [0, '']))
  expect(values()).toEqual({ 'hde.max_baselines': 500, 'amst.auto_mode': false, 'shadow.sample': '7%' })

  const same = await Promise.all(
    ['600', '700', '800'].map((value) =>
      config('set', 'hde.max_baselines', value, '--expect', '500', '--store', 'settings.json'),
    ),
  )
  expect(same.filter(({ code }) => code === 0)).toHaveLength(1)
  for (const each of same.filter(({ code }) => code !== 0))
    expect(each.err).toMatch(/changed by somebody else|is \d+, not 500/)
  expect(
    (await config('history', 'hde.max_baselines', '--json', '--store', 'settings.json')).out.trim().split('\n'),
  ).toHaveLength(2)
})
