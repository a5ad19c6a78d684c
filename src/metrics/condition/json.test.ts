import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../core/json.ts'
import { functions } from './functions.ts'
import { readCondition } from './index.ts'

const web: Json = {
  status: 'ok',
  ready: true,
  'odd name': 3,
  data: {
    count: 10,
    none: null,
    errors: [
      { code: 'A', n: 2 },
      { code: 'B', n: 5 },
      { code: 'A', n: 1 },
    ],
  },
  regions: ['eu', 'us', 'eu'],
  constructor: 7,
}

const word = (text: string, result: Json = web) => {
  const read = readCondition(text)
  return typeof read === 'string' ? read : read.of(result).type
}
const why = (text: string, result: Json = web) => {
  const read = readCondition(text)
  const answer = typeof read === 'string' ? undefined : read.of(result)
  return answer && 'why' in answer ? answer.why : answer
}

// What stands in the language definition of expr-lang and in Argo's page of the web metric, by meaning.
describe('a condition on what a source answers in JSON', () => {
  it.each([
    // Fields.
    ['result.status == "ok" && result.ready', 'yes'],
    ['result["status"] == \'ok\' and result.data["count"] == 10', 'yes'],
    ['result["odd name"] > 2', 'yes'],
    ['result.data.errors[0].code == "A"', 'yes'],
    ['result.data.errors[-1].n < 2', 'yes'],
    ['result.nothing == nil', 'yes'],
    ['result["nothing"] == nil', 'yes'],
    ['result.toString == nil && result.constructor == 7', 'yes'],
    ['result.nothing == 5', 'error'],
    ['result.data.none == nil', 'yes'],
    ['result?.nothing?.deeper == nil', 'yes'],
    ['result.nothing?.deeper.still[0] == nil', 'yes'],
    ['(result.nothing?.count ?? 3) == 3', 'yes'],
    ['(result.data?.count ?? 3) == 10', 'yes'],
    ['result.nothing?.["x"] == nil', 'yes'],
    ['result.data?.["count"] == 10', 'yes'],
    ['"status" in result && "nope" not in result', 'yes'],
    ['"toString" in result', 'no'],
    ['"eu" in result.regions', 'yes'],
    ['len(result.data) == 3 && len(result.regions) == 3', 'yes'],
    ['get(result, "status") == "ok" && get(result, "x") == nil', 'yes'],
    // Of each element, `#` left out.
    ['all(result.data.errors, .n > 0)', 'yes'],
    ['any(result.data.errors, #.code == "B" && #.n == 5)', 'yes'],
    ['sum(result.data.errors, .n) == 8', 'yes'],
    ['map(result.data.errors, .code) == ["A", "B", "A"]', 'yes'],
    ['filter(result.data.errors, {.code == "A"}) | map(.n) | sum() == 3', 'yes'],
    ['find(result.data.errors, .n > 4).code == "B"', 'yes'],
    ['groupBy(result.data.errors, .code).A[1].n == 1', 'yes'],
    ['len(groupBy(result.data.errors, .code)["B"]) == 1', 'yes'],
    ['countBy(result.regions, #) == {eu: 2, us: 1}', 'yes'],
    ['countBy([1, 2, 3], # > 1)["true"] == 2', 'yes'],
    ['map(sortBy(result.data.errors, .n), .n) == [1, 2, 5]', 'yes'],
    ['map(sortBy(result.data.errors, .n, "desc"), .n) == [5, 2, 1]', 'yes'],
    ['map(sortBy(result.data.errors, .code), .n) == [2, 1, 5]', 'yes'],
    ['reduce([1, 2, 3], #acc + #) == 6', 'yes'],
    ['reduce(result.data.errors, #acc + .n, 10) == 18', 'yes'],
    ['reduce([5, 6], #acc + #index, 0) == 1', 'yes'],
    ['reduce([5, 6], #acc + #index) == 6', 'yes'],
    ['[3, 4] | reduce(#acc * #, 1) == 12', 'yes'],
    // Lists and maps.
    ['sort(["b", "a"]) == ["a", "b"] && sort([1, 10, 2], "desc") == [10, 2, 1]', 'yes'],
    ['flatten([1, [2, [3]]]) == [1, 2, 3] && mean([1, [2, 3]]) == 2', 'yes'],
    ['uniq(result.regions) == ["eu", "us"]', 'yes'],
    ['keys({a: 1, b: 2}) == ["a", "b"] && values({a: 1, "b": 2}) == [1, 2]', 'yes'],
    ['toPairs({a: 1}) == [["a", 1]] && fromPairs([["a", 1]]) == {a: 1}', 'yes'],
    ['{("a" + "b"): 1}.ab == 1 && {1: "x"}["1"] == "x"', 'yes'],
    ['{a: {b: 1}} == {a: {b: 1}} && {a: 1} != {a: 2} && {a: 1} != {a: 1, b: 2}', 'yes'],
    ['{}.a == nil && len({}) == 0', 'yes'],
    // Texts.
    ['result.status matches "^o[kK]$" && "OK" not matches "ok"', 'yes'],
    ['"OK" matches "(?i)ok" && "a\\nb" matches "(?s)a.b" && !("a\\nb" matches "a.b")', 'yes'],
    ['"2024-01" matches `^\\d+\\-\\d+$` && "x" matches "(?P<y>x)" && "a-b" matches `[\\-]`', 'yes'],
    ['join(["a", "b"]) == "ab" && join(["a", "b"], ", ") == "a, b" && join([], ",") == ""', 'yes'],
    ['split("a,b,c", ",") == ["a", "b", "c"] && split("a,b,c", ",", 2) == ["a", "b,c"]', 'yes'],
    ['splitAfter("a,b", ",") == ["a,", "b"] && splitAfter("a,b,c", ",", 2) == ["a,", "b,c"]', 'yes'],
    ['trim("  a ") == "a" && trim("__a_", "_") == "a" && trim("  ") == ""', 'yes'],
    ['trimPrefix("http://x", "http://") == "x" && trimSuffix("a.js", ".js") == "a"', 'yes'],
    ['hasPrefix("abc", "ab") && hasSuffix("abc", "bc") && !hasPrefix("abc", "b")', 'yes'],
    ['indexOf("apple pie", "pie") == 6 && lastIndexOf("aXaX", "X") == 3 && indexOf("a", "b") == -1', 'yes'],
    ['indexOf("éa", "a") == 2', 'yes'],
    ['repeat("ab", 2) == "abab" && replace("a-a", "a", "b") == "b-b" && replace("a-a", "a", "b", 1) == "b-a"', 'yes'],
    ['type(1.5) == "float" && type("a") == "string" && type(nil) == "nil" && type([]) == "array"', 'yes'],
    ['type(result) == "map" && type(true) == "bool"', 'yes'],
    ['fromJSON("{\\"a\\": [1]}").a[0] == 1', 'yes'],
    ['toJSON({b: 1, a: ["<"]}) == "{\\n  \\"a\\": [\\n    \\"\\\\u003c\\"\\n  ],\\n  \\"b\\": 1\\n}"', 'yes'],
    ['string([1, "a"]) == "[1 a]" && string({b: 1, a: nil}) == "map[a:<nil> b:1]"', 'yes'],
    ['"\\U0001F600" == "😀" && "\\101" == "A" && `a``b` == "a`b"', 'yes'],
    ['0xFF_FF == 65535 && 0b1_1 == 3', 'yes'],
    // Choices in words.
    ['if result.ready { result.data.count > 5 } else { false }', 'yes'],
    ['if false { false } else if result.ready { true } else { false }', 'yes'],
    ['let n = result.data.count; let limit = 5; n > limit && n < 2 * limit + 1', 'yes'],
    ['isNil(result.nothing) && default(result.nothing, 4) == 4 && !isNil(result.status)', 'yes'],
    ['asInt(result.data.count) == 10 && asFloat("2.5") == 2.5', 'yes'],
  ])('%s is %s', (text, wanted) => {
    expect(word(text)).toBe(wanted)
  })

  // The cases of Argo's utils/evaluate, by meaning: a result of any type.
  it.each([
    ['true', true, 'yes'],
    ['result == true', true, 'yes'],
    ['result', true, 'yes'],
    ['!result', true, 'no'],
    ['result == "a"', 'a', 'yes'],
    ['result != "a"', 'a', 'no'],
    ['2 in result', [1, 2, 3], 'yes'],
    ['5 in result', [1, 2, 3], 'no'],
    ['all(result, # >= 1) && any(result, # == 3)', [1, 2, 3], 'yes'],
    ['asInt(result) == 1', '1', 'yes'],
    ['asInt(result) == 1', 1.1, 'yes'],
    ['asInt(result) == 1', '1.1', 'error'],
    ['asInt(result) == 1', 'NotANum', 'error'],
    ['asInt(result) == 1', true, 'error'],
    ['asFloat(result) == 1.1', '1.1', 'yes'],
    ['asFloat(result) == 1', 'NotANum', 'error'],
    ['asFloat(result) == 1', true, 'error'],
    ['isNaN(result)', 'a', 'error'],
    ['isInf(result)', true, 'error'],
    ['result > 1', 'a', 'error'],
    ['result.name.first == "a"', {}, 'error'],
    ['result.a.b == "x"', { a: { b: 'x' } }, 'yes'],
    ['result.a.b == "x"', { a: 3 }, 'error'],
    ['result[0].a == 1', [], 'undecided'],
    ['result["a"] == 1', [1], 'error'],
    ['result["a"] == 1', 'text', 'error'],
    ['len(result) == 2', { a: 1, b: 2 }, 'yes'],
    ['result == nil', {}, 'no'],
    ['result == 1', 'a', 'error'],
    ['result == "a"', 1, 'error'],
    ['result == {a: 1}', { a: 1 }, 'yes'],
    ['all(result, # > 1)', { a: 1 }, 'error'],
    ['toJSON(result) == ""', NaN, 'error'],
    ['fromJSON(result).a == 1', '{', 'error'],
    ['repeat("a", result) == ""', 1e9, 'error'],
    ['repeat("a", result) == ""', -1, 'error'],
    ['reduce(result, #acc + #) == 0', [], 'undecided'],
    ['sort(result) == [1]', [1, 'a'], 'error'],
    ['sort([1], result) == [1]', 'up', 'error'],
    ['"a" matches result', '(', 'error'],
    ['fromPairs(result) == {}', [['a']], 'no'],
    ['fromPairs(result) == {}', [[1, 2]], 'error'],
    ['join(result) == "a"', 3, 'error'],
    ['trim(result) == "a"', null, 'error'],
    ['split("a,b,c", ",", result) == []', 0, 'yes'],
  ] as const)('%s of %j is %s', (text, result, wanted) => {
    expect(word(text, result)).toBe(wanted)
  })

  it('says what is wrong with the answer', () => {
    expect(why('result.status > 1')).toBe('column 1: "ok" is no number')
    expect(why('result.nothing.count > 1')).toBe('column 1: nothing is there: the answer is shorter')
    expect(why('result.status.count > 1')).toBe('column 1: "ok" has no field "count"')
    expect(why('result.status == 1')).toBe('column 1: "ok" is never equal to 1')
    expect(why('"a" matches result.status + "("')).toBe('column 13: "ok(" is no pattern that can be read here')
  })

  it('does not take what a let holds of one element for that of another', () => {
    const text = 'all(result, {let x = #; all([1, 1], # == x)})'
    expect(readCondition(text)).toMatchObject({ constant: undefined })
    expect([word(text, [1, 1]), word(text, [1, 5])]).toEqual(['yes', 'no'])
  })

  it('never throws, whatever is asked of whatever', () => {
    const scrap = fc.array(
      fc.constantFrom(
        ...'result .a ?.a ["a"] [0] [1:] { } a:1 ( ) , ; | ? : ?? == < in matches contains + % .. not && # #acc'.split(
          ' ',
        ),
        ...'#index "a" 1 nil true if else x reduce( groupBy( sortBy( map( filter( keys( fromPairs( toJSON('.split(' '),
        ...'fromJSON( split( join( sort( len( get( flatten( string('.split(' '),
        'let x =',
      ),
      { maxLength: 10 },
    )
    const calls = fc
      .tuple(
        fc.constantFrom(...Object.keys(functions)),
        fc.array(fc.constantFrom('result', 'result.a', '1', '"a"', '[]', '{a: 1}', 'nil', 'true'), { maxLength: 3 }),
      )
      .map(([name, args]) => [`${name}(${args.join(', ')}) == 1`])
    fc.assert(
      fc.property(fc.oneof(scrap, calls), fc.jsonValue(), (words, value) => {
        const read = readCondition(words.join(' '))
        if (typeof read !== 'string') expect(['yes', 'no', 'undecided', 'error']).toContain(read.of(value as Json).type)
      }),
      { numRuns: 5000 },
    )
  })
})
