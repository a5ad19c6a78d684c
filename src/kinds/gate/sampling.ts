/** The loop of every gate: wait, sample, add, judge; a mark each second; a gate that cannot tell samples again and never passes. */
import { isChangeoverError } from '../../core/errors.ts'
import { type Finding, note, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import type { Clock, Mark, Progress } from '../../core/kind.ts'
import type { Pace, Rules } from './rules.ts'
import { add, type Figures, figuresIn, figuresOf, nothing, type Sample, type Tally, taken, tallyIn } from './tally.ts'
import { failedGate, heldForPerson } from './stops.ts'
import { judge, type Judged, judgeOverall, type Verdict } from './verdict.ts'

export interface Gate {
  /** What is sampled, for messages. */
  readonly name: string
  readonly pace: Pace
  readonly rules: Rules
  readonly baseline: Figures | undefined
  /** Takes all its samples and passes, whatever they say: what was missed becomes a risk. */
  readonly advisory?: boolean
  readonly take: () => Promise<Sample>
}

interface Surroundings {
  readonly clock: Clock
  readonly signal: AbortSignal
}

const markEveryMs = 1000

/** Ends when the gate passes, with a mark that holds the figures. Throws `gate.failed`, and `gate.undecided` for a person to decide. */
export async function* runGate(gate: Gate, at: Surroundings, from: Mark): AsyncGenerator<Progress> {
  if (figuresIn(from?.at)) return
  let tally = tallyIn(from?.at)
  let waitMs = from === null ? gate.pace.initialDelayMs : gate.pace.intervalMs
  let marked = at.clock.now()
  let undecidedSince: number | undefined
  for (;;) {
    await at.clock.sleep(waitMs, at.signal)
    waitMs = gate.pace.intervalMs
    tally = add(tally, await takeSome(gate))
    const verdict = gate.advisory ? advise(gate, tally) : judge(tally, gate.rules, gate.baseline)
    const now = at.clock.now()
    if (verdict.type === 'pass') {
      yield passed(gate, tally, verdict.judged)
      return
    }
    if (verdict.type === 'fail') {
      // Whoever resumes a failed gate samples anew.
      yield { at: { tally: nothing }, note: verdict.why }
      throw failedGate(gate.name, verdict.why, figuresOf(tally))
    }
    const isHeld = verdict.type !== 'more'
    if (isHeld) {
      undecidedSince ??= now
      if (gate.pace.undecidedMs !== null && now - undecidedSince >= gate.pace.undecidedMs)
        throw failedGate(gate.name, `undecided for ${gate.pace.undecidedMs} ms: ${verdict.why}`, figuresOf(tally))
      // Failures stay: beginning again must not forget them.
      if (verdict.type === 'inconclusive' || taken(tally) >= gate.rules.count)
        tally = { ...nothing, failed: tally.failed, why: tally.why }
    }
    if (isHeld || now - marked >= markEveryMs) {
      marked = now
      yield progress(gate, tally, isHeld ? `held, it cannot tell: ${verdict.why}` : '')
    }
    if (verdict.type === 'inconclusive' && gate.pace.undecidedMs === null) throw heldForPerson(gate.name, verdict.why)
  }
}

/** All samples, then what they say, or that they could not be taken. */
function advise(gate: Gate, tally: Tally): Verdict {
  const { count, failureLimit, consecutiveErrorLimit } = gate.rules
  if (consecutiveErrorLimit >= 0 && tally.errors > consecutiveErrorLimit)
    return { type: 'pass', judged: [{ name: 'samples', met: 'unknown', why: `samples cannot be taken: ${tally.why}` }] }
  if (taken(tally) + tally.undecided < count) return { type: 'more' }
  const judged = judgeOverall(gate.rules, figuresOf(tally), gate.baseline)
  if (failureLimit < 0 || tally.failed <= failureLimit) return { type: 'pass', judged }
  const why = `${tally.failed} of ${taken(tally)} samples failed, at most ${failureLimit} may: ${tally.why}`
  return { type: 'pass', judged: [{ name: 'samples', met: 'no', why }, ...judged] }
}

async function takeSome(gate: Gate): Promise<readonly Sample[]> {
  return Promise.all(Array.from({ length: gate.pace.concurrency }, () => orError(gate.take)))
}

/** A target that does not answer has failed the sample; one that cannot be asked is no sample. */
async function orError(take: () => Promise<Sample>): Promise<Sample> {
  try {
    return await take()
  } catch (error) {
    if (!isChangeoverError(error) || error.code === 'target.fenced') throw error
    return { outcome: error.code === 'target.unreachable' ? 'failed' : 'error', ms: 0, why: error.message }
  }
}

function progress(gate: Gate, tally: Tally, why: string): Progress {
  const counts = `${tally.ok} good, ${tally.failed} failed`
  const note = why === '' ? (tally.why === '' ? counts : `${counts}; last: ${tally.why}`) : why
  return { at: { tally }, done: Math.min(taken(tally), gate.rules.count), of: gate.rules.count, unit: 'samples', note }
}

function passed(gate: Gate, tally: Tally, judged: readonly Judged[]): Progress {
  const figures = figuresOf(tally)
  return {
    ...progress(gate, tally, ''),
    done: taken(tally),
    of: taken(tally),
    at: { tally, figures, judged: judged as unknown as Json, concurrency: gate.pace.concurrency },
    note: describe(figures),
  }
}

/** What a passed gate measured, as a finding for the report. */
export function measured(name: string, applied: Mark | undefined): readonly Finding[] {
  const figures = figuresIn(applied?.at)
  if (!figures || !applied) return []
  const judged = (applied.at as { readonly judged?: readonly Judged[] }).judged ?? []
  const met = judged.filter((each) => each.met === 'yes').map((each) => each.why)
  const missed = judged.filter((each) => each.met !== 'yes')
  return [
    note(
      'gate.measured',
      `${name}: ${met.length === 0 ? describe(figures) : met.join('; ')}`,
      'nothing to do',
      applied.at,
    ),
    ...missed.map((each) =>
      risk('gate.missed', `${name}: ${each.why}`, 'decide whether to go on: `changeover rollback` turns back'),
    ),
  ]
}

export function describe(figures: Figures): string {
  const percent = (share: number | null) => (share === null ? '?' : `${Math.round(share * 100_000) / 1000} %`)
  const ms = (value: number | null) => (value === null ? '?' : `${Math.round(value * 10) / 10} ms`)
  return `${figures.samples} samples, ${percent(figures.availability)} good, p50 ${ms(figures.p50Ms)}, p95 ${ms(figures.p95Ms)}, ${figures.throughput === null ? '?' : Math.round(figures.throughput)} a second`
}
