import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { settingsFile } from '../adapters/settings-file/index.ts'
import { openSettings } from './index.ts'

const settings = {
  latency: { type: 'duration', default: '50ms' },
  share: { type: 'percent', default: '5%' },
  size: { type: 'integer', default: 10 },
  auto: { type: 'boolean', default: true },
  mode: { type: 'choice', of: ['a', 'b'], default: 'a' },
}

let root: string
let path: string
const write = (values: object) => {
  // Whole at once: who reads while it is written must not find it empty.
  writeFileSync(`${path}.new`, JSON.stringify({ settings, values }))
  renameSync(`${path}.new`, path)
}
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'changeover-live-'))
  path = join(root, 'settings.json')
  write({})
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('a program asks at once, hears of changes, and keeps the last good settings', async () => {
  const troubles: (string | undefined)[] = []
  const live = await openSettings({ from: path, troubled: (problem) => troubles.push(problem) })
  const heard: (readonly string[])[] = []
  const leave = live.onChange((names) => heard.push(names))
  expect([
    live.duration('latency'),
    live.percent('share'),
    live.integer('size'),
    live.boolean('auto'),
    live.choice('mode'),
  ]).toEqual([50, 5, 10, true, 'a'])

  const store = await settingsFile.open(
    { path },
    { run: 'r', fence: 0, base: root, signal: new AbortController().signal },
  )
  await store.write.change({ latency: '1.5s', mode: 'b' }, (await store.read.read()).version, { by: 'ann', why: '' })
  await expect.poll(() => live.duration('latency')).toBe(1500)
  expect([live.choice('mode'), heard]).toEqual(['b', [['latency', 'mode']]])

  writeFileSync(path, '{"settings": {')
  await expect.poll(() => live.problem()).toContain('"settings.json" line 1')
  expect([live.duration('latency'), troubles]).toEqual([1500, [live.problem()]])
  write({ size: 11 })
  await expect.poll(() => live.integer('size')).toBe(11)
  expect([live.problem(), troubles.at(-1), heard.at(-1)]).toEqual([undefined, undefined, ['latency', 'size', 'mode']])

  leave()
  write({ size: 12 })
  await expect.poll(() => live.integer('size')).toBe(12)
  expect(heard).toHaveLength(2)
  live.close()
  write({ size: 13 })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(live.integer('size')).toBe(12)
})

test('another name or another type is an error at once, and so is no file', async () => {
  const live = await openSettings({ from: path })
  expect(() => live.integer('siez')).toThrow('there is no setting "siez"; did you mean "size"?')
  expect(() => live.number('size')).toThrow('setting "size" is of the type integer, and is asked for as number')
  live.close()
  await expect(openSettings({ from: join(root, 'no.json') })).rejects.toThrow('there is no settings file')
})
