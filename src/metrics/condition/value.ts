/** What a condition works on, and how a value is taken for what is needed. A comparison with what is not there is never true and never false. */
import { ConditionFault, type Place } from './tokens.ts'

/** Nil is what is not there: an element of an empty answer. */
export type Value = number | boolean | string | null | readonly Value[]

export interface Scope {
  readonly result: number | readonly number[]
  /** `#` and `#index` in `all(result, # < 1)`. */
  readonly item: Value
  readonly index: number
  readonly names: { readonly [name: string]: Value }
  /** Compares NaN as IEEE does, because the condition asks for it by `isNaN`; otherwise NaN cannot be judged. */
  readonly nan: boolean
}

/** A number, or why it is none. */
export function numberIn(value: Value, scope: Scope, at: Place): number {
  if (value === null) {
    const empty = Array.isArray(scope.result) && scope.result.length === 0
    throw new ConditionFault(at, empty ? 'the answer is empty' : 'nothing is there: the answer is shorter', empty)
  }
  if (Array.isArray(value)) {
    const many = value.length
    if (many === 0) throw new ConditionFault(at, 'the answer is empty', true)
    const say = many === 1 ? 'say result[0]' : 'say result[0], or all(result, # < 1)'
    throw new ConditionFault(at, `a list of ${many} is no number: ${say}`)
  }
  if (typeof value !== 'number') throw new ConditionFault(at, `${JSON.stringify(value)} is no number`)
  if (Number.isNaN(value) && !scope.nan)
    throw new ConditionFault(at, 'the value is NaN, and no isNaN asks for it', true)
  return value
}

export function wholeIn(value: Value, scope: Scope, at: Place): number {
  const whole = numberIn(value, scope, at)
  if (Number.isInteger(whole)) return whole
  throw new ConditionFault(at, `${whole} is no whole number: say asInt(…)`)
}

export function truthIn(value: Value, at: Place): boolean {
  if (typeof value === 'boolean') return value
  throw new ConditionFault(at, `${JSON.stringify(value)} is neither true nor false`)
}

/** A single figure is a list of one: sources differ in how they answer one. */
export function listIn(value: Value, at: Place): readonly Value[] {
  if (Array.isArray(value)) return value as readonly Value[]
  if (typeof value === 'number') return [value]
  if (value === null) return []
  throw new ConditionFault(at, `${JSON.stringify(value)} is no list`)
}

export function isNil(value: Value): boolean {
  return value === null || (Array.isArray(value) && value.length === 0)
}

/** Nil and an empty list are the same: nothing is there. */
export function isSame(a: Value, b: Value): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b)
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b
  const [left, right] = [a as readonly Value[], b as readonly Value[]]
  return left.length === right.length && left.every((each, index) => isSame(each, right[index] ?? null))
}
