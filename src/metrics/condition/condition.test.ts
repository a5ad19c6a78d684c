import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCondition } from './index.ts'

const ask = (text: string, result: number | readonly number[]) => {
  const read = readCondition(text)
  return typeof read === 'string' ? read : read.of(result)
}
const word = (text: string, result: number | readonly number[]) => {
  const answer = ask(text, result)
  return typeof answer === 'string' ? answer : answer.type
}

describe('a condition', () => {
  // The cases of Argo's utils/evaluate tests, by meaning, and the grammar of ours.
  it.each([
    ['result == 0', 0, 'yes'],
    ['result > 1', 1, 'no'],
    ['result >= 1', 1, 'yes'],
    ['result[0] < 0.05', [0.01], 'yes'],
    ['result[0] < 0.05', [0.05], 'no'],
    ['result[1] == 2', [1, 2], 'yes'],
    ['true', 1, 'yes'],
    ['false', 1, 'no'],
    ['true || result[5] > 1', [1], 'yes'],
    ['false && result[5] > 1', [1], 'no'],
    ['result > 1 and result < 3', 2, 'yes'],
    ['result > 1 or result < -3', 0, 'no'],
    ['not (result > 1)', 0, 'yes'],
    ['!(result > 1) && true', 0, 'yes'],
    ['1 + 2 * 3 == 7', 0, 'yes'],
    ['(1 + 2) * 3 == 9', 0, 'yes'],
    ['-result == 2', -2, 'yes'],
    ['10 - 3 - 2 == 5', 0, 'yes'],
    ['7 % 4 == 3', 0, 'yes'],
    ['result / 4 == 0.5', 2, 'yes'],
    ['1e3 == 1_000', 0, 'yes'],
    ['asInt(result) == 1', 1.9, 'yes'],
    ['asInt(result) == 1', Infinity, 'error'],
    ['asFloat(result) < 1.1', 1, 'yes'],
    ['isNaN(result)', NaN, 'yes'],
    ['isNaN(result)', 1, 'no'],
    ['!isNaN(result) && result < 1', NaN, 'no'],
    ['result < 1 || isNaN(result)', NaN, 'yes'],
    ['isInf(result)', -Infinity, 'yes'],
    ['isInf(result)', NaN, 'no'],
    ['result > 1', Infinity, 'yes'],
    ['isNil(result)', [], 'yes'],
    ['isNil(result[0])', [], 'yes'],
    ['isNil(result)', 0, 'no'],
    ['result == nil', [], 'yes'],
    ['result[0] == nil', [1], 'no'],
    ['default(result[0], 0) < 1', [], 'yes'],
    ['default(result, 0) < 1', [], 'yes'],
    ['default(result[0], 0) < 1', [5], 'no'],
    ['default(result, 1) == 2', 2, 'yes'],
    ['len(result) == 3', [1, 2, 3], 'yes'],
    ['len(result) == 0', [], 'yes'],
    ['all(result, # < 3)', [1, 2], 'yes'],
    ['all(result, {# < 2})', [1, 2], 'no'],
    ['any(result, # > 1)', [1, 2], 'yes'],
    ['any(result, # > 1)', [], 'no'],
    ['none(result, # > 2)', [1, 2], 'yes'],
    ['count(result, # > 1) == 1', [1, 2], 'yes'],
    ['all(result, # < max(result) + 1)', [1, 2], 'yes'],
    ['sum(result) == 6 && mean(result) == 2 && min(result) == 1', [1, 2, 3], 'yes'],
    ['abs(result) == 2 && round(2.4) == 2 && floor(2.9) == 2 && ceil(2.1) == 3', -2, 'yes'],
    // One that cannot be told does not hide what another tells.
    ['all(result, # < 1)', [NaN, 5], 'no'],
    ['any(result, # < 1)', [NaN, 0], 'yes'],
    ['result[0] < 1 || result[1] < 1', [NaN, 0], 'yes'],
    ['result[0] < 1 && result[1] < 1', [NaN, 5], 'no'],
    ['result[0] < 1 && result[1] < 1', [NaN, 0], 'undecided'],
    // No evidence is neither.
    ['result < 1', NaN, 'undecided'],
    ['result[0] < 1', [], 'undecided'],
    ['result < 1', [], 'undecided'],
    ['all(result, # < 1)', [0, NaN], 'undecided'],
    ['max(result) < 1', [], 'undecided'],
    // What does not fit the answer.
    ['result[1] < 1', [0], 'error'],
    ['result < 1', [0, 1], 'error'],
    ['result[0] < 1', 0, 'error'],
  ] as const)('%s of %j is %s', (text, result, wanted) => {
    expect(word(text, result)).toBe(wanted)
  })

  it.each([
    ['result <', 'column 9: the condition ends too early'],
    ['result', 'column 1: a condition is true or false; compare it with something'],
    ['1 + 1', 'column 1: a condition is true or false; compare it with something'],
    ['result = 1', 'column 8: "=" has no meaning here; two are needed to compare: "=="'],
    ['result > 1 & true', 'column 12: "&" has no meaning here; "&&" is meant'],
    ['resutl > 1', 'column 1: "resutl" is not known; did you mean "result"?'],
    ['isNan(result)', 'column 1: "isNan" is not known; did you mean "isNaN"?'],
    ['process.exit()', 'column 1: "process" is not known'],
    ['constructor(1) > 1', 'column 1: "constructor" is not known'],
    ['(result > 1', 'column 12: ")" is expected'],
    ['result > 1 2', 'column 12: "2" comes after the end of the condition'],
    ['result && true', 'column 1: "&&" joins what is true or false'],
    ['!result', 'column 2: "!" turns what is true or false; put a comparison in brackets'],
    ['(result > 1) > 0', 'column 2: ">" needs numbers'],
    ['# > 1', 'column 1: "#" stands for an element, inside all, any, none, one, count and their like'],
    ['all(result, #)', 'column 13: "all" needs a condition of "#"'],
    ['asInt() > 1', 'column 1: "asInt" takes 1, not 0'],
    ['default(result) > 1', 'column 1: "default" takes 2, not 1'],
  ] as const)('%s is refused: %s', (text, why) => {
    expect(readCondition(text, 'figures')).toBe(why)
  })

  it('answers as arithmetic does, and never throws', () => {
    const number = fc.double({ noNaN: true, min: -1e6, max: 1e6 })
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(word(`result[0] - (${b.toFixed(3)}) < 0`, [a])).toBe(a - Number(b.toFixed(3)) < 0 ? 'yes' : 'no')
      }),
    )
    const scrap = fc.array(
      fc.constantFrom('result', '[0]', '<', '(', ')', '1', '&&', '!', 'all', ',', '#', 'isNaN', '-', '==', 'nil', '}'),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(scrap, fc.oneof(number, fc.array(fc.double(), { maxLength: 3 })), (words, value) => {
        expect(['string', 'object']).toContain(typeof ask(words.join(' '), value))
      }),
      { numRuns: 2000 },
    )
  })
})
