import { expect, test } from 'vitest'
import type { Event } from '../core/event.ts'
import { doneRun, halfRun, second, story } from '../../test/views/sample-run.ts'
import { evolvePace, type Pace, speedOf, timeLeft } from './pace.ts'

function paceOf(events: readonly Event[]): Pace | undefined {
  return events.reduce<Pace | undefined>(evolvePace, undefined)
}

function marked(at: number, done: number): readonly [number, Event] {
  const mark = { at: done, done, of: 1000, unit: 'rows' }
  return [at, { type: 'step.marked', step: 'a', verb: 'apply', mark, seq: 0, at: '' }]
}

test('a steady step has one rate, and its time left counts down', () => {
  const pace = paceOf(halfRun)
  expect(speedOf(pace)).toEqual({ recent: 10_000, overall: 10_000 })
  const last = Date.parse('2026-11-21T03:00:11.000Z')
  expect(timeLeft(pace, 100_000, last)).toBe(6000)
  expect(timeLeft(pace, 100_000, last + 2000)).toBe(4000)
  expect(timeLeft(pace, undefined, last)).toBeUndefined()
})

test('the time in which nobody worked is not counted', () => {
  const pace = paceOf(
    story(marked(0, 0), marked(1, 100), [100, { type: 'run.claimed', by: second }], marked(101, 100), marked(102, 200)),
  )
  expect(speedOf(pace)?.overall).toBe(100)
  expect(speedOf(pace)?.recent).toBeCloseTo(100, 6)
})

test('recent marks weigh more than old ones', () => {
  const speed = speedOf(paceOf(story(marked(0, 0), marked(10, 1000), marked(20, 1100))))
  expect(speed?.overall).toBe(55)
  expect(speed?.recent).toBeCloseTo((1000 / Math.E + 100) / (10 / Math.E + 10), 6)
})

test('there is no pace before two marks, and none after the step', () => {
  expect(speedOf(paceOf(story(marked(0, 5))))).toBeUndefined()
  expect(paceOf(doneRun)).toBeUndefined()
})
