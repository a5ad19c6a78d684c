import { expect, it } from 'vitest'
import { lasting } from './pages.ts'

const filled = (length: number, text: string) => Buffer.alloc(length, text)

it('keeps bytes while the next are read into the same page', () => {
  const page = filled(65_536, 'a')
  const kept = [lasting(page.subarray(0, 100)), lasting(page), lasting(filled(200_000, 'a'))]
  page.fill('b')
  expect(kept.map(({ bytes }) => [bytes.length, bytes.every((byte) => byte === 97)])).toEqual([
    [100, true],
    [65_536, true],
    [200_000, true],
  ])
})

it('gives a page to another only when it was given back, and then once', () => {
  const [one, two] = [lasting(filled(20_000, '1')), lasting(filled(20_000, '2'))]
  one.done!()
  one.done!()
  const [three, four] = [lasting(filled(20_000, '3')), lasting(filled(20_000, '4'))]
  expect([one, two, three, four].map(({ bytes }) => bytes.toString('latin1', 0, 1))).toEqual(['3', '2', '3', '4'])
})
