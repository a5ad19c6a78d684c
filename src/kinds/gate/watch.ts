/** The loop of gates that judge several metrics side by side, each at its own pace. Knows no source; what it cannot tell holds, and never passes. */
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { type Json, own } from '../../core/json.ts'
import type { Clock, Mark, Progress } from '../../core/kind.ts'
import {
  addMeasurement,
  anew,
  dueAt,
  effectiveCount,
  type Judgement,
  type MetricRules,
  type MetricTally,
  noMeasurement,
  phaseOf,
  runPhase,
} from '../../metrics/index.ts'
import { heldForPerson } from './held.ts'
import { judgedIn, judgedOf } from './judged-metrics.ts'

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
type State = { readonly startedAt: number; readonly metrics: { readonly [metric: string]: MetricState } }

interface Surroundings {
  readonly clock: Clock
  readonly signal: AbortSignal
}

interface Landed {
  readonly metric: string
  readonly taken: Taken
  readonly at: number
}

const markEveryMs = 1000

/** Ends when the gate passes, with a mark that holds what was judged. Throws `gate.failed`, and `gate.undecided` for a person to decide. */
export async function* watchMetrics(watch: Watch, at: Surroundings, from: Mark): AsyncGenerator<Progress> {
  if (judgedIn(from?.at)) return
  let state = stateIn(from?.at) ?? { startedAt: at.clock.now(), metrics: {} }
  const flying = new Map<string, Promise<Landed>>()
  let marked = -Infinity
  for (;;) {
    const landed = await nextLanding(watch, state, flying, at)
    if (!landed) continue
    flying.delete(landed.metric)
    const before = stateOf(state, landed.metric).tally.last?.outcome
    state = land(watch, state, landed)
    const phase = runPhase(Object.keys(watch.rules).map((metric) => watchedOf(watch, state, metric)))
    if (phase === 'successful') {
      yield passed(watch, state)
      return
    }
    const why = phase === 'failed' || phase === 'error' ? whyBad(watch, state) : tooLong(watch, state, landed.at)
    if (why !== undefined) {
      // Whoever resumes a failed gate measures anew.
      yield { at: {}, note: why }
      throw failed(watch, state, why)
    }
    const neither = phase === 'inconclusive' ? whyNeither(watch, state) : undefined
    if (neither !== undefined) {
      state = holdAnew(watch, state, landed.at)
      if (watch.undecidedMs === null) {
        yield progress(watch, state)
        throw heldForPerson(watch.name, neither)
      }
    }
    if (neither === undefined && before === landed.taken.judged.outcome && landed.at - marked < markEveryMs) continue
    marked = landed.at
    yield progress(watch, state)
  }
}

/** Sends off what is due, and waits for the first to land, or for more to be due. */
async function nextLanding(
  watch: Watch,
  state: State,
  flying: Map<string, Promise<Landed>>,
  at: Surroundings,
): Promise<Landed | undefined> {
  at.signal.throwIfAborted()
  const now = at.clock.now()
  let soonest = now + markEveryMs
  for (const [metric, rules] of Object.entries(watch.rules)) {
    if (flying.has(metric)) continue
    const due = dueAt(stateOf(state, metric).tally, rules, state.startedAt)
    if (due !== undefined && due <= now) flying.set(metric, send(watch, state, metric, at.clock))
    else if (due !== undefined) soonest = Math.min(soonest, due)
  }
  const wake = new AbortController()
  const slept = at.clock.sleep(soonest - now, AbortSignal.any([at.signal, wake.signal])).then(() => undefined)
  slept.catch(() => undefined)
  try {
    return await Promise.race([...flying.values(), slept])
  } finally {
    wake.abort(new Error('a measurement landed'))
  }
}

function send(watch: Watch, state: State, metric: string, clock: Clock): Promise<Landed> {
  const { memory } = stateOf(state, metric)
  const flight = orError(watch, metric, memory).then((taken) => ({ metric, taken, at: clock.now() }))
  // It may land after the gate has ended.
  flight.catch(() => undefined)
  return flight
}

/** A source that cannot be asked is an error of the measurement, not of the gate. */
async function orError(watch: Watch, metric: string, memory: Json): Promise<Taken> {
  try {
    return await watch.take(metric, memory)
  } catch (error) {
    if (!isChangeoverError(error) || error.code === 'target.fenced') throw error
    return { judged: { outcome: 'error', why: error.message }, shown: '?', memory }
  }
}

function land(watch: Watch, state: State, { metric, taken, at }: Landed): State {
  const before = stateOf(state, metric)
  const tally = addMeasurement(before.tally, taken.judged, taken.shown, at)
  const { consecutiveSuccessLimit } = watch.rules[metric]!
  const isWell = tally.consecutiveSuccess >= Math.max(1, consecutiveSuccessLimit)
  const held = before.heldSince === undefined || isWell ? {} : { heldSince: before.heldSince }
  return { ...state, metrics: { ...state.metrics, [metric]: { tally, memory: taken.memory, ...held } } }
}

function stateOf(state: State, metric: string): MetricState {
  return own(state.metrics, metric) ?? { tally: noMeasurement, memory: null }
}

function watchedOf(watch: Watch, state: State, metric: string) {
  return { rules: watch.rules[metric]!, tally: stateOf(state, metric).tally }
}

/** The metrics that decide, with their names. */
function deciding(watch: Watch, state: State) {
  return Object.keys(watch.rules)
    .map((metric) => ({ metric, ...watchedOf(watch, state, metric) }))
    .filter(({ rules }) => !rules.advisory)
}

function whyBad(watch: Watch, state: State): string {
  return deciding(watch, state)
    .flatMap(({ metric, rules, tally }) => {
      const phase = phaseOf(tally, rules)
      if (phase === 'error')
        return [`"${metric}" could not be measured ${tally.consecutiveError} times in a row: ${tally.why}`]
      if (phase !== 'failed') return []
      if (tally.failed <= rules.failureLimit || rules.failureLimit < 0)
        return [
          `"${metric}" had ${tally.consecutiveSuccess} successes in a row, ${rules.consecutiveSuccessLimit} are needed`,
        ]
      // Those from before it was measured anew are among them.
      const of = tally.failed > tally.count ? '' : ` of ${tally.count}`
      const failures = `${tally.failed}${of} measurements failed, at most ${rules.failureLimit} may: `
      return [`"${metric}": ${tally.failed === 1 && tally.count === 1 ? '' : failures}${tally.why}`]
    })
    .join('; ')
}

function tooLong(watch: Watch, state: State, now: number): string | undefined {
  const { undecidedMs } = watch
  if (undecidedMs === null) return undefined
  const dark = deciding(watch, state).find(({ metric, tally }) => {
    const since = stateOf(state, metric).heldSince ?? tally.undecidedSince
    return since !== null && now - since >= undecidedMs
  })
  return dark && `"${dark.metric}" is undecided for ${undecidedMs} ms: ${dark.tally.why}`
}

/** Argo pauses its rollout here, for a person to promote or abort it. */
function whyNeither(watch: Watch, state: State): string {
  return deciding(watch, state)
    .flatMap(({ metric, rules, tally }) => {
      if (phaseOf(tally, rules) !== 'inconclusive') return []
      const { inconclusiveLimit: limit, consecutiveSuccessLimit: inARow } = rules
      if (limit < 0 || tally.inconclusive <= limit)
        return [`"${metric}" had ${tally.consecutiveSuccess} successes in a row, ${inARow} are needed`]
      const counts = `${tally.inconclusive} of ${tally.count} measurements are inconclusive, at most ${limit} may`
      return [`"${metric}": ${counts}: ${tally.why}`]
    })
    .join('; ')
}

/** Measured anew, by itself for `undecidedMs`, or when a person resumes. */
function holdAnew(watch: Watch, state: State, now: number): State {
  const metrics = Object.entries(state.metrics).map(([metric, each]) => {
    const inconclusive = phaseOf(each.tally, watch.rules[metric]!) === 'inconclusive'
    return [
      metric,
      inconclusive ? { ...each, tally: anew(each.tally), heldSince: each.heldSince ?? now } : each,
    ] as const
  })
  return { ...state, metrics: Object.fromEntries(metrics) }
}

function progress(watch: Watch, state: State): Progress {
  const bounded = Object.entries(watch.rules).map(([metric, rules]) => ({
    of: effectiveCount(rules) ?? 0,
    done: Math.min(stateOf(state, metric).tally.count, effectiveCount(rules) ?? 0),
  }))
  const sum = (pick: (each: { of: number; done: number }) => number) =>
    bounded.reduce((all, each) => all + pick(each), 0)
  return {
    at: { state: state as unknown as Json },
    ...(sum(({ of }) => of) === 0
      ? {}
      : { done: sum(({ done }) => done), of: sum(({ of }) => of), unit: 'measurements' }),
    note: Object.keys(watch.rules)
      .map((metric) => told(metric, stateOf(state, metric).tally, watch.rules[metric]!))
      .join(' · '),
  }
}

/** A metric's latest value and verdict. */
function told(metric: string, tally: MetricTally, rules: MetricRules): string {
  const { last } = tally
  const dry = rules.advisory ? ' (dry run)' : ''
  if (!last) return `${metric}${dry}: not measured yet`
  if (last.outcome === 'undecided') return `${metric}${dry}: held, it cannot tell: ${last.why}`
  if (last.outcome === 'error') return `${metric}${dry}: cannot be measured: ${last.why}`
  return `${metric}${dry} ${last.shown} ${last.outcome === 'successful' ? 'good' : last.outcome}`
}

function passed(watch: Watch, state: State): Progress {
  return {
    ...progress(watch, state),
    at: { judged: judged(watch, state) as unknown as Json, state: state as unknown as Json },
  }
}

function failed(watch: Watch, state: State, why: string): ChangeoverError {
  return new ChangeoverError(
    'gate.failed',
    `${watch.name}: ${why}`,
    'mend what is wrong, then `changeover resume`; or `changeover rollback`',
    { data: { judged: judged(watch, state) } },
  )
}

function stateIn(at: Json | undefined): State | undefined {
  return (at as { readonly state?: State } | null | undefined)?.state
}

function judged(watch: Watch, state: State) {
  return judgedOf(
    Object.keys(watch.rules).map((metric) => ({
      metric,
      wanted: watch.wanted[metric] ?? '',
      ...watchedOf(watch, state, metric),
    })),
  )
}
