import { expect, test } from 'vitest'
import type { Event } from '../core/event.ts'
import { evolve, type RunState } from '../core/run.ts'
import { backRun, doneRun } from '../../test/views/sample-run.ts'
import { columns, plain } from './paint.ts'
import { nowLines, tell, untold } from './telling.ts'

function told(events: readonly Event[], width = 80): { readonly lines: readonly string[]; readonly state: RunState } {
  let state: RunState | undefined
  let telling = untold
  const lines: string[] = []
  for (const event of events) {
    state = evolve(state, event)
    const now = tell(telling, event, state, plain, width)
    telling = now.telling
    lines.push(...now.lines)
  }
  if (!state) throw new Error('no event')
  return { lines, state }
}

test('a stage is headed once, each step that ended has a line with what it took, marks and claims none', () => {
  const { lines } = told(doneRun)
  const steps = lines.filter((line) => line.startsWith('  ✓'))
  expect(steps[0]).toMatch(/^ {2}✓ Look at the database +1 s$/)
  expect(steps.some((line) => line.endsWith('100,000 rows'))).toBe(true)
  expect(lines.filter((line) => line === 'Prepare')).toHaveLength(1)
  expect(lines.join('\n')).not.toMatch(/step\.|run\.claimed/)
})

test('what failed says why, what is undone is marked so, and no line is wider than asked', () => {
  const { lines } = told(backRun, 60)
  expect(lines.some((line) => line.includes('✗'))).toBe(true)
  expect(lines.join(' ')).toContain('gate.failed')
  expect(lines.filter((line) => line.startsWith('  ↶'))).toHaveLength(4)
  expect(lines.filter((line) => columns(line) > 60)).toEqual([])
})

test('where the run is: how much is in place, the step under way, its amount', () => {
  const until = doneRun.findIndex((event) => event.type === 'step.marked' && event.mark?.unit === 'rows') + 1
  const { state } = told(doneRun.slice(0, until))
  const now = Date.parse(state.changedAt) + 500
  const lines = nowLines(state, undefined, now, plain, 100)
  expect(lines[1]).toMatch(/ of \d+ steps in place · running · /)
  expect(lines[2]).toMatch(/^▸ /)
  expect(lines[3]).toMatch(/% .* of .* rows$/)
})
