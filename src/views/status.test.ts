import { expect, test } from 'vitest'
import type { Event } from '../core/event.ts'
import { fold, type RunState } from '../core/run.ts'
import { ada, backRun, doneRun, halfRun } from '../../test/views/sample-run.ts'
import { adviceFor } from './advice.ts'
import { eventLine } from './event-line.ts'
import { evolvePace, type Pace } from './pace.ts'
import { columns } from './paint.ts'
import { statusJson } from './status-json.ts'
import { statusText } from './status-text.ts'

function stateOf(events: readonly Event[]): RunState {
  const state = fold(events)
  if (!state) throw new Error('a run has events')
  return state
}

function shown(events: readonly Event[], width = 100): string {
  const pace = events.reduce<Pace | undefined>(evolvePace, undefined)
  return statusText('neonhub-1', stateOf(events), { pace, now: Date.parse(events.at(-1)!.at) + 500, width })
}

const waiting = doneRun.slice(
  0,
  doneRun.findIndex((event) => event.type === 'approval.given'),
)
const failed: readonly Event[] = [
  ...backRun.slice(0, 14),
  { type: 'run.paused', why: 'step "users" failed', by: ada, seq: 15, at: '2026-11-21T03:00:12.100Z' },
]

test.each([
  ['half way', halfRun],
  ['waiting for approval', waiting],
  ['failed', failed],
  ['done', doneRun],
  ['rolled back', backRun],
])('status: %s', async (name, events) => {
  await expect(shown(events)).toMatchFileSnapshot(`../../test/views/status-${name.replaceAll(' ', '-')}.txt`)
})

test('no line is wider than the terminal, but a command that is there to be copied', () => {
  for (const events of [halfRun, waiting, failed, doneRun]) {
    expect(
      shown(events, 50)
        .split('\n')
        .filter((line) => columns(line) > 50 && !line.startsWith('    changeover ')),
    ).toEqual([])
  }
})

test('the command to type next fits the phase, with the options that lead to the run', () => {
  const first = (events: readonly Event[]) => adviceFor(stateOf(events), '-f a.yaml').commands[0]?.command
  expect(first(waiting)).toBe('changeover approve switch --note "…" -f a.yaml')
  expect(first(failed)).toBe('changeover resume -f a.yaml')
  expect(first(halfRun)).toBe('changeover status --watch -f a.yaml')
})

test('a command that is proposed is never cut, however narrow the screen', () => {
  const text = statusText('neonhub-1', stateOf(failed), {
    now: Date.parse(failed.at(-1)!.at),
    width: 40,
    commandOptions: '-f some/where/else/changeover.config.ts',
  })
  const lines = text.split('\n')
  expect(lines).toContain('    changeover resume -f some/where/else/changeover.config.ts')
  expect(lines).toContain('  try that step again:')
  expect(lines.filter((line) => line.length > 40).every((line) => line.startsWith('    changeover '))).toBe(true)
})

test('a run whose runner is gone was interrupted, and is gone on with; one that is at rest needs no runner', () => {
  const gone = (events: readonly Event[]) => {
    const now = Date.parse(events.at(-1)!.at)
    const text = statusText('neonhub-1', stateOf(events), { now, runnerGone: true })
    return {
      text,
      ...(statusJson('neonhub-1', stateOf(events), undefined, now, true) as { phase: string; commands: string[] }),
    }
  }
  const half = gone(halfRun)
  expect([half.phase, half.commands]).toEqual(['interrupted', ['changeover resume', 'changeover rollback']])
  expect(half.text).toContain('interrupted')
  expect(half.text).toContain('its runner is gone')
  expect(half.text).toContain('guards, at rest: error-rate')
  expect(half.text).not.toContain('changeover pause')
  expect([gone(waiting).phase, gone(failed).phase, gone(doneRun).phase]).toEqual([
    'awaiting-approval',
    'failed',
    'done',
  ])
})

test('status as JSON', () => {
  const pace = halfRun.reduce<Pace | undefined>(evolvePace, undefined)
  const value = statusJson('neonhub-1', stateOf(halfRun), pace, Date.parse('2026-11-21T03:00:11.000Z'))
  expect(value).toMatchObject({
    run: 'neonhub-1',
    phase: 'running',
    applied: 3,
    secondsLeft: 6,
    current: {
      step: 'users',
      number: 4,
      done: 40_000,
      of: 100_000,
      ratePerSecond: 10_000,
      secondsLeft: 6,
      guards: ['error-rate'],
    },
  })
})

test('each event is one line', async () => {
  const lines = [...doneRun, ...backRun.slice(13)].map((event) => eventLine(event))
  expect(lines.filter((line) => line.includes('\n'))).toEqual([])
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../../test/views/events.txt')
})
