import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../../../test/cli/command.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'how-to', 'flags.md'), 'utf8')
const blocks = (kind: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${kind}\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) => block)

let place: Place
let file: string
beforeEach(() => {
  place = makePlace()
  file = join(place.folder, 'flags.json')
  place.write('flags.json', '{ "flags": {} }')
})
afterEach(() => place.remove())

const planOfPage = `name: demo\nfrom: "1"\nto: "2"\n${blocks('yaml').find((block) => block.startsWith('targets:'))}`
const flags = (...words: string[]) => place.run('flags', ...words)
const stored = () => (JSON.parse(readFileSync(file, 'utf8')) as { flags: Record<string, { state: string }> }).flags

test('every command of the page does what it says, by file and by plan', async () => {
  place.write('flags.json', blocks('json')[0] ?? '')
  const typed = blocks('sh').flatMap((block) => block.split('\n').filter((line) => line !== ''))
  const lines = typed.filter((line) => !line.startsWith('curl '))
  for (const line of lines.filter((each) => !each.includes(' serve '))) {
    const ended = await place.run(...line.split(' ').slice(1))
    expect(`${line}: ${ended.code} ${ended.err}`).toBe(`${line}: 0 `)
  }
  expect(lines.map((line) => line.split(' ')[2])).toEqual(
    'set set set set list get history set disable-all serve serve'.split(' '),
  )
  expect(stored()['new-checkout']?.state).toBe('DISABLED')
  place.write('changeover.yaml', planOfPage)
  const planned = await place.run('plan')
  expect(planned.out).toContain('flag "new-checkout": 25.5 % to 10 % of the users, once it is switched on')
  expect((await flags('set', 'new-checkout', '--enabled', 'true')).out).toContain('switched on again: 25.5 %')
  expect((await place.run('run', '--yes', '--until', 'first-share')).code).toBe(0)
  expect((await flags('list')).out).toBe(
    [
      `off  button-colour  the program's fallback; when on: 10 % of the users, "blue" in place of "red"\n`,
      'on   new-checkout   10 % of the users, 2 by name, 1 kept out\n',
    ].join(''),
  )
  expect((await place.run('rollback', '--yes')).code).toBe(5)
  const changes = (await flags('history', '--json', '--most', '2')).out.trim().split('\n')
  expect(changes.map((line) => (JSON.parse(line) as { why: string }).why)).toEqual([
    'turned back: flags.set "new-checkout" (step "first-share")',
    'flags.set "new-checkout" (step "first-share")',
  ])
})

test('the question that the page asks a server is answered as it stands', async () => {
  place.write('flags.json', blocks('json')[0] ?? '')
  const set = await flags('set', 'new-checkout', '--create', '--percent', '100', '--store', 'flags.json')
  expect([set.code, set.err]).toEqual([0, ''])
  const serving = place.start('flags', 'serve', '--store', 'flags.json', '--port', '0', '--json')
  try {
    let said = ''
    serving.child.stdout?.on('data', (part: string) => (said += part))
    await serving.shows('"serving"')
    const { serving: url } = JSON.parse(said.split('\n')[0] ?? '') as { serving: string }
    const question = blocks('sh').find((block) => block.startsWith('curl ')) ?? ''
    const [, type = '', body = '', asked = ''] =
      /^curl -X POST -H 'content-type: (.*)' -d '(.*)' (\S+)\n$/.exec(question) ?? []
    const asUrl = asked.replace('http://127.0.0.1:8016', url)
    const answer = await fetch(asUrl, { method: 'POST', headers: { 'content-type': type }, body })
    expect([answer.status, await answer.json()]).toMatchObject([200, { key: 'new-checkout', value: true }])
  } finally {
    serving.child.kill('SIGTERM')
    await serving.ended
  }
})

describe('words that do not fit', () => {
  test.each([
    [['set', 'a', '--percent', '101'], 2, '--percent is "101", not 0 to 100 in steps of 0.01'],
    [['set', 'a', '--percent', '-1'], 2, '--percent is "-1"'],
    [['set', 'a', '--percent', '0.001'], 2, '--percent is "0.001"'],
    [['set', 'a', '--percent', 'ten'], 2, '--percent is "ten"'],
    [['set', 'a', '--enabled', 'yes'], 2, '--enabled is "yes", not true or false'],
    [['set', 'a'], 2, 'nothing is wished of flag "a"'],
    [['set', 'chekout', '--percent', '1'], 2, 'there is no flag "chekout"; did you mean "checkout"?'],
    [['get', 'chekout'], 2, 'there is no flag "chekout"; did you mean "checkout"?'],
    [['history', 'chekout'], 2, 'there is no flag "chekout"; did you mean "checkout"?'],
    [['set', 'colour', '--percent', '1'], 1, 'does not know which of the variants ["red","blue"] is the new one'],
    [['set', 'colour', '--percent', '1', '--sides', 'red'], 2, '--sides is "red", not two variants by a comma'],
    [['set', 'colour', '--sides', 'red,bleu'], 1, 'is "bleu", which is no variant; did you mean "blue"?'],
    [['set', 'checkout', '--nodes', 'host', '--users'], 2, '--nodes and --users exclude each other'],
    [['list', '--percent', '5'], 2, 'flags list takes no --percent'],
    [['get', 'checkout', '--create'], 2, 'flags get takes no --create'],
    [['set', 'checkout', '--percent', '5', '--port', '80'], 2, 'flags set takes no --port'],
    [['history', '--note', 'x'], 2, 'flags history takes no --note'],
    [['list', '--target', 'flags'], 2, '--store and --target exclude each other'],
    [['get', 'checkout', 'colour'], 2, 'too many arguments'],
    [['lst'], 2, 'flags has no verb "lst"; did you mean "list"?'],
    [['get'], 2, 'flags get needs the name of a flag'],
    [['serve', '--port', '70000'], 2, '--port is "70000", not 0 to 65535'],
    [['serve', '--tokens', 'NO_SUCH_TOKENS'], 1, '"NO_SUCH_TOKENS" is not in the environment'],
  ])('%j', async (words, code, message) => {
    const variants = { red: 'red', blue: 'blue' }
    const colour = { state: 'ENABLED', variants, defaultVariant: 'red' }
    const checkout = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
    writeFileSync(file, JSON.stringify({ flags: { checkout, colour } }))
    const before = readFileSync(file, 'utf8')
    const ended = await flags(...words, '--store', 'flags.json')
    expect(ended.err).toContain(message)
    expect(ended.code).toBe(code)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  test('a malformed file, with line and column, and nothing is written', async () => {
    writeFileSync(file, '{"flags": {\n  "a": }}')
    const ended = await flags('set', 'a', '--percent', '1', '--store', 'flags.json')
    expect([ended.code, ended.err]).toEqual([1, expect.stringContaining('cannot be read at line 2, column 8')])
    expect(readFileSync(file, 'utf8')).toBe('{"flags": {\n  "a": }}')
  })

  test('a plan without flags', async () => {
    place.write(
      'changeover.yaml',
      'name: demo\nfrom: "1"\nto: "2"\ntargets: {}\nsteps: [{ id: a, kind: gate.soak, spec: { forMs: 1 } }]\n',
    )
    const ended = await flags('list')
    expect([ended.code, ended.err]).toEqual([2, expect.stringContaining('the plan has no target with flags')])
  })
})

test('a share where the set draws buckets of its own is refused alike, by hand and by plan', async () => {
  const a = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
  writeFileSync(file, JSON.stringify({ metadata: { hashGeneration: 'v3' }, flags: { 'new-checkout': a } }))
  place.write('changeover.yaml', planOfPage)
  const finding = 'flag "new-checkout" draws its buckets by hash generation "v3"; a share goes by "v2"'
  const byHand = await flags('set', 'new-checkout', '--percent', '10')
  expect([byHand.code, byHand.err]).toEqual([1, expect.stringContaining(finding)])
  const byPlan = await place.run('run', '--yes')
  expect([byPlan.code, byPlan.err]).toEqual([3, expect.stringContaining(finding)])
  expect(stored()).toEqual({ 'new-checkout': a })
})

test('variants of any name are rolled out, by node and by user again, and a flag that is off is not said to be on', async () => {
  const colour = { state: 'ENABLED', variants: { red: 'r', blue: 'b', green: 'g' }, defaultVariant: 'red' }
  const always = { state: 'DISABLED', variants: { on: true, off: false }, defaultVariant: 'on', targeting: {} }
  writeFileSync(file, JSON.stringify({ flags: { colour, always } }))
  const inStore = ['--store', 'flags.json']
  await flags('set', 'colour', '--percent', '20', '--sides', 'blue,red', '--nodes', 'host', ...inStore)
  await flags('set', 'colour', '--percent', '25', ...inStore)
  expect((await flags('list', ...inStore)).out).toBe(
    'on   colour  25 % of the nodes, "blue" in place of "red"\noff  always  the program\'s fallback; when on: always on\n',
  )
  const ended = await flags('set', 'colour', '--users', '--enabled', 'false', '--json', ...inStore)
  expect((JSON.parse(ended.out) as { moves: string[] }).moves).toEqual([
    'flag "colour" is switched off: every program uses its own fallback, for everybody',
    'flag "colour" goes by user now: every bucket is drawn anew, once it is switched on',
  ])
  expect(stored()['colour']).toEqual({
    ...colour,
    state: 'DISABLED',
    targeting: {
      fractional: [
        ['blue', 2500],
        ['red', 7500],
      ],
    },
  })
  const [line = ''] = (await flags('list', '--json', ...inStore)).out.split('\n')
  expect(JSON.parse(line)).toMatchObject({
    flag: 'colour',
    sides: { on: 'blue', off: 'red' },
    rollout: { enabled: false },
  })
})

test('operators at once: every change of a flag of its own is kept', async () => {
  const names = ['a', 'b', 'c', 'd']
  const ended = await Promise.all(
    names.map((name, at) => flags('set', name, '--create', '--percent', String(at), '--store', 'flags.json')),
  )
  expect(ended.map(({ code, err }) => [code, err])).toEqual(names.map(() => [0, '']))
  expect(Object.keys(stored()).toSorted()).toEqual(names)
})

test('serve takes the callers of the page', async () => {
  place.write('callers.yaml', blocks('yaml').find((block) => block.startsWith('# callers.yaml')) ?? '')
  const words = 'flags serve --callers callers.yaml --store flags.json --port 0'.split(' ')
  expect((await place.run(...words)).err).toContain('"WEB_TOKEN" is not in the environment')
  const ended = await place.runWith({ WEB_TOKEN: 'geheim' })(...words, '--rate', 'none')
  expect(ended.err).toContain('--rate is "none"')
})

test('serve answers, follows the file, says what is wrong with it, and ends in order', async () => {
  await flags('set', 'a', '--create', '--percent', '0', '--store', 'flags.json')
  const running = place.start('flags', 'serve', '--store', 'flags.json', '--port', '0', '--json')
  await running.shows('"flags":1')
  await flags('set', 'a', '--percent', '100', '--store', 'flags.json')
  await running.shows('"changed"')
  const good = readFileSync(file, 'utf8')
  writeFileSync(file, good.slice(0, -10))
  await running.shows('"problem":"flag file')
  writeFileSync(file, good)
  await running.shows('"problem":null')
  running.child.kill('SIGTERM')
  const { code, out } = await running.ended
  expect(code).toBe(0)
  const [first] = out.split('\n')
  const { serving } = JSON.parse(first ?? '') as { serving: string }
  expect(serving).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  await expect(fetch(serving)).rejects.toThrow('fetch failed')
})
