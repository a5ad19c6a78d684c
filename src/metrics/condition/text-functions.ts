/** The functions of conditions for texts, as in Go's `strings`. Pure. */
import { anything, figure, type FunctionSpec, ofWords, words } from './function-spec.ts'
import { number, open, text, texts, truth } from './shape.ts'
import { ConditionFault } from './tokens.ts'
import { isNil, kindOf, textIn, type Value, wholeIn } from './value.ts'

const mostLetters = 1_000_000

/** Whether it is one of the letters to be cut off, or white space where none are named. */
const cuts = (letters: string | undefined) => (letter: string) =>
  letters === undefined ? /\s/u.test(letter) : letters.includes(letter)

function trimmed([value = '', chars]: readonly string[]): string {
  const letters = Array.from(value)
  const keeps = (letter: string) => !cuts(chars)(letter)
  return letters.slice(Math.max(0, letters.findIndex(keeps)), letters.findLastIndex(keeps) + 1).join('')
}

/** Go counts bytes. */
const placeOf = (value: string, index: number) =>
  index < 0 ? -1 : new TextEncoder().encode(value.slice(0, index)).length

/** `after`: each part keeps what ends it. At most `most` parts; fewer than none is all. */
const splitting = (after: boolean): FunctionSpec => ({
  takes: [words, words, figure],
  least: 2,
  gives: () => texts,
  call: ([value = null, mark = null, most = -1], scope, at) => {
    const [whole, sign, limit] = [textIn(value, at), textIn(mark, at), wholeIn(most, scope, at)]
    const parts = sign === '' ? Array.from(whole) : whole.split(sign)
    const shown = after ? parts.map((each, index) => (index < parts.length - 1 ? each + sign : each)) : parts
    if (limit < 0 || limit >= shown.length) return shown
    return limit === 0 ? [] : [...shown.slice(0, limit - 1), shown.slice(limit - 1).join(after ? '' : sign)]
  },
})

const replace: FunctionSpec = {
  takes: [words, words, words, figure],
  least: 3,
  gives: () => text,
  call: ([value = null, old = null, other = null, most = -1], scope, at) => {
    const [whole, sought, instead] = [textIn(value, at), textIn(old, at), textIn(other, at)]
    const limit = wholeIn(most, scope, at)
    let done = 0
    return whole.replaceAll(sought, (found) => (limit >= 0 && ++done > limit ? found : instead))
  },
}

const repeat: FunctionSpec = {
  takes: [words, figure],
  gives: () => text,
  call: ([value = null, times = null], scope, at) => {
    const [whole, many] = [textIn(value, at), wholeIn(times, scope, at)]
    if (many < 0 || whole.length * many > mostLetters)
      throw new ConditionFault(at, `a text cannot be repeated ${many} times`)
    return whole.repeat(many)
  },
}

/** As Go prints it: `[1 2]`, `map[a:1]`, `<nil>`. */
function printed(value: Value): string {
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(printed).join(' ')}]`
  if (typeof value === 'number') return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value)
  if (typeof value !== 'object') return String(value)
  if (value === null) return '<nil>'
  const shown = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${key}:${printed(each as Value)}`)
  return `map[${shown.join(' ')}]`
}

export const textFunctions: { readonly [name: string]: FunctionSpec } = {
  string: { takes: [anything], gives: () => text, call: ([value = null]) => printed(value) },
  type: { takes: [anything], gives: () => text, call: ([value = null]) => kindOf(value) },
  upper: ofWords(1, ([value = '']) => value.toUpperCase()),
  lower: ofWords(1, ([value = '']) => value.toLowerCase()),
  trim: ofWords(2, trimmed, text, 1),
  trimPrefix: ofWords(2, ([value = '', start = '']) => (value.startsWith(start) ? value.slice(start.length) : value)),
  trimSuffix: ofWords(2, ([value = '', end = '']) =>
    value.endsWith(end) ? value.slice(0, value.length - end.length) : value,
  ),
  hasPrefix: ofWords(2, ([value = '', start = '']) => value.startsWith(start), truth),
  hasSuffix: ofWords(2, ([value = '', end = '']) => value.endsWith(end), truth),
  indexOf: ofWords(2, ([value = '', part = '']) => placeOf(value, value.indexOf(part)), number),
  lastIndexOf: ofWords(2, ([value = '', part = '']) => placeOf(value, value.lastIndexOf(part)), number),
  split: splitting(false),
  splitAfter: splitting(true),
  replace,
  repeat,
  join: {
    takes: [['list', 'nil'], words],
    least: 1,
    gives: () => text,
    call: ([value = null, mark = ''], _, at) => {
      if (isNil(value)) return ''
      if (!Array.isArray(value)) throw new ConditionFault(at, '"join" needs a list of texts')
      return (value as readonly Value[]).map((each) => textIn(each, at)).join(textIn(mark, at))
    },
  },
  fromJSON: {
    takes: [words],
    gives: () => open,
    call: ([value = null], _, at) => {
      const given = textIn(value, at)
      try {
        return JSON.parse(given) as Value
      } catch {
        throw new ConditionFault(at, `"${given.slice(0, 40)}" is no JSON`)
      }
    },
  },
  toJSON: {
    takes: [anything],
    gives: () => text,
    call: ([value = null], _, at) => {
      if (odd(value)) throw new ConditionFault(at, 'JSON has no word for NaN and the infinities')
      return JSON.stringify(sorted(value), null, 2).replace(
        /[<>&\u2028\u2029]/g,
        (sign) => `\\u${sign.codePointAt(0)!.toString(16).padStart(4, '0')}`,
      )
    },
  },
}

function odd(value: Value): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  return typeof value === 'object' && value !== null && Object.values(value as object).some(odd)
}

/** Go writes the keys in their order. */
function sorted(value: Value): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each as Value)]))
}
