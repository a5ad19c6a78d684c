import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Actor } from '../../core/event.ts'
import { journalChecks, type PostgresServer, postgresSources, startPostgres } from '../../testing/index.ts'
import { openPostgresJournal } from './index.ts'

const sources = postgresSources()
for (const [source, why] of Object.entries(sources.missing)) console.warn(`skipped: PostgreSQL "${source}": ${why}`)

describe.each(sources.found)('the journal in PostgreSQL on the %s server', (source) => {
  let server: PostgresServer
  const by: Actor = { user: 'ann', host: 'here', pid: 7, token: 't' }
  const open = (url = server.url()) => openPostgresJournal({ url, now: () => Date.now(), pollMs: 5000 })
  beforeAll(async () => {
    server = await startPostgres({ source, settings: { fsync: 'off' } })
  })
  afterAll(() => server?.stop())

  for (const check of journalChecks({ name: 'postgres', open: async () => open() })) it(check.name, () => check.run())

  it('is empty before anything was written', async () => {
    const journal = open(server.url('template1'))
    expect([await journal.runs(), await journal.read('x')]).toEqual([[], []])
    await journal.close()
  })

  it('names who holds a run, and tells a runner that lost it', async () => {
    const journal = open()
    const claim = await journal.claim('held', by)
    await expect(journal.claim('held', by)).rejects.toMatchObject({
      code: 'run.busy',
      message: expect.stringMatching(/run "held" is held by "ann@here pid 7" \(session \d+\)/),
    })
    const pg = (await import('pg')).default
    const admin = new pg.Client({ connectionString: server.url() })
    await admin.connect()
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'changeover-journal ann%'",
    )
    await expect.poll(() => claim.lost.aborted).toBe(true)
    const next = await journal.claim('held', by)
    expect(next.lost.aborted).toBe(false)
    await next.release()
    await admin.end()
    await journal.close()
  })

  it('finds a gap', async () => {
    const journal = open()
    for (const after of [0, 1, 2]) await journal.append('gap', { type: 'run.paused', why: 'x', by }, after)
    const pg = (await import('pg')).default
    const admin = new pg.Client({ connectionString: server.url() })
    await admin.connect()
    await admin.query("DELETE FROM changeover_journal.events WHERE run = 'gap' AND seq = 2")
    await admin.end()
    await expect(journal.read('gap')).rejects.toMatchObject({ code: 'journal.corrupt', data: { line: 2, whole: 1 } })
    await journal.close()
  })

  it('says that it cannot be written', async () => {
    const journal = open(server.url('absent'))
    await expect(journal.append('x', { type: 'run.paused', why: 'x', by }, 0)).rejects.toMatchObject({
      code: 'journal.unwritable',
    })
    await journal.close()
  })
})
