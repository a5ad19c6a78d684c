/** `fractional`: a share of the users for each variant, by hash, in the three generations. Knows no flag but its key. */
import type { Json } from '../../core/index.ts'
import { cbor } from '../cbor.ts'
import { hashed, murmur, murmurAfter, murmurBytes } from '../murmur.ts'
import type { HashGeneration } from '../set.ts'
import { computed, constant, type Node, nothing, type Operator, type Run, runOf, type Scope } from './node.ts'

/** The most that a weight, and all of them together, may be. */
export const mostWeight = 2 ** 31 - 1

/** A hash below the limit, and not below the one before, gets the variant. Limits are exact: ceil(sum · 2^32 / total). */
export interface Share {
  readonly variant: unknown
  readonly limit: number
}

/** The hash of the user at hand, 0 to 2^32 - 1; null where there is nobody to hash. */
export type HashOf = (data: unknown) => number | null

/** A rule whose shares do not depend on the data: nearly all. */
export interface FixedShares {
  readonly hashOf: HashOf
  readonly shares: readonly Share[]
}

export const fractional: Operator = (args, scope) => {
  // Elements of a list carry neither flag nor targeting key.
  if (scope.inList) return nothing
  const fixed = fixedShares(args, scope)
  if (fixed === null) return nothing
  if (fixed !== undefined) {
    const { hashOf, shares } = fixed
    return computed((data) => {
      const hash = hashOf(data)
      return hash === null ? null : (shares.find(({ limit }) => hash < limit)?.variant ?? null)
    })
  }
  return computed(dynamicShares(args, scope))
}

/** Null: the rule gives null for everybody. Undefined: it has to be computed for each. */
export function fixedShares(args: readonly Json[], scope: Scope): FixedShares | null | undefined {
  if (args.length === 0) return null
  const [first = null, ...rest] = args
  const keyed = !Array.isArray(first)
  const buckets = (keyed ? rest : args).map((each) => scope.compile(each, scope))
  if (!buckets.every((each) => each.constant)) return undefined
  const list = bucketsOf(buckets.map(({ value }) => value))
  if (list === undefined || list.length === 0) return null
  if (!keyed) return { hashOf: implicitHash(scope), shares: sharesOf(list, scope.generation) }
  const key = scope.compile(first, scope)
  if (key.constant && scope.generation !== 'v3' && typeof key.value !== 'string') return undefined
  return { hashOf: keyedHash(key, scope), shares: sharesOf(list, scope.generation) }
}

interface Bucket {
  readonly variant: unknown
  readonly weight: number
}

/** Undefined where they are no buckets: a list of one or two, a whole weight (below 0 counts as 0), a variant that is no object. */
function bucketsOf(values: readonly unknown[]): readonly Bucket[] | undefined {
  const list: Bucket[] = []
  let total = 0
  for (const value of values) {
    if (!Array.isArray(value) || value.length === 0 || value.length > 2) return undefined
    const [variant = null, given] = value as readonly unknown[]
    if (typeof variant === 'object' && variant !== null) return undefined
    if (value.length === 2 && (typeof given !== 'number' || !Number.isInteger(given))) return undefined
    const weight = value.length === 2 ? Math.max(0, given as number) : 1
    total += weight
    list.push({ variant, weight })
  }
  return total > mostWeight ? undefined : list
}

function sharesOf(buckets: readonly Bucket[], generation: HashGeneration): readonly Share[] {
  const total = buckets.reduce((sum, { weight }) => sum + weight, 0)
  let sum = 0
  let percents = 0
  return buckets.map(({ variant, weight }) => {
    sum += weight
    if (total === 0) return { variant, limit: 0 }
    // The first generation adds up percentages in floating point, and a sum of them decides.
    percents += (100 * weight) / total
    if (generation === 'v1') return { variant, limit: percents }
    const scaled = BigInt(sum) * 2n ** 32n
    return { variant, limit: Number((scaled + BigInt(total) - 1n) / BigInt(total)) }
  })
}

/** The first generation's 0 to 100 of a hash: the absolute value of the signed hash. */
function percentOf(hash: number): number {
  return (Math.abs(hash | 0) / mostWeight) * 100
}

/** By flag and targeting key. No key, or an empty one, is nobody: all the anonymous would share one bucket. */
function implicitHash({ flagKey, generation }: Scope): HashOf {
  if (generation === 'v3') {
    return (data) => {
      const key = targetingKeyOf(data)
      return key === undefined ? null : murmurBytes(cbor([flagKey, key]))
    }
  }
  // What the flag's key contributes is the same for all. A high surrogate at its end would only be whole together with the next.
  const start = /[\uD800-\uDBFF]$/.test(flagKey) ? undefined : hashed(flagKey)
  const plain = (key: string) => (start === undefined ? murmur(flagKey + key) : murmurAfter(start, key))
  return (data) => {
    const key = targetingKeyOf(data)
    if (key === undefined) return null
    return generation === 'v1' ? percentOf(plain(key)) : plain(key)
  }
}

function targetingKeyOf(data: unknown): string | undefined {
  if (data === null || data === undefined) return undefined
  const { targetingKey } = data as { readonly targetingKey?: unknown }
  return typeof targetingKey === 'string' && targetingKey !== '' ? targetingKey : undefined
}

/** v1 and v2 take a text; where the attribute is missing, flag and targeting key. v3 takes any value but null. */
function keyedHash(key: Node, scope: Scope): HashOf {
  const run = runOf(key)
  if (scope.generation === 'v3') {
    return (data) => {
      const value = run(data) ?? null
      return value === null ? null : murmurBytes(cbor(value))
    }
  }
  const implicit = implicitHash(scope)
  const first = scope.generation === 'v1' ? (text: string) => percentOf(murmur(text)) : murmur
  return (data) => {
    const value = run(data)
    if (typeof value === 'string') return first(value)
    return value === null || value === undefined ? implicit(data) : null
  }
}

/** Weights or variants that are rules: all are computed, as flagd does, and one that is wrong spoils the whole. */
function dynamicShares(args: readonly Json[], scope: Scope): Run {
  const [first = null] = args
  const nodes = args.map((each) => scope.compile(each, scope))
  const runs = nodes.map(runOf)
  const implicit = implicitHash(scope)
  return (data) => {
    const values = runs.map((run) => run(data))
    const keyed = scope.generation === 'v3' ? !Array.isArray(first) : !Array.isArray(values[0])
    const list = bucketsOf(keyed ? values.slice(1) : values)
    if (list === undefined || list.length === 0) return null
    const hash = keyed ? keyedHash(constant(values[0]), scope)(data) : implicit(data)
    if (hash === null) return null
    return sharesOf(list, scope.generation).find(({ limit }) => hash < limit)?.variant ?? null
  }
}
