/** Words from another terminal while a run goes on, and words that do not fit, with the real command: what holds, what is refused, what is left. */
import { describe, expect } from 'vitest'
import { mustEnd, mustFail, mustSay } from './judge.ts'
import { plan } from './shop-plan.ts'
import { test } from './shop.ts'

describe('from another terminal, while a run goes on', () => {
  test('pause, resume and rollback', async ({ shop }) => {
    const running = await shop.underWay()
    mustSay(await shop.run('pause', '--note', 'lunch'), 0, 'is paused')
    mustSay(await running.ended, 6, 'lunch', 'changeover resume')
    expect(await shop.filled()).toBe('part')
    const again = shop.start('resume')
    await again.shows('run.claimed')
    mustSay(await shop.run('rollback', '--yes', '--note', 'enough'), 5, 'rolled back')
    mustSay(await again.ended, 5, 'enough')
    expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
  })

  test('abort undoes the step under way and leaves those before', async ({ shop }) => {
    const running = await shop.underWay()
    mustSay(await shop.run('abort', '--yes', '--note', 'stop it'), 1, 'aborted')
    mustSay(await running.ended, 1, 'stop it', 'aborted')
    expect(await shop.done()).toBe(0)
    mustSay(await shop.run('status'), 0, 'aborted')
    await shop.goesBack()
  })

  test('rollback is carried out by who asked for it when the runner is killed meanwhile', async ({ shop }) => {
    const running = await shop.underWay()
    running.child.kill('SIGSTOP')
    const asked = shop.start('rollback', '--yes')
    await asked.shows('it carries this out')
    running.child.kill('SIGKILL')
    mustSay(await asked.ended, 5, 'rolled back')
    expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
  })

  const approved = `${plan}  - { id: ready, kind: gate.confirm, approval: "is support ready?", spec: { items: [support] } }
  - { id: late, kind: gate.confirm, approval: "and the boss?", spec: { items: [boss] } }
`

  test('approve: of a step to come, of the one that waits; twice is once', async ({ shop }) => {
    shop.place.write('changeover.yaml', approved)
    const running = await shop.underWay()
    mustFail(await shop.run('approve', '--note', 'yes'), 1, 'run.refused', 'no step waits for an approval')
    mustFail(await shop.run('approve', 'fill', '--note', 'yes'), 1, 'run.refused', '"fill" asks for no approval')
    mustFail(await shop.run('approve', 'redy', '--note', 'yes'), 1, 'plan.unknown-step', 'did you mean "ready"?')
    mustFail(await shop.run('approve', 'ready'), 2, 'usage.invalid', 'needs a note')
    mustSay(await shop.run('approve', 'ready', '--note', 'Ann is there'), 0, 'approved')
    await shop.fast()
    mustSay(await running.ended, 6, 'and the boss?', 'changeover approve late --note')
    expect(await shop.filled()).toBe('whole')
    for (const each of await Promise.all([1, 2].map(() => shop.run('approve', '--note', 'fine'))))
      if (each.code !== 0) mustFail(each, 1, 'run.refused')
    expect(shop.events().filter((each) => each === 'approval.given')).toHaveLength(2)
    mustEnd(await shop.run('resume'), 0)
    await shop.goesBack()
  })
})

test('a wish that makes no sense is refused, before a run is opened', async ({ shop }) => {
  const wishes = [
    [['--until', 'nope'], 1, 'plan.unknown-step', 'column, fill'],
    [['--until', 'colum'], 1, 'plan.unknown-step', 'did you mean "column"?'],
    [['--batch-size', '0'], 2, 'usage.invalid', 'no whole number above 0'],
    [['--batch-size', '1.5'], 2, 'usage.invalid', 'no whole number above 0'],
    [['--batch-size', '1e99'], 2, 'usage.invalid', 'more than'],
  ] as const
  const told = await Promise.all(wishes.map(([words]) => shop.run('run', '--yes', ...words)))
  for (const [at, [, exit, code, says]] of wishes.entries()) mustFail(told[at]!, exit, code, says)
  mustFail(await shop.run('status'), 1, 'run.not-found')
  expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
})

test('an edited plan is refused with what changed; a step not yet started may be edited, one that was may not', async ({
  shop,
}) => {
  mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
  const edited = plan.replace('separator: " "', 'separator: "-"')
  shop.place.write('changeover.yaml', edited)
  mustFail(await shop.run('resume'), 4, 'plan.stale', 'steps.fill.spec.lens', '"-"', '--amend')
  expect(await shop.filled()).toBe('none')
  shop.place.write('changeover.yaml', plan.replaceAll('full_name', 'fullname'))
  mustFail(await shop.run('resume', '--amend'), 1, 'run.refused', 'step "column" was started')
  shop.place.write('changeover.yaml', edited)
  mustEnd(await shop.run('resume', '--amend'), 0)
  expect(await shop.sql("SELECT count(*)::int AS n FROM users WHERE full_name = first || '-' || last")).toEqual([
    { n: 3_000 },
  ])
  await shop.goesBack()
})

test('a secret that is gone when the run goes on: it is named, nothing is touched, and the run goes on with it', async ({
  shop,
}) => {
  mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
  const without = shop.as({ DATABASE_URL: undefined })
  mustFail(await without('resume'), 1, 'secret.missing', '"DATABASE_URL"')
  // What needs no target needs no secret.
  mustSay(await without('status'), 0, 'changeover resume')
  expect(await shop.filled()).toBe('none')
  await shop.goesOn()
  mustEnd(await shop.run('run', '--yes'), 0)
  // What was asked for holds, also where it could not be begun.
  mustFail(await without('rollback', '--yes'), 1, 'secret.missing', '"DATABASE_URL"')
  mustEnd(await shop.run('resume'), 5)
  expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
})
