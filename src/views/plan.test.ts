import { expect, test } from 'vitest'
import { fold } from '../core/run.ts'
import { doneRun, plan } from '../../test/views/sample-run.ts'
import { estimates } from './estimate.ts'
import { planJson } from './plan-json.ts'
import { planMarkdown } from './plan-markdown.ts'
import { planText } from './plan-text.ts'
import { wayBack } from './plan-parts.ts'

test('a plan as text', async () => {
  await expect(planText(plan, { width: 90 })).toMatchFileSnapshot('../../test/views/plan.txt')
})

test('a plan as Markdown', async () => {
  await expect(planMarkdown(plan)).toMatchFileSnapshot('../../test/views/plan-markdown.txt')
})

test('no line of a plan is wider than asked, titles aside', () => {
  const long = planText(plan, { width: 60 }).split('\n')
  expect(long.filter((line) => line.length > 60 && /^ {4}/.test(line))).toEqual([])
})

test('a run ticks the checklist', () => {
  const state = fold(doneRun)
  const text = planText(plan, state === undefined ? {} : { state })
  expect(text).toContain('[x] backup restored once')
  expect(text).toContain('[x] v4 watched')
  expect(text).toContain('[ ] support team ready')
})

test('a plan as JSON names estimates, the way back and no facts', () => {
  const value = JSON.parse(JSON.stringify(planJson(plan))) as Record<string, unknown>
  expect(value['estimate']).toEqual({ seconds: 15, known: 2, steps: 6 })
  expect(value['rollback']).toEqual({
    order: ['watch', 'switch', 'users', 'columns', 'keep', 'look'],
    lossy: ['switch'],
    sealed: [],
    parts: { database: ['users', 'columns'], configuration: ['switch'] },
  })
  expect(value).not.toHaveProperty('facts')
})

test('what is written in a plan cannot break its Markdown', () => {
  const text = planMarkdown({
    ...plan,
    name: 'a|b <script> *c*',
    steps: [{ ...plan.steps[0]!, preview: ['```', 'x'] }],
  })
  expect(text).toContain('# a\\|b \\<script\\> \\*c\\*: 3.3 → 4.0')
  expect(text).toContain('````\n```\nx\n````')
})

test('a step that cannot be undone ends the way back', () => {
  const seal = { ...plan.steps[0]!, id: 'seal', undo: 'none' as const }
  expect(wayBack({ steps: [...plan.steps, seal] }).sealed).toEqual([seal])
})

test('a later estimate of a step wins figure by figure; a finding without size is none', () => {
  const finding = (data: { [key: string]: number }) => ({
    level: 'note' as const,
    code: 'x.y',
    message: '',
    help: '',
    at: { step: 'a' },
    data,
  })
  expect(
    estimates([finding({ rows: 1, seconds: 9 }), finding({ rows: 2 }), finding({ seconds: 60 })]).get('a'),
  ).toEqual({
    rows: 2,
    seconds: 9,
  })
})
