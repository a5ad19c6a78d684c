import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { ChangeoverError } from '../core/errors.ts'
import {
  compileLens,
  describeLens,
  type Doc,
  JsonNumber,
  JsonText,
  lens,
  type LensData,
  lensSchema,
  parseJson,
  readLens,
  references,
  sameRow,
  stringifyJson,
  toSql,
  touched,
  checkLaws,
} from './index.ts'

const now = '2026-01-02T03:04:05+00:00'
const consent: LensData = [
  {
    op: 'object',
    to: 'consent_records',
    fields: {
      version: { constant: '4.0' },
      consentGiven: { from: 'consent_given' },
      timestamp: { now: true },
      scope: { constant: ['federated_learning', 'cross_border_processing'] },
    },
  },
]

describe('NeonHub', () => {
  const users = compileLens(consent, { now })

  it('makes the record around the old value', () => {
    expect(users.forward({ id: 1, consent_given: true })).toEqual({
      id: 1,
      consent_records: {
        version: '4.0',
        consentGiven: true,
        timestamp: now,
        scope: ['federated_learning', 'cross_border_processing'],
      },
    })
  })

  it('keeps what only the new side knows when the old one writes', () => {
    const held = {
      id: 1,
      consent_records: new JsonText('{"version":"4.1","consentGiven":true,"timestamp":"t","scope":[],"by":{"n":1.50}}'),
    }
    const made = users.forward({ id: 1, consent_given: false }, held)
    expect(stringifyJson(made['consent_records'])).toBe(
      '{"version":"4.1","consentGiven":false,"timestamp":"t","scope":[],"by":{"n":1.50}}',
    )
    expect(users.backward(made)).toEqual({ id: 1, consent_given: false })
  })

  it('says what is lost', () => {
    expect(users.lost).toEqual({
      forward: [],
      backward: ['/consent_records/version', '/consent_records/timestamp', '/consent_records/scope'],
    })
  })

  it('carries a whole document without looking into it', () => {
    const models = compileLens(
      readLens([{ op: 'object', to: 'data4', fields: { v: { constant: '3.3' }, data: { from: 'data' } } }]),
      { now },
    )
    const text = '{"big": 12345678901234567890, "b": 1.0, "a": "\\u00e9"}'
    const made = models.forward({ data: new JsonText(text) })
    expect(stringifyJson(made['data4'])).toBe(`{"v":"3.3","data":${text}}`)
    const back = models.backward({ data4: new JsonText(stringifyJson(made['data4']).padEnd(300)) })
    expect(stringifyJson(back['data'])).toBe(text)
  })

  it('tells a JSON null from none while it is remembered', () => {
    const models = compileLens(readLens([{ op: 'object', to: 'b', fields: { data: { from: 'a' } } }]), { now })
    const a = { a: new JsonText('null') }
    expect(models.backward(models.forward(a), a)['a']).toBe(a.a)
    expect(models.backward(models.forward({ a: null }), { a: null })).toEqual({ a: null })
  })
})

describe('JSON', () => {
  it('comes back digit by digit', () => {
    for (const text of [
      '12345678901234567890',
      '1.50',
      '-0',
      '1e5',
      '0.1',
      '[1.0,2]',
      '{"a":1.10,"b":"1.10"}',
      '0.0000001',
      '1e400',
    ]) {
      expect(stringifyJson(parseJson(text))).toBe(text)
    }
  })

  it('reads as the native parser does', () => {
    const tree = fc.jsonValue({ maxDepth: 4 })
    fc.assert(
      fc.property(tree, (value) => {
        expect(JSON.parse(stringifyJson(parseJson(JSON.stringify(value))))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('keeps a text that looks like the mark of a held number', () => {
    const text = '["\\u0000","\\u00001.50","\\u0000\\u0000",1.50]'
    expect(parseJson(text)).toEqual(['\0', '\x001.50', '\0\0', new JsonNumber('1.50')])
    expect(stringifyJson(parseJson(text))).toBe(text)
  })

  it('opens a long text one level deep and loses nothing', () => {
    const member = fc.tuple(fc.string(), fc.jsonValue())
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), (members) => {
        const value = Object.fromEntries(members.filter(([key]) => key !== '__proto__'))
        const text = JSON.stringify({ ...value, pad: 'x'.repeat(200) }, null, members.length)
        expect(JSON.parse(stringifyJson(new JsonText(text).value))).toEqual(JSON.parse(text))
      }),
    )
  })
})

describe('a lens', () => {
  it('leaves alone what it does not name', () => {
    const [bytes, deep] = [new Uint8Array([1]), { x: { y: 1n } }]
    const made = compileLens([{ op: 'rename', from: 'a', to: 'b' }], { now }).forward({ a: 1, bytes, deep, none: null })
    expect(made).toEqual({ b: 1, bytes, deep, none: null })
    expect(made['bytes']).toBe(bytes)
    expect(made['deep']).toBe(deep)
  })

  it('never changes what it is given', () => {
    const a = Object.freeze({ p: Object.freeze({ x: 1, q: Object.freeze({ z: 2 }) }) })
    const moved = compileLens(
      [
        { op: 'move', from: '/p/q/z', to: '/p/w' },
        { op: 'add', path: '/p/q/n', default: 5 },
      ],
      { now },
    )
    expect(moved.forward(a)).toEqual({ p: { x: 1, q: { n: 5 }, w: 2 } })
  })

  it('holds fields that every object seems to have', () => {
    const odd = compileLens(
      [
        { op: 'rename', from: 'constructor', to: 'toString' },
        { op: 'rename', from: 'length', to: 'hasOwnProperty' },
      ],
      { now },
    )
    expect(odd.forward({ id: 1 })).toEqual({ id: 1 })
    expect(odd.backward(odd.forward({ constructor: 2, length: 3 } as unknown as Doc))).toEqual({
      constructor: 2,
      length: 3,
    })
  })

  it('forgets of the other side only what does not fit there', () => {
    const lens = compileLens(
      [
        { op: 'object', to: 'doc', fields: { name: { from: 'name' }, version: { constant: '4' } } },
        { op: 'convert', path: '/doc/age', with: 'number-text' },
        { op: 'remove', path: '/doc/more/legacy', default: 1 },
      ],
      { now },
    )
    const there = { doc: { name: 'x', version: '5', age: ['no number'], more: 'no object', scope: ['kept'] } }
    expect(lens.forward({ name: 'Ann' }, there)).toEqual({
      doc: { name: 'Ann', version: '5', more: 'no object', scope: ['kept'] },
    })
  })

  it('refuses with path and reason, and never with the value', () => {
    const strict = compileLens([{ op: 'map', path: '/items/*/s', table: { on: 'UP' } }], { now })
    const refused = () => strict.forward({ items: [{ s: 'on' }, { s: 'secret' }] })
    expect(refused).toThrow(
      expect.objectContaining({
        code: 'lens.refused',
        message: 'the value at "/items/1/s" is refused: a text of 6 characters that the table does not name',
      }),
    )
    try {
      refused()
    } catch (error) {
      expect((error as ChangeoverError).data).toEqual({
        path: '/items/1/s',
        reason: 'a text of 6 characters that the table does not name',
      })
    }
  })

  it('calls functions, asynchronous ones too, on values, fields and rows', async () => {
    const functions = new Map([
      [
        './f.ts#up',
        {
          forward: (value: string) => value.toUpperCase(),
          backward: (value: string, was?: string) => (was?.toUpperCase() === value ? was : value.toLowerCase()),
          lost: { forward: ['/'] },
        },
      ],
      [
        './f.ts#sum',
        {
          forward: async ({ x, y }: { x: number; y: number }) => ({ sum: x + y }),
          backward: async ({ sum }: { sum: number }, was?: { x: number }) => ({
            x: was?.x ?? 0,
            y: sum - (was?.x ?? 0),
          }),
        },
      ],
    ])
    const both = compileLens(
      readLens([
        { op: 'fn', ref: './f.ts#up', path: 'n' },
        { op: 'fn', ref: './f.ts#sum', takes: ['x', 'y'], gives: ['sum'] },
      ]),
      { now },
      functions,
    )
    expect(both.async).toBe(true)
    expect(() => both.forward({ n: 'a' })).toThrow('without waiting')
    const made = await both.forwardAsync({ id: 1, n: 'aB', x: 1, y: 2 })
    expect(made).toEqual({ id: 1, n: 'AB', sum: 3 })
    expect(await both.backwardAsync(made, { id: 1, n: 'aB', x: 1, y: 2 })).toEqual({ id: 1, n: 'aB', x: 1, y: 2 })
    const items = compileLens(
      readLens([{ op: 'each', path: 'l', do: [{ op: 'fn', ref: './f.ts#sum', takes: ['x', 'y'], gives: ['sum'] }] }]),
      { now },
      functions,
    )
    expect(
      await items.forwardAsync({
        l: [
          { x: 1, y: 2 },
          { x: 3, y: 4 },
        ],
      }),
    ).toEqual({ l: [{ sum: 3 }, { sum: 7 }] })
  })

  it('meets items by their key', () => {
    const items = compileLens(
      readLens([{ op: 'each', path: 'l', key: 'id', do: [{ op: 'add', path: 'note', default: '' }] }]),
      { now },
    )
    const held = {
      l: [
        { id: 1, note: 'one' },
        { id: 2, note: 'two' },
      ],
    }
    expect(items.forward({ l: [{ id: 3 }, { id: 2 }] }, held)).toEqual({
      l: [
        { id: 3, note: '' },
        { id: 2, note: 'two' },
      ],
    })
  })

  it('says what it touches, in lines and in names', () => {
    const data = readLens([
      { op: 'rename', from: 'a', to: 't' },
      { op: 'rename', from: 't', to: 'b' },
      { op: 'each', path: 'items', do: [{ op: 'wrap', path: 'x' }] },
      { op: 'fn', ref: './f.ts#g', takes: ['c'], gives: ['d'] },
    ])
    expect(touched(data)).toEqual({ reads: ['a', 'items', 'c'], writes: ['b', 'items', 'd'] })
    expect(touched(consent)).toEqual({ reads: ['consent_given'], writes: ['consent_records'] })
    expect(
      touched(
        readLens([
          { op: 'add', path: 'x', default: 1 },
          { op: 'remove', path: 'y' },
        ]),
      ),
    ).toEqual({ reads: ['y'], writes: ['x'] })
    expect(references(data)).toEqual(['./f.ts#g'])
    expect(describeLens(data)).toEqual([
      '"a" is renamed to "t"',
      '"t" is renamed to "b"',
      'each item of "items"',
      '  "x" becomes a list of one',
      '"c" by ./f.ts#g to "d"',
    ])
  })

  it('finds broken laws on real rows, and names the row', () => {
    const functions = new Map([
      ['./f.ts#low', { forward: (value: string) => value.toLowerCase(), backward: (value: string) => value }],
    ])
    const lossy = compileLens([{ op: 'fn', ref: './f.ts#low', path: 'n' }], { now }, functions)
    const found = checkLaws(
      lossy,
      [
        { id: 7, n: 'Ann' },
        { id: 8, n: 'bo' },
      ],
      { key: ['id'] },
    )
    expect(found.map((each) => [each.code, each.message])).toEqual([
      ['lens.law-1', 'there and back with memory changes "n", for the row id=7'],
      ['lens.law-4', 'there and back without memory loses more than is said, at "n", for the row id=7'],
    ])
  })
})

describe('plain data', () => {
  const fault = (data: unknown) =>
    lensSchema.safeParse(data).error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)

  it.each([
    [[{ op: 'renam', from: 'a', to: 'b' }], /^0\.op: no operation is called "renam"; did you mean "rename"\?/],
    [[{ op: 'rename', from: 'a', too: 'b' }], /"rename" has no key "too"; did you mean "to"\?/],
    [[{ op: 'each', path: 'x', do: [{ op: 'wrap' }] }], /^0\.do\.0\.path: /],
    [
      [{ op: 'convert', path: 'x', with: 'number-txt' }],
      /no converter is called "number-txt"; did you mean "number-text"\?/,
    ],
    [[{ op: 'template', to: 'x', template: '{a}{b}' }], /text between any two/],
    [[{ op: 'object', to: 'x', fields: { a: { form: 'b' } } }], /^0\.fields\.a: a field comes from one of/],
    [{ rename: 1 }, /expected array/],
  ])('%j', (data, message) => {
    expect(fault(data)!.join('\n')).toMatch(message)
    expect(() => readLens(data)).toThrow(expect.objectContaining({ code: 'lens.invalid' }))
  })

  it('refuses paths through different lists', () => {
    expect(() => compileLens([{ op: 'move', from: '/a/*/x', to: '/b/*/x' }], { now })).toThrow(
      'do not go through the same list',
    )
  })
})

describe('the builder', () => {
  interface User {
    readonly id: number
    readonly name: string
    readonly status: 'on' | 'off'
    readonly items: readonly { readonly qty: number }[]
  }

  it('spells the same data, and the types follow', () => {
    const built = lens<User>()
      .rename('name', 'full_name')
      .map('status', { on: 'ACTIVE', off: 'OFF' })
      .add('tier', 'basic')
      .move('id', '/key/id')
      .each('items', (item) => item.rename('qty', 'quantity'))
    expect(built.data).toEqual([
      { op: 'rename', from: 'name', to: 'full_name' },
      { op: 'map', path: 'status', table: { on: 'ACTIVE', off: 'OFF' } },
      { op: 'add', path: 'tier', default: 'basic' },
      { op: 'move', from: 'id', to: '/key/id' },
      { op: 'each', path: 'items', do: [{ op: 'rename', from: 'qty', to: 'quantity' }] },
    ])
    type B = typeof built extends import('./index.ts').LensBuilder<User, infer To> ? To : never
    expectTypeOf<B['full_name']>().toEqualTypeOf<string>()
    expectTypeOf<B['status']>().toEqualTypeOf<'ACTIVE' | 'OFF'>()
    expectTypeOf<B['key']['id']>().toEqualTypeOf<number>()
    expectTypeOf<B['items'][number]['quantity']>().toEqualTypeOf<number>()
    expectTypeOf<keyof B>().toEqualTypeOf<'full_name' | 'status' | 'tier' | 'key' | 'items'>()
  })
})

describe('SQL', () => {
  const types = { a: { id: 'integer', consent_given: 'boolean' }, b: { id: 'integer', consent_records: 'jsonb' } }

  it('is what a person would write', () => {
    const made = toSql(consent, { dialect: 'postgres', row: 't', types, now })
    expect(made).toEqual({
      sql: {
        forward: [
          {
            column: 'consent_records',
            expression: `jsonb_build_object('version', '4.0'::text, 'consentGiven', t."consent_given", 'timestamp', '${now}'::text, 'scope', '["federated_learning","cross_border_processing"]'::jsonb)`,
          },
        ],
        backward: [
          {
            column: 'consent_given',
            expression: expect.stringMatching(
              /^CASE jsonb_typeof\(\(t\."consent_records" -> 'consentGiven'\)\) WHEN 'boolean' THEN/,
            ) as string,
          },
        ],
      },
    })
  })

  it('refuses by name and reason', () => {
    const data = readLens([
      { op: 'rename', from: 'id', to: 'n' },
      { op: 'compose', do: [{ op: 'fn', ref: './f.ts#g', path: 'n' }] },
    ])
    expect(
      toSql(data, { dialect: 'postgres', row: 't', types: { a: { id: 'integer' }, b: { n: 'integer' } }, now }),
    ).toEqual({ refused: { at: 1, op: 'compose', why: '"./f.ts#g" is TypeScript' } })
    const text = readLens([{ op: 'rename', from: 'id', to: 'n' }])
    expect(
      toSql(text, { dialect: 'postgres', row: 't', types: { a: { id: 'integer' }, b: { n: 'text' } }, now }),
    ).toEqual({
      refused: { at: 0, op: 'rename', why: '"n" is of type text and would get a value of type integer: say "convert"' },
    })
    expect(toSql(text, { dialect: 'postgres', row: 't', types: { a: { id: 'integer' }, b: {} }, now })).toMatchObject({
      refused: { why: 'the other side has no column "n"' },
    })
  })
})

it('rows are the same whatever the form of a number', () => {
  expect(sameRow({ n: 5n, t: null }, { n: 5 })).toBe(true)
  expect(sameRow({ n: new JsonNumber('5.0') }, { n: 5 })).toBe(true)
  expect(sameRow({ n: 9007199254740993n }, { n: 9007199254740992 })).toBe(false)
})
