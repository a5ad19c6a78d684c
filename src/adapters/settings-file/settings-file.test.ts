import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settingsFile } from './index.ts'

const json = `{
    "settings": {
        "size": {"type": "integer",   "default": 1, "max": 9}
    },
    "owner": "ü"
}
`
const yaml = `# Ours.
settings:
  size: { type: integer, default: 1, max: 9 } # not more
values:
  size: 2 # since May
`
const who = { by: 'ann', why: 'a trial' }

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'changeover-settings-'))
  writeFileSync(join(root, 'settings.json'), json)
  writeFileSync(join(root, 'settings.yaml'), yaml)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const open = (path = 'settings.json') =>
  settingsFile.open({ path }, { run: 'r', fence: 1, base: root, signal: new AbortController().signal })
const text = (name: string) => readFileSync(join(root, name), 'utf8')

describe('a settings file', () => {
  test('in JSON gets its values, and keeps every other byte', async () => {
    const { write } = await open()
    const version = await write.change({ size: 3 }, (await write.read()).version, who)
    expect(text('settings.json')).toContain('"size": {"type": "integer",   "default": 1, "max": 9}')
    expect(JSON.parse(text('settings.json'))).toMatchObject({ values: { size: 3 }, owner: 'ü' })
    expect(await write.change({ size: 3 }, version, who)).toBe(version)
    expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([])
  })

  test.each(['json', 'yaml'])(
    'in %s with a byte order mark is read as if it had none, and keeps it',
    async (format) => {
      const name = `settings.${format}`
      writeFileSync(join(root, name), `\ufeff${format === 'json' ? json : yaml}`)
      const { write } = await open(name)
      await write.change({ size: 3 }, (await write.read()).version, who)
      expect((await write.read()).values).toEqual({ size: 3 })
      expect(text(name).lastIndexOf('\ufeff')).toBe(0)
      expect(await write.history()).toHaveLength(1)
    },
  )

  test('takes names that are words of the language, and refuses the one that no name can be', async () => {
    const rules = ['constructor', 'toString', 'hasOwnProperty'].map(
      (name) => `"${name}": {"type": "integer", "default": 1}`,
    )
    writeFileSync(join(root, 'settings.json'), `{"settings": {${rules.join(', ')}}}`)
    const { write } = await open()
    const version = await write.change({ constructor: 5, toString: 6 }, (await write.read()).version, who)
    expect((await write.read()).values).toEqual({ constructor: 5, toString: 6 })
    await write.change({ constructor: null }, version, who)
    expect((await write.history('constructor')).map(({ before, after }) => [before, after])).toEqual([
      [5, null],
      [null, 5],
    ])
    writeFileSync(join(root, 'settings.json'), `{"settings": {"__proto__": {"type": "integer", "default": 1}}}`)
    await expect(write.read()).rejects.toMatchObject({
      code: 'settings.invalid',
      message: expect.stringContaining('setting "__proto__": a name is') as string,
    })
  })

  test('in YAML keeps its comments', async () => {
    const { write } = await open('settings.yaml')
    const version = await write.change({ size: 3 }, (await write.read()).version, who)
    expect(text('settings.yaml')).toBe(yaml.replace('size: 2', 'size: 3'))
    await write.change({ size: null }, version, who)
    expect((await write.read()).values).toEqual({})
    expect(await write.history('size')).toMatchObject([
      { setting: 'size', before: 3, after: null, ...who },
      { setting: 'size', before: 2, after: 3, ...who },
    ])
    expect(await write.history('size', 1)).toHaveLength(1)
  })

  test('takes one of two changes that were decided on the same version', async () => {
    const [one, two] = [await open(), await open()]
    const { version } = await one.write.read()
    const ended = await Promise.allSettled([
      one.write.change({ size: 3 }, version, who),
      two.write.change({ size: 4 }, version, who),
    ])
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(ended.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'target.conflict' } })
    expect(await one.write.history()).toHaveLength(1)
  })

  test('never takes a value out of its bounds, or of nothing', async () => {
    const { write } = await open()
    const { version } = await write.read()
    await expect(write.change({ size: 10 }, version, who)).rejects.toThrow(
      'settings file "settings.json": setting "size" is 10, more than 9',
    )
    await expect(write.change({ siez: 1 }, version, who)).rejects.toThrow('a value of "siez", which is no setting')
    expect(text('settings.json')).toBe(json)
  })

  test('that is not there, or is broken, is named', async () => {
    await expect((await open('no.json')).read.read()).rejects.toMatchObject({
      code: 'target.failed',
      message: `there is no settings file "${join(root, 'no.json')}"`,
    })
    writeFileSync(join(root, 'settings.json'), json.slice(0, -4))
    await expect((await open()).observe()).rejects.toThrow('"settings.json" line 5')
  })

  test('says before a run that its folder takes no new files', async () => {
    expect(await (await open()).ready?.()).toEqual([])
    if (process.getuid?.() === 0) return
    chmodSync(root, 0o555)
    expect(await (await open()).ready?.()).toMatchObject([{ code: 'settings.read-only' }])
    chmodSync(root, 0o755)
  })
})
