/** Runners and workers that are stopped, stalled and killed, with the real command: one works at a time, nothing is lost, and all goes on. */
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { mustEnd, mustFail, mustSay } from './judge.ts'
import { rows, type Shop, test } from './shop.ts'

const updates =
  "SELECT pid, query_start, wait_event FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'changeover/%' AND state = 'active' AND query LIKE '%UPDATE%'"

/** Waits until so many sessions of the tool have been in an UPDATE for longer than a moment. */
const busy = (shop: Shop, atLeast: number) =>
  expect
    .poll(async () => (await shop.sql(`${updates} AND query_start < now() - interval '50 ms'`)).length, {
      timeout: 60_000,
      interval: 20,
    })
    .toBeGreaterThanOrEqual(atLeast)

/**
 * Makes each row take longer than the test may. Those under way take 40 ms more, and may be the last of their chunk: all hang when, for a second,
 * nobody but sleepers was there, and the same.
 */
async function stuck(shop: Shop): Promise<void> {
  await shop.slow(600_000)
  let before = ''
  const hang = async () => {
    const now = await shop.sql(`${updates} ORDER BY pid`)
    const same = before === JSON.stringify(now)
    before = JSON.stringify(now)
    return same && now.length > 0 && now.every((each) => each['wait_event'] === 'PgSleep')
  }
  await expect.poll(hang, { timeout: 60_000, interval: 1_000 }).toBe(true)
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
    await stuck(shop)
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
