import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import { flagStoreChecks } from '../../testing/index.ts'
import { flagFile } from './index.ts'

const text = `{
    "$schema": "https://flagd.dev/schema/v0/flags.json",
    "flags": {
        "zeta": { "state": "ENABLED",   "variants": {"on": true, "off": false}, "defaultVariant": "off", "owner": "ü" },
        "10": {"state": "ENABLED", "variants": {"a": 1.50}, "defaultVariant": "a"}
    },
    "own": [1,   2]
}
`
const flag = { state: 'DISABLED', variants: { on: true, off: false }, defaultVariant: 'off', owner: 'ü' }
const who = { by: 'ann', why: 'a trial' }

let root: string
let path: string
let stop: AbortController
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'changeover-flags-'))
  path = join(root, 'flags.json')
  stop = new AbortController()
  writeFileSync(path, text)
})
afterEach(() => {
  stop.abort()
  rmSync(root, { recursive: true, force: true })
})

const open = (file = 'flags.json'): Promise<Target<'flags'>> =>
  flagFile.open({ path: file }, { run: 'r', fence: 1, base: root, signal: stop.signal })

describe('a flag file', () => {
  it('changes one member and keeps every other byte', async () => {
    const { write } = await open()
    const { version } = await write.read()
    const next = await write.change({ zeta: flag }, version, who)
    expect(readFileSync(path, 'utf8')).toBe(
      text.replace('"zeta": { "state": "ENABLED"', '"zeta": { "state": "DISABLED"'),
    )
    expect(next).not.toBe(version)
    expect(await write.change({ zeta: flag }, next, who)).toBe(next)
    expect(readdirSync(root).toSorted()).toEqual(['flags.json', 'flags.json.history.jsonl'])
  })

  it('adds and removes flags, and comes back to the same bytes under another version', async () => {
    const { write } = await open()
    const first = await write.read()
    const second = await write.change({ beta: { ...flag }, alpha: { ...flag } }, first.version, who)
    expect(Object.keys((await write.read()).document['flags'] ?? {})).toEqual(['10', 'zeta', 'beta', 'alpha'])
    const third = await write.change({ beta: null, alpha: null }, second, who)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(text))
    expect(third).not.toBe(first.version)
  })

  it('switches thousands of flags off in one reading, and keeps every other byte', async () => {
    const many = Array.from(
      { length: 3000 },
      (_, at) => `"flag-${at}": ${JSON.stringify({ ...flag, state: 'ENABLED' })}`,
    )
    const long = `{"flags":  {\n${many.join(',\n')} } }`
    writeFileSync(path, long)
    const { write } = await open()
    const { version } = await write.read()
    const began = process.cpuUsage()
    await write.change(Object.fromEntries(many.map((_, at) => [`flag-${at}`, flag])), version, who)
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(5_000)
    expect(readFileSync(path, 'utf8')).toBe(long.replaceAll('ENABLED', 'DISABLED'))
  })

  it('refuses bytes that are no UTF-8, instead of writing others in their place', async () => {
    const bytes = Buffer.from('{"flags": {}, "owner": "caf\u00e9"}', 'latin1')
    writeFileSync(path, bytes)
    const target = await open()
    await expect(target.read.read()).rejects.toMatchObject({
      code: 'target.failed',
      message: `flag file "${path}" is not in UTF-8`,
    })
    expect(readFileSync(path)).toEqual(bytes)
  })

  const fresh = (store: string): Promise<Target<'flags'>> => {
    const file = join(root, `${store}.json`)
    if (!existsSync(file)) writeFileSync(file, '{"flags": {}}')
    return open(`${store}.json`)
  }
  for (const check of flagStoreChecks({ open: fresh })) it(check.name, () => check.run())

  it('refuses what was decided on another version by the name of the file', async () => {
    const { write } = await open()
    const { version } = await write.read()
    await write.change({ zeta: flag }, version, who)
    await expect(write.change({ zeta: null }, version, who)).rejects.toMatchObject({
      code: 'target.conflict',
      message: `flag file "${path}" was changed since it was read`,
    })
  })

  it('with a byte order mark is read as if it had none, and keeps it', async () => {
    writeFileSync(path, `\ufeff${text}`)
    const { write } = await open()
    const { document, version } = await write.read()
    expect(document).toEqual(JSON.parse(text))
    const next = await write.change({ zeta: flag }, version, who)
    expect(readFileSync(path, 'utf8')).toBe(
      `\ufeff${text.replace('"zeta": { "state": "ENABLED"', '"zeta": { "state": "DISABLED"')}`,
    )
    expect([await write.change({ zeta: flag }, next, who), (await write.history()).length]).toEqual([next, 1])
  })

  it.each([
    ['{"flags": {"a": {"state": "ENABLED",}}}', 'line 1, column 37: property name expected'],
    ['{"flags": {\n  "a": [1\n}}', 'line 3, column 1'],
    ['', 'line 1, column 1'],
    ['{"flags": {"a": {"state": "ON", "variants": {"on": true}}}}', '"/flags/a/state" is "ON"'],
    ['{}', '"/flags"'],
  ])('names the place of what is wrong in %j', async (bad, place) => {
    writeFileSync(path, bad)
    const target = await open()
    await expect(target.read.read()).rejects.toMatchObject({
      code: 'flags.invalid',
      message: expect.stringContaining(place),
    })
  })

  it('refuses a file that has the flag twice, instead of changing the one nobody reads', async () => {
    writeFileSync(path, `{"flags": {"a": ${JSON.stringify(flag)}, "a": ${JSON.stringify(flag)}}}`)
    const { write } = await open()
    const { version } = await write.read()
    await expect(write.change({ a: { ...flag, state: 'ENABLED' } }, version, who)).rejects.toMatchObject({
      code: 'flags.invalid',
    })
  })

  it('says what is missing', async () => {
    const target = await open('absent.json')
    await expect(target.read.read()).rejects.toMatchObject({
      code: 'target.failed',
      message: `there is no flag file "${join(root, 'absent.json')}"`,
    })
  })

  it('writes through a link', async () => {
    symlinkSync('flags.json', join(root, 'link.json'))
    const { write } = await open('link.json')
    await write.change({ zeta: flag }, (await write.read()).version, who)
    expect(JSON.parse(readFileSync(path, 'utf8')).flags.zeta.state).toBe('DISABLED')
  })
})

describe('a flag file in YAML', () => {
  const lines = `# the shop's flags
flags:
  zeta: # of ann
    state: ENABLED   # since May
    variants: { on: true, off: false }
    defaultVariant: "off"
    owner: 'ü'
  quoted:
    state: "ENABLED"
    variants: {red: 'r', blue: "b"}
    defaultVariant: red # the old one
own: [1,   2]
`
  beforeEach(() => writeFileSync(join(root, 'flags.yaml'), lines))
  const now = () => readFileSync(join(root, 'flags.yaml'), 'utf8')
  const set = async (flags: Record<string, object | null>) => {
    const { write } = await open('flags.yaml')
    await write.change(flags as never, (await write.read()).version, who)
    return write
  }

  it('is read as JSON is, and changed without touching a comment', async () => {
    const { read } = await open('flags.yaml')
    const { document } = await read.read()
    const quoted = { state: 'ENABLED', variants: { red: 'r', blue: 'b' }, defaultVariant: 'red' }
    expect(document).toEqual({ flags: { zeta: { ...flag, state: 'ENABLED' }, quoted }, own: [1, 2] })
    await set({ zeta: flag, quoted: { ...quoted, state: 'DISABLED' } })
    expect(now()).toBe(lines.replaceAll('ENABLED', 'DISABLED'))
    const share = {
      fractional: [
        ['blue', 2500],
        ['red', 7500],
      ],
    }
    const write = await set({ quoted: { ...quoted, targeting: share }, neu: flag })
    expect(now()).toContain('    state: DISABLED   # since May\n')
    expect(now()).toContain('    defaultVariant: red # the old one\n')
    expect((await write.read()).document['flags']).toEqual({
      zeta: flag,
      quoted: { ...quoted, targeting: share },
      neu: flag,
    })
    await set({ neu: null, zeta: { ...flag, state: 'ENABLED' }, quoted })
    expect(now()).toBe(lines)
    expect((await write.history('quoted')).map(({ after }) => after)).toEqual([
      quoted,
      { ...quoted, targeting: share },
      { ...quoted, state: 'DISABLED' },
    ])
  })

  it('switches a thousand flags off in one reading', async () => {
    const many = Array.from({ length: 1000 }, (_, at) => `flag-${at}`)
    const long = `flags:\n${many.map((name) => `  ${name}: { state: ENABLED, variants: { a: 1 }, defaultVariant: a } # ${name}\n`).join('')}`
    writeFileSync(join(root, 'flags.yaml'), long)
    const off = { state: 'DISABLED', variants: { a: 1 }, defaultVariant: 'a' }
    const began = process.cpuUsage()
    await set(Object.fromEntries(many.map((name) => [name, off])))
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(10_000)
    expect(now()).toBe(long.replaceAll('ENABLED', 'DISABLED'))
  })

  it.each([
    ['flags:\n  a: [1\n', /^flag file "flags.yaml" cannot be read at line \d+, column \d+: /],
    ['flags:\n  a: {}\n  a: {}\n', /cannot be read at line 3, column 3: the key "flags\.a" is there twice/],
    ['flags: []\n', /"\/flags" is \[\], not an object/],
    ['flags:\n  a: { state: ON, variants: { on: true } }\n', /"\/flags\/a\/state" is "ON"/],
    ['flags: {}\n---\nflags: {}\n', /"\/flags" is nothing, not an object/],
  ])('names the place of what is wrong in %j', async (bad, said) => {
    writeFileSync(join(root, 'flags.yaml'), bad)
    const target = await open('flags.yaml')
    await expect(target.read.read()).rejects.toMatchObject({
      code: 'flags.invalid',
      message: expect.stringMatching(said),
    })
  })

  it('says what to do with flags in a list', async () => {
    writeFileSync(join(root, 'flags.yaml'), 'flags:\n  - { key: a, state: ENABLED, variants: { on: true } }\n')
    const target = await open('flags.yaml')
    await expect(target.read.read()).rejects.toMatchObject({
      help: 'a list of flags with a "key" each is read by some flagd alone: list the flags by their keys: {"flags": {"my-flag": {…}}}',
    })
  })

  const fresh = (store: string): Promise<Target<'flags'>> => {
    const file = join(root, `${store}.yml`)
    if (!existsSync(file)) writeFileSync(file, 'flags: {}\n')
    return open(`${store}.yml`)
  }
  for (const check of flagStoreChecks({ open: fresh })) it(check.name, () => check.run())
})

describe('a writer that was killed', () => {
  const line = { at: 1, by: 'ann', why: '', flag: 'zeta', before: null, after: flag, id: 'x' }
  const pend = (to: string) =>
    writeFileSync(join(root, '.flags.json.changeover-pending'), JSON.stringify({ to, lines: [line] }))

  it('left a change that was made: it is in the history, once', async () => {
    const { createHash } = await import('node:crypto')
    pend(createHash('sha256').update(text).digest('hex'))
    const { write } = await open()
    expect(await write.history()).toHaveLength(1)
    writeFileSync(`${path}.history.jsonl`, `${JSON.stringify(line)}\n{"at": 2, "b`)
    await write.change({ zeta: flag }, (await write.read()).version, who)
    expect((await write.history()).map((each) => each.at === 1)).toEqual([false, true])
  })

  it('left a change that was not made: it is forgotten', async () => {
    pend('other')
    const { write } = await open()
    await write.change({ zeta: flag }, (await write.read()).version, who)
    expect((await write.history()).map((each) => each.by)).toEqual(['ann'])
    expect(readdirSync(root).toSorted()).toEqual(['flags.json', 'flags.json.history.jsonl'])
  })

  it('left its lock, which the next one takes away', async () => {
    const dead = { token: 't', host: (await import('node:os')).hostname(), pid: 2 ** 22 - 1, born: '1' }
    writeFileSync(join(root, '.flags.json.changeover-lock'), JSON.stringify(dead))
    const { write } = await open()
    await write.change({ zeta: flag }, (await write.read()).version, who)
    expect(readdirSync(root).toSorted()).toEqual(['flags.json', 'flags.json.history.jsonl'])
  })
})

describe('a watcher', () => {
  it('hears of each change, by this tool or by an editor', async () => {
    const target = await open()
    let heard = 0
    const more = async (than: number): Promise<void> => {
      while (heard <= than) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await target.read.watch(() => heard++, stop.signal)
    await target.write.change({ zeta: flag }, (await target.read.read()).version, who)
    await more(0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const before = heard
    writeFileSync(path, text)
    await more(before)
  })
})
