import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { doomed, Fate } from '../testing/crash.ts'
import type { Happening, Journal } from '../core/event.ts'
import { type Disk, toyAdapter, toyKinds } from '../../test/toy.ts'
import {
  type Bench,
  type Control,
  control,
  drive,
  makePlanNow,
  openBench,
  openRun,
  amend,
  systemClock,
  thisActor,
  verifyRun,
} from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'changeover-drive-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const put = (id: string, more: object = {}, spec: object = {}) => ({
  id,
  kind: 'toy.put',
  on: 'disk',
  spec: { path: id, text: 'new', ...spec },
  ...more,
})

let count = 0
let disk: Disk
let folder: string
beforeEach(() => {
  disk = new Map([
    ['a', 'old'],
    ['z', 'kept'],
  ])
  folder = join(root, `${++count}`)
})

async function bench(steps: readonly object[], more: object = {}, fate?: () => Fate | undefined): Promise<Bench> {
  const { mkdirSync } = await import('node:fs')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'changeover.yaml')
  writeFileSync(
    file,
    JSON.stringify({
      name: 'toy',
      from: '1',
      to: '2',
      targets: { disk: { adapter: 'toy', config: { disk: 'one' } } },
      steps,
      ...more,
    }),
  )
  const adapters = new Map([['toy', toyAdapter(new Map([['one', disk]]), fate)]])
  const opened = await openBench({
    cwd: folder,
    env: {},
    actor: { ...thisActor(), token: `toys${++count}` },
    clock: systemClock,
    kinds: toyKinds,
    adapters,
    registry: '',
    openTeamJournal: () => Promise.reject(new Error('no')),
  })
  const doom = fate?.()
  return doom ? { ...opened, journal: doomed(opened.journal, doom, 'journal') } : opened
}

const never = () => ({ pause: new AbortController().signal, stop: new AbortController().signal })
const start = async (at: Bench, options = {}) => openRun(at, await makePlanNow(at), options)
const go = async (at: Bench, options = {}) => drive(at, await start(at, options), never())
const types = async (at: Bench, run: string) =>
  (await at.journal.read(run)).map((event) => ('step' in event ? `${event.type} ${event.step}` : event.type))

describe('a run', () => {
  it('applies every step, and its journal says so', async () => {
    const at = await bench([put('a'), put('b')])
    const state = await go(at)
    expect(state.outcome).toBe('done')
    expect(Object.fromEntries(disk)).toEqual({ a: 'new', b: 'new', z: 'kept' })
    const events = (await types(at, 'toy-1-toys')).filter((type) => !type.startsWith('step.marked'))
    expect(events).toEqual([
      'run.opened',
      'run.claimed',
      'step.started a',
      'step.finished a',
      'step.started b',
      'step.finished b',
      'run.closed',
    ])
    expect((await verifyRun(at, 'toy-1-toys')).map((each) => each.code)).toEqual(['run.verified'])
  })

  it('is rolled back after success, to the same facts', async () => {
    const at = await bench([put('a'), put('b')])
    await go(at)
    await control(at, 'toy-1-toys', { do: 'rollback', why: 'a test' })
    const state = await drive(at, 'toy-1-toys', never())
    expect(state.outcome).toBe('rolled-back')
    expect(state.findings.map((each) => each.code)).toEqual(['run.restored'])
    expect(Object.fromEntries(disk)).toEqual({ a: 'old', z: 'kept' })
  })

  it("takes a change that two steps make, and neither can foresee, for nobody else's", async () => {
    const end = (id: string, tail: string) => ({ id, kind: 'toy.end', on: 'disk', spec: { path: 'a', tail } })
    const at = await bench([end('one', ' and'), end('two', ' more')])
    const state = await go(at)
    expect(disk.get('a')).toBe('old and more')
    expect(state.findings).toEqual([])
    disk.set('z', 'changed')
    await control(at, 'toy-1-toys', { do: 'rollback', why: 'a test' })
    const back = await drive(at, 'toy-1-toys', never())
    expect(disk.get('a')).toBe('old')
    expect(new Set(back.findings.map((each) => each.code))).toEqual(new Set(['facts.drifted', 'run.not-restored']))
  })

  it('is rolled back by part, and to a step, and goes on from there', async () => {
    const at = await bench([put('a', { part: 'x' }), put('b', { part: ['y', 'x'] }), put('c', { part: 'y' }), put('d')])
    await go(at)
    await control(at, 'toy-1-toys', { do: 'rollback', why: 'a test', part: 'y' })
    let state = await drive(at, 'toy-1-toys', never())
    expect(state.paused).toBe('part "y" is rolled back')
    expect(Object.fromEntries(disk)).toEqual({ a: 'new', d: 'new', z: 'kept' })
    await control(at, 'toy-1-toys', { do: 'resume' })
    expect((await drive(at, 'toy-1-toys', never())).outcome).toBe('done')
    await control(at, 'toy-1-toys', { do: 'rollback', why: 'a test', to: 'b' })
    state = await drive(at, 'toy-1-toys', never())
    expect(state.steps.map((step) => step.status)).toEqual(['applied', 'applied', 'waiting', 'waiting'])
    expect(Object.fromEntries(disk)).toEqual({ a: 'new', b: 'new', z: 'kept' })
    await expect(control(at, 'toy-1-toys', { do: 'rollback', why: '', part: 'yy' })).rejects.toMatchObject({
      code: 'plan.unknown-part',
    })
    await expect(control(at, 'toy-1-toys', { do: 'rollback', why: '', to: 'q' })).rejects.toMatchObject({
      code: 'plan.unknown-step',
    })
  })

  it('goes on to a step that is applied, when one before it was taken back', async () => {
    const at = await bench([put('a', { part: 'x' }), put('b'), put('c')])
    const run = await start(at, { until: 'b' })
    await drive(at, run, never())
    await control(at, run, { do: 'rollback', why: 'a test', part: 'x' })
    await drive(at, run, never())
    await control(at, run, { do: 'resume', until: 'b' })
    const state = await drive(at, run, never())
    expect([state.paused, state.steps.map((step) => step.status)]).toEqual([
      'step "b" is reached',
      ['applied', 'applied', 'waiting'],
    ])
  })

  it('stops at a step, and waits for an approval', async () => {
    const at = await bench([put('a'), put('b', { approval: 'really?' }), put('c')])
    expect((await go(at, { until: 'a' })).paused).toBe('step "a" is reached')
    await control(at, 'toy-1-toys', { do: 'resume' })
    await drive(at, 'toy-1-toys', never())
    expect(Object.fromEntries(disk)).toEqual({ a: 'new', z: 'kept' })
    await control(at, 'toy-1-toys', { do: 'approve', note: 'yes' })
    const state = await drive(at, 'toy-1-toys', never())
    expect(state.outcome).toBe('done')
    expect(state.steps[1]?.approval?.note).toBe('yes')
    expect((await types(at, 'toy-1-toys')).filter((type) => type.startsWith('approval'))).toEqual([
      'approval.asked b',
      'approval.given b',
    ])
  })

  it('turns back when a guard fails, and holds what a seal forbids to turn back', async () => {
    const guards = [{ id: 'watch', kind: 'toy.gate', on: 'disk', spec: { path: 'z', text: 'kept' } }]
    const at = await bench([put('a'), put('b', { guards }, { forever: true })])
    const running = go(at)
    await expect.poll(() => disk.has('b'), { interval: 5 }).toBe(true)
    disk.set('z', 'broken')
    const state = await running
    expect(state.outcome).toBe('rolled-back')
    expect(state.why).toBe('step "b" failed: guard "watch": z is "broken", not "kept"')
    expect(disk.get('a')).toBe('old')

    const sealed = await bench([
      put('c'),
      { id: 'seal', kind: 'toy.seal', on: 'disk', spec: {}, approval: 'for good?' },
      put('d'),
    ])
    const run = await start(sealed)
    await control(sealed, run, { do: 'approve', step: 'seal', note: 'yes' })
    await drive(sealed, run, never())
    await expect(control(sealed, run, { do: 'rollback', why: '' })).rejects.toMatchObject({ code: 'run.refused' })
    await control(sealed, run, { do: 'rollback', why: '', to: 'seal' })
    expect((await drive(sealed, run, never())).steps.map((step) => step.status)).toEqual([
      'applied',
      'applied',
      'waiting',
    ])
  })

  it('is paused, aborted and stopped from outside while a step goes on', async () => {
    const at = await bench([put('a'), put('b', {}, { forever: true })])
    const run = await start(at)
    const applying = () => disk.has('b')
    const other = { ...at, actor: thisActor() }
    let running = drive(at, run, never())
    await expect.poll(applying).toBe(true)
    await expect(drive(other, run, never())).rejects.toMatchObject({ code: 'run.busy' })
    await control(other, run, { do: 'pause', why: 'lunch' })
    expect((await running).paused).toBe('lunch')
    await control(other, run, { do: 'resume' })
    const stop = new AbortController()
    running = drive(at, run, { ...never(), stop: stop.signal })
    setTimeout(() => stop.abort(new Error('twice Ctrl-C')), 100)
    expect((await running).steps[1]?.status).toBe('applying')
    running = drive(at, run, never())
    setTimeout(() => void control(other, run, { do: 'abort', why: 'enough' }), 100)
    const state = await running
    expect(state.outcome).toBe('aborted')
    expect(Object.fromEntries(disk)).toEqual({ a: 'new', z: 'kept' })
  })

  it('is refused while a finding blocks, another run is open, or the plan or target is another', async () => {
    const at = await bench([put('a'), put('b', {}, { refuse: true })])
    await expect(go(at)).rejects.toMatchObject({ code: 'run.blocked', message: 'step "b": "b" is refused' })
    await expect(start(at)).rejects.toMatchObject({ code: 'run.busy' })
    const edited = await bench([put('a'), put('b')])
    await control(edited, 'toy-1-toys', { do: 'resume' })
    await expect(drive(edited, 'toy-1-toys', never())).rejects.toMatchObject({
      code: 'plan.stale',
      message: expect.stringContaining('steps.b.spec.refuse') as string,
    })
    await amend(edited, 'toy-1-toys')
    await control(edited, 'toy-1-toys', { do: 'resume' })
    expect((await drive(edited, 'toy-1-toys', never())).outcome).toBe('done')
    const early = await bench([put('a', {}, { text: 'other' }), put('b')])
    expect((await amend(early, await start(early))).steps[0]?.plan.spec).toMatchObject({ text: 'other' })
  })

  it('says that the plan is stale when someone changed what a step builds on', async () => {
    const at = await bench([put('b'), put('a')])
    const run = await start(at)
    disk.set('a', 'changed')
    await expect(drive(at, run, never())).rejects.toMatchObject({
      code: 'plan.stale',
      message: expect.stringContaining('step "a"') as string,
    })
  })
})

describe('a word of another terminal, a moment earlier', () => {
  /** The same bench; just before an event of this type is written, somebody else says a word. Once. */
  const interrupted = (at: Bench, type: Happening['type'], word: Control): Bench => {
    let said = false
    const append: Journal['append'] = async (run, what, after) => {
      if (what.type === type && !said) {
        said = true
        await control({ ...at, actor: thisActor() }, run, word)
      }
      return at.journal.append(run, what, after)
    }
    return { ...at, journal: { ...at.journal, append } }
  }

  it('is heard once, when two say the same', async () => {
    const at = await bench([put('a', { approval: 'really?' })])
    const run = await start(at)
    await drive(at, run, never())
    const word = { do: 'approve', note: 'yes' } as const
    await expect(control(interrupted(at, 'approval.given', word), run, word)).rejects.toMatchObject({
      code: 'run.refused',
    })
    await control(at, run, { ...word, step: 'a' })
    expect((await types(at, run)).filter((type) => type.startsWith('approval.given'))).toEqual(['approval.given a'])
  })

  it.each([
    ['turned back', { do: 'rollback', why: 'no' }, 'rolled-back', { a: 'old', z: 'kept' }],
    ['aborted', { do: 'abort', why: 'no' }, 'aborted', { a: 'new', z: 'kept' }],
  ] as const)('%s: a run that was about to close', async (_, word, outcome, left) => {
    const at = await bench([put('a')])
    const state = await go(interrupted(at, 'run.closed', word))
    expect([state.outcome, Object.fromEntries(disk)]).toEqual([outcome, left])
    expect((await types(at, 'toy-1-toys')).filter((type) => type === 'run.closed')).toHaveLength(1)
  })

  it('goes on, though the runner was about to pause where it had been told to', async () => {
    const at = await bench([put('a'), put('b')])
    const state = await go(interrupted(at, 'run.paused', { do: 'resume', until: 'b' }), { until: 'a' })
    expect(state.steps.map((step) => step.status)).toEqual(['applied', 'applied'])
  })

  it.each([
    ['paused', { do: 'pause', why: 'wait' }],
    ['turned back', { do: 'rollback', why: 'no' }],
  ] as const)('%s: a step that was about to begin is not begun', async (_, word) => {
    const at = await bench([put('a')])
    await go(interrupted(at, 'step.started', word))
    expect([disk.get('a'), (await types(at, 'toy-1-toys')).filter((type) => type === 'step.started a')]).toEqual([
      'old',
      [],
    ])
  })

  it('stays aborted, though a failed step was about to turn the run back', async () => {
    const at = await bench([put('a'), { id: 'b', kind: 'toy.gate', on: 'disk', spec: { path: 'z', text: 'new' } }])
    const state = await go(interrupted(at, 'run.turned', { do: 'abort', why: 'enough' }))
    expect([state.outcome, disk.get('a')]).toEqual(['aborted', 'new'])
  })
})

describe('killed before and after every call of target and journal', () => {
  const steps = [put('a'), put('b', {}, { times: 2 })]

  /** Drives on, as a new process would, until nothing is left to do. */
  async function finish() {
    const at = await bench(steps)
    const runs = await at.journal.runs()
    const run = runs[0] ?? (await start(at))
    return { at, run, state: await drive(at, run, never()) }
  }

  async function killedAt(point: number, work: (at: Bench) => Promise<unknown> = go): Promise<Fate> {
    const fate = new Fate(point)
    const doomedBench = await bench(steps, {}, () => fate)
    await work(doomedBench).catch((error: unknown) => {
      if (!fate.dead) throw error
    })
    // The process that held the claim lives on here: a dead one's is taken over, which journal-files.test.ts shows.
    rmSync(join(folder, '.changeover', 'toy-1-toys.claim'), { force: true })
    return fate
  }

  function renew(): void {
    disk = new Map([
      ['a', 'old'],
      ['z', 'kept'],
    ])
    folder = join(root, `${++count}`)
  }

  it('a run ends the same', { timeout: 240_000 }, async () => {
    const whole = await killedAt(Infinity)
    expect(whole.points).toBeGreaterThan(50)
    for (let point = 1; point <= whole.points; point++) {
      renew()
      const fate = await killedAt(point)
      const { state } = await finish()
      expect([fate.where, state.outcome, Object.fromEntries(disk)]).toEqual([
        fate.where,
        'done',
        { a: 'new', b: 'new', z: 'kept' },
      ])
    }
  })

  it('a run is rolled back to the start', { timeout: 240_000 }, async () => {
    const whole = await killedAt(Infinity)
    for (let point = 1; point <= whole.points; point += 2) {
      renew()
      const fate = await killedAt(point)
      const at = await bench(steps)
      const [run] = await at.journal.runs()
      if (run === undefined) continue
      await control(at, run, { do: 'rollback', why: 'a test' })
      const state = await drive(at, run, never())
      expect([fate.where, state.outcome, Object.fromEntries(disk)]).toEqual([
        fate.where,
        'rolled-back',
        { a: 'old', z: 'kept' },
      ])
    }
  })

  it('a way back ends the same, and is said to be restored once', { timeout: 240_000 }, async () => {
    const back = async (point: number) => {
      renew()
      await go(await bench(steps))
      return killedAt(point, async (at) => {
        await control(at, 'toy-1-toys', { do: 'rollback', why: 'a test' })
        await drive(at, 'toy-1-toys', never())
      })
    }
    const whole = await back(Infinity)
    expect(whole.points).toBeGreaterThan(40)
    for (let point = 1; point <= whole.points; point++) {
      const fate = await back(point)
      const at = await bench(steps)
      // A person types it again, whether the dead had heard it or not.
      await control(at, 'toy-1-toys', { do: 'rollback', why: 'a test' }).catch((error: unknown) => {
        if ((error as { code?: string }).code !== 'run.closed') throw error
      })
      const state = await drive(at, 'toy-1-toys', never())
      const said = (await at.journal.read('toy-1-toys')).filter((each) => each.type === 'finding.made')
      expect([fate.where, state.outcome, Object.fromEntries(disk), said.map((each) => each.finding.code)]).toEqual([
        fate.where,
        'rolled-back',
        { a: 'old', z: 'kept' },
        ['run.restored'],
      ])
    }
  })
})
