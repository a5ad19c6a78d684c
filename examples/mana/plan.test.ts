/** The whole example by its command, as the how-to page says it: a healthy run, and one whose fault is caught and undone. */
import { describe, expect, it } from 'vitest'
import { ending, pageOf, wholeRun } from '../stage/whole-run.ts'
import { faults } from './faults.ts'
import { targets } from './parts.ts'
import type { Summary } from './summary.ts'

const page = pageOf('mana')

const example = (...words: readonly string[]) => wholeRun<Summary>('mana', ...words, '--quick')

/** Six times what the longer run takes on two idle processors. */
const timeout = 420_000

describe('npm run example:mana', () => {
  it('goes to v2 alone in every environment, with nothing failed and nothing lost', { timeout }, async () => {
    expect(page.commands).toContain('')
    const run = await example()
    expect(ending(run)).toEqual([0, ''])
    expect(run.summary).toMatchObject({
      outcome: 'done',
      requests: { failed: 0 },
      transactions: { lost: 0 },
      rolledBackEqual: null,
      trigger: null,
    })
    expect(run.summary.requests.byV2).toBeGreaterThan(1_000)
    expect(run.summary.transactions.promised).toBeGreaterThan(1_000)
    // Met or missed, each is measured and said.
    const names = run.summary.targets.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(Object.keys(targets)))
  })

  it('turns back by itself when v2 is slow in production', { timeout }, async () => {
    expect(page.commands).toContain('--fault slow-v2')
    const run = await example('--fault', 'slow-v2')
    expect(ending(run)).toEqual([0, ''])
    expect(run.summary).toMatchObject({
      outcome: 'rolled-back',
      transactions: { lost: 0 },
      rolledBackEqual: true,
      trigger: {
        step: expect.stringMatching(/^production-/) as string,
        why: expect.stringContaining('latency') as string,
      },
    })
    expect(run.summary.requests.byV2).toBeGreaterThan(0)
    expect(run.summary.undoneMs).toBeLessThan(5_000)
    expect(run.said).toContain('run.closed      rolled-back')
  })

  it('has the faults that the page names, and refuses others', async () => {
    for (const name of Object.keys(faults)) expect(page.text).toContain(`\`${name}\``)
    await Promise.all([
      expect(example('--fault', 'none-such')).rejects.toThrow('there is no fault "none-such": there are slow-v2'),
      expect(example('--environment', 'moon')).rejects.toThrow('there is no environment "moon"'),
    ])
  })
})
