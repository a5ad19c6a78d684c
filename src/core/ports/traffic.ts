/** The traffic port: how the requests of a route are shared between sides (`v1` and `v2`, `stable` and `canary`). Knows no proxy. */

/** Hundredths of a percent by side; 10,000 in all. */
export type Shares = { readonly [side: string]: number }

/** `sticky`: a user stays on one side, by the same bucket as flags; otherwise each request is shared for itself. */
export type TrafficFacts = {
  readonly routes: { readonly [route: string]: { readonly sticky: boolean; readonly shares: Shares } }
}

/** What a side can do now. A side whose servers are all down or drained can take nothing. */
export interface Side {
  readonly serversUp: number
  readonly servers: number
  /** Requests or connections under way. */
  readonly underWay: number
  /** Requests that wait for a server. */
  readonly waiting: number
  /** The most at once, where the proxy has a limit. */
  readonly limit: number | null
}

/** Totals since the proxy started: only differences tell. */
export interface SideCount {
  readonly requests: number
  /** Answers of 500 and above, and those that never came. */
  readonly failed: number
}

export interface TrafficReader {
  /** As the proxy itself says it is, not as it was told. */
  shares(route: string): Promise<Shares>
  sides(route: string): Promise<{ readonly [side: string]: Side }>
  counts(route: string): Promise<{ readonly [side: string]: SideCount }>
}

export interface TrafficWriter extends TrafficReader {
  /** Tells the proxy, keeps it over a restart of the proxy, and answers what the proxy then says. New requests only. */
  shift(route: string, shares: Shares): Promise<Shares>
  /** A drained side gets no new request and finishes those it has. Harmless when it is drained already. */
  drain(route: string, side: string): Promise<void>
  ready(route: string, side: string): Promise<void>
}

/** What an adapter can do. `step`: the smallest share it can give, in hundredths of a percent. */
export type TrafficTools = {
  readonly name: string
  readonly sticky: boolean
  readonly step: number
}

export interface TrafficPort {
  readonly facts: TrafficFacts
  readonly tools: TrafficTools
  readonly read: TrafficReader
  readonly write: TrafficWriter
}
