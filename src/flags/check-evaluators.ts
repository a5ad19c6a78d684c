/** Judges the rules that others refer to, and what they refer to themselves. */
import { block, type Finding, isObject, type Json, type JsonObject, risk } from '../core/index.ts'
import { inRule } from './check-targeting.ts'
import { place, pointer } from './place.ts'

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
