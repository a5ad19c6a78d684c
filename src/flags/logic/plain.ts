/** The operators of JsonLogic that compute their arguments first, each as jsonlogic.com defines it. No data is looked up here. */
import { computed, constant, eager, type Node, type Operator, runOf, type Scope, truthy } from './node.ts'
import type { Json } from '../../core/index.ts'

/** JavaScript's own rules of comparison and arithmetic are JsonLogic's. */
type Loose = number

const number = (value: unknown): number => Number.parseFloat(String(value))

export const plainOperators: { readonly [name: string]: Operator } = {
  '==': eager((a, b) => a == b),
  '!=': eager((a, b) => a != b),
  '===': strict(true),
  '!==': strict(false),
  '>': eager((a, b) => (a as Loose) > (b as Loose)),
  '>=': eager((a, b) => (a as Loose) >= (b as Loose)),
  '<': eager((a, b, c) => (a as Loose) < (b as Loose) && (c === undefined || (b as Loose) < (c as Loose))),
  '<=': eager((a, b, c) => (a as Loose) <= (b as Loose) && (c === undefined || (b as Loose) <= (c as Loose))),
  '!': eager((value) => !truthy(value)),
  '!!': eager((value) => truthy(value)),
  '+': eager((...values) => values.reduce<number>((sum, value) => sum + number(value), 0)),
  '*': eager((...values) => values.reduce((product, value) => number(product) * number(value))),
  '-': eager((a, b) => (b === undefined ? -(a as Loose) : (a as Loose) - (b as Loose))),
  '/': eager((a, b) => (a as Loose) / (b as Loose)),
  '%': eager((a, b) => (a as Loose) % (b as Loose)),
  min: eager((...values) => Math.min(...(values as readonly Loose[]))),
  max: eager((...values) => Math.max(...(values as readonly Loose[]))),
  merge: eager((...values) => values.flat(1)),
  cat: eager((...values) => values.join('')),
  substr: eager(substring),
  in: contained,
  /** It prints elsewhere; here it only hands on. */
  log: eager((value) => value),
}

/** Against a constant, which is what rules do, one side needs no call. */
function strict(same: boolean): Operator {
  const general = eager((a, b) => (a === b) === same)
  return (args, scope) => {
    if (args.length !== 2) return general(args, scope)
    const [a, b] = args.map((each) => scope.compile(each, scope)) as [Node, Node]
    if (a.constant === b.constant) return general(args, scope)
    const fixed = a.constant ? a.value : b.constant ? b.value : undefined
    const run = runOf(a.constant ? b : a)
    return computed(same ? (data) => run(data) === fixed : (data) => run(data) !== fixed)
  }
}

/** A negative length leaves so many off the end. */
function substring(source: unknown, start: unknown, length: unknown): string {
  const text = String(source)
  const from = Math.trunc(Number(start)) || 0
  const begin = from < 0 ? Math.max(0, text.length + from) : from
  if (length === undefined) return text.slice(begin)
  const many = Math.trunc(Number(length)) || 0
  const rest = text.slice(begin)
  return rest.slice(0, many < 0 ? Math.max(0, rest.length + many) : many)
}

/** A list that holds the value itself, or a text that holds it as text; an empty text holds nothing. */
function isIn(value: unknown, among: unknown): boolean {
  if (typeof among === 'string') return among !== '' && among.includes(String(value))
  return Array.isArray(among) && among.includes(value) && !Number.isNaN(value)
}

function contained(args: readonly Json[], scope: Scope): Node {
  const [needle, hay] = args.map((each) => scope.compile(each, scope))
  if (needle === undefined || hay === undefined) return constant(false)
  if (hay.constant && !needle.constant && Array.isArray(hay.value)) {
    const { run } = needle
    const among: readonly unknown[] = hay.value.filter((each) => !Number.isNaN(each))
    if (among.length <= 4) return computed((data) => among.includes(run(data)))
    const many = new Set(among)
    return computed((data) => many.has(run(data)))
  }
  return eager(isIn)(args, scope)
}
