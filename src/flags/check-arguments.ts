/** Judges the arguments of those operators that ask for more than a number of them. */
import { block, type Finding, isObject, type Json, risk } from '../core/index.ts'
import { mostWeight } from './logic/fractional.ts'
import { relations, versionOf } from './logic/sem-ver.ts'
import { inside, place, quoted, type Rule, wrong } from './place.ts'

type Check = (rule: Rule) => Iterable<Finding>

/** What the operator itself asks of its arguments; that they are sound rules is judged elsewhere. */
export const argumentChecks: {
  readonly [operator: string]: (rule: Rule, name: string, args: readonly Json[]) => Iterable<Finding>
} = {
  starts_with: inTexts,
  ends_with: inTexts,
  missing: inMissing,
  missing_some: inMissing,
  sem_ver: (rule, _name, args) => inSemVer(rule, args),
}

function* inTexts(rule: Rule, name: string, args: readonly Json[]): Iterable<Finding> {
  for (const [at, arg] of args.entries()) {
    if (typeof arg === 'string' || isObject(arg)) continue
    yield wrong(inside(rule, arg, name, at), 'is no text', 'write a text, or a rule that gives one')
  }
}

function* inMissing(rule: Rule, name: string, args: readonly Json[]): Iterable<Finding> {
  const [need, listed] = args
  const names = name === 'missing' ? args : listed
  if (name === 'missing_some' && typeof need !== 'number')
    yield wrong(rule, 'does not say how many', 'write [1, ["a", "b"]]')
  if (Array.isArray(names) && names.every((each) => typeof each === 'string')) return
  yield wrong(
    rule,
    'does not list names',
    `write {"${name}": ${name === 'missing' ? '["a", "b"]' : '[1, ["a", "b"]]'}}`,
  )
}

function* inSemVer(rule: Rule, [left, operator, right]: readonly Json[]): Iterable<Finding> {
  for (const [at, side] of [[0, left] as const, [2, right] as const]) {
    const version = typeof side === 'string' && /^\d+\.\d+\.\d+/.test(side) && versionOf(side) !== undefined
    if (version || (isObject(side) && 'var' in side) || (isObject(side) && '$ref' in side)) continue
    yield wrong(inside(rule, side ?? null, 'sem_ver', at), 'is no version', 'write "1.2.3", or {"var": …}')
  }
  if (typeof operator === 'string' && Object.hasOwn(relations, operator)) return
  const mend = `write one of ${Object.keys(relations).join(' ')}`
  yield wrong(inside(rule, operator ?? null, 'sem_ver', 1), 'is no comparison of versions', mend)
}

/** A key, where the first is none of the buckets, and buckets. `check` judges the rules among them. */
export function* inFractional(rule: Rule, args: readonly Json[], check: Check): Iterable<Finding> {
  const keyed = !Array.isArray(args[0])
  if (keyed) {
    const key = inside(rule, args[0] ?? null, 'fractional', 0)
    if (!isObject(args[0]))
      yield wrong(key, 'is the same bucketing key for everybody', 'write a rule: {"var": "email"}')
    else yield* check(key)
  }
  let total = 0
  let known = true
  for (const [at, bucket] of args.entries()) {
    if (keyed && at === 0) continue
    const weight = yield* inBucket(inside(rule, bucket, 'fractional', at), check)
    if (weight === undefined) known = false
    else total += weight
  }
  if (total > mostWeight) {
    const message = `"${rule.path}" has weights of ${total} in all, and the most is ${mostWeight}`
    yield block('flags.weights', message, 'write smaller weights in the same ratio', place(rule.path, rule.logic))
  }
  if (known && total === 0 && args.length > (keyed ? 1 : 0)) {
    const message = `"${rule.path}" has weights of 0 in all: everybody gets the default variant`
    yield risk('flags.weights-zero', message, 'give a bucket a weight', place(rule.path, rule.logic))
  }
}

/** The bucket's weight, where it is known. */
function* inBucket(bucket: Rule, check: Check): Generator<Finding, number | undefined> {
  const { logic } = bucket
  if (!Array.isArray(logic) || logic.length === 0 || logic.length > 2) {
    yield wrong(bucket, 'is no bucket', 'write ["variant"] or ["variant", 25]')
    return undefined
  }
  const [variant, weight] = logic as readonly Json[]
  yield* check(inside(bucket, variant ?? null, 0))
  if (logic.length === 1) return 1
  if (isObject(weight)) {
    yield* check(inside(bucket, weight, 1))
    return undefined
  }
  if (typeof weight === 'number' && Number.isInteger(weight) && weight >= 0) return weight
  const path = `${bucket.path}/1`
  const message = `"${path}" is ${quoted(weight)}, not a whole weight of 0 or more`
  yield block('flags.weights', message, 'write a whole number, or a rule that gives one', place(path, weight))
  return undefined
}
