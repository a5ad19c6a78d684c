/** Judges the rules of flags, operator by operator, by flagd's schema of targeting and by what evaluation would make of them. */
import { block, type Finding, isObject, type Json, type JsonObject, risk } from '../core/index.ts'
import { operationIn, operatorNames } from './logic/expression.ts'
import { mostWeight } from './logic/fractional.ts'
import { relations, versionOf } from './logic/sem-ver.ts'
import { place, pointer, quoted } from './place.ts'

interface Rule {
  readonly logic: Json
  readonly path: string
  readonly evaluators: JsonObject
}

/** How many arguments an operator takes, at least and at most, as a list. */
const arity: { readonly [operator: string]: readonly [least: number, most: number] } = {
  ...Object.fromEntries(
    ['==', '===', '!=', '!==', '>', '>=', '%', '/', 'map', 'filter', 'all', 'none', 'some', 'in'].map((name) => [
      name,
      [2, 2],
    ]),
  ),
  '<': [2, 3],
  '<=': [2, 3],
  substr: [2, 3],
  '*': [2, Infinity],
  ...Object.fromEntries(
    ['if', 'or', 'and', '+', '-', 'max', 'min', 'merge', 'cat'].map((name) => [name, [1, Infinity]]),
  ),
  reduce: [3, 3],
  missing_some: [2, 2],
  starts_with: [2, 2],
  ends_with: [2, 2],
  sem_ver: [3, 3],
  fractional: [1, Infinity],
  missing: [0, Infinity],
}

/** Known to JsonLogic, not to flagd's schema: other SDKs may refuse the rule. */
const unusual = new Set(['log', '?:'])

export function* checkTargeting(key: string, flag: JsonObject, evaluators: JsonObject): Iterable<Finding> {
  const targeting = flag['targeting'] ?? {}
  const path = pointer('flags', key, 'targeting')
  if (Object.keys(targeting as JsonObject).length === 0) return
  yield* inRule({ logic: targeting, path, evaluators })
  const variants = isObject(flag['variants']) ? flag['variants'] : {}
  yield* inAnswer({ logic: targeting, path, evaluators }, new Set(Object.keys(variants)), [])
}

export function* checkEvaluators(evaluators: JsonObject): Iterable<Finding> {
  for (const [name, logic] of Object.entries(evaluators)) {
    const path = pointer('$evaluators', name)
    if (!isObject(logic) || Object.keys(logic).length === 0) continue
    yield* inRule({ logic, path, evaluators })
    const inner = refsIn(logic)
    if (inner.length === 0) continue
    if (reaches(name, inner, evaluators)) {
      yield block('flags.reference', `"${path}" refers to itself`, 'break the circle', place(path, logic))
    } else {
      const message = `"${path}" refers to another evaluator, which flagd does not always follow`
      yield risk('flags.reference-nested', message, 'write the inner rule out', place(path, logic))
    }
  }
}

/** The names of all `$ref` in a rule. */
function refsIn(logic: Json): readonly string[] {
  if (Array.isArray(logic)) return (logic as readonly Json[]).flatMap(refsIn)
  if (!isObject(logic)) return []
  return Object.entries(logic).flatMap(([name, value]) =>
    name === '$ref' ? (typeof value === 'string' ? [value] : []) : refsIn(value),
  )
}

function reaches(goal: string, from: readonly string[], evaluators: JsonObject): boolean {
  const seen = new Set<string>()
  const open = [...from]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === goal) return true
    if (seen.has(name) || !Object.hasOwn(evaluators, name)) continue
    seen.add(name)
    open.push(...refsIn(evaluators[name] ?? null))
  }
  return false
}

function wrong({ path, logic }: Rule, so: string, mend: string): Finding {
  return block('flags.targeting', `"${path}" ${so}: ${quoted(logic)}`, mend, place(path, logic))
}

const inside = (rule: Rule, logic: Json, ...steps: readonly (string | number)[]): Rule => ({
  ...rule,
  logic,
  path: rule.path + pointer(...steps),
})

function* inRule(rule: Rule): Iterable<Finding> {
  const { logic } = rule
  if (Array.isArray(logic)) {
    for (const [at, item] of (logic as readonly Json[]).entries()) yield* inRule(inside(rule, item, at))
    return
  }
  if (!isObject(logic)) return
  const operation = operationIn(logic)
  if (operation === undefined) {
    yield wrong(rule, 'is no rule', 'a rule has exactly one operator: combine several with "and", "or" or "if"')
    return
  }
  const { name, args } = operation
  const given = logic[name] ?? null
  if (name === '$ref') yield* inReference(rule, given)
  else if (!operatorNames.has(name)) {
    yield wrong(rule, `has the unknown operator "${name}"`, `write one of ${[...operatorNames].sort().join(' ')}`)
  } else if (name === 'var') yield* inVar(rule, given)
  else yield* inOperation(rule, name, given, args)
}

function* inReference(rule: Rule, name: Json): Iterable<Finding> {
  if (typeof name === 'string' && Object.hasOwn(rule.evaluators, name)) return
  const known = Object.keys(rule.evaluators)
  const mend =
    known.length === 0 ? 'add it to "$evaluators"' : `write one of ${known.join(', ')}, or add it to "$evaluators"`
  yield block(
    'flags.reference',
    `"${rule.path}" refers to ${quoted(name)}, which is no evaluator`,
    mend,
    place(rule.path, name),
  )
}

/** A name, or a name and a fallback; of `$flagd` there is the key of the flag and the time. */
function* inVar(rule: Rule, given: Json): Iterable<Finding> {
  const [name, ...rest] = Array.isArray(given) ? (given as readonly Json[]) : [given]
  if (typeof name !== 'string') {
    yield wrong(rule, 'names no attribute', 'write {"var": "email"} or {"var": ["email", ""]}')
  } else if (!Array.isArray(given) && name.startsWith('$flagd.') && !/^\$flagd\.(timestamp|flagKey)$/.test(name)) {
    yield wrong(rule, 'names a property that flagd does not have', 'write "$flagd.flagKey" or "$flagd.timestamp"')
  } else if (rest.some((value) => typeof value === 'object' && value !== null)) {
    yield wrong(rule, 'has a fallback that is no plain value', 'write a text, a number, a boolean or null')
  }
}

function* inOperation(rule: Rule, name: string, given: Json, args: readonly Json[]): Iterable<Finding> {
  if (unusual.has(name)) {
    const message = `"${rule.path}" uses "${name}", which flagd's schema does not have`
    yield risk(
      'flags.operator-unusual',
      message,
      name === '?:' ? 'write "if"' : 'leave it out',
      place(rule.path, rule.logic),
    )
  }
  const [least, most] = arity[name] ?? [0, Infinity]
  if (arity[name] !== undefined && !Array.isArray(given)) {
    yield wrong(rule, `gives "${name}" no list`, 'put the arguments in a list')
    return
  }
  if (args.length < least || args.length > most) {
    const wanted = least === most ? String(least) : most === Infinity ? `at least ${least}` : `${least} or ${most}`
    yield wrong(rule, `gives "${name}" ${args.length} arguments, not ${wanted}`, `write ${wanted}`)
    return
  }
  if (name === 'fractional') yield* inFractional(rule, args)
  else {
    if (name === 'sem_ver') yield* inSemVer(rule, args)
    else if (name === 'starts_with' || name === 'ends_with') yield* inTexts(rule, name, args)
    else if (name === 'missing' || name === 'missing_some') yield* inMissing(rule, name, args)
    for (const [at, item] of args.entries())
      yield* inRule(inside(rule, item, name, ...(Array.isArray(given) ? [at] : [])))
  }
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

function* inFractional(rule: Rule, args: readonly Json[]): Iterable<Finding> {
  const keyed = !Array.isArray(args[0])
  if (keyed) {
    const key = inside(rule, args[0] ?? null, 'fractional', 0)
    if (!isObject(args[0]))
      yield wrong(key, 'is the same bucketing key for everybody', 'write a rule: {"var": "email"}')
    else yield* inRule(key)
  }
  let total = 0
  let known = true
  for (const [at, bucket] of args.entries()) {
    if (keyed && at === 0) continue
    const weight = yield* inBucket(inside(rule, bucket, 'fractional', at))
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
function* inBucket(bucket: Rule): Generator<Finding, number | undefined> {
  const { logic } = bucket
  if (!Array.isArray(logic) || logic.length === 0 || logic.length > 2) {
    yield wrong(bucket, 'is no bucket', 'write ["variant"] or ["variant", 25]')
    return undefined
  }
  const [variant, weight] = logic as readonly Json[]
  yield* inRule(inside(bucket, variant ?? null, 0))
  if (logic.length === 1) return 1
  if (isObject(weight)) {
    yield* inRule(inside(bucket, weight, 1))
    return undefined
  }
  if (typeof weight === 'number' && Number.isInteger(weight) && weight >= 0) return weight
  const path = `${bucket.path}/1`
  const message = `"${path}" is ${quoted(weight)}, not a whole weight of 0 or more`
  yield block('flags.weights', message, 'write a whole number, or a rule that gives one', place(path, weight))
  return undefined
}

/** Literals where a variant is named. */
function* inAnswer(rule: Rule, variants: ReadonlySet<string>, refs: readonly string[]): Iterable<Finding> {
  const { logic, evaluators } = rule
  const operation = operationIn(logic)
  if (operation === undefined) {
    if (logic === null || typeof logic === 'object' || variants.has(String(logic))) return
    const message = `"${rule.path}" answers ${quoted(logic)}, which is no variant: whoever gets there gets an error`
    yield risk('flags.variant-unknown', message, `name one of ${[...variants].join(', ')}`, place(rule.path, logic))
    return
  }
  const { name, args } = operation
  if (name === 'if') {
    for (const [at, arg] of args.entries()) {
      if (at % 2 === 1 || at === args.length - 1) yield* inAnswer(inside(rule, arg, name, at), variants, refs)
    }
  } else if (name === 'fractional') {
    for (const [at, arg] of args.entries()) {
      if (!Array.isArray(arg) || arg.length === 0) continue
      yield* inAnswer(inside(rule, (arg[0] as Json | undefined) ?? null, name, at, 0), variants, refs)
    }
  } else if (name === '$ref' && typeof args[0] === 'string' && !refs.includes(args[0])) {
    const target = Object.hasOwn(evaluators, args[0]) ? (evaluators[args[0]] ?? null) : null
    yield* inAnswer({ ...rule, logic: target }, variants, [...refs, args[0]])
  }
}
