/** What a tree comes to for an answer. Knows neither text nor places, but for what it reports; it never runs anything but the tree. */
import { functions } from './functions.ts'
import { ConditionFault } from './tokens.ts'
import type { Arithmetic, Comparison, Node } from './tree.ts'
import { isSame, listIn, numberIn, type Scope, truthIn, type Value, wholeIn } from './value.ts'

type Of<T extends Node['type']> = Extract<Node, { readonly type: T }>

/** Throws `ConditionFault`. */
export function evaluate(node: Node, scope: Scope): Value {
  switch (node.type) {
    case 'literal':
      return node.value
    case 'result':
      return scope.result
    case 'item':
      return node.index ? scope.index : scope.item
    case 'name':
      return scope.names[node.name] ?? null
    case 'let':
      return evaluate(node.body, { ...scope, names: { ...scope.names, [node.name]: evaluate(node.value, scope) } })
    case 'list':
      return node.items.map((each) => evaluate(each, scope))
    case 'unary':
      return unary(node, scope)
    case 'binary':
      return binary(node, scope)
    case 'choice':
      return evaluate(truthIn(evaluate(node.when, scope), node.when.at) ? node.met : node.otherwise, scope)
    case 'element':
      return element(node, scope)
    case 'slice':
      return slice(node, scope)
    case 'call': {
      const args = node.args.map((each) => evaluate(each, scope))
      return functions[node.name]!.call(args, scope, node.at)
    }
    case 'each':
      return each(node, scope)
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
      return textIn(a, left).includes(textIn(b, right))
    case 'startsWith':
      return textIn(a, left).startsWith(textIn(b, right))
    case 'endsWith':
      return textIn(a, left).endsWith(textIn(b, right))
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

/** The value, or the fault of having nothing to judge; other faults are thrown on. */
function trying<T>(work: () => T): T | ConditionFault {
  try {
    return work()
  } catch (error) {
    if (error instanceof ConditionFault && error.unsure) return error
    throw error
  }
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

/** A number against a list is a mistake that has a name; NaN, and what is not there, cannot be judged unless nil is asked for. */
function isEqual({ left, right }: Of<'binary'>, a: Value, b: Value, scope: Scope): boolean {
  const nil = [left, right].some((each) => each.type === 'literal' && each.value === null)
  const plain = [a, b].some((each) => typeof each === 'boolean' || typeof each === 'string')
  if (nil || plain || (Array.isArray(a) && Array.isArray(b))) return isSame(a, b)
  return numberIn(a, scope, left.at) === numberIn(b, scope, right.at)
}

function isAmong({ left, right }: Of<'binary'>, a: Value, b: Value, scope: Scope): boolean {
  const items = listIn(b, right.at)
  const sought = typeof a === 'number' ? numberIn(a, scope, left.at) : a
  if (sought === null) numberIn(sought, scope, left.at)
  return items.some((each) => isSame(each, sought))
}

function range(from: number, to: number, node: Of<'binary'>): readonly number[] {
  if (to - from >= mostOfRange) throw new ConditionFault(node.at, `a range of more than ${mostOfRange} is too long`)
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}

function textIn(value: Value, node: Node): string {
  if (typeof value === 'string') return value
  throw new ConditionFault(node.at, `${JSON.stringify(value)} is no text`)
}

function parts(node: Of<'element'> | Of<'slice'>, scope: Scope): readonly Value[] {
  const value = evaluate(node.of, scope)
  if (typeof value === 'number')
    throw new ConditionFault(node.of.at, 'the answer is one number: say result, not result[0]')
  return typeof value === 'string' ? Array.from(value) : listIn(value, node.of.at)
}

function element(node: Of<'element'>, scope: Scope): Value {
  const index = wholeIn(evaluate(node.index, scope), scope, node.index.at)
  return parts(node, scope).at(index) ?? null
}

function slice(node: Of<'slice'>, scope: Scope): Value {
  const whole = parts(node, scope)
  const end = (of: Node | undefined) => (of ? wholeIn(evaluate(of, scope), scope, of.at) : undefined)
  const cut = whole.slice(end(node.from) ?? 0, end(node.to))
  return typeof evaluate(node.of, scope) === 'string' ? cut.join('') : cut
}

function each(node: Of<'each'>, scope: Scope): Value {
  const items = listIn(evaluate(node.of, scope), node.of.at)
  const ask = (item: Value, index: number) => (node.test ? evaluate(node.test, { ...scope, item, index }) : item)
  const holds = (item: Value, index: number) => truthIn(ask(item, index), (node.test ?? node.of).at)
  switch (node.name) {
    case 'all':
      return !decided(items, (item, index) => !holds(item, index))
    case 'none':
      return !decided(items, holds)
    case 'any':
      return decided(items, holds)
    case 'one':
      return items.filter(holds).length === 1
    case 'count':
      return items.filter(holds).length
    case 'filter':
      return items.filter(holds)
    case 'map':
      return items.map(ask)
    case 'sum':
      return items.reduce<number>((sum, item, index) => sum + numberIn(ask(item, index), scope, node.at), 0)
    case 'find':
      return items.find(holds) ?? null
    case 'findIndex':
      return items.findIndex(holds)
    case 'findLast':
      return items.findLast(holds) ?? null
    case 'findLastIndex':
      return items.findLastIndex(holds)
  }
}

/** Whether it holds of any. One that cannot be told does not hide another that can. */
function decided(items: readonly Value[], holds: (item: Value, index: number) => boolean): boolean {
  const asked = items.map((item, index) => trying(() => holds(item, index)))
  if (asked.includes(true)) return true
  const fault = asked.find((each) => each instanceof ConditionFault)
  if (fault) throw fault
  return false
}
