import { describe, expect, it } from 'vitest'
import { addToSplit, splitAlpha, splitChance } from './split.ts'

/** The same run every time: mulberry32. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Requests until it is found, of at most so many, looked at every 100; undefined where it never is. */
function foundAfter(told: number, real: number, most: number, next: () => number): number | undefined {
  const shares = { v1: 10_000 - told, v2: told }
  let split = addToSplit(undefined, shares, {})
  for (let seen = 100; seen <= most; seen += 100) {
    let v2 = 0
    for (let each = 0; each < 100; each++) if (next() < real) v2 += 1
    split = addToSplit(split, shares, { v1: 100 - v2, v2 })
    if (splitChance(split) < splitAlpha) return seen
  }
  return undefined
}

describe('a split that is another one than was told', () => {
  it.each([
    [5000, 0.5],
    [3333, 0.3333],
    [100, 0.01],
  ])('raises no false alarm in 1,000 runs of 100 looks: %d', (told, real) => {
    const next = random(told)
    const alarms = Array.from({ length: 1000 }, () => foundAfter(told, real, 10_000, next)).filter(Boolean)
    expect(alarms.length).toBeLessThanOrEqual(3)
  })

  it.each([
    [5000, 0.6, 1_000],
    [5000, 0.53, 10_000],
    [3333, 0.4, 2_500],
    [100, 0.02, 6_000],
  ])('is found: %d told, %d real, within %d requests, in nine runs of ten', (told, real, within) => {
    const next = random(told + within)
    const found = Array.from({ length: 100 }, () => foundAfter(told, real, within, next)).filter(Boolean)
    expect(found.length).toBeGreaterThanOrEqual(90)
  })

  it('is the Bayes factor of its definition, by hand for one request', () => {
    // With a prior worth 100 around one half, one request says nothing: 50/100 against 1/2.
    expect(splitChance({ shares: { a: 1, b: 1 }, requests: { a: 1 } })).toBeCloseTo(1, 10)
    // Two on one side: (50 · 51) / (100 · 101) against 1/4.
    expect(splitChance({ shares: { a: 1, b: 1 }, requests: { a: 2 } })).toBeCloseTo(
      0.25 / ((50 * 51) / (100 * 101)),
      10,
    )
  })

  it('begins anew with other shares, and leaves out sides that have none', () => {
    const before = { shares: { a: 5000, b: 5000 }, requests: { a: 900, b: 100 } }
    expect(addToSplit(before, { a: 6000, b: 4000 }, { a: 5, b: 5 })).toEqual({
      shares: { a: 6000, b: 4000 },
      requests: {},
    })
    expect(addToSplit(before, { a: 5000, b: 5000 }, { a: 1, b: 2 }).requests).toEqual({ a: 901, b: 102 })
    expect(splitChance({ shares: { a: 10_000, b: 0 }, requests: { a: 50, b: 9 } })).toBe(1)
  })
})
