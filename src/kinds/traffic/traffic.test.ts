import { describe, expect, it } from 'vitest'
import { type MemoryTraffic, memoryTraffic, type MemoryTrafficOptions } from '../../adapters/memory/index.ts'
import type { Json } from '../../core/json.ts'
import type { AnyKind, Mark } from '../../core/kind.ts'
import type { Shares } from '../../core/ports/index.ts'
import { describeKind, type KindCase } from '../../testing/index.ts'
import { trafficDrain, trafficShift } from './index.ts'

const stable = { v1: 10_000, v2: 0 }
const canary = { v1: 9000, v2: 1000 }
const half = { v1: 5000, v2: 5000 }
const done = { v1: 0, v2: 10_000 }
const steps = [
  { to: canary, holdMs: 1 },
  { to: half, holdMs: 1 },
]

function caseOf(
  name: string,
  kind: AnyKind,
  spec: Json,
  start: Parameters<typeof memoryTraffic>[0] = { web: { shares: stable }, other: { shares: stable } },
  options: MemoryTrafficOptions = {},
  more: Partial<KindCase> = {},
): KindCase {
  return {
    ...more,
    name,
    kind,
    spec,
    world: async () => {
      const proxy = memoryTraffic(start, options)
      return { targets: { proxy }, tools: { proxy: proxy.tools }, close: async () => undefined }
    },
  }
}

/** Requests under way that end after a few looks. */
const busy: MemoryTrafficOptions = {
  side: (_route, side, _share, asked) => ({ underWay: side === 'v2' ? asked % 4 : 0 }),
}

const cases = [
  caseOf('at once', trafficShift, { route: 'web', to: done }),
  caseOf('in steps, back at once', trafficShift, { route: 'web', to: done, steps, holdMs: 1 }),
  caseOf('in steps, back by the same', trafficShift, { route: 'web', to: done, steps, back: 'stepped' }),
  caseOf(
    'back when nothing is under way',
    trafficShift,
    { route: 'web', to: done, back: 'drain-first' },
    undefined,
    busy,
  ),
  caseOf('to shares it has', trafficShift, { route: 'web', to: stable }),
  caseOf('up and down again', trafficShift, { route: 'web', to: stable, steps, back: 'stepped' }),
  caseOf(
    'from shares in between, a side left out',
    trafficShift,
    { route: 'web', to: { v2: 10_000 } },
    { web: { shares: half } },
  ),
  ...(['instant', 'stepped', 'drain-first'] as const).map((back) =>
    caseOf(
      `one step back when a look fails, and back ${back}`,
      trafficShift,
      { route: 'web', to: done, steps, holdMs: 1, onFailure: 'back-one-step', back },
      undefined,
      busy,
      { retreats: true },
    ),
  ),
  caseOf(
    'one step back on a way that is down and up',
    trafficShift,
    { route: 'web', to: done, steps: [...steps, steps[0]!], onFailure: 'back-one-step' },
    undefined,
    {},
    { retreats: true },
  ),
  ...(['instant', 'stepped', 'drain-first'] as const).map((back) =>
    caseOf(
      `three in a row, the middle one back ${back}`,
      trafficShift,
      { route: 'web', to: canary },
      undefined,
      {},
      {
        followedBy: [
          { route: 'web', to: half, steps: [{ to: canary, holdMs: 1 }], back },
          { route: 'other', to: half },
          { route: 'web', to: done, steps: [steps[0]!] },
        ],
      },
    ),
  ),
  caseOf('a side', trafficDrain, { route: 'web', side: 'v2', pollMs: 1 }, undefined, busy),
  caseOf(
    'a side that is drained',
    trafficDrain,
    { route: 'web', side: 'v2' },
    { web: { shares: half, drained: ['v2'] } },
  ),
]
for (const each of cases) describeKind(each, { describe, it })

const unknownSide: MemoryTrafficOptions = { side: () => 'unknown' }

function planOf(
  proxy: MemoryTraffic,
  facts: Awaited<ReturnType<MemoryTraffic['observe']>>,
  spec: Json,
  kind: AnyKind = trafficShift,
) {
  return kind.plan(kind.spec.parse(spec), {
    facts: { proxy: facts },
    tools: { proxy: proxy.tools },
    targets: { proxy: 'edge' },
  })
}

/** A run of a shift by hand: its marks, and what somebody does at one of them. */
async function run(
  proxy: MemoryTraffic,
  spec: Json,
  more: { verb?: 'apply' | 'rollback'; from?: Mark; meddle?: (count: number) => void; work?: unknown } = {},
) {
  const work = more.work ?? planOf(proxy, await proxy.observe(), spec).work
  let now = 0
  const context = {
    on: { proxy: proxy.write },
    clock: { now: () => now, sleep: async (ms: number) => void (now += ms) },
    signal: new AbortController().signal,
  } as never
  const marks: NonNullable<Mark>[] = []
  for await (const mark of trafficShift[more.verb ?? 'apply'](work as never, context, more.from ?? null)) {
    marks.push(mark!)
    more.meddle?.(marks.length)
  }
  return { marks, work }
}

describe('traffic.shift', () => {
  const spec = {
    route: 'web',
    to: done,
    steps: [
      { to: canary, holdMs: 3000 },
      { to: half, holdMs: 0 },
    ],
  }

  it('yields what it is about to tell, tells it, and shows how long it is held', async () => {
    const proxy = memoryTraffic({ web: { shares: stable } })
    const { marks } = await run(proxy, spec)
    expect(marks.map((mark) => [mark.done, mark.note])).toEqual([
      [1, 'v1 90 %, v2 10 %'],
      [1, 'v1 90 %, v2 10 %, held 1 s of 3 s'],
      [1, 'v1 90 %, v2 10 %, held 2 s of 3 s'],
      [2, 'v1 50 %, v2 50 %'],
      [3, 'v1 0 %, v2 100 %'],
      [3, 'v1 0 %, v2 100 %'],
    ])
    expect(proxy.shifts).toEqual([canary, half, done])
  })

  it('goes on where it was killed, and holds only what is left', async () => {
    const proxy = memoryTraffic({ web: { shares: stable } })
    const { work } = await run(memoryTraffic({ web: { shares: stable } }), spec)
    proxy.meddle('web', canary)
    const { marks } = await run(proxy, spec, { work, from: { at: { point: 1, heldMs: 2000 } } })
    expect(marks.map((mark) => mark.note)).toEqual([
      'v1 90 %, v2 10 %',
      'v1 50 %, v2 50 %',
      'v1 0 %, v2 100 %',
      'v1 0 %, v2 100 %',
    ])
  })

  it('tells a proxy again that was started anew and fell back, whether it resumes or holds', async () => {
    const proxy = memoryTraffic({ web: { shares: stable } })
    const { marks } = await run(proxy, spec, { meddle: (count) => count === 2 && proxy.meddle('web', stable) })
    expect(marks.map((mark) => mark.note)).toContain('the proxy said v1 100 %, v2 0 %: told again')
    expect(proxy.shifts).toEqual([canary, canary, half, done])
    const { work } = await run(memoryTraffic({ web: { shares: stable } }), spec)
    const resumed = memoryTraffic({ web: { shares: stable } })
    const again = await run(resumed, spec, { work, from: { at: { point: 2, heldMs: 0 } } })
    expect(again.marks[0]?.note).toBe('the proxy said v1 100 %, v2 0 %: told again, v1 50 %, v2 50 %')
    expect(resumed.shifts).toEqual([half, done])
  })

  it('stops when somebody else shifts the same route, and still goes back to the shares of before', async () => {
    const proxy = memoryTraffic({ web: { shares: stable } })
    const { work } = await run(memoryTraffic({ web: { shares: stable } }), spec)
    const other = { v1: 2500, v2: 7500 }
    await expect(
      run(proxy, spec, { meddle: (count) => count === 2 && proxy.meddle('web', other) }),
    ).rejects.toMatchObject({
      code: 'plan.stale',
      message:
        'the shares of route "web" of "edge" are not what this step left: v1 25 %, v2 75 %, not v1 90 %, v2 10 %',
    })
    const { marks } = await run(proxy, spec, { work, verb: 'rollback' })
    expect(marks.map((mark) => mark.note)).toEqual([
      "v1 25 %, v2 75 % was none of this step's: back to v1 100 %, v2 0 %",
    ])
    expect(await proxy.read.shares('web')).toEqual(stable)
  })

  it('goes back by the points it came by, from wherever it is', async () => {
    const proxy = memoryTraffic({ web: { shares: stable } })
    const { work } = await run(proxy, { ...spec, back: 'stepped' })
    const { marks } = await run(proxy, spec, { work, verb: 'rollback' })
    expect(proxy.shifts.slice(3)).toEqual([half, canary, stable])
    expect(marks.at(-1)).toMatchObject({ done: 3, of: 3 })
  })

  describe('one step back', () => {
    const most = { v1: 2500, v2: 7500 }
    const held = {
      route: 'web',
      to: done,
      steps: [
        { to: canary, holdMs: 1000 },
        { to: half, holdMs: 0 },
        { to: most, holdMs: 2000 },
        { to: canary, holdMs: 1000 },
      ],
      onFailure: 'back-one-step',
    }
    /** A shift that a look stops at its mark `count`, and what it then goes back to. */
    const stopped = async (count: number, code = 'gate.failed', spec: Json = held) => {
      const proxy = memoryTraffic({ web: { shares: stable } })
      const { work } = await run(memoryTraffic({ web: { shares: stable } }), spec)
      const clock = { now: () => 0, sleep: async () => undefined }
      const context = (applied: Mark) => ({ on: { proxy: proxy.write }, clock, applied }) as never
      const marks: NonNullable<Mark>[] = []
      for await (const mark of trafficShift.apply(work as never, context(null), null)) {
        marks.push(mark!)
        if (marks.length === count) break
      }
      const back = trafficShift.retreat?.(work as never, context(marks.at(-1) ?? null), { code })
      if (!back) return { proxy, work, mark: undefined }
      for await (const mark of back) marks.push(mark!)
      return { proxy, work, mark: marks.at(-1)! }
    }

    it('is to the shares that were held last, not to those that were only passed', async () => {
      const { proxy, work, mark } = await stopped(4)
      expect(proxy.shifts).toEqual([canary, half, most, canary])
      expect(mark).toEqual({
        at: { point: 3, heldMs: 0, good: 1 },
        done: 3,
        of: 5,
        unit: 'steps',
        note: 'route "web" is held at v1 90 %, v2 10 %, back from v1 25 %, v2 75 %',
      })
      const { marks } = await run(proxy, held, { work, from: mark! })
      expect(marks[0]?.note).toBe('tried again: v1 25 %, v2 75 %')
      expect(proxy.shifts.slice(4)).toEqual([most, canary, done])
    })

    it('is to the start from the first step, and stays where the next step cannot be taken', async () => {
      const first = await stopped(1)
      expect([await first.proxy.read.shares('web'), first.mark?.note]).toEqual([
        stable,
        'route "web" is held at v1 100 %, v2 0 %, back from v1 90 %, v2 10 %',
      ])
      const blocked = await stopped(4, 'run.blocked')
      expect([blocked.proxy.shifts.at(-1), blocked.mark?.at, blocked.mark?.note]).toEqual([
        most,
        { point: 3, heldMs: 1000, good: 3 },
        'route "web" is held at v1 25 %, v2 75 %',
      ])
    })

    it('is refused to a side that is down, and left to the plan where the step does not ask for it', async () => {
      const { onFailure: _, ...plain } = held
      expect((await stopped(3, 'gate.failed', plain)).mark).toBeUndefined()
      const down = memoryTraffic(
        { web: { shares: half } },
        { side: (_r, side) => (side === 'v1' ? { serversUp: 0 } : {}) },
      )
      const { work } = await run(memoryTraffic({ web: { shares: stable } }), held)
      const context = { on: { proxy: down.write }, applied: { at: { point: 2, heldMs: 0 } } } as never
      const back = async () => {
        for await (const _ of trafficShift.retreat!(work as never, context, { code: 'gate.failed' }) ?? []) void _
      }
      await expect(back()).rejects.toMatchObject({ code: 'run.blocked' })
      expect(down.shifts).toEqual([])
    })
  })

  it('refuses a side that is down or full, on the way there and back', async () => {
    const down = memoryTraffic(
      { web: { shares: stable } },
      { side: (_r, side) => (side === 'v2' ? { serversUp: 0, servers: 3 } : {}) },
    )
    const work = planOf(down, await down.observe(), { route: 'web', to: done }).work
    const context = { on: { proxy: down.write } } as never
    expect(await trafficShift.check?.(work as never, context)).toMatchObject([
      {
        level: 'block',
        code: 'traffic.side-down',
        message: 'side "v2" of route "web" can take nothing more: 0 of 3 servers are up',
      },
    ])
    await expect(run(down, { route: 'web', to: done })).rejects.toMatchObject({ code: 'run.blocked' })
    expect(down.shifts).toEqual([])
    const cold = memoryTraffic(
      { web: { shares: done } },
      { side: (_r, side) => ({ limit: side === 'v1' ? 10 : null, underWay: side === 'v2' ? 40 : 0 }) },
    )
    const back = {
      ...(planOf(cold, { routes: { web: { sticky: false, shares: stable } } }, { route: 'web', to: done })
        .work as object),
    }
    await expect(run(cold, {}, { work: back, verb: 'rollback' })).rejects.toMatchObject({
      code: 'run.blocked',
      message: 'side "v1" of route "web" would have 40 requests at once with 100 %, and takes 10',
    })
    expect(cold.shifts).toEqual([])
  })

  it('says what it cannot see', async () => {
    const blind = memoryTraffic({ web: { shares: stable } }, unknownSide)
    const { work } = await run(blind, { route: 'web', to: done })
    expect(
      await trafficShift.check?.(
        work as never,
        { on: { proxy: memoryTraffic({ web: { shares: stable } }, unknownSide).write } } as never,
      ),
    ).toMatchObject([{ level: 'risk', code: 'traffic.unseen' }])
  })

  it.each([
    [
      { route: 'wep', to: done },
      'traffic.unknown-route',
      'there is no route "wep"; did you mean "web"?; there are "web"',
    ],
    [
      { route: 'web', to: { v3: 10_000 } },
      'traffic.unknown-side',
      'route "web" of "edge": there is no side "v3"; did you mean "v1"?; there are "v1", "v2"',
    ],
  ])('blocks %j', async (given, code, message) => {
    const proxy = memoryTraffic({ web: { shares: stable } })
    expect(planOf(proxy, await proxy.observe(), given).findings).toMatchObject([{ level: 'block', code, message }])
  })

  it.each([{ v1: 5000, v2: 4999 }, { v1: -1, v2: 10_001 }, { v1: 0.5, v2: 9999.5 }, {}])('takes no shares %j', (to) => {
    expect(trafficShift.spec.safeParse({ route: 'web', to: to as Shares }).success).toBe(false)
  })
})

describe('traffic.drain', () => {
  const drain = (shares: Shares, more: object = {}) => {
    const proxy = memoryTraffic({ web: { shares, ...more } })
    return { proxy, plan: async (spec: Json) => planOf(proxy, await proxy.observe(), spec, trafficDrain) }
  }

  it('blocks what would leave users without an answer', async () => {
    const sticky = await drain(half, { sticky: true }).plan({ route: 'web', side: 'v2' })
    expect(sticky.findings).toMatchObject([{ code: 'traffic.users-there' }])
    const unknown = await drain(half).plan({ route: 'web', side: 'v9' })
    expect(unknown.findings).toMatchObject([{ code: 'traffic.unknown-side' }])
    const { proxy, plan } = drain(stable)
    const { work } = await plan({ route: 'web', side: 'v1' })
    expect(await trafficDrain.check?.(work as never, { on: { proxy: proxy.write } } as never)).toMatchObject([
      { level: 'block', code: 'traffic.side-down' },
    ])
  })

  it('fails when what is under way takes too long, or goes on where it is told to', async () => {
    const proxy = memoryTraffic(
      { web: { shares: stable } },
      { side: (_r, side) => ({ underWay: side === 'v2' ? 3 : 0 }) },
    )
    const go = async (late: string) => {
      const { work } = planOf(
        proxy,
        await proxy.observe(),
        { route: 'web', side: 'v2', withinMs: 1000, late },
        trafficDrain,
      )
      let now = 0
      const clock = { now: () => now, sleep: async (ms: number) => void (now += ms) }
      const marks: Mark[] = []
      for await (const mark of trafficDrain.apply(work as never, { on: { proxy: proxy.write }, clock } as never, null))
        marks.push(mark)
      return marks
    }
    await expect(go('fail')).rejects.toMatchObject({
      code: 'target.failed',
      message: '3 requests are still under way on side "v2" of route "web" after 1000 ms',
    })
    expect((await go('go-on')).at(-1)?.note).toBe('3 requests are still under way')
  })
})
