/** Servers and sessions that go away under a run, with the real command: it goes on by itself, or waits for a person; every row is right. */
import { describe, expect } from 'vitest'
import { type PostgresServer, startPostgres } from '../../src/testing/index.ts'
import { mustEnd, mustFail, mustSay } from './judge.ts'
import { type Shop, shops, test } from './shop.ts'

const sessions = "datname = current_database() AND application_name LIKE 'changeover/%'"

test('sessions that are ended in the middle of a chunk: the run goes on by itself', async ({ shop }) => {
  const running = await shop.underWay()
  for (let round = 0; round < 3; round++) {
    const working = await expect
      .poll(() => shop.sql(`SELECT pid FROM pg_stat_activity WHERE ${sessions} AND query LIKE '%UPDATE%'`), {
        timeout: 60_000,
      })
      .not.toEqual([])
      .then(() => shop.sql(`SELECT pid FROM pg_stat_activity WHERE ${sessions}`))
    const pids = working.map((each) => Number(each['pid']))
    await shop.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN (${pids.join()})`)
  }
  await shop.fast()
  mustEnd(await running.ended, 0)
  expect(await shop.filled()).toBe('whole')
  await shop.goesBack()
})

/** A server of its own for what would disturb others. */
async function alone(use: (shop: Shop, server: PostgresServer) => Promise<void>): Promise<void> {
  const server = await startPostgres()
  try {
    const shop = await (await shops(server))()
    await use(shop, server)
    await shop.leave()
  } finally {
    await server.stop()
  }
}

/** Lets the rows go faster as soon as the server is there again. */
const fastAgain = (shop: Shop) =>
  expect
    .poll(
      () =>
        shop.fast().then(
          () => true,
          () => false,
        ),
      { timeout: 60_000 },
    )
    .toBe(true)

describe('a server', () => {
  test('that crashes and recovers: the run waits, and goes on by itself', () =>
    alone(async (shop) => {
      const running = await shop.underWay()
      // A backend that is killed makes the server end every session and recover.
      const [backend] = await shop.sql(`SELECT pid FROM pg_stat_activity WHERE ${sessions} LIMIT 1`)
      process.kill(Number(backend?.['pid']), 'SIGKILL')
      await fastAgain(shop)
      mustEnd(await running.ended, 0)
      expect(await shop.filled()).toBe('whole')
    }))

  test('that is restarted: the run waits, and goes on by itself', () =>
    alone(async (shop, server) => {
      const running = await shop.underWay()
      await server.halt()
      await server.start()
      await fastAgain(shop)
      mustEnd(await running.ended, 0)
      expect(await shop.filled()).toBe('whole')
      await shop.goesBack()
    }))

  test('that stays away: the run is paused and says so, every word is clear, and `resume` goes on', () =>
    alone(async (shop, server) => {
      const running = await shop.underWay()
      await server.halt()
      mustFail(await running.ended, 1, 'target.unreachable', 'does not answer', 'changeover resume')
      mustSay(await shop.run('status'), 0, 'does not answer', 'changeover resume')
      mustFail(await shop.run('resume'), 1, 'target.unreachable', 'does not answer')
      await server.start()
      await shop.goesOn()
    }))
})
