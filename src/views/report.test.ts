import { expect, test } from 'vitest'
import type { Event } from '../core/event.ts'
import { ada, backRun, doneRun, halfRun, plan, story } from '../../test/views/sample-run.ts'
import { reportHtml } from './report-html.ts'
import { reportJson } from './report-json.ts'
import { reportMarkdown } from './report-markdown.ts'
import { tilesOf } from './report-words.ts'
import { makeReport } from './report.ts'

const measured = { requests: { served: 12_034, failed: 0 }, longestWritePauseMs: 38 }

test('tiles hold what was measured, and nothing else', () => {
  const labels = (events: readonly Event[], figures = {}) =>
    tilesOf(makeReport('r', events, figures)).map((tile) => `${tile.value} ${tile.label}`)
  expect(labels(halfRun.slice(0, 4))).toEqual(['running outcome', '1 s of work'])
  expect(labels(doneRun, measured)).toEqual([
    'done outcome',
    '25 s of work',
    '220,000 rows handled',
    '0 requests failed',
    '38 ms longest write pause',
    '2 of 2 success criteria met',
  ])
})

test('planned against measured, approvals and the way back', () => {
  const done = makeReport('neonhub-1', doneRun)
  const users = done.stages[1]?.steps[1]
  expect(users).toMatchObject({ appliedMs: 9500, estimate: { seconds: 10 }, amount: { done: 100_000, unit: 'rows' } })
  expect(done.approvals).toEqual([
    {
      step: 'switch',
      ask: 'May v4 take over?',
      askedAt: '2026-11-21T03:00:45.600Z',
      given: { at: '2026-11-21T04:00:45.000Z', by: 'ada@ops-1', note: 'support is ready' },
    },
  ])
  const back = makeReport('neonhub-2', backRun)
  expect(back.turns.map((turn) => turn.undone)).toEqual([
    [
      { step: 'users', ms: 2800 },
      { step: 'columns', ms: 200 },
      { step: 'keep', ms: 100 },
      { step: 'look', ms: 100 },
    ],
  ])
})

test('the HTML is whole, self-contained and escaped', () => {
  const opened = doneRun[0]!
  if (opened.type !== 'run.opened') throw new Error('a run begins by being opened')
  const evil = { ...opened, plan: { ...opened.plan, name: '<img src=x onerror=alert(1)>&"' } }
  const page = reportHtml(makeReport('neonhub-1', [evil, ...doneRun.slice(1)], measured))
  expect(page).not.toMatch(/<img|<script|<link|https?:|url\((?!#)/)
  expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;&amp;&quot;')
  expect(page).toContain("default-src 'none'")
  for (const words of ['12,034 served meanwhile', '38 ms', 'May v4 take over?', 'Audit trail', '2 of 2 met'])
    expect(page).toContain(words)
  expect(page).not.toMatch(/undefined|NaN|\[object/)
})

test('a report of a run that has only begun is whole too', () => {
  for (const events of [doneRun.slice(0, 1), halfRun, backRun]) {
    expect(reportHtml(makeReport('r', events))).not.toMatch(/undefined|NaN|Infinity/)
    expect(reportMarkdown(makeReport('r', events))).not.toMatch(/undefined|NaN|Infinity/)
  }
})

test('the report as Markdown', async () => {
  await expect(reportMarkdown(makeReport('neonhub-2', backRun, measured))).toMatchFileSnapshot(
    '../../test/views/report-markdown.txt',
  )
})

test('the report as JSON carries every event and no facts', () => {
  const value = JSON.parse(JSON.stringify(reportJson(makeReport('neonhub-1', doneRun)))) as { events: Event[] }
  expect(value.events).toHaveLength(doneRun.length)
  expect(JSON.stringify(value)).not.toContain('"facts"')
})

test('a run without events is not found', () => {
  expect(() => makeReport('r', [])).toThrow('run "r" has no events')
})

test('what was found after a step began is measured, not expected; the same words with other figures are one finding', () => {
  const found = (message: string, seconds: number) => ({
    type: 'finding.made' as const,
    finding: {
      level: 'note' as const,
      code: 'backup.proved',
      message,
      help: '',
      at: { step: 'keep' },
      data: { rows: 1, seconds },
    },
  })
  const events = story(
    [0, { type: 'run.opened', plan, identities: {}, by: ada, wishes: {} }],
    [1, { type: 'step.started', step: 'keep', verb: 'apply', before: {} }],
    [2, found('"t1": 5 rows in 2 s', 99)],
    [3, found('"t1": 6 rows in 80 ms', 99)],
    [4, found('"t2": 6 rows in 80 ms', 99)],
  )
  const report = makeReport('r', events)
  expect(report.stages[0]?.steps[1]?.estimate).toEqual({ rows: 120_000, bytes: 30_000_000, seconds: 5 })
  expect(report.findings.filter((each) => each.code === 'backup.proved').map((each) => each.message)).toEqual([
    '"t1": 6 rows in 80 ms',
    '"t2": 6 rows in 80 ms',
  ])
})
