/** The shapes of flagd's JSON, and what an evaluation answers. Data only: judging is in `check`, deciding in `compile`. */
import type { Json, JsonObject } from '../core/index.ts'

export type Metadata = { readonly [name: string]: string | number | boolean }

/** A flag as flagd writes it. Keys that flagd does not know are kept. */
export type Flag = {
  readonly state: 'ENABLED' | 'DISABLED'
  /** All of one type. */
  readonly variants: { readonly [variant: string]: Json }
  /** Absent, null or empty: the program's own fallback. */
  readonly defaultVariant?: string | null
  /** JsonLogic; what it gives names a variant. `{}` is none. */
  readonly targeting?: JsonObject
  readonly metadata?: Metadata
}

/** A document that was judged. `document` is what was read, frozen, every key of it. */
export interface FlagSet {
  readonly flags: { readonly [key: string]: Flag }
  /** Rules that targeting names as `{"$ref": name}`. */
  readonly evaluators: { readonly [name: string]: Json }
  readonly metadata: Metadata
  readonly document: JsonObject
}

/** What a flag is asked for: `targetingKey` names the user, all else is up to the rules. Never changed, never kept. */
export type FlagContext = { readonly targetingKey?: unknown; readonly [attribute: string]: unknown }

export type Reason = 'STATIC' | 'TARGETING_MATCH' | 'DEFAULT' | 'DISABLED' | 'ERROR'
export type ResolutionError = 'FLAG_NOT_FOUND' | 'PARSE_ERROR' | 'TYPE_MISMATCH' | 'GENERAL'
export type FlagType = 'boolean' | 'string' | 'number' | 'object'

/**
 * One answer, frozen. No `value`: the program's fallback holds, be it that the flag is disabled, has no default, or that there is an error,
 * which then has its code. `metadata`: the set's, with the flag's over it.
 */
export interface Resolution {
  readonly key: string
  readonly value?: Json
  readonly variant?: string
  readonly reason: Reason
  readonly errorCode?: ResolutionError
  readonly errorMessage?: string
  readonly metadata: Metadata
}

/** flagd's own changes of the hash, and the newest. Each puts every user into another bucket, so a flag keeps the one it began with. */
export type HashGeneration = 'v1' | 'v2' | 'v3'

/** The metadata of a flag (or of the set) that records its generation. */
export const generationKey = 'hashGeneration'

/** v2, which is what flagd 0.11 to 0.16 does, where nothing is recorded. */
export function generationOf(metadata: { readonly [name: string]: unknown }): HashGeneration {
  const said = Object.hasOwn(metadata, generationKey) ? metadata[generationKey] : undefined
  return said === 'v1' || said === 'v3' ? said : 'v2'
}
