import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Disk, toyAdapter, toyKinds } from '../../test/toy.ts'
import { type Bench, control, drive, makePlanNow, openBench, openRun, systemClock, thisActor } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'changeover-vigil-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0

const put = (id: string, more: object = {}) => ({
  id,
  kind: 'toy.put',
  on: 'disk',
  spec: { path: id, text: 'new' },
  ...more,
})
const guards = [{ id: 'watch', kind: 'toy.gate', on: 'disk', spec: { path: 'z', text: 'kept' } }]
const waiting = [put('a'), put('b', { guards, approval: 'go on?' })]
const never = () => ({ pause: new AbortController().signal, stop: new AbortController().signal })

async function site(steps: readonly object[], more: object = {}) {
  const folder = join(root, String(++count))
  mkdirSync(folder)
  const disk: Disk = new Map([
    ['a', 'old'],
    ['z', 'kept'],
  ])
  const write = (given: readonly object[]) =>
    writeFileSync(
      join(folder, 'changeover.yaml'),
      JSON.stringify({
        name: 'toy',
        from: '1',
        to: '2',
        targets: { disk: { adapter: 'toy', config: { disk: 'one' } } },
        steps: given,
        ...more,
      }),
    )
  write(steps)
  const bench = (): Promise<Bench> =>
    openBench({
      cwd: folder,
      env: {},
      actor: { ...thisActor(), token: `toys${++count}` },
      clock: systemClock,
      kinds: toyKinds,
      adapters: new Map([['toy', toyAdapter(new Map([['one', disk]]))]]),
      registry: '',
      openTeamJournal: () => Promise.reject(new Error('no')),
    })
  return { disk, bench, write }
}

const start = async (at: Bench) => openRun(at, await makePlanNow(at))
const asked = async (at: Bench, run: string) => {
  while (!(await at.journal.read(run)).some((event) => event.type === 'approval.asked'))
    await new Promise((done) => setTimeout(done, 5))
}

describe('a step that waits for a person', () => {
  it('is left by its runner where nothing guards it', async () => {
    const { bench } = await site([put('a', { approval: 'go on?' })])
    const at = await bench()
    expect((await drive(at, await start(at), never())).outcome).toBeUndefined()
  })

  it('is guarded meanwhile, and goes on when it is approved', async () => {
    const { bench, disk } = await site(waiting)
    const at = await bench()
    const run = await start(at)
    const driving = drive(at, run, never())
    await asked(at, run)
    expect(disk.has('b')).toBe(false)
    await control(at, run, { do: 'approve', note: 'yes' })
    expect((await driving).outcome).toBe('done')
    expect(disk.get('b')).toBe('new')
  })

  it('turns the run back when a guard fails, without having begun; the plan is then held until it is released', async () => {
    const { bench, disk, write } = await site(waiting)
    const at = await bench()
    const run = await start(at)
    const driving = drive(at, run, never())
    await asked(at, run)
    disk.set('z', 'broken')
    const state = await driving
    expect([state.outcome, disk.get('a'), disk.has('b')]).toEqual(['rolled-back', 'old', false])
    expect(state.held).toBe('step "b" waited for a person: guard "watch": z is "broken", not "kept"')
    expect(state.findings.map((each) => each.code)).toContain('guard.tripped')
    expect((await at.journal.read(run)).some((event) => event.type === 'step.started' && event.step === 'b')).toBe(
      false,
    )

    disk.set('z', 'kept')
    await expect(start(at)).rejects.toMatchObject({
      code: 'run.held',
      help: expect.stringContaining('changeover release toy'),
    })
    write([...waiting, put('c')])
    await expect(start(await bench())).resolves.toMatch(/^toy-2/)
    write(waiting)
    await control(at, run, { do: 'release', why: 'z is mended' })
    await expect(control(at, run, { do: 'release', why: 'twice' })).rejects.toMatchObject({ code: 'run.refused' })
    const other = (await at.journal.runs()).find((each) => each.startsWith('toy-2'))!
    await control(at, other, { do: 'abort', why: 'a test' })
    await drive(await bench(), other, never()).catch(() => undefined)
  })

  it('is paused where the plan says so, and can be paused and turned back by a person', async () => {
    const paused = await site(waiting, { onFailure: 'pause' })
    const at = await paused.bench()
    const run = await start(at)
    const driving = drive(at, run, never())
    await asked(at, run)
    paused.disk.set('z', 'broken')
    expect((await driving).paused).toContain('guard "watch"')

    const other = await site(waiting)
    const bench = await other.bench()
    const second = await start(bench)
    const pause = new AbortController()
    const pausing = drive(bench, second, { ...never(), pause: pause.signal })
    await asked(bench, second)
    pause.abort()
    expect((await pausing).paused).toBe('it was asked for')
    await control(bench, second, { do: 'rollback', why: 'a test' })
    const back = await drive(bench, second, never())
    expect([back.outcome, back.held]).toEqual(['rolled-back', undefined])
  })
})

describe('a plan that a gate turned back', () => {
  it('is held, unless it says that it is not; what failed otherwise is not held', async () => {
    const gate = [put('a'), { id: 'look', kind: 'toy.gate', on: 'disk', spec: { path: 'z', text: 'other' } }]
    const held = await site(gate)
    const at = await held.bench()
    expect((await drive(at, await start(at), never())).held).toContain('step "look" failed')
    await expect(start(at)).rejects.toMatchObject({ code: 'run.held' })

    const open = await site(gate, { hold: false })
    const bench = await open.bench()
    expect((await drive(bench, await start(bench), never())).outcome).toBe('rolled-back')
    await expect(start(bench)).resolves.toMatch(/^toy-2/)
  })
})
