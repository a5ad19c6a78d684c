/** The operators that look into the data: `var`, `missing`, `missing_some`. flagd's own properties are found here. */
import { computed, constant, eager, type Node, type Operator, type Run, runOf, type Scope, textOf } from './node.ts'

const flagd = '$flagd'

/** What flagd adds to the context; it wins over what the caller put there. */
function flagdProperties(scope: Scope): { readonly flagKey: string; readonly timestamp: number } {
  return { flagKey: scope.flagKey, timestamp: Math.floor(scope.now() / 1000) }
}

export const lookUp: Operator = (args, scope) => {
  const [name, fallback] = args.map((each) => scope.compile(each, scope))
  const otherwise = fallback === undefined ? constant(null) : fallback
  if (name !== undefined && !name.constant) return dynamic(name.run, runOf(otherwise), scope)
  const path = name?.value
  if (path === undefined || path === null || path === '') return whole(scope)
  const steps = textOf(path).split('.')
  if (steps[0] === flagd && !scope.inList) return ofFlagd(steps.slice(1), otherwise, scope)
  return along(steps, otherwise)
}

function whole(scope: Scope): Node {
  if (scope.inList) return computed((data) => data)
  return computed((data) => ({ ...(data as object), [flagd]: flagdProperties(scope) }))
}

function ofFlagd(steps: readonly string[], otherwise: Node, scope: Scope): Node {
  if (steps.length === 1 && steps[0] === 'flagKey') return constant(scope.flagKey)
  if (steps.length === 1 && steps[0] === 'timestamp') return computed(() => Math.floor(scope.now() / 1000))
  const none = runOf(otherwise)
  return computed((data) => walked(flagdProperties(scope), steps, none, data))
}

/** A known path: one property is by far the most frequent, and is read without a loop. */
function along(steps: readonly string[], otherwise: Node): Node {
  const [only = ''] = steps
  const none = runOf(otherwise)
  if (steps.length > 1 || only in Object.prototype) return computed((data) => walked(data, steps, none, data))
  if (!otherwise.constant) {
    return computed((data) => {
      const value = propertyOf(data, only)
      return value === undefined ? none(data) : value
    })
  }
  const { value: absent } = otherwise
  return computed((data) => {
    if (data === null || data === undefined) return absent
    const value = (data as { readonly [name: string]: unknown })[only]
    return value === undefined || typeof value === 'function' ? absent : value
  })
}

function dynamic(name: Run, none: Run, scope: Scope): Node {
  return computed((data) => found(name(data), none, data, scope))
}

/** What the data holds at a path that is only known now. */
function found(path: unknown, none: Run, data: unknown, scope: Scope): unknown {
  if (path === undefined || path === null || path === '') return runOf(whole(scope))(data)
  const steps = textOf(path).split('.')
  if (steps[0] === flagd && !scope.inList) return walked(flagdProperties(scope), steps.slice(1), none, data)
  return walked(data, steps, none, data)
}

function walked(from: unknown, steps: readonly string[], none: Run, data: unknown): unknown {
  let value = from
  for (const step of steps) {
    value = propertyOf(value, step)
    if (value === undefined) return none(data)
  }
  return value
}

/** What the value itself holds: nothing that JavaScript lends it (`constructor`, methods), but the length of a text or list. */
function propertyOf(value: unknown, name: string): unknown {
  if (value === null || value === undefined) return undefined
  if (name in Object.prototype && !Object.hasOwn(Object(value) as object, name)) return undefined
  const found = (value as { readonly [name: string]: unknown })[name]
  return typeof found === 'function' ? undefined : found
}

/** The names of which the data has nothing, or an empty text. */
export const missing: Operator = (args, scope) => {
  if (args.every((each) => typeof each === 'string')) {
    const lookups = args.map((name) => ({ name, run: runOf(lookUp([name], scope)) }))
    return computed((data) => lookups.flatMap(({ name, run }) => (isAbsent(run(data)) ? [name] : [])))
  }
  const given = eager((...values) => values)(args, scope)
  const names = runOf(given)
  return computed((data) => missingOf(listOf(names(data)), data, scope))
}

export const missingSome: Operator = (args, scope) => {
  const [need, options] = args.map((each) => runOf(scope.compile(each, scope)))
  return computed((data) => {
    const names = options?.(data)
    const list: readonly unknown[] = Array.isArray(names) ? names : isAbsent(names ?? null) ? [] : [names]
    const absent = missingOf(list, data, scope)
    return list.length - absent.length >= Number(need?.(data)) ? [] : absent
  })
}

function isAbsent(value: unknown): boolean {
  return value === null || value === ''
}

/** One argument that is a list stands for its names: `missing` is often fed by `merge` or `if`. */
function listOf(values: unknown): readonly unknown[] {
  const given = values as readonly unknown[]
  return Array.isArray(given[0]) ? (given[0] as readonly unknown[]) : given
}

/** A name that is a list is a name and its fallback, as in `var`. */
function missingOf(names: readonly unknown[], data: unknown, scope: Scope): readonly unknown[] {
  return names.filter((each) => {
    const [name, fallback = null] = (Array.isArray(each) ? each : [each]) as readonly unknown[]
    return isAbsent(found(name, () => fallback, data, scope))
  })
}
