/** How far a gate of several metrics has come: the tally of each, as measurements land. Pure. */
import { type Json, own } from '../../core/json.ts'
import {
  addMeasurement,
  anew,
  type Judgement,
  type MetricRules,
  type MetricTally,
  noMeasurement,
  phaseOf,
} from '../../metrics/index.ts'

/** One measurement. `shown` is its value for people; `memory` is what the next one of this metric needs to know. */
export interface Taken {
  readonly judged: Judgement
  readonly shown: string
  readonly memory: Json
}

export interface Watch {
  /** What is watched, for messages. */
  readonly name: string
  readonly rules: { readonly [metric: string]: MetricRules }
  /** What is asked of each, in words. */
  readonly wanted: { readonly [metric: string]: string }
  /** Fails a gate that cannot tell for so long, in milliseconds; null: it holds until a person acts. */
  readonly undecidedMs: number | null
  readonly take: (metric: string, memory: Json) => Promise<Taken>
}

/** `heldSince`: it was neither good nor bad then, and has not done well since. */
type MetricState = { readonly tally: MetricTally; readonly memory: Json; readonly heldSince?: number }
/** How far a watch has come: plain JSON, so that a mark can hold it. */
export type State = { readonly startedAt: number; readonly metrics: { readonly [metric: string]: MetricState } }

/** A measurement and when it came. */
export interface Landed {
  readonly metric: string
  readonly taken: Taken
  readonly at: number
}

/** The state that a mark holds. */
export function stateIn(at: Json | undefined): State | undefined {
  return (at as { readonly state?: State } | null | undefined)?.state
}

/** With one measurement more. */
export function land(watch: Watch, state: State, { metric, taken, at }: Landed): State {
  const before = stateOf(state, metric)
  const tally = addMeasurement(before.tally, taken.judged, taken.shown, at)
  const { consecutiveSuccessLimit } = watch.rules[metric]!
  const isWell = tally.consecutiveSuccess >= Math.max(1, consecutiveSuccessLimit)
  const held = before.heldSince === undefined || isWell ? {} : { heldSince: before.heldSince }
  return { ...state, metrics: { ...state.metrics, [metric]: { tally, memory: taken.memory, ...held } } }
}

/** Of one metric; before its first measurement too. */
export function stateOf(state: State, metric: string): MetricState {
  return own(state.metrics, metric) ?? { tally: noMeasurement, memory: null }
}

/** A metric's rules and tally, to be judged. */
export function watchedOf(watch: Watch, state: State, metric: string) {
  return { rules: watch.rules[metric]!, tally: stateOf(state, metric).tally }
}

/** The metrics that decide, with their names. */
export function deciding(watch: Watch, state: State) {
  return Object.keys(watch.rules)
    .map((metric) => ({ metric, ...watchedOf(watch, state, metric) }))
    .filter(({ rules }) => !rules.advisory)
}

/** Measured anew, by itself for `undecidedMs`, or when a person resumes. */
export function holdAnew(watch: Watch, state: State, now: number): State {
  const metrics = Object.entries(state.metrics).map(([metric, each]) => {
    const inconclusive = phaseOf(each.tally, watch.rules[metric]!) === 'inconclusive'
    return [
      metric,
      inconclusive ? { ...each, tally: anew(each.tally), heldSince: each.heldSince ?? now } : each,
    ] as const
  })
  return { ...state, metrics: Object.fromEntries(metrics) }
}
