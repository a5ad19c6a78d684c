/** Judges the rules of flags, operator by operator, by flagd's schema of targeting and by what evaluation would make of them. */
import { block, type Finding, isObject, type Json, type JsonObject, risk } from '../core/index.ts'
import { argumentChecks, inFractional } from './check-arguments.ts'
import { operationIn, operatorNames } from './logic/expression.ts'
import { inside, place, pointer, quoted, type Rule, wrong } from './place.ts'

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

/** A rule, whatever its place: arguments and all. */
export function* inRule(rule: Rule): Iterable<Finding> {
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
  if (typeof name === 'string' && Object.hasOwn(rule.evaluators, name)) {
    const target = rule.evaluators[name]
    if (!isObject(target) || Object.keys(target).length > 0) return
    const message = `"${rule.path}" refers to ${quoted(name)}, which is empty`
    yield block('flags.reference', message, `write a rule at "${pointer('$evaluators', name)}"`, place(rule.path, name))
    return
  }
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

/** Any name, known or computed, and a fallback; but of `$flagd` there is only the key of the flag and the time. */
function* inVar(rule: Rule, given: Json): Iterable<Finding> {
  if (typeof given === 'string' && given.startsWith('$flagd.') && !/^\$flagd\.(timestamp|flagKey)$/.test(given)) {
    yield wrong(rule, 'names a property that flagd does not have', 'write "$flagd.flagKey" or "$flagd.timestamp"')
  }
  yield* inRule(inside(rule, given, 'var'))
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
  if (name === 'fractional') yield* inFractional(rule, args, inRule)
  else {
    yield* argumentChecks[name]?.(rule, name, args) ?? []
    for (const [at, item] of args.entries())
      yield* inRule(inside(rule, item, name, ...(Array.isArray(given) ? [at] : [])))
  }
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
