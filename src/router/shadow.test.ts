import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { createRouter, type ShadowOptions, type ShadowResult } from './index.ts'

type Ask = (value?: unknown) => unknown
const noop = () => undefined

/** A router of two versions with one method, shadowed always, and everything that is published. */
function pair(v1: Ask, v2: Ask, more: Partial<ShadowOptions> = {}) {
  const results: ShadowResult[] = []
  const faults: [string, string][] = []
  const shadow = {
    candidate: 'v2',
    percent: 100,
    published: (result: ShadowResult) => void results.push(result),
    raised: (fault: string, error: unknown) => void faults.push([fault, String(error)]),
    ...more,
  } as ShadowOptions<{ v1: { ask: Ask; write: Ask }; v2: { ask: Ask; write: Ask } }>
  const versions = { v1: { ask: v1, write: v1 }, v2: { ask: v2, write: v2 } }
  const router = createRouter({ module: 'm', versions, reads: ['ask'], shadow })
  return { router, ask: router.calls.ask, results, faults, verdicts: () => results.map((each) => each.verdict) }
}
const settled = () => sleep(5)

describe('a shadow', () => {
  it('answers what the control answers, and tells a match from a mismatch', () => {
    const same = pair(
      () => ({ a: [1] }),
      () => ({ a: [1] }),
    )
    expect(same.ask()).toEqual({ a: [1] })
    expect(same.verdicts()).toEqual(['matched'])
    const other = pair(
      () => 1,
      () => 2,
    )
    expect(other.ask()).toBe(1)
    expect(other.results).toMatchObject([
      { verdict: 'mismatched', control: { version: 'v1', value: 1 }, candidate: { version: 'v2', value: 2 } },
    ])
    expect(other.router.mismatches()).toHaveLength(1)
    expect(other.router.metrics().shadow).toMatchObject({ v2: { ask: { runs: 1, matched: 0, mismatched: 1 } } })
    // The runs of a candidate are no calls that it answered.
    expect(other.router.metrics().versions).toMatchObject({ v1: { calls: 1 }, v2: { calls: 0 } })
  })

  it('runs only methods that are declared safe', () => {
    const v2 = vi.fn(() => 1)
    const { router } = pair(() => 1, v2)
    router.calls.write()
    expect(v2).toHaveBeenCalledTimes(0)
    router.calls.ask()
    expect(v2).toHaveBeenCalledTimes(1)
    const also = pair(() => 1, v2, { also: ['write'] as never })
    also.router.calls.write()
    expect(v2).toHaveBeenCalledTimes(2)
  })

  it('keeps the nature of each: a control that waits, one that does not, and candidates of the other kind', async () => {
    for (const [v1, v2] of [
      [() => 1, async () => 1],
      [async () => 1, () => 1],
      [async () => 1, async () => 1],
    ] as const) {
      const { ask, verdicts } = pair(v1, v2)
      const answer = ask()
      expect(answer instanceof Promise).toBe(v1() instanceof Promise)
      expect(await answer).toBe(1)
      await settled()
      expect(verdicts()).toEqual(['matched'])
    }
  })

  it('lets errors of the candidate go nowhere, and those of the control through', async () => {
    const fail = (message: string) => () => {
      throw new TypeError(message)
    }
    const good = pair(() => 1, fail('two'))
    expect(good.ask()).toBe(1)
    expect(good.results).toMatchObject([
      { verdict: 'mismatched', candidate: { error: { name: 'TypeError', message: 'two' } } },
    ])
    const bad = pair(fail('one'), () => 1)
    expect(() => bad.ask()).toThrow('one')
    expect(bad.verdicts()).toEqual(['mismatched'])
    const later = pair(
      async () => 1,
      async () => Promise.reject(new Error('later')),
    )
    expect(await later.ask()).toBe(1)
    await settled()
    expect(later.verdicts()).toEqual(['mismatched'])
    expect(later.router.metrics().shadow).toMatchObject({ v2: { ask: { errors: 1 } } })
    const rejected = pair(
      async () => Promise.reject(new Error('same')),
      async () => Promise.reject(new Error('same')),
    )
    await expect(rejected.ask()).rejects.toThrow('same')
    await settled()
    expect(rejected.verdicts()).toEqual(['matched'])
  })

  it('compares errors by class and message, unless told how', () => {
    const fail = (error: unknown) => () => {
      throw error
    }
    const twice = (a: unknown, b: unknown, more = {}) => {
      const { ask, verdicts } = pair(fail(a), fail(b), more)
      expect(() => ask()).toThrow()
      return verdicts()[0]
    }
    expect(twice(new Error('x'), new Error('x'))).toBe('matched')
    expect(twice(new Error('x'), new Error('y'))).toBe('mismatched')
    expect(twice(new Error('x'), new TypeError('x'))).toBe('mismatched')
    expect(twice(new Error('x'), new Error('y'), { compareErrors: () => true })).toBe('matched')
  })

  it('compares values by what it is told, and cleans only what is published', () => {
    const compared: unknown[] = []
    const { ask, results } = pair(
      () => 'a-secret',
      () => 'b-secret',
      {
        compare: (a, b) => {
          compared.push(a, b)
          return false
        },
        clean: (value) => String(value)[0],
      },
    )
    expect(ask()).toBe('a-secret')
    expect(compared).toEqual(['a-secret', 'b-secret'])
    expect(results).toMatchObject([{ control: { value: 'a' }, candidate: { value: 'b' } }])
  })

  it('asks what to ignore of mismatches only, and one yes is enough', () => {
    const ignore = [vi.fn(() => false), vi.fn((a: unknown) => a === 2)]
    const { ask, verdicts } = pair(
      (value) => value,
      () => 1,
      { ignore },
    )
    ask(1)
    expect(ignore[0]).toHaveBeenCalledTimes(0)
    ask(2)
    ask(3)
    expect(verdicts()).toEqual(['matched', 'ignored', 'mismatched'])
  })

  it('runs only if it may, and keeps the context it is told', () => {
    const v2 = vi.fn((value: unknown) => value)
    const { ask, results } = pair((value) => value, v2, {
      runIf: (call) => call.args[0] !== 2,
      context: (call) => ({ asked: call.args[0] }),
    })
    ask(1)
    ask(2)
    expect(v2).toHaveBeenCalledTimes(1)
    expect(results.map((each) => each.context)).toEqual([{ asked: 1 }])
  })

  it('draws the order for each call', () => {
    const order: string[] = []
    const run = (name: string) => () => void order.push(name)
    const draws = [0.9, 0]
    const versions = { v1: { ask: run('v1') }, v2: { ask: run('v2') } }
    const router = createRouter({
      module: 'm',
      versions,
      reads: ['ask'],
      random: () => draws.shift() ?? 0.5,
      shadow: { candidate: 'v2', percent: 100 },
    })
    router.calls.ask()
    router.calls.ask()
    expect(order).toEqual(['v1', 'v2', 'v2', 'v1'])
  })

  it('samples by chance, or by key so that a key is always in', () => {
    const calls = (options: object, more: object) => {
      const seen: unknown[] = []
      const versions = { v1: { ask: noop as Ask }, v2: { ask: ((value) => void seen.push(value)) as Ask } }
      const router = createRouter({
        module: 'm',
        versions,
        reads: ['ask'],
        shadow: { candidate: 'v2', percent: 30, ...options },
        ...more,
      })
      return { router, seen, ask: () => Array.from({ length: 1_000 }, (_, i) => router.calls.ask(`u${i}`)) }
    }
    const byChance = calls({}, {})
    byChance.ask()
    expect(byChance.seen.length).toBeGreaterThan(200)
    expect(byChance.seen.length).toBeLessThan(400)
    const byKey = calls({ sticky: true }, { key: (call: { args: readonly unknown[] }) => String(call.args[0]) })
    byKey.ask()
    byKey.ask()
    const half = byKey.seen.length / 2
    expect(byKey.seen.slice(0, half)).toEqual(byKey.seen.slice(half))
    expect(half).toBeGreaterThan(200)
    byKey.router.shadow(0)
    byKey.ask()
    expect(byKey.seen.length).toBe(half * 2)
    expect(() => byKey.router.shadow(101)).toThrow('101 percent is not from 0 to 100')
  })

  it('gives up on a candidate that hangs, and never makes the caller wait for it', async () => {
    const { router, ask, verdicts } = pair(
      async () => 1,
      () => new Promise(noop),
      { timeoutMs: 10, mostAtOnce: 2 },
    )
    await Promise.all([ask(), ask()])
    // Both have their answer before any timer could fire.
    expect(verdicts()).toEqual([])
    await sleep(30)
    expect(verdicts()).toEqual(['timedOut', 'timedOut'])
    // Those that never end are not piled up.
    await ask()
    expect(router.metrics().shadow).toMatchObject({ v2: { ask: { runs: 2, timedOut: 2, skipped: 1 } } })
  })

  it('counts a synchronous candidate that took too long as timed out', () => {
    let clock = 0
    const versions = { v1: { ask: () => 1 }, v2: { ask: () => ((clock += 50), 1) } }
    const router = createRouter({
      module: 'm',
      versions,
      reads: ['ask'],
      now: () => clock,
      shadow: { candidate: 'v2', percent: 100, timeoutMs: 10 },
    })
    router.calls.ask()
    expect(router.metrics().shadow).toMatchObject({ v2: { ask: { timedOut: 1, matched: 0 } } })
  })

  it('is not hurt by its own functions: their faults are told, and the call goes on', async () => {
    const broken = () => {
      throw new Error('broken')
    }
    const all = pair(
      () => ({ secret: 1 }),
      () => ({ secret: 2 }),
      { compare: broken, ignore: broken, clean: broken, context: broken },
    )
    expect(all.ask()).toEqual({ secret: 1 })
    expect(all.faults.map(([fault]) => fault)).toEqual(['compare', 'ignore', 'clean', 'clean', 'context'])
    // What could not be cleaned is not shown.
    expect(JSON.stringify(all.results)).not.toContain('secret')
    const noRun = pair(() => 1, noop, { runIf: broken, published: broken, raised: broken })
    expect(noRun.ask()).toBe(1)
    const told = pair(
      () => 1,
      () => 1,
      { published: broken, raised: broken },
    )
    expect(told.ask()).toBe(1)
    expect(told.router.metrics().faults).toEqual({ published: 1 })
  })

  it('is not hurt by what cannot be shown', () => {
    const odd = Object.create(null) as object
    const { ask, faults } = pair(
      () => 1,
      () => {
        throw odd
      },
    )
    expect(ask()).toBe(1)
    expect(faults.map(([fault]) => fault)).toEqual(['published'])
  })

  it('keeps the latest mismatches, as many as it is told', () => {
    const { router, ask } = pair(
      (value) => value,
      () => null,
      { keep: 3 },
    )
    for (let at = 0; at < 10; at++) ask(at)
    expect(router.mismatches().map((each) => each.control.value)).toEqual([7, 8, 9])
  })

  it('gives the candidate copies where the arguments or the answer may be changed later', async () => {
    const spoil: Ask = (value) => {
      ;(value as { n: number }).n = 99
      return sleep(2).then(() => ({ n: 1 }))
    }
    const { ask, verdicts } = pair(async () => ({ n: 1 }), spoil, { copy: structuredClone })
    const mine = { n: 5 }
    const answer = (await ask(mine)) as { n: number }
    answer.n = 7
    expect(mine).toEqual({ n: 5 })
    await sleep(10)
    expect(verdicts()).toEqual(['matched'])
  })

  it('is off for calls that the candidate itself answers, and for answers that only the caller may wait for', () => {
    const v1 = vi.fn(() => 1)
    const { router, ask } = pair(v1, () => 1)
    router.set('v2')
    ask()
    expect(v1).toHaveBeenCalledTimes(0)
    let waited = 0
    const lazy = pair(
      // oxlint-disable-next-line unicorn/no-thenable -- what a query builder is
      () => ({ then: () => void waited++ }),
      () => 1,
    )
    lazy.ask()
    expect(waited).toBe(0)
    expect(lazy.router.metrics().shadow).toMatchObject({ v2: { ask: { runs: 0, skipped: 1 } } })
  })

  it('runs several candidates', () => {
    const versions = { v1: { ask: () => 1 }, v2: { ask: () => 1 }, v3: { ask: () => 3 } }
    const router = createRouter({
      module: 'm',
      versions,
      reads: ['ask'],
      shadow: { candidate: ['v2', 'v3'], percent: 100 },
    })
    expect(router.calls.ask()).toBe(1)
    expect(router.metrics().shadow).toMatchObject({ v2: { ask: { matched: 1 } }, v3: { ask: { mismatched: 1 } } })
  })
})

describe('a shadow in a test', () => {
  const moments = { code: 'router.mismatched', message: '"v2" of "m" does not answer "ask" as "v1" does: 2, not 1' }
  const one = () => 1
  const two = () => 2
  const later = (value: number) => () => sleep(1).then(() => value)

  it('raises a mismatch: at once where both have answered, with the promise where the caller waits', async () => {
    expect(pair(one, one, { raiseOnMismatch: true }).ask()).toBe(1)
    expect(() => pair(one, two, { raiseOnMismatch: true }).ask()).toThrow(expect.objectContaining(moments) as Error)
    for (const v2 of [two, later(2)])
      await expect(pair(later(1), v2, { raiseOnMismatch: true }).ask()).rejects.toMatchObject({
        ...moments,
        data: { verdict: 'mismatched', control: { value: 1 }, candidate: { value: 2 } },
      })
    await expect(pair(later(1), later(1), { raiseOnMismatch: true }).ask()).resolves.toBe(1)
    expect(pair(one, two, { raiseOnMismatch: true, ignore: () => true }).ask()).toBe(1)
    expect(pair(one, two).ask()).toBe(1)
  })

  it('raises a mismatch instead of an error of the control, and leaves an error on which both agree', async () => {
    const fails = () => {
      throw new RangeError('no')
    }
    expect(() => pair(fails, two, { raiseOnMismatch: true }).ask()).toThrow(
      expect.objectContaining({ code: 'router.mismatched' }) as Error,
    )
    expect(() => pair(fails, fails, { raiseOnMismatch: true }).ask()).toThrow(RangeError)
    const rejects = async () => fails()
    await expect(pair(rejects, rejects, { raiseOnMismatch: true }).ask()).rejects.toThrow(RangeError)
  })

  it('is not given to a caller who was answered before: it is unhandled then', async () => {
    const seen: unknown[] = []
    const hear = (error: unknown) => void seen.push(error)
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', hear)
    try {
      expect(pair(one, later(2), { raiseOnMismatch: true }).ask()).toBe(1)
      await sleep(20)
    } finally {
      process.removeListener('unhandledRejection', hear)
      for (const each of others) process.on('unhandledRejection', each)
    }
    expect(seen).toMatchObject([{ code: 'router.mismatched' }])
  })

  it('makes ready before its versions run, and only then; what fails there goes into the figures', () => {
    const order: string[] = []
    const note = (name: string) => () => void order.push(name)
    const noted = pair(note('run'), note('run'), { beforeRun: (call) => void order.push(`before ${call.method}`) })
    noted.ask()
    noted.router.calls.write()
    noted.router.shadow(0)
    noted.ask()
    expect(order).toEqual(['before ask', 'run', 'run', 'run', 'run'])
    const failing = pair(one, one, {
      beforeRun: () => {
        throw new Error('no')
      },
    })
    expect(failing.ask()).toBe(1)
    expect([failing.verdicts(), failing.faults]).toEqual([['matched'], [['beforeRun', 'Error: no']]])
  })

  it('takes the processor time of both, of as many calls as it is told to', async () => {
    let used = 0
    const asked = vi.fn(() => used)
    const costs = (ms: number, value: unknown) => () => ((used += ms), value)
    const results: ShadowResult[] = []
    const versions = { v1: { ask: costs(3, 1) }, v2: { ask: costs(5, Promise.resolve(1)) } }
    const router = createRouter({
      module: 'm',
      versions,
      reads: ['ask'],
      cpu: asked,
      shadow: { candidate: 'v2', percent: 100, cpuEvery: 2, published: (result) => void results.push(result) },
    })
    for (let call = 0; call < 4; call++) {
      router.calls.ask()
      await settled()
    }
    expect(asked).toHaveBeenCalledTimes(8)
    expect(results.map((each) => [each.control.cpuMs, each.candidate?.cpuMs])).toEqual([
      [3, 5],
      [undefined, undefined],
      [3, 5],
      [undefined, undefined],
    ])
    expect(router.metrics().shadow['v2']?.['ask']?.cpu).toEqual({ runs: 2, ms: 10, controlMs: 6 })
  })

  it("asks the system for the process's own processor time", () => {
    const busy = () => {
      const before = process.cpuUsage()
      while (process.cpuUsage(before).user < 30_000);
      return 1
    }
    const { ask, results } = pair(busy, one, { cpuEvery: 1 })
    ask()
    expect(results[0]!.control.cpuMs).toBeGreaterThan(5)
    expect(results[0]!.candidate!.cpuMs).toBeLessThan(results[0]!.control.cpuMs!)
  })
})
