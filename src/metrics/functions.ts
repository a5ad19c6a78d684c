/** What a condition can call, and the values it works on. A comparison with what is not there is never true and never false. Pure. */
import { ConditionFault } from './tokens.ts'

/** Nil is what is not there: an element of an empty answer. */
export type Value = number | boolean | null | readonly number[]
/** What the parser knows of a value before there is one; a `figure` is a number or a list. */
export type Shape = 'number' | 'boolean' | 'list' | 'figure' | 'nil'

export interface Scope {
  readonly result: number | readonly number[]
  /** `#` in `all(result, # < 1)`. */
  readonly item: number | undefined
  /** Compares NaN as IEEE does, because the condition asks for it by `isNaN`; otherwise NaN cannot be judged. */
  readonly nan: boolean
}

export type Eval = (scope: Scope) => Value

/** A number, or why it is none. */
export function numberIn(value: Value, scope: Scope, column: number): number {
  if (value === null) {
    const empty = Array.isArray(scope.result) && scope.result.length === 0
    throw new ConditionFault(column, empty ? 'the answer is empty' : 'nothing is there: the answer is shorter', empty)
  }
  if (typeof value === 'boolean') throw new ConditionFault(column, `${value} is no number`)
  if (typeof value !== 'number') {
    const many = value.length
    if (many === 0) throw new ConditionFault(column, 'the answer is empty', true)
    throw new ConditionFault(column, `a list of ${many} is no number: say result[0], or all(result, # < 1)`)
  }
  if (Number.isNaN(value) && !scope.nan)
    throw new ConditionFault(column, 'the value is NaN, and no isNaN asks for it', true)
  return value
}

export function truthIn(value: Value, column: number): boolean {
  if (typeof value === 'boolean') return value
  throw new ConditionFault(column, `${JSON.stringify(value)} is neither true nor false`)
}

export function listIn(value: Value, column: number): readonly number[] {
  if (typeof value === 'number') return [value]
  if (value === null) return []
  if (typeof value === 'boolean') throw new ConditionFault(column, `${value} is no list`)
  return value
}

export interface FunctionSpec {
  readonly takes: readonly (readonly Shape[])[]
  readonly gives: Shape
  /** Gets its arguments evaluated. */
  readonly call: (args: readonly Value[], scope: Scope, column: number) => Value
}

const figure: readonly Shape[] = ['number', 'figure', 'nil']
const list: readonly Shape[] = ['list', 'figure', 'number', 'nil']
const any: readonly Shape[] = ['number', 'figure', 'list', 'boolean', 'nil']

const ofNumber = (work: (value: number, column: number) => number | boolean): FunctionSpec => ({
  takes: [figure],
  gives: 'number',
  call: ([value = null], scope, column) => work(numberIn(value, scope, column), column),
})

const ofList = (work: (values: readonly number[]) => number): FunctionSpec => ({
  takes: [list],
  gives: 'number',
  call: ([value = null], scope, column) => {
    const values = listIn(value, column).map((each) => numberIn(each, scope, column))
    if (values.length === 0) throw new ConditionFault(column, 'the answer is empty', true)
    return work(values)
  },
})

/** NaN and infinities are looked at as they are. */
const ofRaw = (test: (value: number) => boolean): FunctionSpec => ({
  takes: [figure],
  gives: 'boolean',
  call: ([value = null], scope, column) => test(numberIn(value, { ...scope, nan: true }, column)),
})

/** The functions by name; `all`, `any`, `none` and `count` take a condition of `#` and are the parser's. */
export const functions: { readonly [name: string]: FunctionSpec } = {
  asInt: ofNumber((value, column) => {
    if (Number.isFinite(value)) return Math.trunc(value)
    throw new ConditionFault(column, `${value} is no whole number`)
  }),
  asFloat: ofNumber((value) => value),
  abs: ofNumber(Math.abs),
  floor: ofNumber(Math.floor),
  ceil: ofNumber(Math.ceil),
  round: ofNumber(Math.round),
  isNaN: ofRaw(Number.isNaN),
  isInf: ofRaw((value) => value === Infinity || value === -Infinity),
  isNil: {
    takes: [any],
    gives: 'boolean',
    call: ([value = null]) => value === null || (Array.isArray(value) && value.length === 0),
  },
  default: {
    takes: [any, any],
    gives: 'figure',
    call: ([value = null, otherwise = null]) =>
      value === null || (Array.isArray(value) && value.length === 0) ? otherwise : value,
  },
  len: { takes: [list], gives: 'number', call: ([value = null], _, column) => listIn(value, column).length },
  sum: ofList((values) => values.reduce((sum, each) => sum + each, 0)),
  mean: ofList((values) => values.reduce((sum, each) => sum + each, 0) / values.length),
  max: ofList((values) => values.reduce((most, each) => Math.max(most, each))),
  min: ofList((values) => values.reduce((least, each) => Math.min(least, each))),
}
