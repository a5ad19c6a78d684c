/** What a condition can call: the functions of Argo, and those of expr-lang for numbers, lists and texts. Pure. */
import { open, either, elementOf, number, type Shape, type ShapeName, text, truth } from './shape.ts'
import { ConditionFault, type Place } from './tokens.ts'
import type { EachName } from './tree.ts'
import { isNil, isSame, listIn, numberIn, type Scope, type Value, wholeIn } from './value.ts'

export interface FunctionSpec {
  /** What may stand at each place; the last for all further ones where there is a `rest`. */
  readonly takes: readonly (readonly ShapeName[])[]
  /** So many at least, where not all are needed. */
  readonly least?: number
  readonly rest?: true
  readonly gives: (args: readonly Shape[]) => Shape
  readonly call: (args: readonly Value[], scope: Scope, at: Place) => Value
}

const figure: readonly ShapeName[] = ['number', 'nil']
const list: readonly ShapeName[] = ['list', 'number', 'nil']
const words: readonly ShapeName[] = ['text']
const anything: readonly ShapeName[] = ['any']

const ofNumber = (work: (value: number) => number): FunctionSpec => ({
  takes: [figure],
  gives: () => number,
  call: ([value = null], scope, at) => work(numberIn(value, scope, at)),
})

/** Of one list, or of figures side by side. */
const ofMany = (work: (values: readonly number[]) => number): FunctionSpec => ({
  takes: [list],
  rest: true,
  gives: () => number,
  call: (args, scope, at) => {
    const values = args.flatMap((each) => listIn(each, at)).map((each) => numberIn(each, scope, at))
    if (values.length === 0) throw new ConditionFault(at, 'the answer is empty', true)
    return work(values)
  },
})

/** NaN and infinities are looked at as they are. */
const ofRaw = (test: (value: number) => boolean): FunctionSpec => ({
  takes: [figure],
  gives: () => truth,
  call: ([value = null], scope, at) => test(numberIn(value, { ...scope, nan: true }, at)),
})

/** A text is read as Go does: nothing but the number. */
const ofText = (pattern: RegExp, work: (value: number) => number): FunctionSpec => ({
  takes: [['number', 'text', 'nil']],
  gives: () => number,
  call: ([value = null], scope, at) => {
    if (typeof value === 'string' && !pattern.test(value)) throw new ConditionFault(at, `"${value}" is no number`)
    return work(typeof value === 'string' ? Number(value) : numberIn(value, scope, at))
  },
})

const whole = (at: string): FunctionSpec => ({
  ...ofText(/^[+-]?\d+$/, Math.trunc),
  call: (args, scope, place) => {
    const value = ofText(/^[+-]?\d+$/, Math.trunc).call(args, scope, place) as number
    if (Number.isFinite(value)) return value + 0
    throw new ConditionFault(place, `${value} is no whole number: ${at} cannot take it`)
  },
})
const decimal = ofText(/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/, (value) => value)

const ofList = (
  work: (values: readonly Value[], scope: Scope, at: Place) => Value,
  gives: (of: Shape) => Shape = (of) => ({ type: 'list', of: elementOf(of) }),
): FunctionSpec => ({
  takes: [list],
  gives: ([of = open]) => gives(of),
  call: ([value = null], scope, at) => work(listIn(value, at), scope, at),
})

const ofWords = (work: (value: string) => string): FunctionSpec => ({
  takes: [words],
  gives: () => text,
  call: ([value = null]) => work(String(value)),
})

const orElse: FunctionSpec = {
  takes: [anything, anything],
  gives: ([of = open, otherwise = open]) => either(of, otherwise),
  call: ([value = null, otherwise = null]) => (isNil(value) ? otherwise : value),
}

const middle = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2
}
const total = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0)

/** The functions by name. Those with a condition of `#` are `eachNames`. */
export const functions: { readonly [name: string]: FunctionSpec } = {
  asInt: whole('asInt'),
  int: whole('int'),
  asFloat: decimal,
  float: decimal,
  abs: ofNumber(Math.abs),
  floor: ofNumber(Math.floor),
  ceil: ofNumber(Math.ceil),
  // Go rounds halves away from zero, JavaScript up.
  round: ofNumber((value) => Math.sign(value) * Math.round(Math.abs(value))),
  isNaN: ofRaw(Number.isNaN),
  isInf: ofRaw((value) => value === Infinity || value === -Infinity),
  isNil: { takes: [anything], gives: () => truth, call: ([value = null]) => isNil(value) },
  default: orElse,
  sum: { ...ofMany(total), takes: [list] },
  mean: ofMany((values) => total(values) / values.length),
  median: ofMany(middle),
  max: ofMany((values) => values.reduce((most, each) => Math.max(most, each))),
  min: ofMany((values) => values.reduce((least, each) => Math.min(least, each))),
  len: {
    takes: [['list', 'number', 'nil', 'text']],
    gives: () => number,
    call: ([value = null], _, at) => (typeof value === 'string' ? Array.from(value).length : listIn(value, at).length),
  },
  first: ofList((values) => values[0] ?? null, elementOf),
  last: ofList((values) => values.at(-1) ?? null, elementOf),
  reverse: ofList((values) => values.toReversed()),
  sort: ofList((values, scope, at) => values.map((each) => numberIn(each, scope, at)).toSorted((a, b) => a - b)),
  uniq: ofList((values) => values.filter((each, index) => values.findIndex((other) => isSame(other, each)) === index)),
  take: {
    takes: [list, figure],
    gives: ([of = open]) => ({ type: 'list', of: elementOf(of) }),
    call: ([of = null, many = null], scope, at) => listIn(of, at).slice(0, Math.max(0, wholeIn(many, scope, at))),
  },
  get: {
    takes: [list, figure],
    gives: ([of = open]) => elementOf(of),
    call: ([of = null, index = null], scope, at) => listIn(of, at).at(wholeIn(index, scope, at)) ?? null,
  },
  concat: {
    takes: [list],
    rest: true,
    gives: (args) => ({ type: 'list', of: args.map(elementOf).reduce(either) }),
    call: (args, _, at) => args.flatMap((each) => listIn(each, at)),
  },
  string: {
    takes: [anything],
    gives: () => text,
    call: ([value = null]) => (Array.isArray(value) ? JSON.stringify(value) : String(value ?? '<nil>')),
  },
  upper: ofWords((value) => value.toUpperCase()),
  lower: ofWords((value) => value.toLowerCase()),
  trim: ofWords((value) => value.trim()),
}

const eaches: { readonly [name in EachName]: (item: Shape, test: Shape) => Shape } = {
  all: () => truth,
  any: () => truth,
  none: () => truth,
  one: () => truth,
  count: () => number,
  filter: (item) => ({ type: 'list', of: item }),
  map: (_, test) => ({ type: 'list', of: test }),
  sum: () => number,
  find: (item) => item,
  findIndex: () => number,
  findLast: (item) => item,
  findLastIndex: () => number,
}

export const eachNames = Object.keys(eaches) as readonly EachName[]

export function eachShape(name: EachName, item: Shape, test: Shape): Shape {
  return eaches[name](item, test)
}
