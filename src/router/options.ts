/** What `createRouter` takes and gives. */
import type { Call, Calls, MethodOf, NameOf, Versions } from './calls.ts'
import type { BucketOf, Decision, Flags } from './decision.ts'
import type { Paused } from './gate.ts'
import type { RouterMetrics } from './metrics.ts'
import type { ShadowOptions, ShadowResult } from './shadow-result.ts'

/** What `createRouter` is given. */
export interface RouterOptions<V extends Versions, Context = unknown> {
  /** The module's name: a label of its metrics, and what keeps its buckets apart from those of other modules. */
  readonly module: string
  readonly versions: V
  /** Unless given, the first version answers every call. */
  readonly decide?: Decision<NameOf<V>, Context>
  /** Methods that change nothing. They may be shadowed, and go on while the state moves from one version to another. */
  readonly reads?: readonly MethodOf<V>[]
  /** Methods that are held while a state moves, though they are no async functions: their callers wait for a promise anyhow. */
  readonly waits?: readonly MethodOf<V>[]
  /** The key by which a percentage is sticky; undefined: the call belongs to no one, and the next of a list decides. */
  readonly key?: (call: Call<Context>) => string | undefined
  /** The context of calls made through `router.calls`; those through `router.for(context)` have theirs. */
  readonly contextOf?: (method: MethodOf<V>, args: readonly unknown[]) => Context | undefined
  readonly flags?: Flags
  readonly shadow?: ShadowOptions<V, Context>
  /** Every how manieth call of a method is timed; 1 unless said, 0 for none. Counts are of every call. */
  readonly timeEvery?: number
  readonly environment?: { readonly [name: string]: string | undefined }
  readonly bucketOf?: BucketOf
  /** 0 up to 1; for shares without a key, for sampling and for the order of a shadowed call. */
  readonly random?: () => number
  /** Milliseconds. */
  readonly now?: () => number
  /** Processor time that the process has used, in milliseconds; for `shadow.cpuEvery`. */
  readonly cpu?: () => number
}

/** The versions of one module as one, and who of them answers. */
export interface Router<V extends Versions, Context = unknown> {
  readonly module: string
  /** The module's own methods, bound: they may be taken off and handed on. */
  readonly calls: Calls<V>
  /** The same with a context, for `decide` and `key`. Cheap enough to make for each request. */
  for(context: Context): Calls<V>
  /** In force from the next call on. Throws `router.invalid`, and then the last decision stays. */
  set(decision: Decision<NameOf<V>, Context>): void
  readonly decision: Decision<NameOf<V>, Context>
  /** The version that such a call would go to now. Calls nothing, counts nothing. */
  versionOf(call: Call<Context>): NameOf<V>
  /** Reads the environment variables of the decision again. Throws as `set` does. */
  reload(): void
  /** The share of the calls that are shadowed from the next call on; 0 is off. Throws `router.invalid` where the router has no shadow. */
  shadow(percent: number): void
  /** The latest mismatches, oldest first. */
  mismatches(): readonly ShadowResult[]
  metrics(): RouterMetrics
  /** The metrics in Prometheus' text format. Routers of several modules: `prometheus([a, b])`. */
  prometheus(): string
  /**
   * Holds the calls that are no `reads`, waits for those under way, runs `work`, and lets them go on. Calls that cannot wait, because
   * their method is no async function, are let through and counted while `work` runs: `slipped`. Throws `router.moved` where calls are
   * still under way after `patienceMs` (10,000 unless said). A call to the router from within `work` waits for ever.
   */
  pause<T>(work: (slipped: () => number) => T | Promise<T>, patienceMs?: number): Promise<Paused<T>>
}
