/** The graph of supported upgrades, and the best way through it (Dijkstra 1959). Knows versions, not systems. */
import { compareVersions, inRange, parseRange, parseVersion, showVersion, type Version } from './version.ts'

type Complexity = 'low' | 'medium' | 'high'

/** A supported upgrade: from any version of a range to one version, with stops on the way. Downtime in minutes. */
export interface Upgrade {
  readonly from: string
  readonly to: string
  readonly via: readonly string[]
  readonly complexity: Complexity
  readonly downtime: { readonly least: number; readonly most: number }
}

/** What needs no entry: an upgrade that changes at most this number. `next`: by one at a time; `listed`: only what is listed. */
export interface VersionPolicy {
  readonly major: 'listed' | 'next' | 'any'
  readonly minor: 'listed' | 'next' | 'any'
  readonly patch: 'listed' | 'any'
  readonly downgrade: 'refuse' | 'allow'
}

/** One leg: from a version that is there to the next one. */
interface Leg {
  readonly from: string
  readonly to: string
  readonly complexity: Complexity
  readonly downtime: { readonly least: number; readonly most: number }
}

/** A way from one version to another. `stops` are all versions in order, both ends too. */
export interface UpgradePath {
  readonly stops: readonly string[]
  readonly legs: readonly Leg[]
  readonly complexity: Complexity
  readonly downtime: { readonly least: number; readonly most: number }
  readonly direct: boolean
}

const ranks: readonly Complexity[] = ['low', 'medium', 'high']

/** The path with the least downtime at worst, then the least complexity, then the fewest stops; undefined where there is none. */
export function bestPath(
  from: string,
  to: string,
  upgrades: readonly Upgrade[],
  policy: VersionPolicy,
): UpgradePath | undefined {
  const goal = versionOf(to)
  const open: UpgradePath[] = [
    {
      stops: [showVersion(versionOf(from))],
      legs: [],
      complexity: 'low',
      downtime: { least: 0, most: 0 },
      direct: true,
    },
  ]
  const closed = new Set<string>()
  while (open.length > 0) {
    open.sort(better)
    const path = open.shift()!
    const here = path.stops.at(-1)!
    if (here === showVersion(goal)) return { ...path, direct: path.stops.length <= 2 }
    if (closed.has(here)) continue
    closed.add(here)
    for (const each of upgradesFrom(here, goal, upgrades, policy)) open.push(extended(path, each))
  }
  return undefined
}

/** Where one can get to from a version, and from where one can get to another: nearest first. For a refusal that helps. */
export function nearestPaths(
  from: string,
  to: string,
  upgrades: readonly Upgrade[],
  policy: VersionPolicy,
): { readonly reachable: readonly UpgradePath[]; readonly starts: readonly string[] } {
  const goal = versionOf(to)
  const targets = [...new Set(upgrades.map((each) => showVersion(versionOf(each.to))))].filter(
    (each) => each !== showVersion(versionOf(from)),
  )
  const reachable = targets.flatMap((each) => bestPath(from, each, upgrades, policy) ?? [])
  const nearer = reachable.sort((a, b) => distance(a.stops.at(-1)!, goal) - distance(b.stops.at(-1)!, goal))
  const starts = upgrades
    .filter((each) => showVersion(versionOf(each.to)) === showVersion(goal))
    .map((each) => each.from)
  return { reachable: nearer, starts: [...new Set(starts)] }
}

/** The listed upgrades that begin at a version, and the one that the policy allows by itself. */
function upgradesFrom(
  here: string,
  goal: Version,
  upgrades: readonly Upgrade[],
  policy: VersionPolicy,
): readonly Upgrade[] {
  const version = versionOf(here)
  const forward = (to: Version) => policy.downgrade === 'allow' || compareVersions(to, version) > 0
  const listed = upgrades.filter((each) => inRange(version, parseRange(each.from) ?? []) && forward(versionOf(each.to)))
  const free = [
    ...new Set([...upgrades.map((each) => each.to), ...upgrades.flatMap((each) => each.via), showVersion(goal)]),
  ]
    .map(versionOf)
    .filter((to) => compareVersions(to, version) !== 0 && forward(to) && allowed(version, to, policy))
    .map((to): Upgrade => ({
      from: here,
      to: showVersion(to),
      via: [],
      complexity: 'low',
      downtime: { least: 0, most: 0 },
    }))
  return [...listed, ...free]
}

function allowed(a: Version, b: Version, policy: VersionPolicy): boolean {
  const place = a.numbers.findIndex((each, i) => each !== b.numbers[i])
  const step = place < 0 ? 0 : Math.abs(b.numbers[place]! - a.numbers[place]!)
  const rule = place === 0 ? policy.major : place === 1 ? policy.minor : policy.patch
  return rule === 'any' || (rule === 'next' && step === 1)
}

function extended(path: UpgradePath, upgrade: Upgrade): UpgradePath {
  const here = path.stops.at(-1)!
  const via = upgrade.via.map((each) => showVersion(versionOf(each))).filter((each) => each !== here)
  const stops = [...via, showVersion(versionOf(upgrade.to))]
  const legs = stops.map((to, i) => ({
    from: i === 0 ? here : stops[i - 1]!,
    to,
    complexity: upgrade.complexity,
    downtime: i === 0 ? upgrade.downtime : { least: 0, most: 0 },
  }))
  return {
    stops: [...path.stops, ...stops],
    legs: [...path.legs, ...legs],
    complexity: ranks[Math.max(ranks.indexOf(path.complexity), ranks.indexOf(upgrade.complexity))]!,
    downtime: { least: path.downtime.least + upgrade.downtime.least, most: path.downtime.most + upgrade.downtime.most },
    direct: path.stops.length + stops.length <= 2,
  }
}

function better(a: UpgradePath, b: UpgradePath): number {
  return (
    a.downtime.most - b.downtime.most ||
    ranks.indexOf(a.complexity) - ranks.indexOf(b.complexity) ||
    a.stops.length - b.stops.length
  )
}

/** How far apart two versions are: by the first number in which they differ. */
function distance(a: string, b: Version): number {
  const { numbers } = versionOf(a)
  return [1e6, 1e3, 1].reduce((sum, weight, i) => sum + weight * Math.abs(numbers[i]! - b.numbers[i]!), 0)
}

/** A version that the schema of the spec has let through already. */
function versionOf(text: string): Version {
  return parseVersion(text) ?? { numbers: [0, 0, 0], pre: [text] }
}
