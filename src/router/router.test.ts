import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { createRouter, type Decision, prometheusText, quantile } from './index.ts'

interface Counter {
  add(by: number): number
  total(): number
  later(by: number): Promise<number>
}

class One implements Counter {
  sum = 0
  add(by: number) {
    if (by < 0) throw new RangeError('one refuses')
    return (this.sum += by)
  }
  total() {
    return this.sum
  }
  async later(by: number) {
    await sleep(1)
    return this.add(by)
  }
  only1() {}
}
class Two implements Counter {
  #sum = 0
  add(by: number) {
    if (by < 0) throw new RangeError('two refuses')
    return (this.#sum += by) + 1_000
  }
  total() {
    return this.#sum + 1_000
  }
  async later(by: number) {
    return this.add(by)
  }
}
const pair = () => ({ v1: new One(), v2: new Two() })
const who = (answer: number) => (answer >= 1_000 ? 'v2' : 'v1')

describe('a router', () => {
  it('has the methods that all versions have, with their types, and nothing else', () => {
    const router = createRouter({ module: 'counter', versions: pair() })
    expect(Object.keys(router.calls).sort()).toEqual(['add', 'later', 'total'])
    expectTypeOf(router.calls.add).toEqualTypeOf<(by: number) => number>()
    expectTypeOf<keyof typeof router.calls>().toEqualTypeOf<'add' | 'total' | 'later'>()
    expect(router.calls.add(2)).toBe(2)
    const { add } = router.calls
    expect(add(3)).toBe(5)
  })

  it('routes modules, whose methods know no "this"', () => {
    const router = createRouter({ module: 'm', versions: { v1: { hi: () => 1 }, v2: { hi: () => 2 } }, decide: 'v2' })
    expect(router.calls.hi()).toBe(2)
  })

  it('throws what the version throws, the very same error, and rejects with it', async () => {
    const error = new Error('mine')
    const versions = {
      v1: {
        now(): number {
          throw error
        },
        async later(): Promise<number> {
          throw error
        },
      },
    }
    const router = createRouter({ module: 'm', versions })
    expect(() => router.calls.now()).toThrow(error)
    await expect(router.calls.later()).rejects.toBe(error)
    const { versions: counted } = router.metrics()
    expect([counted.v1?.calls, counted.v1?.errors]).toEqual([2, 2])
  })

  it('keeps the nature of what a version gives: values at once, foreign promises untouched', async () => {
    let waited = 0
    const lazy = {
      // oxlint-disable-next-line unicorn/no-thenable -- what a query builder is
      then(done: (value: number) => void) {
        waited++
        done(7)
      },
    }
    const rich = Object.assign(Promise.resolve(1), { cancel: () => 'cancelled' })
    const router = createRouter({
      module: 'm',
      versions: { v1: { lazy: () => lazy, rich: () => rich, plain: async () => 3 } },
    })
    expect(router.calls.lazy()).toBe(lazy)
    expect(waited).toBe(0)
    expect(router.calls.rich().cancel()).toBe('cancelled')
    expect(router.calls.plain()).toBeInstanceOf(Promise)
    expect(await router.calls.plain()).toBe(3)
  })

  it('leaves a rejection that nobody handles unhandled', async () => {
    const router = createRouter({ module: 'm', versions: { v1: { fail: () => Promise.reject(new Error('alone')) } } })
    const seen: unknown[] = []
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', (error) => seen.push(error))
    void router.calls.fail()
    await sleep(5)
    process.removeAllListeners('unhandledRejection')
    for (const each of others) process.on('unhandledRejection', each)
    expect(seen.map(String)).toEqual(['Error: alone'])
  })

  it('refuses what it cannot route by, and says what it can', () => {
    const make = (more: object) => () => createRouter({ module: 'm', versions: pair(), ...more })
    const cases: readonly [object, string][] = [
      [{ decide: 'v9' }, 'the decision names the version "v9"; did you mean "v1"?'],
      [{ decide: { percent: { v2: 101 } } }, '101 percent of "v2" is not from 0 to 100'],
      [{ decide: { percent: { v1: 60, v2: 50 } } }, 'the shares come to 110 percent'],
      [{ decide: { percent: { v3: 1 } } }, '"percent" names the version "v3"'],
      [{ decide: { flag: 'f', on: 'v2' } }, 'the flag "f" decides, and the router was given no "flags"'],
      [
        { decide: { environment: 'X' }, environment: { X: 'v7' } },
        'the environment variable "X" names the version "v7"',
      ],
      [{ decide: {} }, 'a setting has "environment", "flag" or "percent"'],
      [{ reads: ['only1'] }, '"only1", named in "reads", is no method of every version'],
      [{ shadow: { candidate: 'v3', percent: 1 } }, 'the shadow\'s candidate "v3" is no version'],
      [
        { shadow: { candidate: 'v2', percent: 1, sticky: true } },
        'a sticky shadow samples by key, and the router has none',
      ],
      [{ versions: {} }, '"m" has no version'],
      [{ versions: { v1: { a: () => 1 }, v2: { b: () => 1 } } }, 'the versions of "m" have no method in common'],
      [{ decide: { percent: { v2: 12.345 } } }, '12.345 percent of "v2" is no multiple of 0.01'],
      [{ shadow: { candidate: 'v2', percent: 0.001 } }, '0.001 percent is no multiple of 0.01'],
      [{ timeEvry: 4 }, 'createRouter has no "timeEvry"; did you mean "timeEvery"?'],
      [
        { shadow: { candidate: 'v2', percent: 1, raiseOnMismatches: true } },
        '`shadow` has no "raiseOnMismatches"; did you mean "raiseOnMismatch"?',
      ],
      [{ decide: { environment: 'X', of: 'v2' } }, 'a setting with "environment" has no "of"'],
      [{ decide: { percent: { v2: 1 }, sald: 'x' } }, 'a setting with "percent" has no "sald"; did you mean "salt"?'],
    ]
    for (const [more, message] of cases) expect(make(more)).toThrow(message)
    for (const v2 of [0.01, 0.07, 0.29, 12.34, 33.33, 57.01, 99.99])
      expect(make({ decide: { percent: { v2 } } })).not.toThrow()
  })
})

describe('a decision', () => {
  const asked = (decide: Decision<'v1' | 'v2', { user?: string }>, more: object = {}) =>
    createRouter<ReturnType<typeof pair>, { user?: string }>({ module: 'counter', versions: pair(), decide, ...more })

  it('is a version, and may change between two calls', () => {
    const router = asked('v1')
    expect(who(router.calls.add(1))).toBe('v1')
    router.set('v2')
    expect(who(router.calls.add(1))).toBe('v2')
    expect(() => router.set('v3' as 'v2')).toThrow('names the version "v3"')
    expect(router.decision).toBe('v2')
    expect(who(router.calls.add(1))).toBe('v2')
  })

  it('is an environment variable, read when it is set and by reload', () => {
    const environment: Record<string, string> = {}
    const router = asked({ environment: 'TRANSACTION_POOL_VERSION' }, { environment })
    expect(who(router.calls.total())).toBe('v1')
    environment['TRANSACTION_POOL_VERSION'] = 'v2'
    expect(who(router.calls.total())).toBe('v1')
    router.reload()
    expect(who(router.calls.total())).toBe('v2')
    environment['TRANSACTION_POOL_VERSION'] = 'nonsense'
    expect(() => router.reload()).toThrow('nonsense')
    expect(who(router.calls.total())).toBe('v2')
  })

  it('is a flag, which is asked for each call with the key and the context', () => {
    const seen: unknown[] = []
    const flags = {
      boolean: (key: string, fallback: boolean, context: { readonly [name: string]: unknown }) => {
        seen.push([key, fallback, context])
        return context['targetingKey'] === 'ann'
      },
    }
    const router = asked(
      { flag: 'mana.pool', on: 'v2', off: 'v1' },
      { flags, key: (call: { context?: { user?: string } }) => call.context?.user },
    )
    expect([
      who(router.for({ user: 'ann' }).total()),
      who(router.for({ user: 'bob' }).total()),
      who(router.calls.total()),
    ]).toEqual(['v2', 'v1', 'v1'])
    expect(seen[0]).toEqual(['mana.pool', false, { user: 'ann', targetingKey: 'ann' }])
    expect(seen[2]).toEqual(['mana.pool', false, {}])
  })

  it('is a share, sticky by key: who is in stays in while it grows', () => {
    const router = asked(
      { percent: { v2: 10 } },
      { key: (call: { context?: { user?: string } }) => call.context?.user },
    )
    const users = Array.from({ length: 5_000 }, (_, i) => `user-${i}-é`)
    const inside = () => new Set(users.filter((user) => who(router.for({ user }).total()) === 'v2'))
    const ten = inside()
    expect(inside()).toEqual(ten)
    expect(ten.size / users.length).toBeCloseTo(0.1, 1)
    router.set({ percent: { v2: 25 } })
    const quarter = inside()
    expect([...ten].every((user) => quarter.has(user))).toBe(true)
    expect(quarter.size).toBeGreaterThan(ten.size)
    const told = users.filter((user) => router.versionOf({ method: 'total', args: [], context: { user } }) === 'v2')
    expect(new Set(told)).toEqual(quarter)
    router.set({ percent: { v1: 75, v2: 25 } })
    expect(inside()).toEqual(quarter)
    router.set({ percent: { v2: 100 } })
    expect(inside().size).toBe(users.length)
    router.set({ percent: { v2: 0 } })
    expect(inside().size).toBe(0)
    // A call that belongs to no one is nobody's share.
    router.set({ percent: { v2: 100 } })
    expect(who(router.calls.total())).toBe('v1')
  })

  it('is a share of the calls where there is no key', () => {
    let at = 0
    const router = asked({ percent: { v2: 50 } }, { random: () => [0.1, 0.4999, 0.5, 0.9][at++ % 4] })
    expect([1, 2, 3, 4].map(() => who(router.calls.total()))).toEqual(['v2', 'v2', 'v1', 'v1'])
  })

  it('is a function of the call, or a list in which the first that says something counts', () => {
    const router = asked(
      [
        { environment: 'FORCED' },
        (call) => (call.method === 'add' && call.args[0] === 5 ? 'v2' : undefined),
        ({ context }) => (context?.user === 'tester' ? 'v2' : undefined),
        'v1',
      ],
      { environment: {} },
    )
    expect([router.calls.add(5), router.calls.add(6), router.for({ user: 'tester' }).add(6)].map(who)).toEqual([
      'v2',
      'v1',
      'v2',
    ])
  })

  it('never fails a call: the first version answers, and it is counted', () => {
    const router = asked(() => {
      throw new Error('no decision')
    })
    expect(who(router.calls.add(1))).toBe('v1')
    router.set(() => 'v3' as 'v2')
    expect(who(router.calls.add(1))).toBe('v1')
    expect(router.metrics().undecided).toBe(2)
  })

  it('sees the context that is said once for all', () => {
    const router = createRouter<ReturnType<typeof pair>, string>({
      module: 'm',
      versions: pair(),
      contextOf: (_method, args) => (args[0] === 9 ? 'v2' : 'v1'),
      decide: (call) => (call.context === 'v2' ? 'v2' : 'v1'),
    })
    expect([router.calls.add(9), router.calls.add(1), router.for('v2').add(1)].map(who)).toEqual(['v2', 'v1', 'v2'])
  })
})

describe('metrics', () => {
  it('count calls, errors and time by version and method', async () => {
    let clock = 0
    const router = createRouter({ module: 'counter', versions: pair(), now: () => (clock += 3) })
    router.calls.add(1)
    await router.calls.later(1)
    expect(() => router.calls.add(-1)).toThrow('one refuses')
    router.set('v2')
    router.calls.total()
    const { v1, v2 } = router.metrics().versions
    expect([v1?.calls, v1?.errors, v2?.calls, v2?.errors]).toEqual([3, 1, 1, 0])
    expect(v1?.methods['add']?.latency).toMatchObject({ count: 2, sumSeconds: 0.006 })
    expect(quantile(v1!.latency, 0.5)).toBeGreaterThan(0.0025)
    expect(quantile({ count: 0, sumSeconds: 0, buckets: [] }, 0.5)).toBeNull()
  })

  it('time only as many calls as they are told to', () => {
    const router = createRouter({ module: 'counter', versions: pair(), timeEvery: 4 })
    for (let at = 0; at < 10; at++) router.calls.add(1)
    expect(router.metrics().versions['v1']).toMatchObject({ calls: 10, latency: { count: 3 } })
  })

  it('are text that Prometheus reads: each name once, buckets that add up', () => {
    const [a, b] = ['pool"1', 'sync'].map((module) => createRouter({ module, versions: pair() }))
    a!.calls.add(1)
    a!.calls.add(1)
    const text = prometheusText([a!.metrics(), b!.metrics()])
    expect(text.match(/# TYPE changeover_router_calls_total counter/g)).toHaveLength(1)
    expect(text).toContain('changeover_router_calls_total{module="pool\\"1",version="v1",method="add"} 2\n')
    expect(text).toContain('changeover_router_calls_total{module="sync",version="v2",method="total"} 0\n')
    const buckets = [...text.matchAll(/seconds_bucket\{.*le="([^"]+)"\} (\d+)/g)].map(([, , count]) => Number(count))
    expect(buckets).toEqual([...buckets].sort((x, y) => x - y))
    expect(buckets.at(-1)).toBe(2)
    for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+\{[^}]+\} [0-9.e+-]+)$/)
  })
})
