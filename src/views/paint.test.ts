import { expect, test } from 'vitest'
import { bar, stretch } from './bar.ts'
import { colour, columns, fit, pad, wrap } from './paint.ts'

test('colours take no columns', () => {
  expect(columns(colour.bad('five!'))).toBe(5)
  expect(pad(colour.good('ab'), 4)).toBe(`${colour.good('ab')}  `)
})

test('a line is cut at the width, and its colours stay closed', () => {
  expect(fit('abcdef', 6)).toBe('abcdef')
  expect(fit('abcdefg', 6)).toBe('abcde…')
  expect(fit(`ab${colour.bad('cdefg')}`, 6)).toBe(`ab${colour.bad('cde…')}`)
  expect(columns(fit(`${colour.bad('abcdef')}${colour.good('ghijkl')}`, 6))).toBe(6)
})

test('words are wrapped, a long one stands alone', () => {
  expect(wrap('to be or not', 5)).toEqual(['to be', 'or', 'not'])
  expect(wrap('incomprehensible x', 5)).toEqual(['incomprehensible', 'x'])
  expect(wrap('a\nb', 5)).toEqual(['a', 'b'])
})

test('bars keep their width', () => {
  expect(bar(0, 4)).toBe('░░░░')
  expect(bar(0.5, 4)).toBe('██░░')
  expect(bar(0.55, 4)).toBe('██▏░')
  expect(bar(2, 4)).toBe('████')
  expect(stretch(0.25, 0.75, 8)).toBe('··████··')
  expect(stretch(1, 1, 8)).toBe('·······█')
})
