import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCondition } from './index.ts'

const constant = (text: string) => {
  const read = readCondition(text)
  return typeof read === 'string' ? read : read.constant
}

describe('a condition that is the same for every answer', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['1 == 1', true],
    ['!(1 < 2)', false],
    ['result >= 0 || true', true],
    ['result > 1 && false', false],
    ['result >= 0 || result < 0', true],
    ['result[0] > 5 or result[0] <= 5', true],
    ['result > 5 && result < 3', false],
    ['result < 3 || result > 2', true],
    ['5 < result && result in [1, 2]', false],
    ['result == result', true],
    ['result[0] != result[0]', false],
    ['result[0] < result[1] || result[1] <= result[0]', true],
    ['not (result > 1) || result > 1', true],
    ['result > 1 ? true : true', true],
    ['result > 1 ? result > 0 : result <= 1', true],
    ['len(result) >= 0', true],
    ['count(result, # > 1) < 0', false],
    ['abs(result) >= 0', true],
    ['all(result, true)', true],
    ['any(result, # > 1 && # < 1)', false],
    ['none(result, # != #)', true],
    ['isNaN(result) || !isNaN(result)', true],
    ['isNaN(result) || result >= 0 || result < 0', true],
    ['isNil(result) || !isNil(result)', true],
    ['let limit = 5; limit > 3', true],
    ['let rate = result / 100; rate > 0.5 || rate <= 0.5', true],
    ['"a" in ["a", "b"]', true],
  ] as const)('%s is %s', (text, wanted) => {
    expect(constant(text)).toBe(wanted)
  })

  it.each([
    'result >= 0',
    'result[0] < 0.05',
    'result > 1 || result < 1',
    'result >= 0 || result < -1',
    'len(result) > 0',
    'len(result) >= 0 && result[0] > 1',
    'isNaN(result) || result < 5',
    '!isNaN(result) && (result >= 0 || result < 0)',
    'isNil(result)',
    'result in [1, 2]',
    'all(result, # > 1)',
    'all(result, false)',
    'any(result, true)',
    'default(result, 0) == 0',
    'result > 5 && result < 6',
    'result[0] > result[1]',
    'let limit = 5; result > limit',
    'count(result, # > 1) > 0',
    'result % 2 == 0',
  ])('%s is not', (text) => {
    expect(constant(text)).toBeUndefined()
  })

  it('never says so of one that has both answers', () => {
    const figure = fc.constantFrom('result[0]', 'result[1]', 'len(result)', 'abs(result[0])', '2 * result[0]', '3')
    const sign = fc.constantFrom('<', '<=', '>', '>=', '==', '!=')
    const number = fc.integer({ min: -3, max: 3 })
    const test = fc.oneof(
      fc.tuple(figure, sign, number).map((parts) => parts.join(' ')),
      fc.tuple(figure, sign, figure).map((parts) => parts.join(' ')),
      fc.tuple(figure, number, number).map(([of, a, b]) => `${of} in [${a}, ${b}]`),
      fc.tuple(sign, number).map(([asked, than]) => `all(result, # ${asked} ${than})`),
      fc.constantFrom('isNaN(result[0])', 'true', 'false'),
    )
    const { condition } = fc.letrec((tie) => ({
      condition: fc.oneof(
        { depthSize: 'small' },
        test,
        fc
          .tuple(tie('condition'), fc.constantFrom('&&', '||', '=='), tie('condition'))
          .map(([a, joint, b]) => `((${String(a)}) ${joint} (${String(b)}))`),
        tie('condition').map((of) => `!(${String(of)})`),
      ),
    }))
    const answers = fc.array(fc.tuple(...[0, 1].map(() => fc.oneof(number, fc.constantFrom(0.5, -2.5, NaN, 99)))), {
      minLength: 20,
      maxLength: 40,
    })
    let constants = 0
    fc.assert(
      fc.property(condition, answers, (text, results) => {
        const read = readCondition(String(text))
        if (typeof read === 'string') throw new Error(`${String(text)}: ${read}`)
        if (read.constant === undefined) return
        constants += 1
        const seen = results.map((each) => read.of(each).type)
        expect(seen).not.toContain(read.constant ? 'no' : 'yes')
      }),
      { numRuns: 3000 },
    )
    expect(constants).toBeGreaterThan(100)
  })
})
