import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openFlags } from './index.ts'

let root: string
let path: string
const write = (flags: object) => {
  // Whole at once: who reads while it is written must not find it empty.
  writeFileSync(`${path}.new`, JSON.stringify({ flags }))
  renameSync(`${path}.new`, path)
}
const flag = (on: boolean) => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: on ? 'on' : 'off',
})
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'changeover-live-'))
  path = join(root, 'flags.json')
  write({ fast: flag(false), size: { state: 'ENABLED', variants: { s: 1, l: 2 }, defaultVariant: 's' } })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('a program asks at once, hears of changes, and keeps the last good flags', async () => {
  const troubles: (string | undefined)[] = []
  const live = await openFlags({ from: path, troubled: (problem) => troubles.push(problem) })
  expect([live.boolean('fast', true), live.number('size', 0), live.string('none', 'x'), live.keys]).toEqual([
    false,
    1,
    'x',
    ['fast', 'size'],
  ])
  let heard = 0
  const leave = live.onChange(() => heard++)
  write({ fast: flag(true) })
  await expect.poll(() => live.boolean('fast', false)).toBe(true)
  expect([heard, live.resolve('size').errorCode]).toEqual([1, 'FLAG_NOT_FOUND'])

  writeFileSync(path, '{"flags": {')
  await expect.poll(() => live.problem()).toContain('flags.json')
  expect([live.boolean('fast', false), troubles]).toEqual([true, [live.problem()]])
  write({ fast: flag(false) })
  await expect.poll(() => live.boolean('fast', true)).toBe(false)
  expect([live.problem(), troubles.at(-1), heard]).toEqual([undefined, undefined, 2])

  leave()
  live.close()
  write({ fast: flag(true) })
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect([live.boolean('fast', false), heard]).toEqual([false, 2])
})

test('no file is an error at once', async () => {
  await expect(openFlags({ from: join(root, 'no.json') })).rejects.toThrow('no.json')
})
