/** The loop of gates that judge several metrics side by side, each at its own pace. Knows no source; what it cannot tell holds, and never passes. */
import { isChangeoverError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Clock, Mark, Progress } from '../../core/kind.ts'
import { dueAt, runPhase } from '../../metrics/index.ts'
import { judgedIn } from './judged-metrics.ts'
import { failedGate, heldForPerson } from './stops.ts'
import {
  holdAnew,
  land,
  type Landed,
  type State,
  stateIn,
  stateOf,
  type Taken,
  type Watch,
  watchedOf,
} from './watch-state.ts'
import { judged, passed, progress, tooLong, whyBad, whyNeither } from './watch-words.ts'

interface Surroundings {
  readonly clock: Clock
  readonly signal: AbortSignal
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
      throw failedGate(watch.name, why, { judged: judged(watch, state) as unknown as Json })
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
