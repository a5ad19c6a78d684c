import { describe, expect, it } from 'vitest'
import { addBatch, addToBaseline, chance, type Count, isWorse, nothingSeen, upperRate } from './sequential.ts'

/** Mulberry32: the same numbers on every machine. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function draw(next: () => number, total: number, rate: number): Count {
  let failed = 0
  for (let each = 0; each < total; each++) if (next() < rate) failed += 1
  return { total, failed }
}

/** Requests of the fresh side until it is called worse; undefined where it never was. Looked at after every batch. */
function detects(
  seed: number,
  old: number,
  fresh: number,
  batches: number,
  size: readonly [number, number],
): number | undefined {
  const next = chances(seed)
  let seen = nothingSeen
  for (let batch = 1; batch <= batches; batch++) {
    seen = addBatch(seen, draw(next, size[0], old), draw(next, size[1], fresh))
    if (isWorse(seen, 0.01)) return seen.fresh.total
  }
  return undefined
}

const many = (times: number, one: (seed: number) => number | undefined) =>
  Array.from({ length: times }, (_, index) => one(index * 7919 + 1))
const median = (values: readonly (number | undefined)[]) =>
  values.map((each) => each ?? Infinity).toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

describe('the sequential test, at one false alarm in a hundred', () => {
  it.each([
    ['equal sides at 5 %', 0.05, 0.05, [50, 50]],
    ['equal sides at 0.1 %', 0.001, 0.001, [50, 50]],
    ['a canary of a tenth', 0.05, 0.05, [90, 10]],
    ['a better side', 0.05, 0.02, [50, 50]],
  ] as const)(
    'calls %s worse in at most 1 %% of 1000 runs of 5000 requests, looked at 100 times',
    (_, old, fresh, size) => {
      const alarms = many(1000, (seed) => detects(seed, old, fresh, 100, size)).filter((each) => each !== undefined)
      expect(alarms.length).toBeLessThanOrEqual(10)
    },
  )

  it('finds 5 % become 10 % within a median of 800 requests a side, and 1 % become 5 % within 400', () => {
    const small = many(300, (seed) => detects(seed, 0.05, 0.1, 200, [20, 20]))
    const large = many(300, (seed) => detects(seed, 0.01, 0.05, 200, [20, 20]))
    expect(small.filter((each) => each !== undefined).length).toBeGreaterThanOrEqual(297)
    expect(median(small)).toBeLessThanOrEqual(800)
    expect(median(large)).toBeLessThanOrEqual(400)
  })

  it('compares with a baseline that was counted before', () => {
    const run = (seed: number, fresh: number): number | undefined => {
      const next = chances(seed)
      const baseline = draw(next, 5000, 0.05)
      let seen = nothingSeen
      for (let batch = 1; batch <= 100; batch++) {
        seen = addToBaseline(seen, baseline, draw(next, 50, fresh), 0.01)
        if (chance(seen) <= 0.005) return seen.fresh.total
      }
      return undefined
    }
    expect(many(500, (seed) => run(seed, 0.05)).filter((each) => each !== undefined).length).toBeLessThanOrEqual(5)
    expect(median(many(200, (seed) => run(seed, 0.1)))).toBeLessThanOrEqual(800)
  })

  it('learns nothing from nothing', () => {
    const none = { total: 0, failed: 0 }
    expect(chance(addBatch(nothingSeen, none, none))).toBe(1)
    expect(
      chance(addBatch(addBatch(nothingSeen, none, { total: 50, failed: 50 }), none, { total: 50, failed: 50 })),
    ).toBe(1)
    expect(chance(addToBaseline(nothingSeen, none, { total: 50, failed: 50 }, 0.01))).toBe(1)
    expect(upperRate({ total: 0, failed: 0 }, 0.01)).toBe(1)
  })
})
