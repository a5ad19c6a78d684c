/** The figures of a router as plain numbers. */
import type { Route } from './route.ts'
import type { Shadow } from './shadow.ts'
import type { ShadowCount } from './shadow-result.ts'
import { type Latency, sumOf } from './tally.ts'
import type { Fault } from './verdict.ts'

/** `calls` and `errors` of calls that the version answered; shadowed runs of a candidate are not among them. */
export interface CallCount {
  readonly calls: number
  readonly errors: number
  readonly latency: Latency
}
/** The calls of a version, in all and by method. */
export interface VersionCount extends CallCount {
  readonly methods: { readonly [method: string]: CallCount }
}

/** What a router has counted since it was made. */
export interface RouterMetrics {
  readonly module: string
  readonly versions: { readonly [version: string]: VersionCount }
  /** By candidate and method. */
  readonly shadow: { readonly [candidate: string]: { readonly [method: string]: ShadowCount } }
  /** Calls whose decision failed or named no version: the first version answered. */
  readonly undecided: number
  readonly faults: { readonly [fault in Fault]?: number }
}

export function readMetrics(
  module: string,
  names: readonly string[],
  routes: readonly Route[],
  shadow: Shadow | undefined,
  undecided: number,
): RouterMetrics {
  const versions = names.map((name, at) => [name, countOf(routes, at)] as const)
  return {
    module,
    versions: Object.fromEntries(versions),
    shadow: shadow?.counts() ?? {},
    undecided,
    faults: shadow?.faults() ?? {},
  }
}

function countOf(routes: readonly Route[], at: number): VersionCount {
  const methods = routes.map(({ name, tallies }) => {
    const { calls, errors, latency } = tallies[at]!
    return [name, { calls, errors, latency: latency.read() }] as const
  })
  const all = methods.map(([, count]) => count)
  return {
    calls: all.reduce((sum, each) => sum + each.calls, 0),
    errors: all.reduce((sum, each) => sum + each.errors, 0),
    latency: sumOf(all.map((each) => each.latency)),
    methods: Object.fromEntries(methods),
  }
}
