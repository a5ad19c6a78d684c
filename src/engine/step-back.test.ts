import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { doomed, Fate } from '../testing/crash.ts'
import { type Disk, toyAdapter, toyKinds } from '../../test/toy.ts'
import { type Bench, control, drive, makePlanNow, openBench, openRun, systemClock, thisActor } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'changeover-back-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let count = 0
let disks: Map<string, Disk>
let folder: string
/** Every write and removal on the switches, in order. */
let writes: string[]
beforeEach(fresh)

function fresh(): void {
  writes = []
  const watched: Disk = new Map([['share', '0']])
  const set = watched.set.bind(watched)
  watched.set = (path, text) => (writes.push(`${path}=${text}`), set(path, text))
  disks = new Map([
    ['data', new Map([['a', 'old']])],
    ['switches', watched],
  ])
  folder = join(root, `${++count}`)
}

const share = (text: string) => ({
  id: `share-${text}`,
  kind: 'toy.turn',
  on: 'switches',
  spec: { path: 'share', text },
})
const data = (id: string, more: object = {}) => ({
  id,
  kind: 'toy.put',
  on: 'data',
  spec: { path: id, text: 'new', times: 1, ...more },
})
const gate = (text: string) => ({ id: 'gate', kind: 'toy.gate', on: 'data', spec: { path: 'a', text } })
const climb = [data('a'), share('10'), data('b'), share('50'), data('c'), share('100')]

async function bench(steps: readonly object[], more: object = {}, fate?: () => Fate | undefined): Promise<Bench> {
  mkdirSync(folder, { recursive: true })
  const targets = Object.fromEntries([...disks.keys()].map((disk) => [disk, { adapter: 'toy', config: { disk } }]))
  const file = join(folder, 'changeover.yaml')
  writeFileSync(file, JSON.stringify({ name: 'toy', from: '1', to: '2', targets, steps, ...more }))
  const opened = await openBench({
    cwd: folder,
    env: {},
    actor: { ...thisActor(), token: `back${++count}` },
    clock: systemClock,
    kinds: toyKinds,
    adapters: new Map([['toy', toyAdapter(disks, fate)]]),
    registry: '',
    openTeamJournal: () => Promise.reject(new Error('no')),
  })
  const doom = fate?.()
  return doom ? { ...opened, journal: doomed(opened.journal, doom, 'journal') } : opened
}

const never = () => ({ pause: new AbortController().signal, stop: new AbortController().signal })
const go = async (at: Bench) => drive(at, await openRun(at, await makePlanNow(at)), never())
const first = { backFirst: ['switches'] }

async function undone(at: Bench): Promise<readonly string[]> {
  const [run = ''] = await at.journal.runs()
  const events = await at.journal.read(run)
  return events.flatMap((each) => (each.type === 'step.finished' && each.verb === 'rollback' ? [each.step] : []))
}

const atStart = () =>
  expect([...disks].map(([name, disk]) => [name, Object.fromEntries(disk)])).toEqual([
    ['data', { a: 'old' }],
    ['switches', { share: '0' }],
  ])

describe('backFirst', () => {
  it('takes its targets back before all others when a gate turns the run, in one write', async () => {
    const at = await bench([...climb, gate('bad')], first)
    const state = await go(at)
    expect(state.outcome).toBe('rolled-back')
    expect(state.findings.map((each) => each.code)).toEqual(['run.restored'])
    expect(await undone(at)).toEqual(['share-100', 'share-50', 'share-10', 'gate', 'c', 'b', 'a'])
    expect(writes).toEqual(['share=10', 'share=50', 'share=100', 'share=0'])
    atStart()
  })

  it('without it, turning back is walking back', async () => {
    const at = await bench([...climb, gate('bad')])
    expect((await go(at)).outcome).toBe('rolled-back')
    expect(await undone(at)).toEqual(['gate', 'share-100', 'c', 'share-50', 'b', 'share-10', 'a'])
    expect(writes).toEqual(['share=10', 'share=50', 'share=100', 'share=50', 'share=10', 'share=0'])
    atStart()
  })

  it('stays within what a person names, and the run goes on from there', async () => {
    const at = await bench(climb, first)
    await go(at)
    const [run = ''] = await at.journal.runs()
    await control(at, run, { do: 'rollback', why: 'a test', to: 'share-10' })
    expect((await drive(at, run, never())).paused).toBe('rolled back to step "share-10"')
    expect(disks.get('switches')?.get('share')).toBe('10')
    await control(at, run, { do: 'resume' })
    expect((await drive(at, run, never())).outcome).toBe('done')
    expect(disks.get('switches')?.get('share')).toBe('100')
  })

  it('leaves what somebody else wrote, and says so', async () => {
    const at = await bench(climb, first)
    await go(at)
    disks.get('switches')?.set('share', 'mine')
    const [run = ''] = await at.journal.runs()
    await control(at, run, { do: 'rollback', why: 'a test' })
    const state = await drive(at, run, never())
    expect(state.paused).toContain('the rollback of step "share-100" failed: share is "mine"')
    disks.get('switches')?.set('share', '100')
    await control(at, run, { do: 'resume' })
    expect((await drive(at, run, never())).outcome).toBe('rolled-back')
    atStart()
  })

  it('names a target that is not declared', async () => {
    await expect(bench(climb, { backFirst: ['switch'] })).rejects.toMatchObject({
      code: 'plan.unknown-target',
      message: expect.stringContaining('"switch", which is not declared; did you mean "switches"?') as string,
    })
  })
})

it(
  'killed before and after every call on the way back, ends at the start all the same',
  { timeout: 240_000 },
  async () => {
    const steps = [data('a'), share('10'), share('50'), data('b')]
    const died = async (point: number): Promise<Fate> => {
      await go(await bench(steps, first))
      const [run = ''] = await (await bench(steps, first)).journal.runs()
      const fate = new Fate(point)
      const at = await bench(steps, first, () => fate)
      await control(await bench(steps, first), run, { do: 'rollback', why: 'a test' })
      await drive(at, run, never()).catch((error: unknown) => {
        if (!fate.dead) throw error
      })
      rmSync(join(folder, '.changeover', `${run}.claim`), { force: true })
      return fate
    }
    const whole = await died(Infinity)
    expect(whole.points).toBeGreaterThan(20)
    for (let point = 1; point <= whole.points; point++) {
      fresh()
      const fate = await died(point)
      const at = await bench(steps, first)
      const [run = ''] = await at.journal.runs()
      const state = await drive(at, run, never())
      expect([fate.where, state.outcome]).toEqual([fate.where, 'rolled-back'])
      atStart()
    }
  },
)
