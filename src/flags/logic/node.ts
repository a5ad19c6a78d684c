/** What JsonLogic is compiled to: a constant, or a function of the data. Knows no operator. */
import type { Json } from '../../core/index.ts'
import type { HashGeneration } from '../set.ts'

export type Run = (data: unknown) => unknown
export type Node =
  { readonly constant: true; readonly value: unknown } | { readonly constant: false; readonly run: Run }

/** What an expression may refer to besides its data. */
export interface Scope {
  readonly flagKey: string
  readonly generation: HashGeneration
  /** Milliseconds since 1970. */
  now(): number
  /** Inside `map`, `filter`, `reduce`, `all`, `none`, `some` the data is an element: no `$flagd`, no targeting key. */
  readonly inList: boolean
  readonly compile: (logic: Json, scope: Scope) => Node
  readonly evaluators: { readonly [name: string]: Json }
  /** Names being resolved, outermost first. */
  readonly refs: readonly string[]
}

/** Compiles the arguments of one operator. Those that need no data are constants. */
export type Operator = (args: readonly Json[], scope: Scope) => Node

/** The rule cannot be understood: flagd's PARSE_ERROR. */
export class RuleError extends Error {
  override readonly name = 'RuleError'
}

export const constant = (value: unknown): Node => ({ constant: true, value })
export const computed = (run: Run): Node => ({ constant: false, run })
export const nothing = constant(null)

export function runOf(node: Node | undefined): Run {
  if (node === undefined) return () => undefined
  if (!node.constant) return node.run
  const { value } = node
  return () => value
}

/** jsonlogic.com/truthy: as JavaScript, but an empty list is false. */
export function truthy(value: unknown): boolean {
  if (value === true) return true
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

/** JavaScript's own text of a value is JsonLogic's. */
export function textOf(value: unknown): string {
  return `${value as string}`
}

/** An operator whose arguments are all computed first. Folded when none of them needs data. */
export function eager(apply: (...values: readonly unknown[]) => unknown): Operator {
  return (args, scope) => {
    const nodes = args.map((each) => scope.compile(each, scope))
    const runs = nodes.map(runOf)
    const run = calling(apply, runs)
    return nodes.every((node) => node.constant) ? folded(run) : computed(run)
  }
}

/** What throws on constants would throw each time: it stays to be run, so that it is an error of evaluation, as in flagd. */
function folded(run: Run): Node {
  try {
    return constant(run(null))
  } catch {
    return computed(run)
  }
}

function calling(apply: (...values: readonly unknown[]) => unknown, runs: readonly Run[]): Run {
  const [first, second, third] = runs
  if (runs.length === 1 && first) return (data) => apply(first(data))
  if (runs.length === 2 && first && second) return (data) => apply(first(data), second(data))
  if (runs.length === 3 && first && second && third) return (data) => apply(first(data), second(data), third(data))
  return (data) => apply(...runs.map((run) => run(data)))
}
