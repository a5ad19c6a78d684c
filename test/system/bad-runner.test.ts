/** Runners and workers that are stopped, stalled and killed, with the real command: one works at a time, nothing is lost, and all goes on. */
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
    await shop.fast()
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
