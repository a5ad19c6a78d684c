/** The tool, as a process, steering a real HAProxy that serves real requests: killed in the middle, stopped by a gate, met by a second operator, deserted by the proxy. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { haproxy } from '../../src/adapters/haproxy/index.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Target } from '../../src/core/kind.ts'
import { openJournalAt, systemClock } from '../../src/engine/index.ts'
import { haproxySource, startTrafficRig, type TrafficRig } from '../../src/testing/index.ts'
import { type Load, startLoad } from '../../src/testing/load.ts'
import { guardedShift } from '../../src/testing/traffic-rig.ts'
import { makePlace, type Place } from '../cli/command.ts'

const source = haproxySource()
if ('missing' in source) console.warn(`skipped: traffic over HAProxy: ${source.missing}`)

const stable = { v1: 10_000, v2: 0 }
/** What the guard asks for, and no user does. */
const probe = '/?probe'
let rig: TrafficRig
let target: Target<'traffic'>
let place: Place
let load: Load

/** A shift in steps, guarded by a probe of the newer side itself. */
const planOf = (
  more: JsonObject,
  steps: readonly { readonly v2: number; readonly holdMs: number }[],
  last = 10_000,
) => {
  const held = steps.map(({ v2, holdMs }) => ({ to: sharesOf(v2), holdMs }))
  return JSON.stringify(guardedShift(rig, 'shift', { to: sharesOf(last), steps: held, ...more }, probe))
}

const sharesOf = (v2: number) => ({ v1: 10_000 - v2, v2 })
const web = () => target.read.shares('web')

const until = (v2: number) => expect.poll(async () => (await web())['v2'], { interval: 5, timeout: 60_000 }).toBe(v2)

async function events(folder: string) {
  const journal = openJournalAt({ folder: join(folder, '.changeover'), clock: systemClock })
  return journal.read((await journal.runs()).at(-1)!)
}

describe.skipIf('missing' in source)('traffic of a running system', () => {
  beforeAll(async () => {
    rig = await startTrafficRig()
  })
  afterAll(() => rig?.stop())

  beforeEach(async () => {
    const who = { run: 'r', fence: 1, base: '/', signal: new AbortController().signal }
    target = await haproxy.open(rig.config, who)
    await target.write.shift('web', stable)
    rig.spoil('v2', false)
    place = makePlace()
    load = startLoad({ url: rig.url.web, clients: 4, paceMs: 5 })
  })
  afterEach(async () => {
    await load.stop()
    place.remove()
  })

  const start = (text: string, at = place) => {
    at.write('changeover.yaml', text)
    return at.start('run', '--yes', '--json')
  }

  it('goes on after kill -9 in the middle, with no request failed', async () => {
    const { child, ended } = start(
      planOf({}, [
        { v2: 1000, holdMs: 400 },
        { v2: 5000, holdMs: 60_000 },
      ]),
    )
    await until(5000)
    child.kill('SIGKILL')
    await ended
    expect(await web()).toEqual(sharesOf(5000))
    place.write(
      'changeover.yaml',
      planOf({}, [
        { v2: 1000, holdMs: 400 },
        { v2: 5000, holdMs: 60_000 },
      ]),
    )
    const resumed = place.start('resume', '--json')
    await resumed.shows('"step.marked"')
    resumed.child.kill('SIGKILL')
    await resumed.ended
    const back = await place.run('rollback', '--yes')
    expect([back.code, await web()]).toEqual([5, stable])
    expect((await load.stop()).failures).toEqual([])
  })

  it('tells a proxy again that died meanwhile and forgot its weights', async () => {
    const text = planOf({}, [
      { v2: 1000, holdMs: 200 },
      { v2: 5000, holdMs: 4000 },
    ])
    const { child, ended } = start(text)
    await until(5000)
    child.kill('SIGKILL')
    await ended
    await load.stop()
    writeFileSync(rig.haproxy.stateFile, '')
    await rig.haproxy.restart('SIGKILL')
    expect(await web()).toEqual(stable)
    const { code } = await place.run('resume', '--json')
    expect([code, await web()]).toEqual([0, sharesOf(10_000)])
    const notes = (await events(place.folder)).flatMap((each) => (each.type === 'step.marked' ? [each.mark?.note] : []))
    expect(notes).toContain('the proxy said v1 100 %, v2 0 %: told again, v1 50 %, v2 50 %')
  })

  it('takes users off the newer side at once when a gate fails', async () => {
    const { ended } = start(planOf({}, [{ v2: 5000, holdMs: 60_000 }]))
    await until(5000)
    const { requests } = rig.seen('v2')
    await expect.poll(() => rig.seen('v2').requests, { interval: 5 }).toBeGreaterThan(requests + 50)
    rig.spoil('v2', true)
    const { code } = await ended
    const { lastAt } = rig.seen('v2')
    expect([code, await web()]).toEqual([5, stable])
    // Nothing is done before it. That this takes less than a second holds on a machine that is idle: with ten others at work it was 1.1 s.
    const all = await events(place.folder)
    const after = all.slice(all.findIndex((each) => each.type === 'step.failed'))
    expect(after.slice(0, 4)).toMatchObject([
      { type: 'step.failed' },
      { type: 'run.turned', automatic: true },
      { type: 'step.started', verb: 'rollback' },
      { type: 'step.marked', verb: 'rollback', mark: { note: 'back to v1 100 %, v2 0 %' } },
    ])
    await sleep(200)
    expect(rig.seen('v2').lastAt).toBe(lastAt)
  })

  describe('back one step', () => {
    /** The newer side is ill when the guard looks once, and well again when it looks next. Answers when the runner has said that it is held. */
    const spoilt = async (holdMs: number) => {
      const running = start(
        planOf({ onFailure: 'back-one-step' }, [
          { v2: 1000, holdMs: 200 },
          { v2: 5000, holdMs },
        ]),
      )
      await until(5000)
      let ill = 1
      rig.spoil('v2', (path) => path === probe && ill-- > 0)
      await running.shows('"run.paused"')
      expect(await web()).toEqual(sharesOf(1000))
      return running
    }

    it('is held at the shares that were good, and tried again when a person says so', async () => {
      const { ended } = await spoilt(2000)
      const status = await place.run('status')
      const where = 'route "web" is held at v1 90 %, v2 10 %, back from v1 50 %, v2 50 %'
      expect(status.out).toContain(where)
      expect(status.out).toContain('changeover resume')
      const resumed = await place.run('resume', '--json')
      expect([resumed.code, (await ended).code, await web()]).toEqual([0, 0, sharesOf(10_000)])
    })

    it('is watched there, and left for zero when the newer side fails again', async () => {
      const { ended } = await spoilt(60_000)
      rig.spoil('v2', true)
      expect([(await ended).code, await web()]).toEqual([5, stable])
      expect((await events(place.folder)).map((each) => each.type)).toContain('run.paused')
    })

    it('outlives its runner: killed while it is held, it goes to zero when a person says so', async () => {
      const { child, ended } = await spoilt(60_000)
      child.kill('SIGKILL')
      await ended
      expect(await web()).toEqual(sharesOf(1000))
      const back = await place.run('rollback', '--yes')
      expect([back.code, await web()]).toEqual([5, stable])
    })
  })

  it('says to the first operator that a second one shifted the same route', async () => {
    const { ended } = start(planOf({}, [{ v2: 1000, holdMs: 60_000 }]))
    await until(1000)
    const second = makePlace()
    try {
      const other = await start(planOf({}, [], 2500), second).ended
      expect(other.code).toBe(0)
      const { out } = await ended
      expect(out).toContain('the shares of route \\"web\\" of \\"edge\\" are not what this step left: v1 75')
      expect(await web()).toEqual(stable)
      // The second comes later, and finds what the first made of it.
      const verify = await second.run('verify', '--json')
      expect(verify.out).toContain('has v1 100 %, v2 0 %')
    } finally {
      second.remove()
    }
  })

  it('waits for a person when the proxy is gone, and goes on when it is back', async () => {
    const { ended } = start(planOf({}, [{ v2: 1000, holdMs: 4000 }]))
    await until(1000)
    await load.stop()
    await rig.haproxy.halt()
    const { code, out } = await ended
    expect([code, out.includes('HAProxy does not answer')]).toEqual([1, true])
    await rig.haproxy.restart()
    const resumed = await place.run('resume', '--json')
    expect([resumed.code, await web()]).toEqual([0, sharesOf(10_000)])
    expect(readFileSync(rig.haproxy.stateFile, 'utf8')).toMatch(/ web 3 b1 /)
  })

  it('does not begin with a side that is down, unless an earlier step may have started it by then', async () => {
    await target.write.drain('web', 'v2')
    try {
      const plan = JSON.parse(planOf({}, [])) as { steps: object[] }
      place.write('changeover.yaml', JSON.stringify(plan))
      const alone = await place.run('run', '--yes')
      expect([alone.code, alone.err]).toEqual([
        3,
        expect.stringContaining('side "v2" of route "web" can take nothing more'),
      ])
      plan.steps.unshift({ id: 'wait', kind: 'gate.soak', spec: { forMs: 1 } })
      place.write('changeover.yaml', JSON.stringify(plan))
      const { code, out } = await place.run('run', '--yes', '--json')
      expect([code, out.includes('"wait"'), await web()]).toEqual([3, true, stable])
      await target.write.ready('web', 'v2')
      expect([(await place.run('resume')).code, await web()]).toEqual([0, sharesOf(10_000)])
    } finally {
      await target.write.ready('web', 'v2')
    }
  })
})
