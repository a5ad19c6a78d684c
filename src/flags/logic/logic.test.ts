import fc from 'fast-check'
import jsonLogic from 'json-logic-js'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../core/index.ts'
import { compileLogic } from './expression.ts'
import { runOf, type Scope } from './node.ts'
import { compareVersions, versionOf } from './sem-ver.ts'

const scope: Scope = {
  flagKey: 'flag',
  generation: 'v2',
  now: () => 1_700_000_000_500,
  inList: false,
  compile: compileLogic,
  evaluators: {},
  refs: [],
}
/** Without what flagd adds. */
const plain: Scope = { ...scope, inList: true }
const run = (logic: Json, data: unknown = {}) => runOf(compileLogic(logic, scope))(data)

describe('JsonLogic', () => {
  // The examples of jsonlogic.com/operations.html.
  it.each<[Json, unknown, unknown]>([
    [{ var: ['a'] }, { a: 1, b: 2 }, 1],
    [{ var: 'a' }, { a: 1, b: 2 }, 1],
    [{ var: ['z', 26] }, { a: 1, b: 2 }, 26],
    [{ var: 'champ.name' }, { champ: { name: 'Fezzig', height: 223 } }, 'Fezzig'],
    [{ var: 1 }, ['zero', 'one', 'two'], 'one'],
    [{ missing: ['a', 'b'] }, { a: 'apple', c: 'carrot' }, ['b']],
    [{ missing: ['a', 'b'] }, { a: 'apple', b: 'banana' }, []],
    [{ if: [{ missing: ['a', 'b'] }, 'Not enough fruit', 'OK to proceed'] }, { a: 'apple', b: 'b' }, 'OK to proceed'],
    [
      { missing: { merge: ['vin', { if: [{ var: 'financing' }, ['apr', 'term'], []] }] } },
      { financing: true },
      ['vin', 'apr', 'term'],
    ],
    [{ missing_some: [1, ['a', 'b', 'c']] }, { a: 'apple' }, []],
    [{ missing_some: [2, ['a', 'b', 'c']] }, { a: 'apple' }, ['b', 'c']],
    [{ missing_some: [1, 'b'] }, { a: 'apple' }, ['b']],
    [{ missing_some: [1, 'a'] }, { a: 'apple' }, []],
    // What is null is there.
    [{ var: ['a', 'none'] }, { a: null }, null],
    [{ var: ['a.b', 'none'] }, { a: { b: null } }, null],
    [{ var: ['a.b', 'none'] }, { a: null }, 'none'],
    [{ var: [{ cat: ['a', ''] }, 'none'] }, { a: null }, null],
    [{ var: ['a', 'none'] }, { a: 0 }, 0],
    [{ if: [true, 'yes', 'no'] }, {}, 'yes'],
    [
      { if: [{ '<': [{ var: 'temp' }, 0] }, 'freezing', { '<': [{ var: 'temp' }, 100] }, 'liquid', 'gas'] },
      { temp: 55 },
      'liquid',
    ],
    [{ '==': [1, '1'] }, {}, true],
    [{ '==': [0, false] }, {}, true],
    [{ '===': [1, '1'] }, {}, false],
    [{ '!=': [1, '1'] }, {}, false],
    [{ '!==': [1, '1'] }, {}, true],
    [{ '!': [true] }, {}, false],
    [{ '!': true }, {}, false],
    [{ '!!': [[]] }, {}, false],
    [{ '!!': ['0'] }, {}, true],
    [{ or: [false, 0, 'a'] }, {}, 'a'],
    [{ and: [true, '', 3] }, {}, ''],
    [{ and: [true, 'a', 3] }, {}, 3],
    [{ '<': [1, 2, 3] }, {}, true],
    [{ '<': [1, 1, 3] }, {}, false],
    [{ '<=': [1, 1, 3] }, {}, true],
    [{ max: [1, 2, 3] }, {}, 3],
    [{ min: [1, 2, 3] }, {}, 1],
    [{ '+': [4, 2, 2] }, {}, 8],
    [{ '+': '3.14' }, {}, 3.14],
    [{ '-': [4, 2] }, {}, 2],
    [{ '-': 2 }, {}, -2],
    [{ '*': [2, 2, '2'] }, {}, 8],
    [{ '/': [4, 2] }, {}, 2],
    [{ '%': [101, 2] }, {}, 1],
    [{ map: [{ var: 'integers' }, { '*': [{ var: '' }, 2] }] }, { integers: [1, 2, 3] }, [2, 4, 6]],
    [{ filter: [{ var: 'integers' }, { '%': [{ var: '' }, 2] }] }, { integers: [1, 2, 3] }, [1, 3]],
    [{ reduce: [{ var: 'xs' }, { '+': [{ var: 'current' }, { var: 'accumulator' }] }, 0] }, { xs: [1, 2, 3] }, 6],
    [{ all: [[1, 2, 3], { '>': [{ var: '' }, 0] }] }, {}, true],
    [{ all: [[], { '>': [{ var: '' }, 0] }] }, {}, false],
    [{ some: [[-1, 0, 1], { '>': [{ var: '' }, 0] }] }, {}, true],
    [{ none: [[-3, -2], { '>': [{ var: '' }, 0] }] }, {}, true],
    [
      {
        merge: [
          [1, 2],
          [3, 4],
        ],
      },
      {},
      [1, 2, 3, 4],
    ],
    [{ merge: [1, 2, [3]] }, {}, [1, 2, 3]],
    [{ in: ['Ringo', ['John', 'Paul', 'George', 'Ringo']] }, {}, true],
    [{ in: ['Spring', 'Springfield'] }, {}, true],
    [{ in: ['x', { var: 'nothing' }] }, {}, false],
    [{ cat: ['I love', ' pie'] }, {}, 'I love pie'],
    [{ cat: ['a', null, 1] }, {}, 'a1'],
    [{ substr: ['jsonlogic', 4] }, {}, 'logic'],
    [{ substr: ['jsonlogic', -5] }, {}, 'logic'],
    [{ substr: ['jsonlogic', 1, 3] }, {}, 'son'],
    [{ substr: ['jsonlogic', 4, -2] }, {}, 'log'],
    [{ log: 'apple' }, {}, 'apple'],
    [{ '?:': [true, 1, 2] }, {}, 1],
    [{ a: 1, b: 2 }, {}, { a: 1, b: 2 }],
    [{ '===': [{ var: 'tier' }, 'gold'] }, { tier: 'gold' }, true],
    [{ '!==': ['gold', { var: 'tier' }] }, {}, true],
  ])('%j of %j is %j', (logic, data, expected) => {
    expect(run(logic, data)).toEqual(expected)
  })

  it('gives what the reference implementation gives, for any rule', () => {
    fc.assert(
      fc.property(rules, data, (logic, given) => {
        const expected = tried(() => jsonLogic.apply(logic as jsonLogic.RulesLogic, given))
        // An `and` of nothing is undefined there; here there is no such thing.
        expect(tried(() => runOf(compileLogic(logic, plain))(given))).toEqual(expected === undefined ? null : expected)
      }),
      { numRuns: 10_000 },
    )
  })

  it('never lends what JavaScript lends', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'a.constructor.name', 'list.map']) {
      expect(run({ var: name }, { a: 'x', list: [1] })).toBe(null)
      expect(run({ var: [{ cat: [name] }, 'none'] }, { a: 'x', list: [1] })).toBe('none')
    }
    expect(run({ var: 'constructor' }, { constructor: 'Brunel' })).toBe('Brunel')
  })
})

const tried = (work: () => unknown): unknown => {
  try {
    return work()
  } catch {
    return 'threw'
  }
}

const leaf = fc.oneof(
  fc.constantFrom(null, true, false, 0, 1, -1, 2.5, '', '1', 'a', 'abc', '0'),
  fc.constantFrom(
    { var: 'a' },
    { var: 'b' },
    { var: 'o.x' },
    { var: ['q', 7] },
    { var: 'list' },
    { var: '' },
    { var: 'z' },
  ),
)
const { rules } = fc.letrec<{ rules: Json }>((tie) => {
  const many = fc.array(tie('rules'), { minLength: 1, maxLength: 3 })
  const named = (names: readonly string[], args: fc.Arbitrary<unknown>) =>
    fc.tuple(fc.constantFrom(...names), args).map(([name, list]) => ({ [name]: list }) as unknown as Json)
  const two = fc.tuple(tie('rules'), tie('rules'))
  return {
    rules: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf as fc.Arbitrary<Json>,
      named(['==', '===', '!=', '!==', '<', '<=', '>', '>=', '-', '/', '%', 'in'], two),
      named(['<', '<='], fc.tuple(tie('rules'), tie('rules'), tie('rules'))),
      named(['!', '!!', '-'], fc.tuple(tie('rules'))),
      named(['and', 'or', '+', '*', 'min', 'max', 'cat', 'merge', 'if', '?:'], many),
      named(['if'], fc.array(tie('rules'), { minLength: 3, maxLength: 6 })),
      named(['map', 'filter', 'all', 'some', 'none'], two),
      named(['reduce'], fc.tuple(tie('rules'), tie('rules'), tie('rules'))),
      named(['substr'], fc.tuple(tie('rules'), fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }))),
      named(
        ['missing'],
        fc.constantFrom(
          ['a', 'z'],
          ['o.x', 'o.y'],
          'a',
          [['a', 'z']],
          { merge: ['a', ['z']] },
          { if: [{ var: 'a' }, 'b'] },
        ),
      ),
      named(['missing_some'], fc.constantFrom([1, ['a', 'z']], [2, ['a', 'z', 'b']])),
      many as unknown as fc.Arbitrary<Json>,
    ),
  }
})
const value = fc.constantFrom(null, true, 0, 3, '', 'abc', 'b', [1, 2, 3], [], ['a'], [{ a: 1 }, { a: 'x' }])
const data = fc.record(
  { a: value, b: value, list: value, o: fc.record({ x: value }, { noNullPrototype: true }) },
  { requiredKeys: [], noNullPrototype: true },
)

describe("flagd's operators", () => {
  it.each<[Json, unknown, unknown]>([
    [{ var: '$flagd.flagKey' }, {}, 'flag'],
    [{ var: '$flagd.timestamp' }, { $flagd: { timestamp: 1 } }, 1_700_000_000],
    [{ var: '$flagd' }, {}, { flagKey: 'flag', timestamp: 1_700_000_000 }],
    [{ var: ['$flagd.other', 'none'] }, {}, 'none'],
    [{ var: { cat: ['$flagd', '.flagKey'] } }, {}, 'flag'],
    [{ var: '' }, { a: 1 }, { a: 1, $flagd: { flagKey: 'flag', timestamp: 1_700_000_000 } }],
    [{ map: [[{}], { var: ['$flagd.flagKey', 'none'] }] }, {}, ['none']],
    [{ starts_with: ['abc', 'ab'] }, {}, true],
    [{ starts_with: [{ var: 'a' }, 'ab'] }, { a: 'xabc' }, false],
    [{ ends_with: ['abc', 'bc'] }, {}, true],
    [{ ends_with: [1, 'bc'] }, {}, null],
    [{ ends_with: ['abc'] }, {}, null],
    [{ starts_with: ['abc', 'a', 'b'] }, {}, null],
    [{ fractional: [] }, { targetingKey: 'a' }, null],
    [{ fractional: [['a', 0]] }, { targetingKey: 'a' }, null],
    [{ fractional: [['a', 1.5]] }, { targetingKey: 'a' }, null],
    [{ fractional: [['a', '1']] }, { targetingKey: 'a' }, null],
    [{ fractional: [[{}, 1]] }, { targetingKey: 'a' }, null],
    [{ fractional: [['a', 1, 2]] }, { targetingKey: 'a' }, null],
    [{ fractional: [[]] }, { targetingKey: 'a' }, null],
    [{ fractional: ['a', 'b'] }, { targetingKey: 'a' }, null],
    [
      {
        fractional: [
          ['a', 2 ** 31 - 1],
          ['b', 1],
        ],
      },
      { targetingKey: 'a' },
      null,
    ],
    [{ fractional: [['a', 2 ** 31 - 1]] }, { targetingKey: 'a' }, 'a'],
    [{ fractional: [['a', -5], ['b']] }, { targetingKey: 'a' }, 'b'],
    [{ fractional: [['a']] }, {}, null],
    [{ fractional: [['a']] }, { targetingKey: '' }, null],
    [{ fractional: [['a']] }, { targetingKey: 5 }, null],
    [{ fractional: [{ var: 'k' }, ['a']] }, { k: 'x' }, 'a'],
    [{ fractional: [{ var: 'k' }, ['a']] }, { k: 5, targetingKey: 'x' }, null],
    [{ fractional: [{ var: 'k' }, ['a']] }, { targetingKey: 'x' }, 'a'],
    [{ fractional: [{ var: 'k' }, ['a']] }, {}, null],
    [{ fractional: [[{ if: [{ var: 'x' }, 'a', 'b'] }, 1]] }, { targetingKey: 'k' }, 'b'],
    [{ fractional: [[{ var: 'x' }, 1]] }, { targetingKey: 'k', x: { no: 'variant' } }, null],
    [
      {
        fractional: [
          ['a', { var: 'w' }],
          ['b', 0],
        ],
      },
      { targetingKey: 'k', w: 7 },
      'a',
    ],
    [{ fractional: [[true, 1]] }, { targetingKey: 'k' }, true],
    [{ fractional: [[null, 1]] }, { targetingKey: 'k' }, null],
    [{ map: [['a', 'b'], { fractional: [{ var: '' }, ['x']] }] }, { targetingKey: 'k' }, [null, null]],
  ])('%j of %j is %j', (logic, given, expected) => {
    expect(run(logic, given)).toEqual(expected)
  })

  it.each<[unknown, string, unknown, boolean | null]>([
    ['1.2.3', '=', '1.2.3', true],
    ['v1.2.3', '=', '1.2.3', true],
    ['V1.2.3', '=', 'v1.2.3', true],
    ['1.2.3', '!=', '1.2.4', true],
    ['1.2.3', '<', '1.10.0', true],
    ['1.0.0-alpha', '<', '1.0.0', true],
    ['1.0.0-alpha.1', '<', '1.0.0-alpha.beta', true],
    ['1.0.0-beta.2', '<', '1.0.0-beta.11', true],
    ['1.0.0-alpha', '<', '1.0.0-alpha.1', true],
    ['1.0.0+build.1', '=', '1.0.0+build.2', true],
    ['2.1.0', '>=', '2.1.0', true],
    ['2.1.0', '<=', '2.0.9', false],
    ['3.0.0', '>', '2.9.9', true],
    ['1.9.0', '^', '1.0.0', true],
    ['2.0.0', '^', '1.0.0', false],
    ['1.2.9', '~', '1.2.0', true],
    ['1.3.0', '~', '1.2.0', false],
    ['1', '=', '1.0.0', true],
    ['1.2', '=', '1.2.0', true],
    [1, '=', '1.0.0', true],
    [1.2, '=', '1.2.0', true],
    ['2.0.0.0', '=', '2.0.0', null],
    ['01.2.3', '=', '1.2.3', null],
    ['1.2.3', '===', '1.2.3', null],
    ['one', '=', '1.2.3', null],
    ['1.2.3', '=', 'myVersion_1', null],
    [null, '=', '1.2.3', null],
  ])('sem_ver %j %s %j is %j', (left, operator, right, expected) => {
    expect(run({ sem_ver: [{ var: 'v' }, operator, right as Json] }, { v: left })).toBe(expected)
    expect(run({ sem_ver: [left as Json, operator, right as Json] })).toBe(expected)
    expect(run({ sem_ver: [{ var: 'v' }, { var: 'o' }, { var: 'w' }] }, { v: left, o: operator, w: right })).toBe(
      expected,
    )
  })

  it('orders versions as semver.org does', () => {
    const order = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '2.0.0',
    ]
    const versions = order.map((text) => versionOf(text)).filter((each) => each !== undefined)
    expect(versions.length).toBe(order.length)
    for (const [i, a] of versions.entries()) {
      for (const [j, b] of versions.entries()) expect(Math.sign(compareVersions(a, b))).toBe(Math.sign(i - j))
    }
  })

  it('refuses an operator that nobody knows', () => {
    expect(() => run({ nonsense: [1] })).toThrow('unknown operator "nonsense"')
    expect(() => run({ if: [false, { constructor: [1] }, 1] })).toThrow('unknown operator "constructor"')
    expect(() => run({ $ref: 'gone' })).toThrow('no evaluator is called "gone"')
  })
})
