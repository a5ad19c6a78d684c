/** The operators that decide themselves what is computed: conditions, and those over lists. */
import type { Json } from '../../core/index.ts'
import { computed, constant, type Node, nothing, type Operator, type Run, runOf, type Scope, truthy } from './node.ts'

export const flowOperators: { readonly [name: string]: Operator } = {
  if: choose,
  '?:': choose,
  and: (args, scope) => firstOf(args, scope, (value) => !truthy(value)),
  or: (args, scope) => firstOf(args, scope, truthy),
  map: overList(
    (list, run) => list.map(run),
    () => [],
  ),
  filter: overList(
    (list, run) => list.filter((item) => truthy(run(item))),
    () => [],
  ),
  all: overList(
    (list, run) => list.length > 0 && list.every((item) => truthy(run(item))),
    () => false,
  ),
  some: overList(
    (list, run) => list.some((item) => truthy(run(item))),
    () => false,
  ),
  none: overList(
    (list, run) => !list.some((item) => truthy(run(item))),
    () => true,
  ),
  reduce,
}

/** Pairs of condition and result, and at the end a result without a condition. */
function choose(args: readonly Json[], scope: Scope): Node {
  const [first, second, ...rest] = args
  if (first === undefined) return nothing
  if (second === undefined) return scope.compile(first, scope)
  const test = scope.compile(first, scope)
  const [yes, no] = [scope.compile(second, scope), choose(rest, scope)]
  if (test.constant) return truthy(test.value) ? yes : no
  const [runYes, runNo, asked] = [runOf(yes), runOf(no), test.run]
  return computed((data) => (truthy(asked(data)) ? runYes(data) : runNo(data)))
}

/** The first value that settles it, or the last. */
function firstOf(args: readonly Json[], scope: Scope, settles: (value: unknown) => boolean): Node {
  const nodes = args.map((each) => scope.compile(each, scope))
  const [last, ...before] = nodes.toReversed()
  if (last === undefined) return nothing
  return before.reduce<Node>((later, node) => {
    if (node.constant) return settles(node.value) ? node : later
    const [now, next] = [node.run, runOf(later)]
    return computed((data) => {
      const value = now(data)
      return settles(value) ? value : next(data)
    })
  }, last)
}

function overList(apply: (list: readonly unknown[], run: Run) => unknown, otherwise: () => unknown): Operator {
  return ([list, logic = null], scope) => {
    if (list === undefined) return constant(otherwise())
    const items = runOf(scope.compile(list, scope))
    const each = runOf(scope.compile(logic, { ...scope, inList: true }))
    return computed((data) => {
      const found = items(data)
      return Array.isArray(found) ? apply(found, (item) => each(item)) : otherwise()
    })
  }
}

function reduce([list = null, logic = null, start]: readonly Json[], scope: Scope): Node {
  const items = runOf(scope.compile(list, scope))
  const step = runOf(scope.compile(logic, { ...scope, inList: true }))
  const first = start === undefined ? () => null : runOf(scope.compile(start, scope))
  return computed((data) => {
    const found = items(data)
    const begin = first(data)
    if (!Array.isArray(found)) return begin
    return found.reduce((accumulator: unknown, current: unknown) => step({ current, accumulator }), begin)
  })
}
