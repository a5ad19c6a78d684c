/**
 * Whether a condition is the same for every answer that can be judged. What is compared with constants matters only by where it lies among them: as
 * many cases as there are constants and gaps between them. Each is tried; what cannot be split so is taken to be either. Never says so wrongly.
 */
import { evaluate } from './evaluate.ts'
import { ConditionFault } from './tokens.ts'
import { below, keyOf, type Node } from './tree.ts'
import type { Value } from './value.ts'

/** A figure among constants, or something that is true or false. Both are a list of cases: numbers, or 1 and 0. */
type Cases = Map<string, readonly number[]>
type Case = { readonly [key: string]: number }

const mostCases = 20_000

/** The constant, or undefined where it is none, or that cannot be told. */
export function constantOf(tree: Node): boolean | undefined {
  const plain = withoutNames(tree, {})
  return constantIn(plain, calls(plain, 'isNaN'))
}

/** `nan`: the whole condition looks for NaN, and its comparisons take it as IEEE does. */
function constantIn(plain: Node, nan: boolean): boolean | undefined {
  const cases = casesOf(plain, nan)
  let seen: boolean | undefined
  for (const each of combined(cases)) {
    if (!each) return undefined
    const holds = truthOf(plain, each, nan)
    if (seen !== undefined && holds !== seen) return undefined
    seen = holds
  }
  return seen
}

function calls(node: Node, name: string): boolean {
  return (node.type === 'call' && node.name === name) || below(node).some((each) => calls(each, name))
}

/** `let` names filled in with what they stand for; what reads `#` means another where it is filled in, and stays a name. */
function withoutNames(node: Node, names: { readonly [name: string]: Node }): Node {
  if (node.type === 'name') return names[node.name] ?? node
  if (node.type === 'let') {
    const value = withoutNames(node.value, names)
    const own: Node = { type: 'name', name: `${node.name}@${node.at.line}:${node.at.column}`, at: node.at }
    return withoutNames(node.body, { ...names, [node.name]: readsItem(value) ? own : value })
  }
  return filledIn(node, names, true) as Node
}

function filledIn(value: unknown, names: { readonly [name: string]: Node }, inside = false): unknown {
  if (Array.isArray(value)) return value.map((each) => filledIn(each, names))
  if (typeof value !== 'object' || value === null) return value
  if (!inside && 'type' in value) return withoutNames(value as Node, names)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filledIn(each, names)]))
}

function readsItem(node: Node): boolean {
  return node.type === 'item' || below(node).some(readsItem)
}

/** The fixed value of what reads nothing of the answer. */
function fixed(node: Node): Value | undefined {
  if (readsAnswer(node)) return undefined
  try {
    return evaluate(node, { result: [], item: null, index: 0, sum: null, names: {}, nan: true })
  } catch (error) {
    if (error instanceof ConditionFault) return undefined
    throw error
  }
}

function readsAnswer(node: Node): boolean {
  return ['result', 'item', 'name'].includes(node.type) || below(node).some(readsAnswer)
}

/** A figure against numbers: which figure, what is asked of it, and of which numbers. */
interface Test {
  readonly key: string
  readonly numbers: readonly number[]
  readonly least: number
  readonly holds: (figure: number) => boolean
}

const signs: { readonly [sign: string]: (a: number, b: number) => boolean } = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
}
const mirrored: { readonly [sign: string]: string } = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

function testOf(node: Node): Test | undefined {
  if (node.type === 'call' && node.name === 'isNaN' && node.args[0])
    return { ...figureOf(node.args[0]), numbers: [], holds: Number.isNaN }
  if (node.type !== 'binary') return undefined
  const { sign, left, right } = node
  const [a, b] = [fixed(left), fixed(right)]
  if (sign === 'in' && Array.isArray(b) && b.every((each) => typeof each === 'number'))
    return { ...figureOf(left), numbers: b, holds: (figure) => b.includes(figure) }
  const asked = signs[sign]
  if (!asked) return undefined
  const mirror = signs[mirrored[sign] ?? sign]!
  if (typeof b === 'number') return { ...figureOf(left), numbers: [b], holds: (figure) => asked(figure, b) }
  if (typeof a === 'number') return { ...figureOf(right), numbers: [a], holds: (figure) => mirror(figure, a) }
  if (a !== undefined || b !== undefined) return undefined
  // Two figures of the answer: what matters is whether the first is less, the same or more.
  const [one, other] = [keyOf(left), keyOf(right)]
  const turned = one > other
  const key = turned ? `${other} - ${one}` : `${one} - ${other}`
  return { key, numbers: [0], least: -Infinity, holds: (figure) => (turned ? mirror : asked)(figure, 0) }
}

/** A number of things, or a distance, is never below zero. */
function figureOf(node: Node): { readonly key: string; readonly least: number } {
  const counted =
    (node.type === 'call' && ['len', 'abs'].includes(node.name)) || (node.type === 'each' && node.name === 'count')
  return { key: keyOf(node), least: counted ? 0 : -Infinity }
}

/** A number in each gap and on each constant; NaN as well where the condition looks for it. */
function casesOf(tree: Node, nan: boolean): Cases {
  const tests = new Map<string, { numbers: number[]; least: number }>()
  const free = new Set<string>()
  const walk = (node: Node): void => {
    const made = joints(node)
    if (made) {
      for (const each of made) walk(each)
      return
    }
    if (fixed(node) !== undefined || sameSides(node, nan) !== undefined || fixedEach(node, nan) !== undefined) return
    const test = testOf(node)
    if (!test) return void free.add(keyOf(node))
    const known = tests.get(test.key) ?? { numbers: [], least: test.least }
    tests.set(test.key, { ...known, numbers: [...known.numbers, ...test.numbers] })
  }
  walk(tree)
  const figures = [...tests].map(([key, { numbers, least }]): [string, readonly number[]] => {
    const spread = spreadOf(Number.isFinite(least) ? [...numbers, least] : numbers).filter((each) => each >= least)
    return [key, nan ? [...spread, NaN] : spread]
  })
  return new Map([...[...free].map((key): [string, readonly number[]] => [key, [0, 1]]), ...figures])
}

function spreadOf(numbers: readonly number[]): readonly number[] {
  const sorted = [...new Set(numbers)].toSorted((a, b) => a - b)
  const between = sorted.flatMap((each, index) => [each, each / 2 + (sorted[index + 1] ?? Infinity) / 2])
  return [...new Set([-Infinity, ...between, Infinity])]
}

/** What is put together of truths: both sides of `and`, all of a choice. */
function joints(node: Node): readonly Node[] | undefined {
  if (node.type === 'unary' && node.sign === 'not') return [node.of]
  if (node.type === 'binary' && (node.sign === 'and' || node.sign === 'or')) return [node.left, node.right]
  return node.type === 'choice' ? [node.when, node.met, node.otherwise] : undefined
}

/** The same figure on both sides: equal, unless it is NaN, of which a condition without isNaN is not asked. */
function sameSides(node: Node, nan: boolean): boolean | undefined {
  if (nan || node.type !== 'binary' || keyOf(node.left) !== keyOf(node.right) || !signs[node.sign]) return undefined
  return signs[node.sign]!(0, 0)
}

/** `all` of what always holds, `any` of what never does. */
function fixedEach(node: Node, nan: boolean): boolean | undefined {
  if (node.type !== 'each' || !node.test || !['all', 'any', 'none', 'one'].includes(node.name)) return undefined
  const test = constantIn(node.test, nan)
  if (node.name === 'all') return test === true ? true : undefined
  return test === false ? node.name === 'none' : undefined
}

function truthOf(node: Node, of: Case, nan: boolean): boolean {
  if (node.type === 'unary' && node.sign === 'not') return !truthOf(node.of, of, nan)
  if (node.type === 'binary' && node.sign === 'and') return truthOf(node.left, of, nan) && truthOf(node.right, of, nan)
  if (node.type === 'binary' && node.sign === 'or') return truthOf(node.left, of, nan) || truthOf(node.right, of, nan)
  if (node.type === 'choice') return truthOf(truthOf(node.when, of, nan) ? node.met : node.otherwise, of, nan)
  const known = fixed(node) ?? sameSides(node, nan) ?? fixedEach(node, nan)
  if (known !== undefined) return known === true
  const test = testOf(node)
  return test ? test.holds(of[test.key]!) : of[keyOf(node)] === 1
}

/** Every case with every other; undefined where they are too many. */
function* combined(cases: Cases): Generator<Case | undefined> {
  const all = [...cases]
  if (all.reduce((product, [, each]) => product * each.length, 1) > mostCases) return yield undefined
  const from = function* (index: number, so: Case): Generator<Case> {
    const [key, each] = all[index] ?? []
    if (key === undefined || !each) return yield so
    for (const value of each) yield* from(index + 1, { ...so, [key]: value })
  }
  yield* from(0, {})
}
