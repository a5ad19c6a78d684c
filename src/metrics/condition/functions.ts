/** What a condition can call: the functions of Argo, and those of expr-lang for numbers, lists and texts. Pure. */
import { isObject, own } from '../../core/json.ts'
import {
  anything,
  figure,
  flat,
  type FunctionSpec,
  list,
  ofList,
  ofMany,
  ofNumber,
  ofRaw,
  ofText,
} from './function-spec.ts'
import { ordered } from './order.ts'
import { open, either, elementOf, fields, number, type Shape, truth } from './shape.ts'
import { textFunctions } from './text-functions.ts'
import { ConditionFault, type Place } from './tokens.ts'
import type { EachName } from './tree.ts'
import { fieldsIn, isNil, isSame, listIn, type Scope, textIn, type Value, wholeIn } from './value.ts'

const whole = (at: string): FunctionSpec => ({
  ...ofText(/^[+-]?\d+$/, Math.trunc),
  call: (args, scope, place) => {
    const value = ofText(/^[+-]?\d+$/, Math.trunc).call(args, scope, place) as number
    if (Number.isFinite(value)) return value + 0
    throw new ConditionFault(place, `${value} is no whole number: ${at} cannot take it`)
  },
})
const decimal = ofText(/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/, (value) => value)

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

/** What stands at a place of a list, or under a name; nil where nothing does. */
export function partOf(of: Value, name: Value, scope: Scope, at: Place): Value {
  if (isObject(of)) return own(of, typeof name === 'number' ? String(name) : textIn(name, at)) ?? null
  return listIn(of, at).at(wholeIn(name, scope, at)) ?? null
}

function lengthOf(value: Value, at: Place): number {
  if (typeof value === 'string') return Array.from(value).length
  return isObject(value) ? Object.keys(value).length : listIn(value, at).length
}

const ofFields = (work: (value: { readonly [name: string]: Value }) => Value): FunctionSpec => ({
  takes: [['fields']],
  gives: () => ({ type: 'list', of: open }),
  call: ([value = null], _, at) => work(fieldsIn(value, at)),
})

/** `[["a", 1], …]`, the other way round than `toPairs`. */
const fromPairs: FunctionSpec = {
  takes: [['list', 'nil']],
  gives: () => fields,
  call: ([value = null], _, at) =>
    Object.fromEntries(
      listIn(value, at).map((each): [string, Value] => {
        const [name = null, of = null, ...rest] = Array.isArray(each) ? (each as readonly Value[]) : []
        if (typeof name === 'string' && rest.length === 0) return [name, of]
        throw new ConditionFault(at, '"fromPairs" needs pairs of a text and a value')
      }),
    ),
}

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
    takes: [['list', 'number', 'nil', 'text', 'fields']],
    gives: () => number,
    call: ([value = null], _, at) => lengthOf(value, at),
  },
  first: ofList((values) => values[0] ?? null, elementOf),
  last: ofList((values) => values.at(-1) ?? null, elementOf),
  reverse: ofList((values) => values.toReversed()),
  sort: {
    takes: [list, ['text']],
    least: 1,
    gives: ([of = open]) => ({ type: 'list', of: elementOf(of) }),
    call: ([of = null, order], scope, at) =>
      ordered(
        listIn(of, at).map((value) => ({ value, by: value })),
        order,
        scope,
        at,
      ),
  },
  flatten: ofList(flat, () => ({ type: 'list', of: open })),
  uniq: ofList((values) => values.filter((each, index) => values.findIndex((other) => isSame(other, each)) === index)),
  take: {
    takes: [list, figure],
    gives: ([of = open]) => ({ type: 'list', of: elementOf(of) }),
    call: ([of = null, many = null], scope, at) => listIn(of, at).slice(0, Math.max(0, wholeIn(many, scope, at))),
  },
  get: {
    takes: [
      ['list', 'number', 'nil', 'fields'],
      ['number', 'nil', 'text'],
    ],
    gives: ([of = open]) => elementOf(of),
    call: ([of = null, name = null], scope, at) => partOf(of, name, scope, at),
  },
  concat: {
    takes: [list],
    rest: true,
    gives: (args) => ({ type: 'list', of: args.map(elementOf).reduce(either) }),
    call: (args, _, at) => args.flatMap((each) => listIn(each, at)),
  },
  keys: ofFields((value) => Object.keys(value)),
  values: ofFields((value) => Object.values(value)),
  toPairs: ofFields((value) => Object.entries(value)),
  fromPairs,
  ...textFunctions,
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
  groupBy: () => fields,
  countBy: () => fields,
  sortBy: (item) => ({ type: 'list', of: item }),
  reduce: () => open,
}

export const eachNames = Object.keys(eaches) as readonly EachName[]

export function eachShape(name: EachName, item: Shape, test: Shape): Shape {
  return eaches[name](item, test)
}
