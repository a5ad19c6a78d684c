/** The flags port: a store of feature flags in flagd's own JSON. Knows neither how a flag is evaluated nor how a rollout is spelled in it. */
import type { JsonObject } from '../json.ts'

/**
 * Each flag's whole definition, and what they share: evaluators, and the metadata of the set, which holds for each flag that says
 * nothing else. What a flag says is structure, who is in is not.
 */
export type FlagFacts = {
  readonly flags: JsonObject
  readonly evaluators: JsonObject
  readonly metadata: JsonObject
}

/** `version` changes with every change of the store, and never comes back. */
export interface FlagDocument {
  readonly document: JsonObject
  readonly version: string
}

/** One change of one flag. `before` null: it was new; `after` null: it was removed. `at` in milliseconds since 1970. */
export interface FlagChange {
  readonly at: number
  readonly by: string
  readonly why: string
  readonly flag: string
  readonly before: JsonObject | null
  readonly after: JsonObject | null
}

/** Reads a store of flags. */
export interface FlagReader {
  read(): Promise<FlagDocument>
  /** The latest first. Of all flags where none is named. */
  history(flag?: string, most?: number): Promise<readonly FlagChange[]>
  /** Calls `moved` soon after any change by anyone, now and then without one, until `signal`. Resolves once no change can be missed. */
  watch(moved: () => void, signal: AbortSignal): Promise<void>
}

/** Changes a store of flags. */
export interface FlagWriter extends FlagReader {
  /**
   * Replaces flags (null removes one) and leaves all others alone, at once for every reader. Refused (`target.conflict`) when the
   * store is not at `version` any more: read again. The new version.
   */
  change(
    flags: { readonly [flag: string]: JsonObject | null },
    version: string,
    who: { readonly by: string; readonly why: string },
  ): Promise<string>
}

/** The port `flags`. */
export interface FlagsPort {
  readonly facts: FlagFacts
  readonly tools: Record<never, never>
  readonly read: FlagReader
  readonly write: FlagWriter
}
