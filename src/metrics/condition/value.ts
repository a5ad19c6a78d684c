/** What a condition works on, and how a value is taken for what is needed. A comparison with what is not there is never true and never false. */
import { isObject, type Json } from '../../core/json.ts'
import { ConditionFault, type Place } from './tokens.ts'

/** Plain JSON, with NaN and the infinities. Nil is what is not there: an element of an empty answer. */
export type Value = Json
export type Fields = { readonly [name: string]: Value }

export interface Scope {
  readonly result: Value
  /** `#`, `#index` and `#acc` in `all(result, # < 1)` and its like. */
  readonly item: Value
  readonly index: number
  readonly sum: Value
  readonly names: { readonly [name: string]: Value }
  /** Compares NaN as IEEE does, because the condition asks for it by `isNaN`; otherwise NaN cannot be judged. */
  readonly nan: boolean
}

/** Where nothing is there: whether the whole answer is empty, which is no mistake, or only shorter. */
export function nothing(scope: Scope, at: Place): ConditionFault {
  const empty = Array.isArray(scope.result) && scope.result.length === 0
  return new ConditionFault(at, empty ? 'the answer is empty' : 'nothing is there: the answer is shorter', empty)
}

/** A number, or why it is none. */
export function numberIn(value: Value, scope: Scope, at: Place): number {
  if (value === null) throw nothing(scope, at)
  if (Array.isArray(value)) {
    const many = value.length
    if (many === 0) throw new ConditionFault(at, 'the answer is empty', true)
    const say = many === 1 ? 'say result[0]' : 'say result[0], or all(result, # < 1)'
    throw new ConditionFault(at, `a list of ${many} is no number: ${say}`)
  }
  if (typeof value !== 'number') throw new ConditionFault(at, `${shown(value)} is no number`)
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
  throw new ConditionFault(at, `${shown(value)} is neither true nor false`)
}

export function textIn(value: Value, at: Place): string {
  if (typeof value === 'string') return value
  throw new ConditionFault(at, `${shown(value)} is no text`)
}

/** A single figure is a list of one: sources differ in how they answer one. */
export function listIn(value: Value, at: Place): readonly Value[] {
  if (Array.isArray(value)) return value as readonly Value[]
  if (typeof value === 'number') return [value]
  if (value === null) return []
  throw new ConditionFault(at, `${shown(value)} is no list`)
}

export function fieldsIn(value: Value, at: Place): Fields {
  if (isObject(value)) return value
  throw new ConditionFault(at, `${shown(value)} has no fields`)
}

/** A value in a message: not all of a long one. */
function shown(value: Value): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

export function isNil(value: Value): boolean {
  return value === null || (Array.isArray(value) && value.length === 0)
}

/** Nil and an empty list are the same: nothing is there. */
export function isSame(a: Value, b: Value): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b)
  if (isObject(a) && isObject(b)) {
    const [left, right] = [Object.keys(a), Object.keys(b)]
    return left.length === right.length && left.every((key) => Object.hasOwn(b, key) && isSame(a[key]!, b[key]!))
  }
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b
  const [left, right] = [a as readonly Value[], b as readonly Value[]]
  return left.length === right.length && left.every((each, index) => isSame(each, right[index] ?? null))
}

/** As Go's `type` of it. Every number here is a float. */
export function kindOf(value: Value): 'nil' | 'bool' | 'float' | 'string' | 'array' | 'map' {
  if (value === null) return 'nil'
  if (Array.isArray(value)) return 'array'
  const kinds = { boolean: 'bool', number: 'float', string: 'string' } as const
  return typeof value === 'object' ? 'map' : kinds[typeof value as keyof typeof kinds]
}

/** The value, or the fault of having nothing to judge; other faults are thrown on. */
export function trying<T>(work: () => T): T | ConditionFault {
  try {
    return work()
  } catch (error) {
    if (error instanceof ConditionFault && error.unsure) return error
    throw error
  }
}
