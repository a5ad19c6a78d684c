/** What the journal tells of a run, on journals as the engine writes them. */
import { describe, expect, test } from 'vitest'
import type { Event, RunState } from 'changeover'
import { askingStep, isRestored, triggerOf, wayBackMs } from './told-by-journal.ts'

const began = Date.parse('2026-11-21T10:00:00.000Z')
const by = { user: 'ada', host: 'here', pid: 1, token: 't' }

/** One event a second. */
function journal(...happenings: readonly Readonly<Record<string, unknown>>[]): readonly Event[] {
  return happenings.map((each, index) => {
    const event: unknown = { ...each, seq: index + 1, at: new Date(began + index * 1_000).toISOString() }
    return event as Event
  })
}

const failed = (step: string, message: string, code = 'gate.failed') => ({
  type: 'step.failed',
  step,
  verb: 'apply',
  error: { code, message, help: 'mend it' },
})
const tripped = (step: string, message: string) => ({
  type: 'finding.made',
  finding: { level: 'risk', code: 'guard.tripped', message, help: 'mend it', at: { step } },
})
const started = (step: string) => ({ type: 'step.started', step, verb: 'apply', before: {} })
const turned = (automatic: boolean) => ({
  type: 'run.turned',
  way: 'back',
  why: 'figures are bad',
  by,
  ...(automatic ? { automatic } : {}),
})
const closed = (outcome: string) => ({ type: 'run.closed', outcome })

describe('what turned a run back', () => {
  test('a gate that is a step of its own', () => {
    const events = journal(started('gate'), failed('gate', 'metrics of "page": "errors": it is 0.3'), turned(true))
    expect(triggerOf(events)).toEqual({
      step: 'gate',
      gate: 'gate',
      why: 'metrics of "page": "errors": it is 0.3',
      at: began + 1_000,
    })
  })

  test('a guard beside the step that ran', () => {
    const events = journal(started('soak'), failed('soak', 'guard "soak-guard-1": it is 0.3'), turned(true))
    expect(triggerOf(events)).toEqual({ step: 'soak', gate: 'soak-guard-1', why: 'it is 0.3', at: began + 1_000 })
  })

  test('a guard while a person was awaited, what it saw over several lines', () => {
    const message = 'while step "go" waited for a person: guard "watch": it is 0.3\nand 0.4'
    const events = journal({ type: 'approval.asked', step: 'go', ask: '?' }, tripped('go', message), turned(true))
    expect(triggerOf(events)).toEqual({ step: 'go', gate: 'watch', why: 'it is 0.3\nand 0.4', at: began + 1_000 })
  })

  test('of several failures the last before the turn, and none of the way back', () => {
    const events = journal(
      failed('early', 'it is 1'),
      started('early'),
      failed('late', 'it is 2'),
      turned(true),
      failed('undo', 'it is 3'),
    )
    expect(triggerOf(events)).toMatchObject({ step: 'late', why: 'it is 2' })
  })

  test('nothing: no turn, a person, or a step that failed without a gate', () => {
    expect(triggerOf([])).toBeNull()
    expect(triggerOf(journal(failed('gate', 'it is 1'), closed('aborted')))).toBeNull()
    expect(triggerOf(journal(failed('gate', 'it is 1'), turned(false)))).toBeNull()
    expect(triggerOf(journal(failed('start', 'it did not start', 'target.failed'), turned(true)))).toBeNull()
  })
})

describe('who is asked now', () => {
  const asked = (step: string) => ({ type: 'approval.asked', step, ask: '?' })
  const given = (step: string) => ({ type: 'approval.given', step, by, note: '', plan: 'p' })

  test('the step that asked last, until it is answered or the run turns', () => {
    expect(askingStep(journal(started('a')))).toBeNull()
    expect(askingStep(journal(asked('a')))).toBe('a')
    expect(askingStep(journal(asked('a'), given('a')))).toBeNull()
    expect(askingStep(journal(asked('a'), given('a'), asked('b')))).toBe('b')
    expect(askingStep(journal(asked('a'), turned(true)))).toBeNull()
  })
})

describe('the way back', () => {
  const state = (outcome: string, ...codes: readonly string[]): RunState => {
    const part: unknown = { outcome, findings: codes.map((code) => ({ code })) }
    return part as RunState
  }

  test('lasts from the turn to the end of the run', () => {
    expect(wayBackMs(journal(started('a'), turned(true), started('a'), closed('rolled-back')))).toBe(2_000)
    expect(wayBackMs(journal(started('a'), closed('done')))).toBeNull()
    expect(wayBackMs(journal(started('a'), turned(true)))).toBeNull()
  })

  test('is whole when the run says that the facts are those of the start', () => {
    expect(isRestored(state('rolled-back', 'gate.compressed', 'run.restored'))).toBe(true)
    expect(isRestored(state('rolled-back', 'gate.compressed'))).toBe(false)
    expect(isRestored(state('done', 'run.restored'))).toBe(false)
  })
})
