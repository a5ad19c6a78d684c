/** The metrics port: figures that others keep, asked for by a query in their own language. Knows no gate. */
import type { Json } from '../json.ts'

/** One answer. An empty list is an answer too: there is no such series, and nobody may take that for good news. */
export interface Measured {
  /** A number for a scalar, a list of them for a vector or rows; NaN and infinities are data. Where the tools say `json`, whatever the source has. */
  readonly value: Json
  /** When the newest of them was taken, in milliseconds since 1970; null where the source does not say. */
  readonly at: number | null
  /** The labels of each of a list, in its order. */
  readonly labels?: readonly { readonly [name: string]: string }[]
}

/** Asks a source for figures. */
export interface MetricsReader {
  /** Throws `target.unreachable` where the source does not answer, `target.failed` where it refuses the query. */
  measure(query: string): Promise<Measured>
  /** To ask is to run a program, which may take long or do something: nobody asks to see whether it answers. */
  readonly runsProgram?: true
}

/** The port `metrics`. */
export interface MetricsPort {
  readonly facts: Record<never, never>
  /** `promql`: a Prometheus understands its queries too, so alert rules and panels can be made of them. `json`: it answers more than numbers and lists of them. */
  readonly tools: { readonly language: string; readonly promql?: boolean; readonly json?: true }
  readonly read: MetricsReader
  readonly write: MetricsReader
}
