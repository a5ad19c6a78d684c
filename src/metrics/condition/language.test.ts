import { describe, expect, it } from 'vitest'
import { readCondition } from './index.ts'

type Result = number | readonly number[]

const word = (text: string, result: Result) => {
  const read = readCondition(text)
  return typeof read === 'string' ? read : read.of(result).type
}
const why = (text: string, result: Result) => {
  const read = readCondition(text)
  const answer = typeof read === 'string' ? undefined : read.of(result)
  return answer && 'why' in answer ? answer.why : answer
}

// What stands in the language definition of expr-lang and in Argo's analysis pages, by meaning. Nothing of Go runs here.
describe('a condition, as expr-lang documents it,', () => {
  it.each([
    // Literals.
    ['result == 0x2A', 42, 'yes'],
    ['result == 0o52 && result == 0b101010', 42, 'yes'],
    ['result == .5', 0.5, 'yes'],
    ['result == 1_000.5', 1000.5, 'yes'],
    ['result > 1 /* a\ncomment */ && true // and another', 2, 'yes'],
    ['"a\\"b" == \'a"b\' && `a\\b` == "a\\\\b" && "\\u0041\\x42\\u{43}" == "ABC"', 0, 'yes'],
    // Membership.
    ['result in [1, 2, 3]', 2, 'yes'],
    ['result in [1, 2, 3,]', 4, 'no'],
    ['result not in [1, 2]', 3, 'yes'],
    ['not (result in [1, 2])', 3, 'yes'],
    ['result in 1..3', 3, 'yes'],
    ['result in 1..3', 1.5, 'no'],
    ['3 in result', [1, 3], 'yes'],
    ['result in []', 1, 'no'],
    ['"a" in ["a", "b"] && result > 0', 1, 'yes'],
    ['result in [1]', NaN, 'undecided'],
    ['result[0] in [1]', [], 'undecided'],
    // Choices.
    ['result > 5 ? result < 10 : result < -10', 7, 'yes'],
    ['result > 5 ? result < 10 : result < -10', 0, 'no'],
    ['(result > 5 ? 1 : 2) == 2', 0, 'yes'],
    ['result > 5 ? true : result > 3 ? true : false', 4, 'yes'],
    ['(result > 5) ?: result < 0', -1, 'yes'],
    ['(result[0] ?? 7) == 7', [], 'yes'],
    ['(result[0] ?? 7) == 1', [1], 'yes'],
    ['1 > result[0] ?? 7', [0], 'yes'],
    ['result?.[0] == nil', [], 'yes'],
    ['result[3] == nil', [1], 'yes'],
    // Arithmetic, and what binds how strongly.
    ['2 ** 3 ** 2 == 512 && 2 ^ 3 == 8', 0, 'yes'],
    ['-2 ** 2 == -4', 0, 'yes'],
    ['2 * 3 ** 2 == 18', 0, 'yes'],
    ['result % 3 == -1', -7, 'yes'],
    ['result % 2 == 1', 1.5, 'error'],
    ['7 / 2 == 3.5', 0, 'yes'],
    ['+result == 1', 1, 'yes'],
    ['0 < result < 1', 0.5, 'yes'],
    ['0 < result < 1', 2, 'no'],
    ['0 < result <= 1 < 2', 1, 'yes'],
    ['true || false && false', 0, 'yes'],
    ['not false && true', 0, 'yes'],
    ['1 + 2 in [3]', 0, 'yes'],
    ['result == 1 == true', 1, 'yes'],
    // Elements and slices.
    ['result[-1] == 3', [1, 2, 3], 'yes'],
    ['result[-3] == 1', [1, 2, 3], 'yes'],
    ['result[-4] == 1', [1, 2, 3], 'error'],
    ['result[len(result) - 1] == 3', [1, 2, 3], 'yes'],
    ['result[0.5] == 1', [1], 'error'],
    ['result[1:3] == [2, 3]', [1, 2, 3, 4], 'yes'],
    ['result[:2] == [1, 2]', [1, 2, 3], 'yes'],
    ['result[1:] == [2, 3]', [1, 2, 3], 'yes'],
    ['result[-2:] == [2, 3]', [1, 2, 3], 'yes'],
    ['result[:-1] == [1, 2]', [1, 2, 3], 'yes'],
    ['len(result[2:9]) == 1', [1, 2, 3], 'yes'],
    ['[[1, 2], [3]][0][1] == 2', 0, 'yes'],
    // Each element.
    ['all(result, {# > 0})', [1, 2], 'yes'],
    ['one(result, # > 1)', [1, 2], 'yes'],
    ['one(result, # > 0)', [1, 2], 'no'],
    ['count(result, {# > 1}) == 2', [1, 2, 3], 'yes'],
    ['count(map(result, # > 1)) == 2', [1, 2, 3], 'yes'],
    ['filter(result, # > 1) == [2, 3]', [1, 2, 3], 'yes'],
    ['len(filter(result, {# > 5})) == 0', [1, 2, 3], 'yes'],
    ['filter(result, # > 1)[0] == 2', [1, 2, 3], 'yes'],
    ['map(result, # * 2) == [2, 4]', [1, 2], 'yes'],
    ['sum(result, # * 2) == 6', [1, 2], 'yes'],
    ['map(result, #index) == [0, 1]', [7, 8], 'yes'],
    ['all(result, any([1, 2], # > 1))', [1], 'yes'],
    ['find(result, # > 1) == 2', [1, 2, 3], 'yes'],
    ['find(result, # > 5) == nil', [1, 2, 3], 'yes'],
    ['findIndex(result, # > 1) == 1 && findIndex(result, # > 9) == -1', [1, 2, 3], 'yes'],
    ['findLast(result, # > 1) == 3 && findLastIndex(result, # > 1) == 2', [1, 2, 3], 'yes'],
    ['result | filter(# > 1) | len() == 2', [1, 2, 3], 'yes'],
    ['let worst = max(result); let best = min(result); worst - best < 3', [1, 3], 'yes'],
    // Functions: Argo's, then expr-lang's.
    ['asInt("12") == 12 && asFloat("0.5") == 0.5', 0, 'yes'],
    ['asInt("1.5") == 1', 0, 'error'],
    ['asInt(result) % 2 == 1', 3.9, 'yes'],
    ['asInt(result) == 1', NaN, 'undecided'],
    ['isInf(result) || isNaN(result)', Infinity, 'yes'],
    ['default(result, 0) == 0', [], 'yes'],
    ['default(result[0], -1) == 3', [3], 'yes'],
    ['len("héllo") == 5 && len([1, 2]) == 2', 0, 'yes'],
    ['round(2.5) == 3 && round(-2.5) == -3 && floor(-1.5) == -2 && ceil(1.2) == 2', 0, 'yes'],
    ['int(2.9) == 2 && float("1e3") == 1000', 0, 'yes'],
    ['max(1, 5, 3) == 5 && min(result, 4) == 4', [7, 9], 'yes'],
    ['median(result) == 2 && mean(result) == 3', [1, 2, 6], 'yes'],
    ['first(result) == 1 && last(result) == 3 && first([]) == nil', [1, 2, 3], 'yes'],
    ['take(result, 2) == [1, 2] && reverse(result) == [3, 2, 1]', [1, 2, 3], 'yes'],
    ['sort(result) == [1, 2, 10] && uniq([1, 1, 2]) == [1, 2]', [10, 2, 1], 'yes'],
    ['concat(result, [3]) == [1, 2, 3] && get(result, 5) == nil', [1, 2], 'yes'],
    ['"abc" contains "b" && "abc" startsWith "a" && "abc" not endsWith "b"', 0, 'yes'],
    ['upper("a") + lower("B") + trim(" c ") == "Abc" && string(1.5) == "1.5"', 0, 'yes'],
    ['"abc"[1:] == "bc" && "abc"[0] == "a" && "a" < "b"', 0, 'yes'],
    // Conditions as they stand in templates of Argo's own documentation.
    ['result[0] >= 0.95', [0.97], 'yes'],
    ['len(result) == 0 || result[0] >= 0.95', [0.9], 'no'],
    ['all(result, # < 0.01)', [0, 0.005], 'yes'],
    ['default(result, 0) < 0.05', 0.04, 'yes'],
    ['result < 10000 || isNaN(result)', NaN, 'yes'],
    ['isNaN(result[0]) || result[0] < 0.5', [NaN], 'yes'],
  ] as const)('%s of %j is %s', (text, result, wanted) => {
    expect(word(text, result)).toBe(wanted)
  })

  it.each([
    // What is wrong, and where.
    ['result in 5', 'column 11: "in" needs a list: result in [1, 2]'],
    ['result in ["a"]', 'column 1: "in" looks for an answer among a text: it is never there'],
    ['result == "ok"', 'column 1: "==" compares an answer with a text: they are never equal'],
    ['(result > 1) == 1', 'column 2: "==" compares what is true or false with a number: they are never equal'],
    ['result ?? 0 > 1', 'column 13: "??" and ">" side by side can be read two ways: use brackets'],
    ['result ? 1 : 2', 'column 1: what stands before "?" is true or false'],
    ['result > 1 ? 1 : 2', 'column 1: a condition is true or false; compare it with something'],
    ['result > 1 ? true', 'column 18: ":" is expected'],
    ['not result > 1', 'column 5: "!" turns what is true or false; put a comparison in brackets'],
    ['result.ok', 'column 1: an answer is a number or a list of them: it has no fields'],
    ['result[0].value > 1', 'column 1: an answer is a number or a list of them: it has no fields'],
    ['filter(result, # > 1) > 1', 'column 1: ">" needs numbers, this is a list'],
    ['filter(result, # + 1)', 'column 16: "filter" needs a condition of "#"'],
    ['filter(result) == []', 'column 1: "filter" needs a condition of "#": filter(result, # < 1)'],
    ['all(result, {# > 1)', 'column 19: "}" is expected, not ")"'],
    [
      'map(result, #count) == []',
      'column 14: "#" is the element, "#index" its number, "#acc" what reduce has come to, not "count"',
    ],
    ['len(result, 1) > 1', 'column 1: "len" takes 1, not 2'],
    ['result > 1 and\n  reslt < 2', 'line 2, column 3: "reslt" is not known; did you mean "result"?'],
    ['fliter(result, # > 1)', 'column 1: "fliter" is not known; did you mean "filter"?'],
    ['result matches "a"', 'column 1: "matches" needs texts'],
    ['"a" matches "("', 'column 13: "(" is no pattern that can be read here'],
    ['"ab" matches "a(?=b)"', 'column 14: "a(?=b)" is no pattern that can be read here'],
    ['"aa" matches "(a)\\\\1"', 'column 14: "(a)\\1" is no pattern that can be read here'],
    [
      'now() > 1',
      'column 1: "now" of expr-lang is not read here: a condition knows no clock: maxStalenessMs is for the age of a figure',
    ],
    [
      'duration("1h") > 1',
      'column 1: "duration" of expr-lang is not read here: figures are plain numbers: say it in their unit',
    ],
    [
      'bitand(result, 1) == 1',
      'column 1: "bitand" of expr-lang is not read here: figures are compared as numbers, not as bits',
    ],
    ['toBase64("a") == ""', 'column 1: "toBase64" of expr-lang is not read here: let the source give the text itself'],
    ['$env.result > 1', 'column 1: "$env" of expr-lang is not read here: there is nothing but result'],
    ['sortBy(result, #, "up")[0] > "a"', 'column 30: ">" needs numbers'],
    ['sortBy(result, #, 1)[0] > 1', 'column 19: the order is "asc" or "desc"'],
    ['result.size() > 1', 'column 8: "size" is called: say size(…)'],
    ['if result > 1 { true }', 'column 23: "else" is expected'],
    ['{"a": 1} > 1', 'column 1: ">" needs numbers'],
    ['{1: 2}.b == 1 && [1].b == 1', 'column 18: "b" is a field, and a list has none'],
    ['"abc', 'column 1: the text that begins here does not end: " is missing'],
    ['"\\q" == "q"', 'column 2: "\\q" is no escape'],
    ['let result = 1; true', 'column 5: "let" needs a name of its own, not "result"'],
    ['let x 1; x > 1', 'column 7: "=" is expected, not "1"'],
    ['result[1', 'column 9: "]" is expected'],
    ['result | 5', 'column 10: a function is expected here, not "5"'],
  ] as const)('%s is refused of figures: %s', (text, wanted) => {
    expect(readCondition(text, 'figures')).toBe(wanted)
  })

  it('says what to write where the answer has another shape', () => {
    expect(why('result > 1', [3])).toBe('column 1: a list of 1 is no number: say result[0]')
    expect(why('result > 1', [3, 4])).toBe('column 1: a list of 2 is no number: say result[0], or all(result, # < 1)')
    expect(why('result[0] > 1', 3)).toBe('column 1: the answer is one number: say result, not result[0]')
  })

  it('refuses with the plan what does not fit the shape that was declared', () => {
    expect(readCondition('result > 1', 'list')).toBe(
      'column 1: ">" needs numbers: the answer is a list, say result[0], or all(result, # < 1)',
    )
    expect(readCondition('result[0] > 1', 'number')).toBe(
      'column 1: the answer is one number: say result, not result[0]',
    )
    expect(typeof readCondition('result[0] > 1', 'list')).toBe('object')
    expect(typeof readCondition('result > 1', 'number')).toBe('object')
  })
})
