/** What an operator sets by `changeover config` is what a node then goes by; and what a file says wrongly is named. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readSettings as readByTool } from '../../../src/settings/index.ts'
import { makePlace } from '../../../test/cli/command.ts'
import { newSettings } from './setting-rules.ts'
import { followSettings, readSettings } from './settings.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/how-to/dwcp.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'dwcp-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('takes over what the commands of the page set, and what they take back', async () => {
  const commands = page.split('\n').filter((line) => line.startsWith('changeover config '))
  expect(commands.map((line) => line.split(' ')[2])).toEqual(['get', 'set', 'history', 'unset'])
  const place = makePlace()
  const path = join(folder, 'settings.json')
  writeFileSync(path, JSON.stringify(newSettings({ 'hde.max_baselines': 512 })))
  const node = followSettings(path, () => undefined)
  const threshold = () => node.current()['mode_detector.latency_threshold']
  try {
    for (const [at, line] of commands.entries()) {
      const words = line.split(' #')[0]!.trim().split(' ').slice(1)
      const ended = await place.run(...words.map((word) => (word === 'config/settings.json' ? path : word)))
      expect([line, ended.code, ended.err]).toEqual([line, 0, ''])
      await expect.poll(threshold).toBe([50, 100, 100, 50][at])
    }
    expect([node.trouble(), node.current()['hde.max_baselines']]).toEqual([null, 512])
  } finally {
    node.stop()
    place.remove()
  }
})

it('has rules that the tool reads as the node does, default by default', () => {
  const { rules, values } = readByTool(newSettings({ 'amst.mode': 'internet' }))
  expect(values).toEqual({ 'amst.mode': 'internet' })
  expect(Object.keys(rules)).toEqual(Object.keys(readSettings('{"values": {}}')))
})

it('reads values with units, leaves those of others, and names what is wrong', () => {
  const read = readSettings(
    '{"values": {"mode_detector.latency_threshold": "100ms", "acp.consensus_timeout": "10s", "pba.other": 5}}',
  )
  expect([read['mode_detector.latency_threshold'], read['acp.consensus_timeout'], read['hde.max_baselines']]).toEqual([
    100, 10_000, 2_048,
  ])
  for (const wrong of [
    '[]',
    '{"values": []}',
    '{"values": {"amst.mode": "moon"}}',
    '{"values": {"hde.max_baselines": "5"}}',
    '{"values": {"hde.max_baselines": 1.5}}',
    '{"values": {"acp.consensus_timeout": "10 years"}}',
    '{"values": {"acp.consensus_timeout": 1000}}',
    '{"values": {"hde.max_baselines": 0}}',
  ])
    expect(() => readSettings(wrong)).toThrow(RangeError)
})
