import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Disk, toyAdapter, toyKinds } from '../../test/toy.ts'
import { type MemoryTraffic, memoryTraffic } from '../adapters/memory/index.ts'
import { type AnyAdapter, type AnyKind, defineAdapter } from '../core/kind.ts'
import { trafficShift } from '../kinds/traffic/index.ts'
import { doomed, Fate } from '../testing/crash.ts'
import { type Bench, control, drive, makePlanNow, openBench, openRun, systemClock, thisActor } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'changeover-retreat-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const stable = { v1: 10_000, v2: 0 }
const canary = { v1: 9000, v2: 1000 }
const half = { v1: 5000, v2: 5000 }
const done = { v1: 0, v2: 10_000 }

let count = 0
let folder: string
let proxy: MemoryTraffic
let disk: Disk
/** The newer version fails as soon as it gets half of the requests, until it is mended. */
let bad: boolean
beforeEach(fresh)

function fresh(): void {
  folder = join(root, `${++count}`)
  proxy = memoryTraffic({ web: { shares: stable } })
  disk = new Map([['health', 'good']])
  bad = true
}

/** The proxy as the tool opens it, and the world behind it, which outlive every runner. */
function edge(fate?: Fate): AnyAdapter {
  return defineAdapter({
    name: 'edge',
    port: 'traffic',
    summary: 'a proxy in memory',
    shape: z.object({}),
    example: {},
    tools: proxy.tools,
    open: async () => {
      const write: typeof proxy.write = {
        ...proxy.write,
        shift: async (route, shares) => {
          disk.set('health', bad && shares['v2']! >= 5000 ? 'ill' : 'good')
          return proxy.write.shift(route, shares)
        },
      }
      return { ...proxy, write: fate ? doomed(write, fate, 'proxy') : write }
    },
  })
}

async function bench(more: { readonly onFailure?: 'pause'; readonly fate?: Fate } = {}): Promise<Bench> {
  mkdirSync(folder, { recursive: true })
  const plan = {
    name: 'toy',
    from: '1',
    to: '2',
    ...(more.onFailure ? { onFailure: more.onFailure } : {}),
    targets: { edge: { adapter: 'edge', config: {} }, world: { adapter: 'toy', config: { disk: 'world' } } },
    steps: [
      {
        id: 'shift',
        kind: 'traffic.shift',
        on: 'edge',
        spec: {
          route: 'web',
          to: done,
          steps: [
            { to: canary, holdMs: 1 },
            { to: half, holdMs: 500 },
          ],
          onFailure: 'back-one-step',
        },
        guards: [{ id: 'watch', kind: 'toy.gate', on: 'world', spec: { path: 'health', text: 'good' } }],
      },
    ],
  }
  writeFileSync(join(folder, 'changeover.yaml'), JSON.stringify(plan))
  const opened = await openBench({
    cwd: folder,
    env: {},
    actor: { ...thisActor(), token: `held${++count}` },
    clock: systemClock,
    kinds: new Map([...toyKinds, [trafficShift.name, trafficShift as AnyKind]]),
    adapters: new Map([
      ['toy', toyAdapter(new Map([['world', disk]]))],
      ['edge', edge(more.fate)],
    ]),
    registry: '',
    openTeamJournal: () => Promise.reject(new Error('no')),
  })
  return more.fate ? { ...opened, journal: doomed(opened.journal, more.fate, 'journal') } : opened
}

const pausable = () => {
  const pause = new AbortController()
  return { leave: () => pause.abort(), signals: { pause: pause.signal, stop: new AbortController().signal } }
}

/** Drives until the step is held, and goes on watching; `leave` ends the runner. */
async function heldRun(more: Parameters<typeof bench>[0] = {}) {
  const at = await bench(more)
  const run = await openRun(at, await makePlanNow(at))
  const { leave, signals } = pausable()
  const driving = drive(at, run, signals)
  await held(at, run)
  return { at, run, driving, leave }
}

async function held(at: Bench, run: string): Promise<void> {
  for (;;) {
    const events = await at.journal.read(run)
    if (events.some((event) => event.type === 'run.paused' && event.stands !== undefined)) return
    if (events.some((event) => event.type === 'run.closed')) throw new Error('the run was not held')
    await new Promise((wait) => setTimeout(wait, 5))
  }
}

const where = 'route "web" is held at v1 90 %, v2 10 %, back from v1 50 %, v2 50 %'

describe('a step that goes one step back', () => {
  it('is held there, says what may be typed, and goes on when a person resumes', async () => {
    const { at, run, driving } = await heldRun()
    expect(proxy.shifts).toEqual([canary, half, canary])
    const paused = (await at.journal.read(run)).find((event) => event.type === 'run.paused')
    expect(paused).toMatchObject({
      stands: where,
      why: `step "shift" failed: guard "watch": health is "ill", not "good"; ${where}: \`changeover resume\` tries the step again, \`changeover rollback\` turns everything back`,
    })
    bad = false
    await control(at, run, { do: 'resume' })
    expect((await driving).outcome).toBe('done')
    expect(proxy.shifts.slice(3)).toEqual([half, done])
  })

  it('goes one step back again when it fails again, and to the start when a person turns it; the plan is not held', async () => {
    const { at, run, driving } = await heldRun()
    await control(at, run, { do: 'resume' })
    const twice = async () => (await at.journal.read(run)).filter((event) => event.type === 'run.paused').length === 2
    while (!(await twice())) await new Promise((wait) => setTimeout(wait, 5))
    expect(proxy.shifts).toEqual([canary, half, canary, half, canary])
    await control(at, run, { do: 'rollback', why: 'enough' })
    const state = await driving
    expect([state.outcome, state.held, await proxy.read.shares('web')]).toEqual(['rolled-back', undefined, stable])
  })

  it('is watched meanwhile: a guard that fails there too turns the run back, and the plan is held', async () => {
    const { driving } = await heldRun()
    disk.set('health', 'ill')
    const state = await driving
    expect([state.outcome, await proxy.read.shares('web')]).toEqual(['rolled-back', stable])
    expect(state.held).toBe(`step "shift" was held (${where}): guard "watch": health is "ill", not "good"`)
    expect(state.findings.map((each) => each.code)).toEqual(['guard.tripped', 'run.restored'])
  })

  it('is paused at what it is held at, where the plan turns nothing back by itself', async () => {
    const { driving } = await heldRun({ onFailure: 'pause' })
    disk.set('health', 'ill')
    const state = await driving
    expect([state.outcome, state.stands, await proxy.read.shares('web')]).toEqual([undefined, undefined, canary])
  })

  it('is left where it is when the person at the terminal leaves', async () => {
    const { driving, leave } = await heldRun()
    leave()
    const state = await driving
    expect([state.outcome, state.stands, await proxy.read.shares('web')]).toEqual([undefined, where, canary])
    disk.set('health', 'ill')
    await new Promise((wait) => setTimeout(wait, 300))
    expect(await proxy.read.shares('web')).toEqual(canary)
  })
})

it('killed before and after every call, is held at the same shares all the same', { timeout: 600_000 }, async () => {
  const died = async (point: number) => {
    fresh()
    const at = await bench()
    const run = await openRun(at, await makePlanNow(at))
    const fate = new Fate(point)
    const { leave, signals } = pausable()
    const doom = await bench({ fate })
    const driving = drive(doom, run, signals).catch((error: unknown) => {
      if (!fate.dead) throw error
    })
    const ended = await Promise.race([driving.then(() => true), held(at, run).then(() => false)])
    const points = fate.points
    if (!ended) leave()
    await driving
    rmSync(join(folder, '.changeover', `${run}.claim`), { force: true })
    return { at, run, fate, points }
  }
  const { points } = await died(Infinity)
  expect(points).toBeGreaterThan(20)
  for (let point = 1; point <= points; point++) {
    const { at, run, fate } = await died(point)
    const { leave, signals } = pausable()
    const driving = drive(await bench(), run, signals)
    await held(at, run)
    expect([fate.where, await proxy.read.shares('web')]).toEqual([fate.where, canary])
    leave()
    await driving
    await control(at, run, { do: 'rollback', why: 'a test' })
    expect((await drive(await bench(), run, pausable().signals)).outcome).toBe('rolled-back')
    expect([fate.where, await proxy.read.shares('web')]).toEqual([fate.where, stable])
  }
})
