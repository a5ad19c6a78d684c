import { expect, test } from 'vitest'
import { backRun, doneRun, halfRun } from '../../test/views/sample-run.ts'
import { idlesOf, spansOf, workedMs } from './spans.ts'

test('a killed runner ends its span, the next one begins another', () => {
  const users = spansOf(doneRun).filter((span) => span.step === 'users')
  expect(users.map((span) => [span.to - span.from, span.end])).toEqual([
    [5000, 'stopped'],
    [4500, 'finished'],
  ])
  expect(workedMs(spansOf(doneRun), 'users', 'apply')).toBe(9500)
  expect(workedMs(spansOf(doneRun), 'users', 'rollback')).toBeUndefined()
})

test('waits carry their reason', () => {
  const idles = idlesOf(doneRun, spansOf(doneRun), 1000)
  expect(idles.map((idle) => [idle.why, Math.round((idle.to - idle.from) / 1000)])).toEqual([
    ['no runner', 30],
    ['waiting for approval', 3601],
  ])
})

test('what is under way is open, what failed says so, and undoing is a span of its own', () => {
  expect(spansOf(halfRun).at(-1)).toMatchObject({ step: 'users', end: 'open' })
  expect(spansOf(backRun).map((span) => `${span.verb} ${span.step} ${span.end}`)).toEqual([
    'apply look finished',
    'apply keep finished',
    'apply columns finished',
    'apply users failed',
    'rollback users finished',
    'rollback columns finished',
    'rollback keep finished',
    'rollback look finished',
  ])
})
