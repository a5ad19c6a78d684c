/** The whole example by its command, on a small fleet: a healthy run, and one whose fault is caught and undone. And the arithmetic it rests on. */
import { describe, expect, it } from 'vitest'
import { ending, pageOf, wholeRun } from '../stage/whole-run.ts'
import { lineThrough } from './line.ts'
import { validation } from './parts.ts'
import { rollbacks } from './rollbacks.ts'
import { runFaults } from './run-faults.ts'
import type { Summary } from './summary.ts'

const page = pageOf('dwcp')

const example = (...words: readonly string[]) => wholeRun<Summary>('dwcp', '--nodes', '8', ...words, '--quick')

/** Four times what the longer run takes on two idle processors. */
const timeout = 360_000

describe('npm run example:dwcp', () => {
  it('takes every feature to 100 %, and every machine is there', { timeout }, async () => {
    expect(page.commands).toContain('')
    const run = await example()
    expect(ending(run)).toEqual([0, ''])
    const { summary } = run
    expect(summary).toMatchObject({ outcome: 'done', nodes: 8, trigger: null, undoneMs: null, rolledBackEqual: null })
    expect(summary.machines).toEqual({ verified: 16, problems: [] })
    expect(summary.requests.served).toBeGreaterThan(1_000)
    expect(summary.requests.failed - summary.requests.failedInChaos).toBeLessThanOrEqual(
      summary.requests.served / 1_000,
    )
    expect(summary.chaos.map(({ scenario }) => scenario)).toEqual(['kill', 'partition'])
    expect(summary.soak?.surelyKeptPerByte).toBeTypeOf('number')
    // Every row of the guide's table: measured, or with the reason why not.
    expect(summary.baseline.map(({ metric }) => metric)).toEqual(validation.map(({ name }) => name))
    for (const { v1, verdict } of summary.baseline) expect(v1 === '-').toBe(verdict.startsWith('not applicable'))
    expect(summary.impact.map(({ week }) => week)).toContain('Week 6')
    expect(summary.rehearsed.slice(-3)).toEqual([
      { step: 'soak-time', of: '7d', ms: 5_000 },
      { step: 'first-month', of: '30d', ms: 1_000 },
      { step: 'second-month', of: '30d', ms: 1_000 },
    ])
  })

  it('turns back by itself when the mode detector is slow', { timeout }, async () => {
    expect(page.commands).toContain('--fault slow-detector')
    const run = await example('--fault', 'slow-detector')
    expect(ending(run)).toEqual([0, ''])
    expect(run.summary).toMatchObject({
      outcome: 'rolled-back',
      rolledBackEqual: true,
      machines: { verified: 16, problems: [] },
      trigger: {
        step: expect.stringMatching(/^rollout-week-2/) as string,
        why: expect.stringContaining('"latency"') as string,
      },
    })
    expect(run.summary.undoneMs).toBeLessThan(10_000)
    expect(run.summary.wayBackMs).toBeGreaterThan(run.summary.undoneMs ?? Infinity)
  })

  it('has the faults and ways back that the page names, and refuses others', async () => {
    for (const name of [...Object.keys(runFaults), ...Object.keys(rollbacks)])
      expect(page.text).toContain(`\`${name}\``)
    await expect(example('--fault', 'none-such')).rejects.toThrow('there is no fault "none-such"')
    await expect(example('--rollback', 'sideways')).rejects.toThrow('there is no rollback "sideways"')
  })
})

describe('a line through points', () => {
  it('has the slope of what grows, and an error of what only trembles', () => {
    const grows = lineThrough(Array.from({ length: 30 }, (_, x) => [x, 100 + 2 * x] as const))
    expect(grows.slope).toBeCloseTo(2)
    expect(grows.slopeError).toBeCloseTo(0)
    const trembles = lineThrough(Array.from({ length: 30 }, (_, x) => [x, 100 + (x % 2 === 0 ? 5 : -5)] as const))
    expect(trembles.slope - 1.96 * trembles.slopeError).toBeLessThan(0)
    expect(() => lineThrough([[1, 1]])).toThrow(RangeError)
  })
})
