/** The traffic port: how the requests of a route are shared between sides (`v1` and `v2`, `stable` and `canary`). Knows no proxy. */

/** Hundredths of a percent by side; 10,000 in all. */
export type Shares = { readonly [side: string]: number }

/** What a route is: structure only, so not which servers are up. */
export type RouteFacts = {
  /** A user stays on one side, by the same bucket as flags; otherwise each request is shared for itself. */
  readonly sticky: boolean
  readonly shares: Shares
  /** Sides that were told to take nothing new, sorted. Absent where the proxy cannot drain a side. */
  readonly drained?: readonly string[]
  /** The weights that the servers of each side are configured with, where shares are made of weights: which shares can be reached follows from them. */
  readonly weights?: { readonly [side: string]: readonly number[] }
}

/** The routes of a proxy by name. */
export type TrafficFacts = { readonly routes: { readonly [route: string]: RouteFacts } }

/** What a side can do now. A side whose servers are all down or drained can take nothing. */
export interface Side {
  readonly serversUp: number
  readonly servers: number
  /** Requests or connections under way. */
  readonly underWay: number
  /** Requests that wait for a server. */
  readonly waiting: number
  /** The most at once of the servers that are up, where each of them has a limit. */
  readonly limit: number | null
}

/** Totals since the proxy started: only differences tell. */
export interface SideCount {
  readonly requests: number
  /** Answers of 500 and above, and those that never came. */
  readonly failed: number
}

/** A route or a side that the target does not have is the error `plan.unknown-target`. */
export interface TrafficReader {
  /** As the proxy itself says it is, not as it was told. */
  shares(route: string): Promise<Shares>
  /** A side that the proxy cannot tell about is left out: nobody may take that for one that is up. */
  sides(route: string): Promise<{ readonly [side: string]: Side }>
  /** A side that the proxy does not count is left out. */
  counts(route: string): Promise<{ readonly [side: string]: SideCount }>
}

/** Moves traffic. */
export interface TrafficWriter extends TrafficReader {
  /**
   * Tells the proxy, keeps it over a restart of the proxy, and answers what the proxy then says. New requests only. Every side is named, and the
   * shares are 10,000 in all (`plan.invalid`). Harmless when they are so already.
   */
  shift(route: string, shares: Shares): Promise<Shares>
  /** A drained side gets no new request and finishes those it has. Harmless when it is drained already. `target.failed` where the proxy cannot. */
  drain(route: string, side: string): Promise<void>
  ready(route: string, side: string): Promise<void>
}

/** What an adapter can do. `step`: the smallest share it can give, in hundredths of a percent. */
export type TrafficTools = {
  readonly name: string
  readonly sticky: boolean
  readonly step: number
  /** Pure: what the route will say after `shift`. Absent: exactly what it was told. */
  readonly reach?: (route: RouteFacts, shares: Shares) => Shares
}

/** The port `traffic`. */
export interface TrafficPort {
  readonly facts: TrafficFacts
  readonly tools: TrafficTools
  readonly read: TrafficReader
  readonly write: TrafficWriter
}
