/** What one measurement brought, and what it was judged to be. */
import type { Json } from '../core/json.ts'
import type { Outcome } from './outcome.ts'

/** What was measured. `at` is when the figure was taken, `now` when it was asked for: milliseconds since 1970. */
export interface Evidence {
  readonly value: Json
  readonly at: number | null
  readonly now: number
  /** How many events the figure rests on, where that was asked. */
  readonly samples?: Json
  /** The figure of the baseline, where the rules compare with one. */
  readonly baseline?: number
  /** Growth within `windowMs`, and how long it was watched for. */
  readonly growth?: { readonly by: number; readonly overMs: number }
}

export interface Judgement {
  readonly outcome: Outcome
  readonly why: string
}
