/** What a shadow is told, and what it tells. */
import type { Call, MethodOf, NameOf, Versions } from './calls.ts'
import type { Latency } from './tally.ts'
import type { Comparing, Fault, Verdict } from './verdict.ts'

/** One comparison, as it is kept and published: values went through `clean`, errors are their class and message. */
export interface ShadowResult {
  readonly module: string
  readonly method: string
  readonly verdict: Verdict | 'timedOut'
  readonly control: Published
  /** Null where it did not answer in time. */
  readonly candidate: Published | null
  readonly candidateVersion: string
  readonly context: unknown
}
/** What a version answered, as others may see it. */
export interface Published {
  readonly version: string
  readonly ms: number
  /** Processor time in milliseconds, of the calls that it is taken of. */
  readonly cpuMs?: number
  readonly value?: unknown
  readonly error?: { readonly name: string; readonly message: string }
}

/** What is run beside the version that answers, how often, and how the two are compared. */
export interface ShadowOptions<V extends Versions = Versions, Context = unknown> extends Comparing<Context> {
  /** The version, or versions, that run beside the one that answers. */
  readonly candidate: NameOf<V> | readonly NameOf<V>[]
  /** Of the calls of methods that may be shadowed; 0 is off. */
  readonly percent: number
  /** True: the same keys are always sampled, by their bucket; calls without a key are not. Otherwise each call is drawn for itself. */
  readonly sticky?: boolean
  /** Methods that may run twice although they are no `reads`: their effect stays in the candidate. */
  readonly also?: readonly MethodOf<V>[]
  /** A candidate that has not answered by then counts as timed out. A synchronous one cannot be stopped, and holds the caller up. 1,000 unless said. */
  readonly timeoutMs?: number
  /** Candidates under way at once; a call above that is not shadowed, and counted as skipped. 100 unless said. */
  readonly mostAtOnce?: number
  /** The latest mismatches that are kept; 100 unless said. */
  readonly keep?: number
  readonly runIf?: (call: Call<Context>) => boolean
  /** Called before the versions of a shadowed call run, and of no other: what a comparison needs is made ready here. */
  readonly beforeRun?: (call: Call<Context>) => void
  /**
   * For tests: a mismatch is thrown, as `router.mismatched` with the result as `data`, instead of the answer. A caller that waits for a promise waits for the comparison
   * too; where the answer was given before the candidate's came, the error is an unhandled rejection.
   */
  readonly raiseOnMismatch?: boolean
  /**
   * Every how manieth shadowed call of a method has its processor time taken, of control and candidate, in user and system mode: of all threads, for as long as
   * the version runs before it gives its answer or its promise. Asking the system costs some microseconds; 0 unless said, which is never.
   */
  readonly cpuEvery?: number
  /** For what is published and kept, never for the comparison: take away what is secret or large. Where it fails nothing is published of the value. */
  readonly clean?: (value: unknown) => unknown
  /** What is kept with a result; unless given, the context of the call. */
  readonly context?: (call: Call<Context>) => unknown
  /** Makes a copy of the arguments for the candidate and of the control's value for the comparison, where either may be changed later (`structuredClone`). */
  readonly copy?: (value: unknown) => unknown
  /** Hears of every result. */
  readonly published?: (result: ShadowResult) => void
  /** Hears of every fault of the functions above. */
  readonly raised?: (fault: Fault, error: unknown) => void
}

/** Of one method and one candidate. `skipped`: too many were under way. */
export interface ShadowCount {
  readonly runs: number
  readonly matched: number
  readonly mismatched: number
  readonly ignored: number
  readonly timedOut: number
  readonly skipped: number
  readonly errors: number
  /** Of the candidate, and of the control for the same calls. */
  readonly latency: Latency
  readonly controlLatency: Latency
  /** Sums, in milliseconds, over the `runs` whose processor time was taken. */
  readonly cpu: { readonly runs: number; readonly ms: number; readonly controlMs: number }
}
