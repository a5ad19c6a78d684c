import { describe, expect, test } from 'vitest'
import {
  bestPath,
  bitsPerSecondOf,
  bytesOf,
  compareVersions,
  inRange,
  minutesOf,
  nearestPaths,
  parseRange,
  parseVersion,
  showBytes,
  type Upgrade,
  type VersionPolicy,
} from './index.ts'

const is = (version: string, range: string) => inRange(parseVersion(version)!, parseRange(range)!)

describe('ranges', () => {
  test.each([
    ['3.2.9', '3.2.x'],
    ['v3.2.0', 'v3.2.x'],
    ['3.3.0', '3.3'],
    ['1.2.3', '^1.2.3'],
    ['1.9.9', '^1.2.3'],
    ['0.1.9', '^0.1.2'],
    ['0.0.1', '^0.0.1'],
    ['0.0.9', '^0.0'],
    ['1.2.9', '~1.2.3'],
    ['1.9.0', '~1'],
    ['1.2.4', '>1.2.3 <2'],
    ['2.9.9', '1.2 - 2'],
    ['1.2.3', '1.2.3 || 9'],
    ['9.9.9', '*'],
    ['1.0.0', ''],
    ['3.1.9', '3.1.x or earlier'],
    ['0.1.0', '3.1.x or earlier'],
    ['4.0.0', '3.1 or later'],
    ['1.2.3-beta.2', '>=1.2.3-beta.1'],
    ['2.0.0', '>1.x'],
    ['1.9.9', '<=1'],
    ['1.2.3+build', '=1.2.3'],
    ['20.19.0', '>= 20.19'],
  ])('%s is in %j', (version, range) => expect(is(version, range)).toBe(true))

  test.each([
    ['3.3.0', '3.2.x'],
    ['2.0.0', '^1.2.3'],
    ['0.2.0', '^0.1.2'],
    ['0.0.2', '^0.0.1'],
    ['1.3.0', '~1.2.3'],
    ['1.2.3', '>1.2.3'],
    ['3.0.0', '1.2 - 2'],
    ['3.2.0', '3.1.x or earlier'],
    ['1.9.9', '>1.x'],
    ['2.0.0-rc.1', '^1.2.3'],
    ['2.0.0-rc.1', '<2'],
    ['1.2.4-beta', '>=1.2.3-beta'],
    ['1.0.0', '<1'],
    ['1.0.0', '>*'],
  ])('%s is not in %j', (version, range) => expect(is(version, range)).toBe(false))

  test('what is none is refused', () => {
    for (const text of ['latest', '1.2.3.4', '>=', '1 || x y z']) expect(parseRange(text)).toBeUndefined()
    for (const text of ['', '1.x', 'v']) expect(parseVersion(text)).toBeUndefined()
  })

  test('order is that of Semantic Versioning 2.0.0, clause 11', () => {
    const ordered = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.10.0',
      '2.0.0',
    ]
    const mixed = [...ordered].reverse().sort((a, b) => compareVersions(parseVersion(a)!, parseVersion(b)!))
    expect(mixed).toEqual(ordered)
  })
})

test('amounts', () => {
  expect([bytesOf('16GB'), bytesOf('1.5 TiB'), bytesOf('512m'), bytesOf(7), bytesOf('much')]).toEqual([
    16e9,
    1.5 * 2 ** 40,
    512e6,
    7,
    undefined,
  ])
  expect([
    bitsPerSecondOf('1Gbps'),
    bitsPerSecondOf('100 Mbit/s'),
    bitsPerSecondOf('125 MB/s'),
    bitsPerSecondOf('5 GB'),
  ]).toEqual([1e9, 1e8, 1e9, undefined])
  expect([
    minutesOf('2-4 hours'),
    minutesOf('15_minutes'),
    minutesOf('1-2 weeks'),
    minutesOf('30s'),
    minutesOf('none'),
    minutesOf('soon'),
  ]).toEqual([
    { least: 120, most: 240 },
    { least: 15, most: 15 },
    { least: 10_080, most: 20_160 },
    { least: 0.5, most: 0.5 },
    { least: 0, most: 0 },
    undefined,
  ])
  expect(showBytes(16.6e9)).toBe('16.6 GB')
})

describe('the way', () => {
  const policy: VersionPolicy = { major: 'listed', minor: 'listed', patch: 'any', downgrade: 'refuse' }
  const upgrade = (from: string, to: string, most: number, more: Partial<Upgrade> = {}): Upgrade => ({
    from,
    to,
    via: [],
    complexity: 'low',
    downtime: { least: 0, most },
    ...more,
  })
  const listed = [
    upgrade('3.2.x', '4.0.0', 240, { complexity: 'medium' }),
    upgrade('3.3.x', '4.0.0', 120),
    upgrade('3.1.x or earlier', '4.0.0', 480, { via: ['3.3.0'], complexity: 'high' }),
  ]

  test('NeonHub: direct from 3.2 and 3.3, staged from 3.1', () => {
    expect(bestPath('3.2.4', '4.0.0', listed, policy)).toMatchObject({
      stops: ['3.2.4', '4.0.0'],
      direct: true,
      complexity: 'medium',
      downtime: { most: 240 },
    })
    expect(bestPath('v3.3', 'v4.0.0', listed, policy)).toMatchObject({ stops: ['3.3.0', '4.0.0'], complexity: 'low' })
    expect(bestPath('3.0.7', '4.0.0', listed, policy)).toMatchObject({
      stops: ['3.0.7', '3.3.0', '4.0.0'],
      direct: false,
      complexity: 'high',
      downtime: { most: 480 },
    })
    expect(bestPath('3.3.1', '4.0.9', listed, policy)?.stops).toEqual(['3.3.1', '4.0.0', '4.0.9'])
    expect(bestPath('4.0.0', '4.0.0', listed, policy)?.stops).toEqual(['4.0.0'])
  })

  test('the least downtime wins over the fewest stops', () => {
    const two = [upgrade('1.x', '3.0.0', 100), upgrade('1.x', '2.0.0', 20), upgrade('2.x', '3.0.0', 30)]
    expect(bestPath('1.5.0', '3.0.0', two, policy)?.stops).toEqual(['1.5.0', '2.0.0', '3.0.0'])
  })

  test('no way: how near one gets, and from where the goal is in reach', () => {
    expect(bestPath('3.4.0', '4.0.0', listed, policy)).toBeUndefined()
    expect(bestPath('4.0.0', '3.3.0', listed, policy)).toBeUndefined()
    const chain = [upgrade('1.x', '2.0.0', 1), upgrade('2.x', '3.0.0', 1), upgrade('4.x', '5.0.0', 1)]
    const near = nearestPaths('1.0.0', '5.0.0', chain, policy)
    expect([near.reachable[0]?.stops, near.starts]).toEqual([['1.0.0', '2.0.0', '3.0.0'], ['4.x']])
  })

  test('a policy allows steps that are not listed', () => {
    expect(bestPath('3.1.0', '3.2.0', [], { ...policy, minor: 'next' })?.stops).toEqual(['3.1.0', '3.2.0'])
    expect(bestPath('3.1.0', '3.3.0', [], { ...policy, minor: 'next' })).toBeUndefined()
    expect(bestPath('4.0.0', '3.0.0', [], { ...policy, major: 'any', downgrade: 'allow' })?.stops).toEqual([
      '4.0.0',
      '3.0.0',
    ])
  })
})
