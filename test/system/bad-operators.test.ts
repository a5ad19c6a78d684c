/** Two operators who want something at the same moment, with the real command: one works, the other is told so, and the rows are right. */
import { describe, expect } from 'vitest'
import { mustEnd, mustFail, mustSay } from './judge.ts'
import { test } from './shop.ts'

describe('two operators at once', () => {
  test('a second runner is refused by name, also to open a second run; the first goes on', async ({ shop }) => {
    const running = await shop.underWay()
    mustFail(await shop.run('resume'), 1, 'run.busy', String(running.child.pid), 'changeover status --watch')
    mustFail(await shop.run('run', '--yes'), 1, 'run.busy', 'is not finished')
    expect(shop.events().filter((each) => each === 'run.claimed')).toHaveLength(1)
    await shop.fast()
    mustEnd(await running.ended, 0)
    expect(await shop.filled()).toBe('whole')
  })

  test('of two that open a run at the same moment one works, and the rows are right', async ({ shop }) => {
    const both = await Promise.all([shop.run('run', '--yes'), shop.run('run', '--yes')])
    expect(both.map((each) => each.code)).toContain(0)
    for (const each of both)
      if (each.code !== 0) expect(each.err).toMatch(/run\.busy|journal\.conflict|schema\.column-there|plan\.stale/)
    expect(await shop.filled()).toBe('whole')
  })

  test('of two that resume one works, and the other is told so', async ({ shop }) => {
    const running = await shop.underWay()
    mustEnd(await shop.run('pause'), 0)
    mustEnd(await running.ended, 6)
    const both = [shop.start('resume'), shop.start('resume')]
    const first = await Promise.race(both.map((each) => each.ended))
    mustFail(first, 1, 'run.busy', 'changeover status --watch')
    await shop.fast()
    const codes = (await Promise.all(both.map((each) => each.ended))).map((each) => each.code)
    expect(codes.toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 1])
    expect(await shop.filled()).toBe('whole')
  })

  test('both that roll back are told of the same end, and the journal ends with it', async ({ shop }) => {
    await shop.underWay()
    const both = await Promise.all([
      shop.run('rollback', '--yes', '--note', 'one'),
      shop.run('rollback', '--yes', '--note', 'two'),
    ])
    for (const each of both) mustSay(each, 5, 'rolled back')
    expect(shop.events().at(-1)).toBe('run.closed')
    expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
  })

  test('one pauses and the other aborts: the abort is what holds', async ({ shop }) => {
    const running = await shop.underWay()
    await Promise.all([shop.run('pause'), shop.run('abort', '--yes', '--note', 'no more')])
    await running.ended
    // Whoever stood where the pause came last goes on with one word.
    if (!shop.events().includes('run.closed')) await shop.run('resume')
    mustSay(await shop.run('status'), 0, 'aborted')
    expect(await shop.done()).toBe(0)
    await shop.goesBack()
  })
})
