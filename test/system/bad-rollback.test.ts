/** Rollbacks that find nothing to do, or something that cannot be turned back, with the real command: what is refused, and what still can be done. */
import { describe, expect } from 'vitest'
import { mustEnd, mustFail, mustSay } from './judge.ts'
import { plan } from './shop-plan.ts'
import { test } from './shop.ts'

describe('a rollback', () => {
  test('of nothing, and twice: every word says that the run is closed, and a new one can be run', async ({ shop }) => {
    mustFail(await shop.run('rollback', '--yes'), 1, 'run.not-found', 'nothing was run yet')
    expect(await shop.clean()).toBe(true)
    mustEnd(await shop.run('run', '--yes'), 0)
    mustEnd(await shop.run('rollback', '--yes'), 5)
    mustFail(await shop.run('rollback', '--yes'), 1, 'run.closed', 'nothing to roll back', 'changeover run')
    mustFail(await shop.run('resume'), 1, 'run.closed', 'nothing to resume')
    mustFail(await shop.run('abort', '--yes'), 1, 'run.closed')
    mustFail(await shop.run('pause'), 1, 'run.closed')
    mustFail(await shop.run('approve', '--note', 'x'), 1, 'run.closed')
    expect([await shop.filled(), await shop.clean()]).toEqual(['none', true])
    mustEnd(await shop.run('run', '--yes'), 0)
    expect(await shop.filled()).toBe('whole')
  })

  const sealed = `${plan}  - { id: seal, kind: schema.seal, on: db, approval: "for good?", spec: { columns: [users.first, users.last] } }
  - { id: index, kind: schema.index, on: db, spec: { table: users, name: users_full_name, columns: [full_name] } }
`

  test('after a seal is refused, and nothing is touched; what came after it can be turned back', async ({ shop }) => {
    shop.place.write('changeover.yaml', sealed)
    mustSay(await shop.run('run', '--yes'), 6, 'for good?', 'changeover approve seal --note')
    const names = await shop.sql('SELECT id, first, last, full_name FROM users ORDER BY id')
    mustEnd(await shop.run('approve', '--note', 'for good'), 0)
    mustEnd(await shop.run('resume'), 0)
    mustFail(await shop.run('rollback', '--yes'), 1, 'run.refused', 'step "seal"', 'changeover rollback --to seal')
    const indexes = () => shop.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'users' ORDER BY 1")
    expect(await indexes()).toEqual([{ indexname: 'users_full_name' }, { indexname: 'users_pkey' }])
    mustEnd(await shop.run('rollback', '--yes', '--to', 'seal'), 0)
    expect(await indexes()).toEqual([{ indexname: 'users_pkey' }])
    mustEnd(await shop.run('resume'), 0)
    expect(await indexes()).toHaveLength(2)
    expect(await shop.sql('SELECT id, full_name FROM users ORDER BY id')).toEqual(
      names.map(({ id, full_name }) => ({ id, full_name })),
    )
  })

  test('by itself, after a failed step, does not go over a seal: the run waits for the mend', async ({ shop }) => {
    const unique =
      '{ id: unique, kind: schema.index, on: db, spec: { table: users, name: users_one, columns: [full_name], unique: true } }'
    const failing = `${sealed}  - ${unique}\n`
    await shop.sql("INSERT INTO users (first, last) VALUES ('First1', 'Last1')")
    shop.place.write('changeover.yaml', failing.replace('to: "2"\n', 'to: "2"\nonFailure: rollback\n'))
    mustEnd(await shop.run('run', '--yes'), 6)
    mustEnd(await shop.run('approve', '--note', 'for good'), 0)
    mustSay(await shop.run('resume'), 1, 'unique', 'changeover resume')
    expect((await shop.run('status')).out).not.toContain('changeover rollback ')
    await shop.sql('DELETE FROM users WHERE id > 3000')
    mustEnd(await shop.run('resume'), 0)
    expect(await shop.sql('SELECT count(full_name)::int AS n FROM users')).toEqual([{ n: 3_000 }])
  })
})
