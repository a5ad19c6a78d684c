import { describe, expect, test } from 'vitest'
import { diff, equal, type Json, missed, ordered, patch } from './json.ts'
import { protoIn } from './shape.ts'

const json = (text: string): Json => JSON.parse(text) as Json

describe('names that are words of the language', () => {
  const odd = json('{"__proto__": {"state": "on"}, "constructor": {"state": "on"}, "toString": 1}')

  test.each([
    ['come', json('{}'), odd],
    ['go', odd, json('{}')],
    ['change', odd, json('{"__proto__": {"state": "off"}, "constructor": {}, "toString": null}')],
    ['change in their empty places', json('{"__proto__": {}, "constructor": {}}'), odd],
  ])('%s by the edits between two values', (_, from, to) => {
    const edits = diff(from, to)
    expect(JSON.parse(JSON.stringify(edits))).toEqual(edits)
    expect(equal(patch(from, edits), to)).toBe(true)
    expect(equal(patch(to, diff(to, from)), from)).toBe(true)
    expect(missed(to, from).length).toBeGreaterThan(0)
  })

  test('keep their values in order, and no prototype is touched', () => {
    expect(JSON.stringify(ordered(odd))).toBe('{"__proto__":{"state":"on"},"constructor":{"state":"on"},"toString":1}')
    expect(({} as { state?: unknown }).state).toBeUndefined()
  })

  test('the one that shapes drop is found, also where values lead back into themselves', () => {
    const round: { self?: unknown; list: unknown[] } = { list: [1, odd] }
    round.self = round
    expect(protoIn(round)).toEqual(['list', 1, '__proto__'])
    expect(protoIn({ constructor: 1, list: [{ toString: 2 }] })).toBeUndefined()
  })
})
