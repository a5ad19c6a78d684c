import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkLaws,
  compileLens,
  type Doc,
  JsonNumber,
  operationKinds,
  readLens,
  sameRow,
  stringifyJson,
} from './index.ts'

const now = '2026-01-02T03:04:05+00:00'
const word = fc.oneof(
  fc.constantFrom('Ann', 'Lee', 'ü💥', 'x"y\\', ''),
  fc.string({ maxLength: 5 }).filter((each) => !each.includes(' ')),
)
const text = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '))
const maybe = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: of }, { weight: 1, arbitrary: fc.constant(null) })
const json = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => value !== null && !Object.is(value, -0) && !stringifyJson(value).includes('-0'))
const whole = fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }))
const digits = fc.tuple(whole, fc.integer({ min: 0, max: 4 })).map(([n, places]) => {
  const plain = n
    .toString()
    .replace('-', '')
    .padStart(places + 1, '0')
  const cut = places === 0 ? plain : `${plain.slice(0, -places)}.${plain.slice(-places)}`
  return n < 0n && /[1-9]/.test(cut) ? `-${cut}` : cut
})
const number = digits.map((each) => (String(Number(each)) === each ? Number(each) : new JsonNumber(each)))
const row = (shape: Record<string, fc.Arbitrary<unknown>>) => fc.record(shape) as fc.Arbitrary<Doc>
/** A list of one null counts as the empty list. */
const list = fc.array(maybe(json), { maxLength: 3 }).filter((items) => items.length !== 1 || items[0] !== null)
const instant = fc.integer({ min: -62135596800, max: 253402300799 })

interface LawCase {
  readonly name: string
  readonly data: readonly object[]
  readonly a: fc.Arbitrary<Doc>
  readonly b: fc.Arbitrary<Doc>
  /** Law 4 of B: without what the lens cannot know of. */
  readonly plainB?: fc.Arbitrary<Doc>
}

const cases: readonly LawCase[] = [
  {
    name: 'rename',
    data: [{ op: 'rename', from: 'x', to: 'y' }],
    a: row({ x: json, id: whole }),
    b: row({ y: json, id: whole }),
  },
  {
    name: 'move',
    data: [{ op: 'move', from: 'x', to: '/p/q/x' }],
    a: row({ x: maybe(json), id: whole }),
    b: row({ p: row({ q: row({ x: maybe(json), more: json }) }), id: whole }),
  },
  {
    name: 'move out',
    data: [{ op: 'move', from: '/p/x', to: 'x' }],
    a: row({ p: row({ x: maybe(json), y: json }) }),
    b: row({ p: row({ y: json }), x: maybe(json) }),
  },
  {
    name: 'hoist',
    data: [{ op: 'hoist', path: 'p', fields: ['x', 'y'] }],
    a: row({ p: row({ x: json, y: json, z: json }) }),
    b: row({ x: json, y: json, p: row({ z: json }) }),
  },
  {
    name: 'plunge',
    data: [{ op: 'plunge', path: 'p', fields: ['x', 'y'] }],
    a: row({ x: json, y: json }),
    b: row({ p: row({ x: json, y: json }) }),
  },
  {
    name: 'add',
    data: [
      { op: 'add', path: 'tier', default: 'basic' },
      { op: 'add', path: '/p/at', now: true },
      { op: 'add', path: 'uid', uuid: ['id'] },
    ],
    a: row({ id: whole }),
    b: row({ id: whole, tier: text, p: row({ at: text }), uid: text }),
  },
  {
    name: 'remove',
    data: [{ op: 'remove', path: 'old', default: 1 }],
    a: row({ id: whole, old: json }),
    b: row({ id: whole }),
  },
  {
    name: 'map',
    data: [{ op: 'map', path: 's', table: { on: 'UP', off: 'DOWN', out: 'DOWN' } }],
    a: row({ s: maybe(fc.constantFrom('on', 'off', 'out')) }),
    b: row({ s: maybe(fc.constantFrom('UP', 'DOWN')) }),
  },
  {
    name: 'map keeps',
    data: [{ op: 'map', path: 's', table: { on: 'UP' }, others: 'keep' }],
    a: row({ s: fc.constantFrom('on', 'x', 'y') }),
    b: row({ s: fc.constantFrom('UP', 'x', 'y') }),
  },
  {
    name: 'number-text',
    data: [{ op: 'convert', path: 'n', with: 'number-text' }],
    a: row({ n: maybe(number) }),
    b: row({ n: maybe(digits) }),
  },
  {
    name: 'text-number',
    data: [{ op: 'convert', path: 'n', with: 'text-number' }],
    a: row({ n: digits }),
    b: row({ n: number }),
  },
  {
    name: 'scale',
    data: [{ op: 'convert', path: 'n', with: 'scale', by: '0.25' }],
    a: row({ n: number }),
    b: row({ n: number }),
  },
  {
    name: 'minor-decimal',
    data: [{ op: 'convert', path: 'n', with: 'minor-decimal', digits: 4 }],
    a: row({ n: whole }),
    b: row({ n: digits }),
  },
  {
    name: 'seconds-iso',
    data: [{ op: 'convert', path: 'n', with: 'seconds-iso' }],
    a: row({ n: instant }),
    b: row({ n: fc.constantFrom('2024-02-29T12:00:00Z', '2024-02-29T12:00:00+05:30', '1969-12-31 23:59:59-08') }),
  },
  {
    name: 'iso-millis',
    data: [{ op: 'convert', path: 'n', with: 'iso-millis' }],
    a: row({ n: fc.constantFrom('2024-02-29T12:00:00.5Z', '2024-02-29T12:00:00.250+05:30', '0001-01-01T00:00:00Z') }),
    b: row({ n: instant }),
  },
  {
    name: 'bool-text',
    data: [{ op: 'convert', path: 'n', with: 'bool-text', true: 'yes', false: 'no' }],
    a: row({ n: maybe(fc.boolean()) }),
    b: row({ n: maybe(fc.constantFrom('yes', 'no')) }),
  },
  {
    name: 'text-json',
    data: [{ op: 'convert', path: 'n', with: 'text-json' }],
    a: row({ n: json.map((each) => JSON.stringify(each, null, 1)) }),
    b: row({ n: json }),
  },
  {
    name: 'wrap',
    data: [{ op: 'wrap', path: 'v' }],
    a: row({ v: maybe(json) }),
    b: row({ v: list }),
  },
  {
    name: 'unwrap',
    data: [{ op: 'unwrap', path: 'v' }],
    a: row({ v: list }),
    b: row({ v: maybe(json) }),
  },
  {
    name: 'split first',
    data: [{ op: 'split', from: 'n', to: ['x', 'y'], separator: ' ' }],
    a: row({ n: maybe(text) }),
    b: row({ x: maybe(text), y: maybe(text) }),
  },
  {
    name: 'split last',
    data: [{ op: 'split', from: 'n', to: ['x', 'y', 'z'], separator: ' ', rule: 'last' }],
    a: row({ n: text }),
    b: row({ x: maybe(text), y: text, z: maybe(text) }),
  },
  {
    name: 'join',
    data: [{ op: 'join', from: ['x', 'y'], to: 'n', separator: ' ' }],
    a: row({ x: maybe(text), y: maybe(text) }),
    b: row({ n: maybe(text) }),
  },
  {
    name: 'template',
    data: [{ op: 'template', to: 'h', template: 'Bearer {k}' }],
    a: row({ k: maybe(text) }),
    b: row({ h: maybe(text.map((each) => `Bearer ${each}`)) }),
  },
  {
    name: 'template of two',
    data: [{ op: 'template', to: 'h', template: '{x}/{{{y}}}' }],
    a: row({ x: word.filter((w) => !w.includes('/')), y: word }),
    b: row({ h: word.filter((w) => !w.includes('/')).map((each) => `${each}/{${each}}`) }),
  },
  {
    name: 'object',
    data: [
      {
        op: 'object',
        to: 'r',
        fields: {
          version: { constant: '4.0' },
          given: { from: 'g' },
          at: { now: true },
          deep: { fields: { x: { from: 'x' }, y: { constant: [1] } } },
        },
      },
    ],
    a: row({ g: maybe(fc.boolean()), x: json }),
    b: row({
      r: row({
        version: text,
        given: maybe(fc.boolean()),
        at: text,
        scope: json,
        deep: row({ x: json, y: json, z: json }),
      }),
    }),
    plainB: row({ r: row({ version: text, given: maybe(fc.boolean()), at: text, deep: row({ x: json, y: json }) }) }),
  },
  {
    name: 'each by key',
    data: [
      {
        op: 'each',
        path: 'items',
        key: 'id',
        do: [
          { op: 'rename', from: 'q', to: 'quantity' },
          { op: 'add', path: 'unit', default: 'kg' },
        ],
      },
    ],
    a: row({
      items: fc.uniqueArray(row({ id: fc.nat(5), q: whole }), { selector: (item) => item['id'], maxLength: 4 }),
    }),
    b: row({
      items: fc.uniqueArray(row({ id: fc.nat(5), quantity: whole, unit: text }), {
        selector: (item) => item['id'],
        maxLength: 4,
      }),
    }),
  },
  {
    name: 'a star',
    data: [{ op: 'convert', path: '/items/*/n', with: 'number-text' }],
    a: row({ items: fc.array(row({ n: number }), { maxLength: 3 }) }),
    b: row({ items: fc.array(row({ n: digits }), { maxLength: 3 }) }),
  },
  {
    name: 'when',
    data: [
      {
        op: 'when',
        if: { path: 'kind', is: 'card' },
        do: [
          { op: 'rename', from: 'no', to: 'number' },
          { op: 'add', path: 'brand', default: 'none' },
        ],
      },
    ],
    a: row({ kind: fc.constant('card'), no: text }),
    b: row({ kind: fc.constant('card'), number: text, brand: text }),
  },
  {
    name: 'pick',
    data: [{ op: 'pick', fields: ['id', 'n'] }],
    a: row({ id: whole, n: text, more: json }),
    b: row({ id: whole, n: text }),
  },
  {
    name: 'compose',
    data: [
      {
        op: 'compose',
        do: [
          { op: 'rename', from: 'x', to: 'y' },
          { op: 'wrap', path: 'y' },
        ],
      },
      { op: 'move', from: 'y', to: '/p/y' },
    ],
    a: row({ x: json }),
    b: row({ p: row({ y: fc.array(json, { minLength: 1, maxLength: 3 }), z: json }) }),
  },
]

describe.each(cases)('$name', ({ data, a, b, plainB = b }) => {
  const lens = compileLens(readLens(data), { now })
  const same = (made: Doc, wanted: Doc) => {
    if (!sameRow(made, wanted)) expect.fail(`${stringifyJson(made)} is not ${stringifyJson(wanted)}`)
  }
  const holds = (property: (a: Doc, b: Doc, other: Doc) => void) =>
    fc.assert(fc.property(a, b, a, property), { numRuns: 150 })
  const mirrored = (property: (a: Doc, b: Doc, other: Doc) => void) =>
    fc.assert(fc.property(a, b, b, property), { numRuns: 150 })

  it('1: there and back changes nothing while the other side is remembered', () => {
    holds((x, y) => same(lens.backward(lens.forward(x, y), x), x))
    holds((x, y) => same(lens.forward(lens.backward(y, x), y), y))
  })
  it('2: doing it again changes nothing', () => {
    holds((x, y) => same(lens.forward(x, lens.forward(x, y)), lens.forward(x, y)))
    holds((x, y) => same(lens.backward(y, lens.backward(y, x)), lens.backward(y, x)))
  })
  it('3: only the last write counts', () => {
    if (
      [
        'each by key',
        'text-number',
        'split first',
        'split last',
        'join',
        'map',
        'number-text',
        'minor-decimal',
        'seconds-iso',
        'iso-millis',
        'text-json',
      ].includes(data.length === 1 ? nameOf(data) : '')
    )
      return
    holds((x, y, z) => same(lens.forward(z, lens.forward(x, y)), lens.forward(z, y)))
    mirrored((x, y, z) => same(lens.backward(z, lens.backward(y, x)), lens.backward(z, x)))
  })
  it('4: without memory only what is said is lost', () => {
    for (const [side, rows] of [
      ['a', a],
      ['b', plainB],
    ] as const) {
      const property = fc.property(rows, (x) => {
        const broken = checkLaws(lens, [x], { side }).filter((each) => each.code === 'lens.law-4')
        expect(broken).toEqual([])
      })
      fc.assert(property, { numRuns: 100 })
    }
  })
})

function nameOf(data: readonly object[]): string {
  return cases.find((each) => each.data === data)!.name
}

describe('the table of operations', () => {
  it.each(Object.values(operationKinds).filter((kind) => kind.op !== 'fn'))(
    '$op: its example is what it does',
    ({ example }) => {
      const lens = compileLens(readLens([example.data]), { now })
      expect(lens.forward(example.a as Doc)).toEqual(example.b)
      expect(lens.backward(example.b as Doc, example.a as Doc)).toEqual(example.a)
    },
  )

  it('has a case for the laws of each', () => {
    const tried = new Set(cases.flatMap(({ data }) => data.map((each) => (each as { op: string }).op)))
    expect(Object.keys(operationKinds).filter((op) => !tried.has(op))).toEqual(['fn'])
  })
})
