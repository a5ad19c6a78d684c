/** Versions and ranges of them, as Semantic Versioning 2.0.0 orders them and npm writes ranges. Knows no upgrade. */

/** Numbers of a version; `pre` are the parts behind the dash. Build metadata plays no part in order. */
export interface Version {
  readonly numbers: readonly [number, number, number]
  readonly pre: readonly string[]
}

/** One bound: `op` against a version. */
interface Bound {
  readonly op: '<' | '<=' | '>' | '>=' | '='
  readonly version: Version
}

/** Alternatives, each a list of bounds that all must hold. */
export type Range = readonly (readonly Bound[])[]

const exact = /^[v=\s]*(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/

/** The version in `text`, with or without a leading `v`; missing numbers are 0. Undefined when it is none. */
export function parseVersion(text: string): Version | undefined {
  const found = exact.exec(text.trim())
  if (!found) return undefined
  return { numbers: [Number(found[1]), Number(found[2] ?? 0), Number(found[3] ?? 0)], pre: found[4]?.split('.') ?? [] }
}

export function showVersion({ numbers, pre }: Version): string {
  return numbers.join('.') + (pre.length === 0 ? '' : `-${pre.join('.')}`)
}

/** Below 0 when `a` comes first, by clause 11 of Semantic Versioning. */
export function compareVersions(a: Version, b: Version): number {
  for (const i of [0, 1, 2] as const) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i] - b.numbers[i]
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const [x, y] = [a.pre[i], b.pre[i]]
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1
    if (x !== y) return comparePart(x, y)
  }
  return 0
}

function comparePart(x: string, y: string): number {
  const [m, n] = [/^\d+$/.test(x), /^\d+$/.test(y)]
  if (m && n) return Number(x) - Number(y)
  if (m !== n) return m ? -1 : 1
  return x < y ? -1 : 1
}

/** True where a version is in a range. A pre-release is only where a bound names one of the same numbers, as npm has it. */
export function inRange(version: Version, range: Range): boolean {
  return range.some((bounds) => {
    if (!bounds.every((bound) => holds(version, bound))) return false
    if (version.pre.length === 0) return true
    return bounds.some(
      (bound) => bound.version.pre.length > 0 && bound.version.numbers.join() === version.numbers.join(),
    )
  })
}

function holds(version: Version, { op, version: other }: Bound): boolean {
  const order = compareVersions(version, other)
  if (op === '=') return order === 0
  return op === '<' ? order < 0 : op === '<=' ? order <= 0 : op === '>' ? order > 0 : order >= 0
}

/** `3.2.x`, `^1.2`, `~1.2.3`, `>=1 <2`, `1 - 2`, `a || b`, `*`, and `3.1.x or earlier` or `or later`. Undefined when it is none of them. */
export function parseRange(text: string): Range | undefined {
  const alternatives = text.split('||').map((each) => boundsOf(each.trim()))
  return alternatives.includes(undefined) ? undefined : (alternatives as Range)
}

function boundsOf(text: string): readonly Bound[] | undefined {
  const worded = /^(.*?)\s+(?:or|and)\s+(earlier|older|below|later|newer|above)$/i.exec(text)
  if (worded) return boundsOf(`${/earlier|older|below/i.test(worded[2]!) ? '<=' : '>='}${worded[1]!}`)
  const between = /^(\S+)\s+-\s+(\S+)$/.exec(text)
  if (between) return boundsOf(`>=${between[1]!} <=${between[2]!}`)
  const words = text
    .replaceAll(/([<>=~^]+)\s+/g, '$1')
    .split(/\s+/)
    .filter((each) => each !== '')
  const bounds = words.map(boundOf)
  return bounds.includes(undefined) ? undefined : (bounds as (readonly Bound[])[]).flat()
}

const partial =
  /^([<>]=?|=|\^|~>?)?[v=\s]*(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/

function boundOf(text: string): readonly Bound[] | undefined {
  const found = partial.exec(text)
  if (!found) return undefined
  const [, op = '', ...rest] = found
  const given = rest.slice(0, 3).map((part) => (part === undefined || /[xX*]/.test(part) ? undefined : Number(part)))
  const cut = given.indexOf(undefined)
  const known = (cut < 0 ? given : given.slice(0, cut)) as number[]
  const low: Version = {
    numbers: [known[0] ?? 0, known[1] ?? 0, known[2] ?? 0],
    pre: known.length === 3 ? (rest[3]?.split('.') ?? []) : [],
  }
  if (op === '^') return caret(low, known)
  if (op.startsWith('~'))
    return known.length === 0 ? anyVersion : [at('>=', low), at('<', next(low, Math.min(1, known.length - 1)))]
  if (known.length === 3) return [at((op === '' ? '=' : op) as Bound['op'], low)]
  if (known.length === 0) return op === '<' || op === '>' ? [at('<', first)] : anyVersion
  const after = next(low, known.length - 1)
  if (op === '>') return [at('>=', { ...after, pre: [] })]
  if (op === '<=') return [at('<', after)]
  return op === '<'
    ? [at('<', { ...low, pre: ['0'] })]
    : op === '>='
      ? [at('>=', low)]
      : [at('>=', low), at('<', after)]
}

const first: Version = { numbers: [0, 0, 0], pre: ['0'] }
const anyVersion: readonly Bound[] = [{ op: '>=', version: { numbers: [0, 0, 0], pre: [] } }]

function at(op: Bound['op'], version: Version): Bound {
  return { op, version }
}

/** Up to the next change of the first number that is not 0. */
function caret(low: Version, known: readonly number[]): readonly Bound[] {
  if (known.length === 0) return anyVersion
  const firstSet = known.findIndex((each) => each > 0)
  return [at('>=', low), at('<', next(low, firstSet < 0 ? known.length - 1 : firstSet))]
}

/** The first version of all with number `i` raised by one: even its pre-releases are outside. */
function next({ numbers }: Version, i: number): Version {
  const raised = numbers.map((each, j) => (j < i ? each : j === i ? each + 1 : 0))
  return { numbers: [raised[0]!, raised[1]!, raised[2]!], pre: ['0'] }
}
