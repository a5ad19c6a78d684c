import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../core/json.ts'
import {
  compareAnswers,
  compileRules,
  type CompareRules,
  createNoise,
  createTally,
  type Difference,
  differences,
  parseJson,
  type SeenAnswer,
} from './index.ts'

const body = (old: Json, next: Json, rules: CompareRules = {}) =>
  differences(old, next, 'body', compileRules(rules)).map(({ path, kind }) => `${kind} ${path}`)

const answer = (value: Json | Buffer, more: Partial<SeenAnswer> = {}): SeenAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)),
  ...more,
})
const answers = (old: SeenAnswer, next: SeenAnswer, rules: CompareRules = {}) =>
  compareAnswers(old, next, compileRules(rules)).map(({ path, kind }) => `${kind} ${path}`)

describe('differences of values', () => {
  it('names each field that differs, and how', () => {
    const old = { same: 1, value: 'a', type: 1, gone: null, deep: { list: [1, { x: true }], other: [] } }
    const next = { same: 1, value: 'b', type: '1', deep: { list: [1, { x: false }, 3], other: {} }, 'new.er': 1 }
    expect(body(old, next)).toEqual([
      'value body.deep.list[1].x',
      'extra body.deep.list[2]',
      'type body.deep.other',
      'missing body.gone',
      'type body.type',
      'value body.value',
      'extra body["new.er"]',
    ])
  })

  it('finds nothing between a value and itself, and something between any two that are not equal', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => body(value as Json, structuredClone(value) as Json).length === 0))
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        return (body(a as Json, b as Json).length === 0) === same
      }),
    )
  })

  it.each(['__proto__', 'constructor', 'toString'])(
    'compares and ignores what is called %s as anything else',
    (name) => {
      const [old, next, bare] = [`{"${name}": 1}`, `{"${name}": {"a": 2}}`, '{}'].map(
        (text) => JSON.parse(text) as Json,
      )
      expect(body(old!, next!, {})).toEqual([`type body.${name}`])
      expect(body(old!, bare!, {})).toEqual([`missing body.${name}`])
      expect(body(bare!, next!, {})).toEqual([`extra body.${name}`])
      expect(body(old!, next!, { ignore: [`body.${name}`] })).toEqual([])
      expect(body(old!, next!, { ignore: ['body.other'] })).toEqual([`type body.${name}`])
      expect(body([old!, bare!], [bare!, old!], { lists: [{ path: 'body', key: name }] })).toEqual([])
    },
  )

  it('ignores by path, with wildcards', () => {
    const old = {
      id: 1,
      items: [
        { at: 1, n: 1 },
        { at: 2, n: 2 },
      ],
      meta: { deep: { etag: 'a' } },
      etag: 'x',
    }
    const next = {
      id: 1,
      items: [
        { at: 3, n: 1 },
        { at: 4, n: 3 },
      ],
      meta: { deep: { etag: 'b' } },
      etag: 'y',
    }
    expect(body(old, next, { ignore: ['body.items[*].at', 'body.**.etag'] })).toEqual(['value body.items[1].n'])
    expect(body(old, next, { ignore: ['body.items[1]', 'body.items[0].at', '**.etag'] })).toEqual([])
    expect(body(old, next, { ignore: ['body.*.deep', 'body.items', 'body["etag"]'] })).toEqual([])
    expect(body(old, next, { ignore: ['body.**'] })).toEqual([])
  })

  it.each(['', '.a', 'a[', 'a[b]', 'a.[0', 'a"b"'])('refuses the path "%s"', (path) => {
    expect(() => compileRules({ ignore: [path] })).toThrow(`"${path}" is not a path`)
  })

  it('compares numbers with a tolerance, where one is given', () => {
    const rules = {
      tolerance: [
        { path: 'body.a', absolute: 0.5 },
        { path: 'body.b', relative: 0.01 },
      ],
    }
    expect(body({ a: 1, b: 1000, c: 1 }, { a: 1.5, b: 1010, c: 1.0001 }, rules)).toEqual(['value body.c'])
    expect(body({ a: 1, b: 1000 }, { a: 1.6, b: 1011 }, rules)).toEqual(['value body.a', 'value body.b'])
    expect(body({ a: 1 }, { a: '1' }, rules)).toEqual(['type body.a'])
  })

  it('pairs the items of a list by a key, or by their whole value', () => {
    const old = [
      { id: 1, n: 'a' },
      { id: 2, n: 'b' },
      { id: 3, n: 'c' },
    ]
    const next = [
      { id: 3, n: 'c' },
      { id: 1, n: 'A' },
      { id: 4, n: 'd' },
    ]
    expect(body(old, next, { lists: [{ path: 'body', key: 'id' }] })).toEqual([
      'value body[0].n',
      'missing body[1]',
      'extra body[2]',
    ])
    expect(body([1, 2, 2, 3], [2, 3, 1, 2], { lists: [{ path: 'body' }] })).toEqual([])
    expect(body([1, 2, 2], [2, 1, 1], { lists: [{ path: 'body' }] })).toEqual(['missing body[2]', 'extra body[1]'])
    const pair = [
      { a: 1, b: 2 },
      { a: 1, b: 3 },
    ]
    expect(body(pair, pair.toReversed(), { lists: [{ path: 'body', key: ['a', 'b'] }] })).toEqual([])
  })

  it('cleans both values before they are compared', () => {
    const rules = {
      clean: [
        { path: 'body.name', with: (value: Json) => (typeof value === 'string' ? value.trim().toLowerCase() : value) },
      ],
    }
    expect(body({ name: ' Ann' }, { name: 'ann' }, rules)).toEqual([])
    expect(body({ name: ' Ann' }, { name: 'bob' }, rules)).toEqual(['value body.name'])
  })

  it('tells long integers apart that are one double, and keeps the rest of JSON', () => {
    const text = '{"id": 9007199254740993, "s": "9007199254740993\\"", "n": -1.5e3}'
    expect(parseJson(text)).toEqual({ id: '9007199254740993', s: '9007199254740993"', n: -1500 })
    expect(parseJson('{')).toBeUndefined()
    expect(parseJson('[1, "a\\"1234567890123456", 1234567890123456.5]')).toEqual([
      1,
      'a"1234567890123456',
      1234567890123456.5,
    ])
  })

  it('stops at the most differences it may keep, and at hostile depth', () => {
    const many = Array.from({ length: 5000 }, (_, at) => at)
    expect(
      body(
        many,
        many.map((each) => each + 1),
        { most: 7 },
      ),
    ).toHaveLength(7)
    let [deep, other]: [Json, Json] = [1, 2]
    for (let at = 0; at < 2000; at++) [deep, other] = [[deep], [other]]
    expect(body(deep, other)).toHaveLength(1)
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .map(([key, each]) => [key, sorted(each)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .concat([['{}', 1]])
}

describe('differences of answers', () => {
  it('compares status, headers that clients act on, and the body', () => {
    const old = answer(
      { a: 1 },
      { headers: { 'content-type': 'application/json; charset=utf-8', date: 'x', location: '/a' } },
    )
    const next = answer(
      { a: 2 },
      { status: 201, headers: { 'content-type': 'application/json;charset=UTF-8', date: 'y', location: '/b' } },
    )
    expect(answers(old, next)).toEqual(['value status', 'value headers.location', 'value body.a'])
    expect(answers(old, next, { status: 'class', ignore: ['headers.location', 'body'] })).toEqual([])
    expect(answers(old, next, { headers: [], ignore: ['status', 'body.a'] })).toEqual([])
  })

  it('compares all headers where asked, without those of the moment, and credentials only by their presence', () => {
    const old = answer(1, { headers: { date: '1', 'x-a': '1', 'set-cookie': ['s=1'], age: '3' } })
    const next = answer(1, { headers: { date: '2', 'x-a': '2', 'set-cookie': ['s=2'], 'x-b': '' } })
    expect(answers(old, next, { headers: 'all' })).toEqual(['value headers.x-a', 'extra headers.x-b'])
    const found = compareAnswers(old, answer(1, { headers: {} }), compileRules({ headers: ['set-cookie'] }))
    expect(found).toMatchObject([{ path: 'headers.set-cookie', kind: 'missing', values: { old: '(set)' } }])
  })

  it('compares what is no JSON by its digest', () => {
    const text = { headers: { 'content-type': 'text/plain' } }
    expect(answers(answer(Buffer.from('a'), text), answer(Buffer.from('a'), text))).toEqual([])
    const [found] = compareAnswers(answer(Buffer.from('a'), text), answer(Buffer.from('b'), text), compileRules())
    expect(found).toMatchObject({ path: 'body', kind: 'value', values: { old: /^sha256:[0-9a-f]{64}$/ } as never })
    expect(answers(answer(Buffer.from('{bad')), answer({}))).toEqual(['value body'])
    expect(answers(answer(Buffer.from('x')), answer(Buffer.alloc(0)))).toEqual(['missing body'])
    expect(answers(answer({ a: 1, b: 2 }), answer(Buffer.from('{ "b": 2, "a": 1 }')))).toEqual([])
  })
})

const difference = (place: string, kind: Difference['kind'] = 'value'): Difference => ({
  path: place.replace('[*]', '[3]'),
  place,
  kind,
  types: { old: 'number', new: 'number' },
  values: { old: 'secret-old', new: 'secret-new' },
})

describe('noise', () => {
  it('excuses what twins show, at its place and of its kind', () => {
    const noise = createNoise()
    noise.learn([difference('body.items[*].at')])
    expect(noise.judge([difference('body.items[*].at')])).toEqual([])
    expect(noise.judge([difference('body.items[*].at', 'type'), difference('body.items[*].n')])).toHaveLength(2)
  })

  it('excuses no more than it explains', () => {
    const noise = createNoise()
    let excused = 0
    for (let at = 0; at < 200; at++) {
      noise.learn(at % 50 === 0 ? [difference('body.price')] : [])
      if (noise.judge([difference('body.price')]).length === 0) excused += 1
    }
    expect(excused).toBeLessThan(50)
    expect(noise.fields()).toEqual([
      { place: 'body.price', kind: 'value', oldAgainstOld: 0.02, oldAgainstNew: 1, beyondNoise: true },
    ])
  })

  it('does not take a field for changed that is as noisy in the new answers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        (seed, rate) => {
          let state = seed
          const chance = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
          const noise = createNoise()
          noise.learn([difference('body.n')])
          let beyond = 0
          for (let at = 0; at < 400; at++) {
            noise.learn(chance() < rate ? [difference('body.n')] : [])
            beyond += noise.judge(chance() < rate ? [difference('body.n')] : []).length
          }
          return beyond === 0
        },
      ),
      { numRuns: 50, seed: 7 },
    )
  })
})

describe('the tally', () => {
  const request = { at: 1, method: 'GET', path: '/a' }

  it('counts, and takes a candidate that gave no answer for a mismatch', () => {
    const tally = createTally()
    const noise = createNoise()
    expect(tally.report(noise)).toMatchObject({ mismatchRate: null, compared: 0 })
    for (let at = 0; at < 8; at++) tally.sampled()
    tally.compared(request, [], [])
    tally.compared(request, [difference('body.at')], [])
    tally.compared(request, [difference('body.x')], [difference('body.x')])
    tally.failed()
    tally.skipped('dropped')
    expect(tally.report(noise)).toMatchObject({
      sampled: 8,
      compared: 3,
      matched: 2,
      noisy: 1,
      mismatched: 1,
      failed: 1,
      mismatchRate: 0.5,
      skipped: { dropped: 1 },
      fields: [{ place: 'body.x', kind: 'value', mismatches: 1 }],
    })
  })

  it('keeps paths and types, and values only where it is told to', () => {
    const found = [difference('body.x')]
    const [quiet, open] = [createTally({ samples: 2 }), createTally({ showValues: true })]
    for (let at = 0; at < 5; at++) quiet.compared({ ...request, at }, found, found)
    open.compared(request, found, found)
    const samples = quiet.report(createNoise()).samples
    expect(samples.map(({ at }) => at)).toEqual([3, 4])
    expect(JSON.stringify(samples)).not.toContain('secret')
    expect(open.report(createNoise()).samples[0]?.differences[0]?.values).toEqual({
      old: 'secret-old',
      new: 'secret-new',
    })
  })
})
