/** Runners that are stopped, doubled, stalled and killed, with the real command: one works at a time, nothing is lost, and all goes on. */
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { mustEnd, mustFail, mustSay } from './judge.ts'
import { rows, type Shop, test } from './shop.ts'

/** Waits until so many sessions of the tool have been in an UPDATE for longer than a moment. */
const busy = (shop: Shop, atLeast: number) => {
  const query =
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'changeover/%' AND state = 'active' AND query_start < now() - interval '50 ms' AND query LIKE '%UPDATE%'"
  return expect
    .poll(async () => (await shop.sql(query)).length, { timeout: 20_000, interval: 20 })
    .toBeGreaterThanOrEqual(atLeast)
}

describe('Ctrl-C', () => {
  test('once pauses cleanly, and the run goes on', async ({ shop }) => {
    const running = await shop.underWay()
    running.child.kill('SIGINT')
    mustSay(await running.ended, 6, 'pausing at the next boundary', 'run.paused', 'changeover resume')
    expect(await shop.filled()).toBe('part')
    await shop.goesOn()
  })

  test('twice stops at once, and the run goes on', async ({ shop }) => {
    const running = await shop.underWay()
    // A chunk would take longer than the test may.
    await shop.slow(5_000)
    await busy(shop, 1)
    running.child.kill('SIGINT')
    await running.shows('pausing at the next boundary')
    const before = await shop.done()
    running.child.kill('SIGINT')
    mustSay(await running.ended, 6, 'stopping at once', 'changeover resume')
    expect(await shop.done()).toBe(before)
    await shop.goesOn()
  })
})

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

const witness = `
  CREATE TABLE witness (op text);
  CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO witness VALUES (tg_op); RETURN NULL; END $$;
  CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON users EXECUTE FUNCTION see()`

describe('a stalled runner', () => {
  const silent = (claim: string) => utimesSync(claim, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000))

  test('of another machine is replaced; it wakes up fenced, says so, and writes nothing more', async ({ shop }) => {
    const running = await shop.underWay()
    running.child.kill('SIGSTOP')
    // As another machine sees it: the claim of another host, not renewed for longer than its lease.
    const claim = shop.fileOf('.claim')
    const held = JSON.parse(readFileSync(claim, 'utf8')) as object
    writeFileSync(claim, JSON.stringify({ ...held, host: 'elsewhere' }))
    silent(claim)
    mustEnd(await shop.run('resume'), 0)
    expect(await shop.filled()).toBe('whole')
    const events = readFileSync(shop.fileOf('.jsonl'), 'utf8')
    await shop.sql(witness)
    running.child.kill('SIGCONT')
    const ended = await running.ended
    expect(`${ended.out}${ended.err}`).toMatch(/run\.fenced|target\.fenced/)
    mustSay(ended, 1, 'changeover status')
    expect(readFileSync(shop.fileOf('.jsonl'), 'utf8')).toBe(events)
    expect(await shop.sql('SELECT * FROM witness')).toEqual([])
  })

  test('of this machine is named with how to end it, and then the run goes on', async ({ shop }) => {
    const running = await shop.underWay()
    const { pid } = running.child
    running.child.kill('SIGSTOP')
    silent(shop.fileOf('.claim'))
    mustFail(await shop.run('resume'), 1, 'run.busy', 'no sign of life for 6', `kill -CONT ${pid}`, `kill -9 ${pid}`)
    running.child.kill('SIGKILL')
    await running.ended
    await shop.goesOn()
  })
})

const counting = `
  CREATE TABLE counted (id bigint);
  CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO counted VALUES (new.id); RETURN NULL; END $$;
  CREATE TRIGGER count_it AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_it()`

test('three workers, one killed in the middle of a chunk: every row is right, and was written once', async ({
  shop,
}) => {
  await shop.sql(counting)
  const running = await shop.underWay()
  const workers = [1, 2, 3].map(() => shop.start('worker', '--hands', '1'))
  await Promise.all(workers.map((each) => each.shows('taking part')))
  // The runner's own hands are two at most: with four at work the workers are among them.
  await busy(shop, 4)
  workers[1]?.child.kill('SIGKILL')
  await workers[1]?.ended
  await shop.fast()
  mustEnd(await running.ended, 0)
  expect((await Promise.all(workers.map((each) => each.ended))).map((each) => each.code)).toEqual([0, null, 0])
  expect(await shop.filled()).toBe('whole')
  const [once] = await shop.sql('SELECT count(*)::int AS n, count(DISTINCT id)::int AS one FROM counted')
  expect(once).toEqual({ n: rows, one: rows })
})
