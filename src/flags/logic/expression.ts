/** JsonLogic and flagd's operators, compiled once into functions. What they give is for others to interpret. */
import type { Json, JsonObject } from '../../core/index.ts'
import { lookUp, missing, missingSome } from './data.ts'
import { flowOperators } from './flow.ts'
import { fractional } from './fractional.ts'
import { computed, constant, eager, type Node, type Operator, RuleError, runOf, type Scope } from './node.ts'
import { plainOperators } from './plain.ts'
import { semVer } from './sem-ver.ts'

const texts = (holds: (text: string, part: string) => boolean): Operator => {
  const both = eager((text, part) => (typeof text === 'string' && typeof part === 'string' ? holds(text, part) : null))
  return (args, scope) => (args.length === 2 ? both(args, scope) : constant(null))
}

const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...plainOperators,
    ...flowOperators,
    var: lookUp,
    missing,
    missing_some: missingSome,
    fractional,
    sem_ver: semVer,
    starts_with: texts((text, part) => text.startsWith(part)),
    ends_with: texts((text, part) => text.endsWith(part)),
  }),
)

export const operatorNames: ReadonlySet<string> = new Set(operators.keys())

/** An object with exactly one key is an operation; every other value stands for itself. */
export function operationIn(logic: Json): { readonly name: string; readonly args: readonly Json[] } | undefined {
  if (typeof logic !== 'object' || logic === null || Array.isArray(logic)) return undefined
  const entries = Object.entries(logic as JsonObject)
  const [only] = entries
  if (entries.length !== 1 || only === undefined) return undefined
  const [name, given] = only
  return { name, args: Array.isArray(given) ? (given as readonly Json[]) : [given] }
}

/** Throws a `RuleError` for an operator nobody knows, or a `$ref` that leads nowhere or in a circle. */
export function compileLogic(logic: Json, scope: Scope): Node {
  if (Array.isArray(logic)) return compileList(logic as readonly Json[], scope)
  const operation = operationIn(logic)
  if (operation === undefined) return constant(logic)
  const { name, args } = operation
  if (name === '$ref') {
    const [target, inner] = referred(args[0] ?? null, scope)
    return compileLogic(target, inner)
  }
  const operator = operators.get(name)
  if (operator === undefined) throw new RuleError(`unknown operator "${name}"`)
  return operator(args, scope)
}

function compileList(items: readonly Json[], scope: Scope): Node {
  const nodes = items.map((item) => compileLogic(item, scope))
  if (nodes.every((node) => node.constant)) return constant(nodes.map(({ value }) => value))
  const runs = nodes.map(runOf)
  return computed((data) => runs.map((run) => run(data)))
}

/** The rule that a `$ref` names, and the scope in which it is read. */
export function referred(name: Json, scope: Scope): readonly [logic: Json, scope: Scope] {
  if (typeof name !== 'string' || !Object.hasOwn(scope.evaluators, name)) {
    throw new RuleError(`no evaluator is called ${JSON.stringify(name)}`)
  }
  if (scope.refs.includes(name)) throw new RuleError(`the evaluator "${name}" refers to itself`)
  return [scope.evaluators[name] ?? null, { ...scope, refs: [...scope.refs, name] }]
}
