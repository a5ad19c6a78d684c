/** A run's state as one object for programs: what `status --json` and the last line of `run --json` print. */
import type { Json } from '../core/json.ts'
import type { RunState } from '../core/run.ts'
import { adviceFor } from './advice.ts'
import type { Pace } from './pace.ts'
import { progressOf } from './progress.ts'

/** `now` in milliseconds since 1970; `runnerGone`: nobody drives the run. Rates are per second, times left in seconds; what is not known is null. */
export function statusJson(
  run: string,
  state: RunState,
  pace: Pace | undefined,
  now: number,
  runnerGone = false,
): Json {
  const progress = progressOf(state, pace, now, { runnerGone })
  const advice = adviceFor(state, '', runnerGone)
  const { name, from, to, hash } = state.plan
  const value = {
    run,
    name,
    from,
    to,
    plan: hash,
    phase: progress.phase,
    way: state.way,
    why: state.why ?? state.paused ?? state.aborted ?? null,
    openedAt: state.openedAt,
    changedAt: state.changedAt,
    events: state.seq,
    applied: progress.applied,
    current: progress.step
      ? {
          step: progress.step.plan.id,
          number: progress.number,
          verb: progress.verb,
          done: progress.done ?? null,
          of: progress.of ?? null,
          unit: progress.unit ?? null,
          note: progress.note ?? null,
          guards: progress.step.plan.guards.map((guard) => guard.id),
          ratePerSecond: progress.speed?.recent ?? null,
          overallRatePerSecond: progress.speed?.overall ?? null,
          secondsLeft: progress.leftMs === undefined ? null : progress.leftMs / 1000,
        }
      : null,
    secondsLeft: progress.allLeftMs === undefined ? null : progress.allLeftMs / 1000,
    steps: state.steps.map((step) => ({
      id: step.plan.id,
      kind: step.plan.kind,
      status: step.status,
      startedAt: step.startedAt ?? null,
      endedAt: step.endedAt ?? null,
      approval: step.approval ?? null,
      error: step.error ?? null,
    })),
    findings: state.findings,
    waitsFor: advice.waits,
    commands: advice.commands.map((each) => each.command),
  }
  return value as unknown as Json
}
