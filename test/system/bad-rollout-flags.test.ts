/** Flags that cannot be changed as somebody wants, with the real command: what is said, that the last good ones are served, and that nobody's change is lost. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place } from '../cli/command.ts'
import { mustBlock, mustEnd, mustFail, mustSay } from './judge.ts'

let place: Place
let file: string
beforeEach(async () => {
  place = makePlace()
  file = join(place.folder, 'flags.json')
  place.write('flags.json', '{ "flags": {} }\n')
  for (const name of ['checkout', 'search'])
    mustEnd(await place.run('flags', 'set', name, '--create', '--percent', '5', '--store', 'flags.json'), 0)
  place.write('changeover.yaml', planOf('checkout', 10))
})
afterEach(() => place.remove())

const step = (flag: string, percent: number) =>
  `  - { id: share-${percent}, kind: flags.set, on: flags, spec: { flag: ${flag}, percent: ${percent} } }\n`
const planOf = (flag: string, ...percents: readonly number[]) => `name: flags
from: "1"
to: "2"
targets: { flags: { adapter: flag-file, config: { path: flags.json } } }
steps:
${percents.map((percent) => step(flag, percent)).join('')}`
const text = () => readFileSync(file, 'utf8')
const shareOf = async (flag: string) => {
  const ended = await place.run('flags', 'get', flag, '--store', 'flags.json')
  return /([\d.]+) % of the users/.exec(ended.out)?.[1]
}

test.each([
  ['a name for what goes to all', ['disable-all', 'checkout'], 'flags disable-all is about all flags'],
  ['no attribute of nodes', ['set', 'checkout', '--nodes', ''], '--nodes is empty'],
])('%s is refused, and nothing is written', async (_, words, said) => {
  const before = text()
  mustFail(await place.run('flags', ...words, '--store', 'flags.json'), 2, 'usage.invalid', said)
  expect(text()).toBe(before)
})

test('a share is refused where the set draws buckets that no proxy draws, and is taken where the flag says v2', async () => {
  const set = (metadata: object) => {
    const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', metadata }
    writeFileSync(file, JSON.stringify({ metadata: { hashGeneration: 'v3' }, flags: { f: flag } }))
    return place.run('flags', 'set', 'f', '--percent', '50', '--store', 'flags.json')
  }
  mustFail(await set({}), 1, 'flags.invalid', 'flag "f" draws its buckets by hash generation "v3"')
  mustEnd(await set({ hashGeneration: 'v2' }), 0)
})

describe('a malformed flag file', () => {
  const spoilt = '{ "flags": {\n  "checkout": }}'

  test('is named with its line, no run is opened on it, and it is left as it is', async () => {
    writeFileSync(file, spoilt)
    mustFail(await place.run('run', '--yes'), 1, 'flags.invalid', 'line 2, column 15')
    mustFail(await place.run('status'), 1, 'run.not-found')
    expect(text()).toBe(spoilt)
  })

  test('that is spoilt while a run waits: the run waits on, and goes on when it is mended', async () => {
    place.write('changeover.yaml', planOf('checkout', 10, 50))
    mustEnd(await place.run('run', '--yes', '--until', 'share-10'), 0)
    const good = text()
    writeFileSync(file, spoilt)
    mustFail(await place.run('resume'), 1, 'flags.invalid', 'line 2, column 15')
    expect(text()).toBe(spoilt)
    writeFileSync(file, good)
    mustEnd(await place.run('resume'), 0)
    expect(await shareOf('checkout')).toBe('50')
  })

  test.each([
    ['cut off', (good: string) => good.slice(0, -20), 'cannot be read at line'],
    ['no object', () => '[]', 'flags.json'],
    ['without flags', () => '{}', 'flags'],
  ])('%s: the last good flags are served, the error is named, and it heals', async (_, spoil, named) => {
    const running = place.start('flags', 'serve', '--store', 'flags.json', '--port', '0', '--json')
    let said = ''
    running.child.stdout?.on('data', (part: string) => (said += part))
    try {
      await running.shows('"flags":2')
      const { serving } = JSON.parse(said.split('\n')[0]!) as { serving: string }
      const ask = async () =>
        (
          await fetch(`${serving}/ofrep/v1/evaluate/flags/checkout`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ context: { targetingKey: 'ann' } }),
          })
        ).json()
      const before = await ask()
      expect(before).toMatchObject({ key: 'checkout', value: false, variant: 'off', reason: 'TARGETING_MATCH' })
      const good = text()
      writeFileSync(file, spoil(good))
      await running.shows('"problem":"')
      // Who reads while it is written may find it empty first, and says that.
      await running.shows(named)
      expect(await ask()).toEqual(before)
      writeFileSync(file, good)
      await running.shows('"problem":null')
      expect(await ask()).toEqual(before)
    } finally {
      running.child.kill('SIGTERM')
      mustEnd(await running.ended, 0)
    }
  })
})

describe('words of a plan that do not fit', () => {
  test('an unknown flag: the nearest is named, and nothing is started', async () => {
    place.write('changeover.yaml', planOf('chekout', 10))
    mustBlock(await place.run('run', '--yes'), 'flags.unknown', '"chekout"', 'did you mean "checkout"')
    mustFail(await place.run('status'), 1, 'run.not-found')
  })

  test.each([101, -1, 0.001])('percent %d', async (percent) => {
    place.write('changeover.yaml', planOf('checkout', percent))
    mustFail(await place.run('plan'), 1, 'plan.invalid', 'percent')
    mustFail(await place.run('run', '--yes'), 1, 'plan.invalid', 'percent')
    expect(await shareOf('checkout')).toBe('5')
  })
})

describe('two operators at once', () => {
  test('who change one flag: one after the other, or the second is told; the history has what counts', async () => {
    const words = (percent: number) => [
      'flags',
      'set',
      'checkout',
      '--percent',
      String(percent),
      '--store',
      'flags.json',
    ]
    const ended = await Promise.all([20, 30, 40].map((percent) => place.run(...words(percent))))
    const done = ended.filter(({ code }) => code === 0)
    for (const each of ended)
      if (each.code !== 0) mustFail(each, 1, 'target.conflict', 'was changed by somebody else just now')
    expect(done.length).toBeGreaterThan(0)
    const history = (await place.run('flags', 'history', 'checkout', '--json', '--store', 'flags.json')).out
      .trim()
      .split('\n')
    expect(history).toHaveLength(1 + done.length)
    expect(['20', '30', '40']).toContain(await shareOf('checkout'))
    expect(await shareOf('search')).toBe('5')
  })

  test('a person changes the flag of a run that waits: the run does not write over it', async () => {
    place.write('changeover.yaml', planOf('checkout', 10, 50))
    mustEnd(await place.run('run', '--yes', '--until', 'share-10'), 0)
    mustEnd(
      await place.run('flags', 'set', 'checkout', '--percent', '1', '--note', 'incident', '--store', 'flags.json'),
      0,
    )
    mustFail(
      await place.run('resume'),
      4,
      'plan.stale',
      'step "share-50" no longer is what was planned: flags.checkout',
    )
    const back = await place.run('rollback', '--yes')
    mustSay(back, 1, 'flag "checkout" of "flags" was changed by somebody else', 'changeover flags history checkout')
    expect(await shareOf('checkout')).toBe('1')
    // Whoever decides that the run's own word holds puts it back, and the run goes home.
    mustEnd(await place.run('flags', 'set', 'checkout', '--percent', '10', '--store', 'flags.json'), 0)
    mustEnd(await place.run('resume'), 5)
    expect(await shareOf('checkout')).toBe('5')
  })

  test('a person changes another flag of the same file: the run goes on, and both changes are there', async () => {
    place.write('changeover.yaml', planOf('checkout', 10, 50))
    mustEnd(await place.run('run', '--yes', '--until', 'share-10'), 0)
    mustEnd(await place.run('flags', 'set', 'search', '--percent', '77', '--store', 'flags.json'), 0)
    const ended = await place.run('resume')
    mustSay(ended, 0)
    expect([await shareOf('checkout'), await shareOf('search')]).toEqual(['50', '77'])
  })
})
