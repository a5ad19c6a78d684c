/** What a tree comes to for an answer. Knows neither text nor places, but for what it reports; it never runs anything but the tree. */
import { isObject } from '../../core/json.ts'
import { eachOf } from './each.ts'
import { functions, partOf } from './functions.ts'
import { patternOf } from './pattern.ts'
import { ConditionFault, type Place } from './tokens.ts'
import type { Arithmetic, Comparison, Node } from './tree.ts'
import { isSame, listIn, nothing, numberIn, type Scope, textIn, trying, truthIn, type Value, wholeIn } from './value.ts'

type Of<T extends Node['type']> = Extract<Node, { readonly type: T }>

/** Throws `ConditionFault`. */
export function evaluate(node: Node, scope: Scope): Value {
  switch (node.type) {
    case 'literal':
      return node.value
    case 'result':
      return scope.result
    case 'item':
      return scope[node.what]
    case 'name':
      return scope.names[node.name] ?? null
    case 'let':
      return evaluate(node.body, { ...scope, names: { ...scope.names, [node.name]: evaluate(node.value, scope) } })
    case 'fields':
      return Object.fromEntries(
        node.entries.map(({ key, value }) => [textIn(evaluate(key, scope), key.at), evaluate(value, scope)]),
      )
    case 'list':
      return node.items.map((each) => evaluate(each, scope))
    case 'unary':
      return unary(node, scope)
    case 'binary':
      return binary(node, scope)
    case 'choice':
      return evaluate(truthIn(evaluate(node.when, scope), node.when.at) ? node.met : node.otherwise, scope)
    case 'member':
    case 'element':
      return reached(node, scope) ?? null
    case 'slice':
      return slice(node, scope)
    case 'call': {
      const args = node.args.map((each) => evaluate(each, scope))
      return functions[node.name]!.call(args, scope, node.at)
    }
    case 'each': {
      const items = evaluate(node.of, scope)
      const more = node.more && evaluate(node.more, scope)
      const { test } = node
      const ask = test && ((item: Value, index: number, sum: Value) => evaluate(test, { ...scope, item, index, sum }))
      return eachOf(node, items, ask, more, scope)
    }
  }
}

function unary({ sign, of }: Of<'unary'>, scope: Scope): Value {
  const value = evaluate(of, scope)
  if (sign === 'not') return !truthIn(value, of.at)
  return sign === '-' ? -numberIn(value, scope, of.at) : numberIn(value, scope, of.at)
}

const compared: { readonly [sign in Comparison]?: (a: number | string, b: number | string) => boolean } = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}
const reckoned: { readonly [sign in Arithmetic]: (a: number, b: number) => number } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '**': (a, b) => a ** b,
}
const mostOfRange = 10_000

function binary(node: Of<'binary'>, scope: Scope): Value {
  const { sign, left, right } = node
  if (sign === 'and' || sign === 'or') return joined(node, scope)
  const a = evaluate(left, scope)
  if (sign === '??') return a ?? evaluate(right, scope)
  const b = evaluate(right, scope)
  switch (sign) {
    case '==':
      return isEqual(node, a, b, scope)
    case '!=':
      return !isEqual(node, a, b, scope)
    case 'in':
      return isAmong(node, a, b, scope)
    case '..':
      return range(wholeIn(a, scope, left.at), wholeIn(b, scope, right.at), node)
    case 'contains':
      return textIn(a, left.at).includes(textIn(b, right.at))
    case 'startsWith':
      return textIn(a, left.at).startsWith(textIn(b, right.at))
    case 'endsWith':
      return textIn(a, left.at).endsWith(textIn(b, right.at))
    case 'matches':
      return matches(textIn(a, left.at), textIn(b, right.at), right.at)
    default:
      return reckon(node, a, b, scope)
  }
}

/** What cannot be told on one side may be told by the other: `result[0] < 1 || result[1] < 1` of NaN and 0 holds. */
function joined({ sign, left, right }: Of<'binary'>, scope: Scope): boolean {
  const ends = sign === 'or'
  const first = trying(() => truthIn(evaluate(left, scope), left.at))
  if (first === ends) return ends
  const second = truthIn(evaluate(right, scope), right.at)
  if (first instanceof ConditionFault && second !== ends) throw first
  return second
}

function reckon({ sign, left, right }: Of<'binary'>, a: Value, b: Value, scope: Scope): Value {
  const compare = compared[sign as Comparison]
  if (typeof a === 'string' && typeof b === 'string') {
    if (compare) return compare(a, b)
    if (sign === '+') return a + b
  }
  const [x, y] =
    sign === '%'
      ? [wholeIn(a, scope, left.at), wholeIn(b, scope, right.at)]
      : [numberIn(a, scope, left.at), numberIn(b, scope, right.at)]
  return compare ? compare(x, y) : reckoned[sign as Arithmetic](x, y)
}

/** What can never be equal is a mistake that has a name; NaN, and what is not there, cannot be judged unless nil is asked for. */
function isEqual({ left, right, at }: Of<'binary'>, a: Value, b: Value, scope: Scope): boolean {
  const nil = [left, right].some((each) => each.type === 'literal' && each.value === null)
  if (nil || (Array.isArray(a) && Array.isArray(b)) || (isObject(a) && isObject(b))) return isSame(a, b)
  const plain = [a, b].find((each) => typeof each === 'boolean' || typeof each === 'string')
  if (plain === undefined && !isObject(a) && !isObject(b))
    return numberIn(a, scope, left.at) === numberIn(b, scope, right.at)
  // A field that is not there is as unequal as in Go.
  if (a === null || b === null || typeof a === typeof b) return isSame(a, b)
  throw new ConditionFault(at, `${JSON.stringify(a)} is never equal to ${JSON.stringify(b)}`)
}

function isAmong({ left, right }: Of<'binary'>, a: Value, b: Value, scope: Scope): boolean {
  if (isObject(b)) return Object.hasOwn(b, textIn(a, left.at))
  const items = listIn(b, right.at)
  const sought = typeof a === 'number' ? numberIn(a, scope, left.at) : a
  if (sought === null) numberIn(sought, scope, left.at)
  return items.some((each) => isSame(each, sought))
}

function matches(text: string, pattern: string, at: Place): boolean {
  const read = patternOf(pattern)
  if (!read) throw new ConditionFault(at, `"${pattern}" is no pattern that can be read here`)
  return read.test(text)
}

function range(from: number, to: number, node: Of<'binary'>): readonly number[] {
  if (to - from >= mostOfRange) throw new ConditionFault(node.at, `a range of more than ${mostOfRange} is too long`)
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}

/** What a chain of `.name` and `[…]` leads to. Undefined: a `?.` of it met nil, so that what follows is not asked. */
function reached(node: Of<'member'> | Of<'element'>, scope: Scope): Value | undefined {
  const isLink = node.of.type === 'member' || node.of.type === 'element'
  const of = isLink ? reached(node.of, scope) : evaluate(node.of, scope)
  if (of === undefined || (of === null && !node.sure)) return undefined
  if (typeof of === 'number' && node.type === 'element')
    throw new ConditionFault(node.of.at, 'the answer is one number: say result, not result[0]')
  if (node.type === 'member') {
    if (of === null || (Array.isArray(of) && of.length === 0)) throw nothing(scope, node.of.at)
    if (!isObject(of)) throw new ConditionFault(node.of.at, `${JSON.stringify(of)} has no field "${node.name}"`)
    return partOf(of, node.name, scope, node.at)
  }
  const index = evaluate(node.index, scope)
  return partOf(typeof of === 'string' ? Array.from(of) : of, index, scope, node.index.at)
}

function slice(node: Of<'slice'>, scope: Scope): Value {
  const of = evaluate(node.of, scope)
  if (typeof of === 'number')
    throw new ConditionFault(node.of.at, 'the answer is one number: say result, not result[0]')
  const end = (at: Node | undefined) => (at ? wholeIn(evaluate(at, scope), scope, at.at) : undefined)
  const [from, to] = [end(node.from) ?? 0, end(node.to)]
  return typeof of === 'string' ? Array.from(of).slice(from, to).join('') : listIn(of, node.of.at).slice(from, to)
}
