/** Versions as semver.org orders them, read as leniently as flagd does: `v1`, `1.2`, numbers. The operator `sem_ver`. */
import { constant, computed, eager, type Operator, runOf } from './node.ts'

export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
  readonly pre: readonly string[]
}

const whole = '(0|[1-9]\\d*)'
const identifier = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const full = new RegExp(
  `^${whole}\\.${whole}\\.${whole}(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?$`,
)
const partial = new RegExp(`^${whole}(?:\\.${whole})?$`)

/** Undefined for what is no version: `2.0.0.0`, `01.2.3`, a word. Build metadata is read over. */
export function versionOf(raw: unknown): Version | undefined {
  const text = String(raw).replace(/^[vV]/, '')
  const found = full.exec(text) ?? partial.exec(text)
  if (found === null) return undefined
  const [major = 0, minor = 0, patch = 0] = found.slice(1, 4).map((part) => Number(part ?? 0))
  if (!Number.isSafeInteger(major) || !Number.isSafeInteger(minor) || !Number.isSafeInteger(patch)) return undefined
  return { major, minor, patch, pre: found[4]?.split('.') ?? [] }
}

/** Negative, zero, positive. A version with a pre-release comes before the one without. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || comparePre(a.pre, b.pre)
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (const [at, part] of a.entries()) {
    const other = b[at]
    if (other === undefined) return 1
    if (part !== other) return compareParts(part, other)
  }
  return a.length - b.length
}

/** Numbers by size and before words; words by code unit. */
function compareParts(a: string, b: string): number {
  const [numberA, numberB] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (numberA && numberB) return Number(a) - Number(b)
  if (numberA !== numberB) return numberA ? -1 : 1
  return a < b ? -1 : 1
}

type Relation = (a: Version, b: Version) => boolean

export const relations: { readonly [operator: string]: Relation } = {
  '=': (a, b) => compareVersions(a, b) === 0,
  '!=': (a, b) => compareVersions(a, b) !== 0,
  '<': (a, b) => compareVersions(a, b) < 0,
  '<=': (a, b) => compareVersions(a, b) <= 0,
  '>': (a, b) => compareVersions(a, b) > 0,
  '>=': (a, b) => compareVersions(a, b) >= 0,
  '^': (a, b) => a.major === b.major,
  '~': (a, b) => a.major === b.major && a.minor === b.minor,
}

function relate(left: unknown, operator: unknown, right: unknown): boolean | null {
  const [a, b] = [versionOf(left), versionOf(right)]
  const name = String(operator)
  const relation = Object.hasOwn(relations, name) ? relations[name] : undefined
  return a && b && relation ? relation(a, b) : null
}

/** Null, which means the default, where an operand is no version, or there are not three. Nearly always two of the three are constants. */
export const semVer: Operator = (args, scope) => {
  if (args.length !== 3) return constant(null)
  const [left, operator, right] = args.map((each) => scope.compile(each, scope))
  if (!left || left.constant || !operator?.constant || !right?.constant) return eager(relate)(args, scope)
  const fixed = versionOf(right.value)
  const name = String(operator.value)
  const relation = Object.hasOwn(relations, name) ? relations[name] : undefined
  if (!fixed || !relation) return constant(null)
  const run = runOf(left)
  return computed((data) => {
    const version = versionOf(run(data))
    return version === undefined ? null : relation(version, fixed)
  })
}
