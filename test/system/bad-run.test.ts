/** Runs that are disturbed, with the real command: signals, second runners, ended sessions, a broken journal. Nothing is lost and all goes on. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../src/testing/index.ts'
import type { Ended, Running } from '../cli/command.ts'
import { plan, rows, type Shop, shops, slowly } from './shop.ts'

let server: PostgresServer
let makeShop: () => Promise<Shop>
let shop: Shop
const started: Running[] = []
beforeAll(async () => {
  server = await startPostgres()
  makeShop = await shops(server)
})
afterAll(() => server?.stop())
beforeEach(async () => {
  shop = await makeShop()
})
afterEach(() => {
  for (const each of started.splice(0)) if (each.child.exitCode === null) each.child.kill('SIGKILL')
  shop?.remove()
})

function mustSay(ended: Ended, exit: number, ...says: readonly string[]): void {
  for (const each of says) expect(`${ended.out}${ended.err}`).toContain(each)
  expect(ended.err).not.toMatch(/^ {4}at /m)
  expect(ended.code).toBe(exit)
}

const mustEnd = (ended: Ended, exit: number) =>
  expect([ended.code, ended.code === exit ? '' : ended.out + ended.err]).toEqual([exit, ''])

/** A run in the middle of its transformation, each row of which takes so many milliseconds. */
async function underWay(ms = 2): Promise<Running> {
  await shop.sql(slowly(ms))
  const running = shop.start('run', '--yes', '--batch-size', '100')
  started.push(running)
  await running.shows('step.marked')
  await expect.poll(done, { timeout: 10_000, interval: 30 }).toBeGreaterThan(0)
  return running
}

const done = async () =>
  Number(
    (await shop.sql('SELECT count(*)::int AS n FROM users WHERE full_name IS NOT NULL').catch(() => []))[0]?.['n'] ?? 0,
  )

const fast = () => shop.sql('ALTER TABLE users DISABLE TRIGGER linger')

async function goesOn(): Promise<void> {
  await fast()
  mustEnd(await shop.run('resume'), 0)
  expect(await shop.filled()).toBe('whole')
  mustEnd(await shop.run('rollback', '--yes'), 5)
  expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
}

/** The file of the only run that ends so. */
const fileOf = (ending: string, folder = '.changeover'): string => {
  const path = join(shop.place.folder, folder)
  return join(path, readdirSync(path).find((each) => each.endsWith(ending)) ?? '')
}
const journal = () => fileOf('.jsonl')

describe('Ctrl-C', () => {
  test('once pauses cleanly, and the run goes on', async () => {
    const running = await underWay()
    running.child.kill('SIGINT')
    mustSay(await running.ended, 6, 'pausing at the next boundary', 'run.paused')
    expect(await shop.filled()).toBe('part')
    await goesOn()
  })

  test('twice stops at once, and the run goes on', async () => {
    const running = await underWay(20)
    running.child.kill('SIGINT')
    await running.shows('pausing')
    const from = Date.now()
    running.child.kill('SIGINT')
    mustSay(await running.ended, 6, 'stopping at once')
    expect(Date.now() - from).toBeLessThan(3_000)
    await goesOn()
  })
})

describe('two at once', () => {
  test('a second runner is refused by name, also to open a second run; the first goes on', async () => {
    const running = await underWay()
    mustSay(await shop.run('resume'), 1, 'run.busy', String(running.child.pid), 'changeover status --watch')
    mustSay(await shop.run('run', '--yes'), 1, 'run.busy', 'is not finished')
    await fast()
    mustEnd(await running.ended, 0)
    expect(await shop.filled()).toBe('whole')
  })

  test('of two that open a run at the same moment one works, and the rows are right', async () => {
    const both = await Promise.all([shop.run('run', '--yes'), shop.run('run', '--yes')])
    expect(both.map((each) => each.code)).toContain(0)
    for (const each of both)
      if (each.code !== 0) expect(each.err).toMatch(/run\.busy|journal\.conflict|schema\.column-there|plan\.stale/)
    expect(await shop.filled()).toBe('whole')
  })

  test('pause, resume and rollback from elsewhere while it goes on', async () => {
    const running = await underWay(5)
    mustEnd(await shop.run('pause', '--note', 'lunch'), 0)
    mustSay(await running.ended, 6, 'lunch')
    const again = shop.start('resume')
    started.push(again)
    await again.shows('run.claimed')
    mustSay(await shop.run('rollback', '--yes', '--note', 'enough'), 5, 'rolled back')
    mustSay(await again.ended, 5, 'enough')
    expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
  })

  test('abort from elsewhere undoes the step under way and leaves those before', async () => {
    const running = await underWay(5)
    expect([0, 1]).toContain((await shop.run('abort', '--yes', '--note', 'stop it')).code)
    mustSay(await running.ended, 1, 'stop it', 'aborted')
    expect(await done()).toBe(0)
    mustEnd(await shop.run('rollback', '--yes'), 5)
    expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
  })
})

describe('a server that goes away', () => {
  test('sessions that are ended in the middle of a chunk: the run goes on by itself', async () => {
    const running = await underWay()
    for (let i = 0; i < 3; i++) {
      await shop.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'changeover/%'",
      )
      await sleep(300)
    }
    await fast()
    mustEnd(await running.ended, 0)
    expect(await shop.filled()).toBe('whole')
  })

  test('a server that crashes and recovers: the run waits, and goes on by itself', async () => {
    const own = await startPostgres()
    const before = shop
    try {
      shop = await (await shops(own))()
      const running = await underWay()
      // A backend that is killed makes the server end every session and recover.
      const [backend] = await shop.sql(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'changeover/%' LIMIT 1",
      )
      process.kill(Number(backend?.['pid']), 'SIGKILL')
      const faster = () =>
        fast().then(
          () => true,
          () => false,
        )
      await expect.poll(faster, { timeout: 20_000 }).toBe(true)
      mustEnd(await running.ended, 0)
      expect(await shop.filled()).toBe('whole')
    } finally {
      shop.remove()
      shop = before
      await own.stop()
    }
  })
})

const witness = `
  CREATE TABLE witness (op text);
  CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO witness VALUES (tg_op); RETURN NULL; END $$;
  CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON users EXECUTE FUNCTION see()`

test('a stalled runner that was replaced wakes up fenced, says so, and writes nothing more', async () => {
  const running = await underWay()
  running.child.kill('SIGSTOP')
  // As another machine sees it: the claim of another host, not renewed for longer than its lease.
  const claim = fileOf('.claim')
  const held = JSON.parse(readFileSync(claim, 'utf8')) as object
  writeFileSync(claim, JSON.stringify({ ...held, host: 'elsewhere' }))
  const longAgo = new Date(Date.now() - 60_000)
  utimesSync(claim, longAgo, longAgo)
  mustEnd(await shop.run('resume'), 0)
  expect(await shop.filled()).toBe('whole')
  const events = readFileSync(journal(), 'utf8')
  await shop.sql(witness)
  running.child.kill('SIGCONT')
  const ended = await running.ended
  expect(ended.code).not.toBe(0)
  expect(`${ended.out}${ended.err}`).toMatch(/run\.fenced|target\.fenced|took/)
  expect(readFileSync(journal(), 'utf8')).toBe(events)
  expect(await shop.sql('SELECT * FROM witness')).toEqual([])
})

describe('a journal', () => {
  const lines = (change: (lines: readonly string[]) => readonly string[]) => (text: string) =>
    change(text.split('\n')).join('\n')

  test('with a line cut short by a crash goes on after it', async () => {
    mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
    appendFileSync(journal(), '{"seq":99,"at":"2026-0')
    mustEnd(await shop.run('resume'), 0)
    expect(await shop.filled()).toBe('whole')
    mustEnd(await shop.run('status'), 0)
  })

  test.each([
    ['edited', (text: string) => text.replace('"shop"', '"shap"'), 'line 1'],
    ['with garbage in the middle', lines((all) => all.with(2, '\u0000garbage')), 'line 3'],
    ['with a line gone', lines((all) => all.toSpliced(2, 1)), 'line 3'],
    ['with two lines exchanged', lines((all) => all.toSpliced(2, 2, all[3] ?? '', all[2] ?? '')), 'line 3'],
  ])('%s is refused with its line, by every command, and the database is left alone', async (_what, change, line) => {
    mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
    const right = readFileSync(journal(), 'utf8')
    writeFileSync(journal(), change(right))
    const words = [['resume'], ['status'], ['rollback', '--yes'], ['run', '--yes'], ['events'], ['pause']]
    for (const ended of await Promise.all(words.map((each) => shop.run(...each)))) {
      mustSay(ended, 1, 'journal.corrupt', line, 'from a copy')
      expect(ended.err).toContain('→')
    }
    expect(readFileSync(journal(), 'utf8')).toBe(change(right))
    writeFileSync(journal(), right)
    mustEnd(await shop.run('resume'), 0)
    expect(await shop.filled()).toBe('whole')
  })

  test('that lost its last event goes on from what is whole', async () => {
    mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
    truncateSync(journal(), readFileSync(journal()).length - 40)
    // The event that was lost said that the step is reached: it is said again, and then the run goes on.
    mustSay(await shop.run('resume'), 0, 'is reached')
    mustEnd(await shop.run('resume'), 0)
    expect(await shop.filled()).toBe('whole')
  })

  test('that cannot be written is said before anything is touched', async () => {
    writeFileSync(join(shop.place.folder, '.changeover'), 'a file')
    mustSay(await shop.run('run', '--yes'), 1, 'journal.unwritable', '.changeover')
    expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
  })

  test('without room is said, and the run goes on when there is room', async () => {
    const folder = join(shop.place.folder, 'small')
    mkdirSync(folder)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', folder], { encoding: 'utf8' })
    if (mounted.status !== 0)
      return console.warn(`a full journal was not tried: ${mounted.stderr}${String(mounted.error ?? '')}`.trim())
    try {
      shop.place.write('changeover.yaml', plan.replace('targets:\n', 'journal: { folder: ./small }\ntargets:\n'))
      mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
      spawnSync('sh', ['-c', `yes > ${join(folder, 'ballast')}`])
      mustSay(await shop.run('resume'), 1, 'journal.unwritable', 'make room')
      rmSync(join(folder, 'ballast'))
      mustEnd(await shop.run('resume'), 0)
      expect(await shop.filled()).toBe('whole')
    } finally {
      spawnSync('umount', ['-l', folder])
    }
  })
})

test('an edited plan is refused with what changed; a step not yet started may be edited, one that was may not', async () => {
  mustEnd(await shop.run('run', '--yes', '--until', 'column'), 0)
  const edited = plan.replace('separator: " "', 'separator: "-"')
  shop.place.write('changeover.yaml', edited)
  mustSay(await shop.run('resume'), 4, 'plan.stale', 'steps.fill.spec.lens', '"-"', '--amend')
  shop.place.write('changeover.yaml', plan.replaceAll('full_name', 'fullname'))
  mustSay(await shop.run('resume', '--amend'), 1, 'run.refused', 'step "column" was started')
  shop.place.write('changeover.yaml', edited)
  mustEnd(await shop.run('resume', '--amend'), 0)
  expect(await shop.sql('SELECT full_name FROM users WHERE id = 1')).toEqual([{ full_name: 'First1-Last1' }])
})

test('rollback of nothing, and twice; every command says that the run is closed, and a new one can be run', async () => {
  mustSay(await shop.run('rollback', '--yes'), 1, 'run.not-found', 'nothing was run yet')
  expect(await shop.clean()).toBe(true)
  mustEnd(await shop.run('run', '--yes'), 0)
  mustEnd(await shop.run('rollback', '--yes'), 5)
  mustSay(await shop.run('rollback', '--yes'), 1, 'run.closed', 'nothing to roll back')
  mustSay(await shop.run('resume'), 1, 'run.closed', 'nothing to resume')
  mustSay(await shop.run('abort', '--yes'), 1, 'run.closed')
  mustSay(await shop.run('approve', '--note', 'x'), 1, 'run.closed')
  expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
  mustEnd(await shop.run('run', '--yes'), 0)
  expect(await shop.filled()).toBe('whole')
})

test.each([
  [['--until', 'nope'], 1, 'plan.unknown-step', 'column, fill'],
  [['--until', 'colum'], 1, 'plan.unknown-step', 'did you mean "column"?'],
  [['--batch-size', '0'], 2, 'usage.invalid', 'no whole number above 0'],
  [['--batch-size', '1.5'], 2, 'usage.invalid', 'no whole number above 0'],
  [['--batch-size', '1e99'], 2, 'usage.invalid', 'more than'],
])('a wish that makes no sense is refused: %j', async (words, exit, ...says) => {
  mustSay(await shop.run('run', '--yes', ...words), exit, ...says)
  expect((await shop.run('status')).err).toContain('run.not-found')
  expect(await shop.clean()).toBe(true)
})

const counting = `
  CREATE TABLE counted (id bigint);
  CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO counted VALUES (new.id); RETURN NULL; END $$;
  CREATE TRIGGER count_it AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_it()`

test('three workers, one killed in the middle of a chunk: every row is right, and was written once', async () => {
  await shop.sql(counting)
  const running = await underWay(15)
  const workers = [1, 2, 3].map(() => shop.start('worker', '--hands', '1'))
  started.push(...workers)
  await Promise.all(workers.map((each) => each.shows('taking part')))
  const busy = async () =>
    (
      await shop.sql(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'changeover/%' AND xact_start < now() - interval '50 ms' AND query LIKE 'UPDATE%'",
      )
    ).length
  await expect.poll(busy, { timeout: 10_000, interval: 20 }).toBeGreaterThan(3)
  workers[1]?.child.kill('SIGKILL')
  await sleep(500)
  await fast()
  mustEnd(await running.ended, 0)
  expect((await Promise.all(workers.map((each) => each.ended))).map((each) => each.code)).toEqual([0, null, 0])
  expect(await shop.filled()).toBe('whole')
  const [once] = await shop.sql('SELECT count(*)::int AS n, count(DISTINCT id)::int AS one FROM counted')
  expect(once).toEqual({ n: rows, one: rows })
})
