import { expect, test } from 'vitest'
import { bytes, count, duration, moment, percent, plural, rate } from './words.ts'

test.each([
  [0, '0'],
  [7.25, '7.3'],
  [999, '999'],
  [1000, '1,000'],
  [1234567.4, '1,234,567'],
])('count of %d is %s', (value, text) => expect(count(value)).toBe(text))

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [1000, '1 s'],
  [1449, '1.4 s'],
  [9949, '9.9 s'],
  [9960, '10 s'],
  [59_600, '1 min'],
  [252_000, '4 min 12 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text))

test.each([
  [12, '12 B'],
  [999_999, '1 MB'],
  [1_500_000, '1.5 MB'],
  [24_000_000_000, '24 GB'],
])('%d bytes is %s', (value, text) => expect(bytes(value)).toBe(text))

test('plural, rate, percent and moment', () => {
  expect(plural(1, 'step')).toBe('1 step')
  expect(plural(2, 'step')).toBe('2 steps')
  expect(rate(12_345.6, 'rows')).toBe('12,346 rows/s')
  expect(percent(0.999)).toBe('99 %')
  expect(moment('2026-11-21T03:12:47.123Z')).toBe('2026-11-21 03:12:47 UTC')
})
