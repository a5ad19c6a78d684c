import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { addMeasurement, anew, dueAt, type MetricTally, noMeasurement, phaseOf, runPhase } from './analysis.ts'
import { addTotal, type Growth, grownIn } from './growth.ts'
import { judge } from './judge.ts'
import type { Outcome } from './outcome.ts'
import { complaint, effectiveCount, metricFields, type MetricRules } from './rules.ts'

const rulesOf = (given: object = {}): MetricRules => z.strictObject(metricFields).parse(given)
const words: { readonly [letter: string]: Outcome } = {
  s: 'successful',
  f: 'failed',
  i: 'inconclusive',
  e: 'error',
  u: 'undecided',
}
const after = (letters: string, from: MetricTally = noMeasurement) =>
  letters
    .split('')
    .reduce((tally, letter, at) => addMeasurement(tally, { outcome: words[letter]!, why: letter }, '1', at), from)

describe('the phase of a metric', () => {
  // By meaning the cases of Argo's analysis_test.go (assessMetricStatus): measurements, rules, phase. Limits are passed strictly.
  it.each([
    ['', {}, 'pending'],
    ['s', {}, 'successful'],
    ['f', {}, 'failed'],
    ['i', {}, 'inconclusive'],
    ['e', {}, 'running'],
    ['s', { intervalMs: 1 }, 'running'],
    ['ssssssssssss', { intervalMs: 1 }, 'running'],
    ['s', { intervalMs: 1, count: 0 }, 'running'],
    ['s', { intervalMs: 1, count: 2 }, 'running'],
    ['ss', { intervalMs: 1, count: 2 }, 'successful'],
    // failureLimit 3 fails on the fourth failure.
    ['fff', { intervalMs: 1, count: 9, failureLimit: 3 }, 'running'],
    ['ffff', { intervalMs: 1, count: 9, failureLimit: 3 }, 'failed'],
    ['fsfsfsf', { intervalMs: 1, count: 9, failureLimit: 3 }, 'failed'],
    // The count is reached with as many failures as may be: successful.
    ['fff', { intervalMs: 1, count: 3, failureLimit: 3 }, 'successful'],
    ['ii', { intervalMs: 1, count: 9, inconclusiveLimit: 2 }, 'running'],
    ['iii', { intervalMs: 1, count: 9, inconclusiveLimit: 2 }, 'inconclusive'],
    // consecutiveErrorLimit 4 ends on the fifth error in a row; an answer of any kind ends the row; errors are not counted.
    ['eeee', { intervalMs: 1, count: 2 }, 'running'],
    ['eeeee', { intervalMs: 1, count: 2 }, 'error'],
    ['eeeeseeee', { intervalMs: 1, count: 9 }, 'running'],
    ['eeeefeeee', { intervalMs: 1, count: 9, failureLimit: 1 }, 'running'],
    ['eeeeueeee', { intervalMs: 1, count: 9 }, 'running'],
    ['eees', { intervalMs: 1, count: 2 }, 'running'],
    ['eeess', { intervalMs: 1, count: 2 }, 'successful'],
    ['e', { consecutiveErrorLimit: 0 }, 'error'],
    ['eeeeeeeeee', { consecutiveErrorLimit: -1 }, 'running'],
    // The later check names the phase: error before inconclusive before failed.
    ['fi', { intervalMs: 1 }, 'inconclusive'],
    ['fieeeee', { intervalMs: 1, failureLimit: 5, inconclusiveLimit: 5 }, 'error'],
    // consecutiveSuccessLimit, alone and with the failure limit.
    ['sss', { intervalMs: 1, consecutiveSuccessLimit: 3 }, 'successful'],
    ['ssfss', { intervalMs: 1, consecutiveSuccessLimit: 3, failureLimit: 3 }, 'running'],
    ['ssuss', { intervalMs: 1, consecutiveSuccessLimit: 3 }, 'running'],
    ['ssess', { intervalMs: 1, consecutiveSuccessLimit: 3 }, 'running'],
    ['ssfsss', { intervalMs: 1, consecutiveSuccessLimit: 3, failureLimit: -1 }, 'successful'],
    ['sfsf', { intervalMs: 1, count: 4, consecutiveSuccessLimit: 3, failureLimit: 3 }, 'inconclusive'],
    ['sfsf', { intervalMs: 1, count: 4, consecutiveSuccessLimit: 3, failureLimit: -1 }, 'failed'],
    // Ours: what was not evident is no measurement. It holds, and never passes.
    ['u', {}, 'running'],
    ['uuuuuuuuuu', { intervalMs: 1, count: 2 }, 'running'],
    ['usus', { intervalMs: 1, count: 2 }, 'successful'],
  ] as const)('after "%s" under %j is %s', (letters, rules, wanted) => {
    expect(phaseOf(after(letters), rulesOf(rules))).toBe(wanted)
  })

  it('of a run that ends is successful with evidence only', () => {
    const endless = rulesOf({ intervalMs: 1 })
    expect(phaseOf(after('s'), endless, true)).toBe('successful')
    expect(phaseOf(noMeasurement, endless, true)).toBe('pending')
    expect(phaseOf(after('u'), endless, true)).toBe('running')
  })

  it('begins anew without forgetting failures', () => {
    const tally = anew(after('fi'))
    expect([tally.failed, tally.inconclusive, tally.count]).toEqual([1, 0, 0])
  })
})

describe('the schedule', () => {
  it('has an effective count', () => {
    const counts = [{}, { count: 3, intervalMs: 1 }, { intervalMs: 1 }, { count: 0, intervalMs: 1 }, { count: 1 }]
    expect(counts.map((each) => effectiveCount(rulesOf(each)))).toEqual([1, 3, undefined, undefined, 1])
  })

  it('waits for the delay, the interval, and ten seconds after an error', () => {
    const rules = rulesOf({ intervalMs: 500, initialDelayMs: 70 })
    expect(dueAt(noMeasurement, rules, 1000)).toBe(1070)
    expect(dueAt(after('s'), rules, 1000)).toBe(500)
    expect(dueAt(after('e'), rules, 1000)).toBe(10_000)
    expect(dueAt(after('f'), rules, 1000)).toBeUndefined()
    expect(dueAt(after('u'), rulesOf(), 0)).toBe(10_000)
  })

  it('refuses what can never fail, and a count without an interval', () => {
    const wrong = (given: object) => complaint(rulesOf(given))
    expect(wrong({ failureLimit: -1 })?.why).toBe(
      'with failureLimit -1 it can never fail: give consecutiveSuccessLimit',
    )
    expect(wrong({ failureLimit: -1, consecutiveSuccessLimit: 1 })).toBeUndefined()
    expect(wrong({ count: 2 })).toEqual({ field: 'intervalMs', why: 'a count above 1 needs intervalMs' })
    expect(wrong({ count: 3, intervalMs: 1, failureLimit: 3 })).toEqual({
      field: 'failureLimit',
      why: 'of 3 at most 3 can fail, and 3 may: it can never fail; give at most 2',
    })
    expect(wrong({ failureLimit: 1 })?.field).toBe('failureLimit')
    expect(wrong({ count: 3, intervalMs: 1, failureLimit: 2 })).toBeUndefined()
    expect(wrong({ intervalMs: 1, failureLimit: 99 })).toBeUndefined()
    expect(wrong({ count: 3, intervalMs: 1, failureLimit: 3, consecutiveSuccessLimit: 2 })).toBeUndefined()
    expect(wrong({ count: 3, intervalMs: 1, failureLimit: 3, advisory: true })).toBeUndefined()
    expect(wrong({ count: 3, intervalMs: 1, consecutiveSuccessLimit: 4 })?.field).toBe('consecutiveSuccessLimit')
    expect(wrong({ successCondition: 'result > 1', answers: 'list' })).toEqual({
      field: 'successCondition',
      why: 'the condition does not fit answers: list: column 1: ">" needs numbers: the answer is a list, say result[0], or all(result, # < 1)',
    })
    const bad = z.strictObject(metricFields).safeParse({ successCondition: 'result <' })
    expect(bad.error?.issues[0]?.message).toBe('the condition cannot be read: column 9: the condition ends too early')
  })
})

describe('metrics side by side', () => {
  const one = (letters: string, rules: object = {}) => ({ tally: after(letters), rules: rulesOf(rules) })
  const endless = { intervalMs: 1 }
  it.each([
    ['all successful', [one('s'), one('s')], 'successful'],
    ['one still measured', [one('s'), one('')], 'running'],
    ['one failed, though another is measured', [one('f'), one('')], 'failed'],
    ['the worst of all', [one('f'), one('i'), one('eeeee')], 'failed'],
    ['an error before an inconclusive one', [one('i'), one('eeeee')], 'error'],
    ['an advisory failure', [one('s'), one('f', { advisory: true })], 'successful'],
    ['an advisory one that cannot tell holds nobody', [one('s'), one('u', { advisory: true })], 'successful'],
    ['an advisory one is waited for', [one('s'), one('', { advisory: true })], 'running'],
    ['advisory ones alone', [one('f', { advisory: true })], 'successful'],
    ['no evidence', [one('s'), one('uuu')], 'running'],
    ['an endless one with evidence', [one('s'), one('s', endless)], 'successful'],
    ['an endless one without', [one('s'), one('u', endless)], 'running'],
    ['endless ones alone', [one('sss', endless)], 'running'],
  ] as const)('%s', (_, metrics, wanted) => {
    expect(runPhase(metrics)).toBe(wanted)
  })
})

describe('a measurement', () => {
  const seen = (value: number | readonly number[], more: object = {}) => ({ value, at: 1000, now: 1000, ...more })
  it.each([
    ['success only', { successCondition: 'result < 5' }, seen(4), 'successful'],
    ['success only, not', { successCondition: 'result < 5' }, seen(6), 'failed'],
    ['failure only', { failureCondition: 'result > 5' }, seen(4), 'successful'],
    ['failure only, yes', { failureCondition: 'result > 5' }, seen(6), 'failed'],
    ['both, success', { successCondition: 'result < 5', failureCondition: 'result > 7' }, seen(4), 'successful'],
    ['both, failure wins', { successCondition: 'result > 5', failureCondition: 'result > 7' }, seen(8), 'failed'],
    ['both, neither', { successCondition: 'result < 5', failureCondition: 'result > 7' }, seen(6), 'inconclusive'],
    ['a condition that does not fit', { successCondition: 'result[1] < 5' }, seen([1]), 'error'],
    ['nothing there', { successCondition: 'result[0] < 5' }, seen([]), 'undecided'],
    ['nothing there, wished away', { successCondition: 'default(result[0], 0) < 5' }, seen([]), 'undecided'],
    ['nothing there, as a failure', { failureCondition: 'isNil(result)' }, seen([]), 'failed'],
    ['nothing there, no failure', { failureCondition: 'len(result) > 1' }, seen([]), 'undecided'],
    ['NaN', { successCondition: 'result < 5' }, seen(NaN), 'undecided'],
    ['NaN, asked for', { successCondition: 'isNaN(result) || result < 5' }, seen(NaN), 'successful'],
    ['stale', { max: 5, maxStalenessMs: 10 }, seen(4, { now: 1011 }), 'undecided'],
    ['stale and bad', { max: 5, maxStalenessMs: 10 }, seen(6, { now: 1011 }), 'undecided'],
    ['fresh enough', { max: 5, maxStalenessMs: 10 }, seen(4, { now: 1010 }), 'successful'],
    ['of unknown age', { max: 5, maxStalenessMs: 10 }, seen(4, { at: null }), 'undecided'],
    ['too few samples', { max: 5, minSamples: 100 }, seen(9, { samples: 99 }), 'undecided'],
    ['enough samples', { max: 5, minSamples: 100 }, seen(9, { samples: [60, 40] }), 'failed'],
    ['samples NaN', { max: 5, minSamples: 100 }, seen(1, { samples: NaN }), 'undecided'],
    ['at most', { max: 5 }, seen([5]), 'successful'],
    ['at least', { min: 5 }, seen(4.9), 'failed'],
    ['a limit on several figures', { max: 5 }, seen([1, 2]), 'error'],
    ['a limit on NaN', { max: 5 }, seen(NaN), 'undecided'],
    ['above the baseline by as much as may be', { maxIncreasePercent: 50 }, seen(150, { baseline: 100 }), 'successful'],
    ['above the baseline', { maxIncreasePercent: 50 }, seen(151, { baseline: 100 }), 'failed'],
    [
      'above the baseline, tolerated',
      { maxIncreasePercent: 50, tolerate: 2 },
      seen(151, { baseline: 100 }),
      'successful',
    ],
    ['no baseline', { maxIncreasePercent: 50 }, seen(1), 'undecided'],
    ['a baseline of NaN', { minRatioOfBaseline: 0.8 }, seen(1, { baseline: NaN }), 'undecided'],
    ['throughput kept', { minRatioOfBaseline: 0.8 }, seen(80, { baseline: 100 }), 'successful'],
    ['throughput lost', { minRatioOfBaseline: 0.8 }, seen(79, { baseline: 100 }), 'failed'],
    ['few a minute', { maxPerMinute: 3 }, seen(9, { growth: { by: 3, overMs: 60_000 } }), 'successful'],
    ['many a minute', { maxPerMinute: 3 }, seen(9, { growth: { by: 4, overMs: 1000 } }), 'failed'],
    ['few, but not watched for long', { maxPerMinute: 3 }, seen(9, { growth: { by: 0, overMs: 59_000 } }), 'undecided'],
  ] as const)('%s', (_, rules, evidence, wanted) => {
    expect(judge(rulesOf(rules), evidence).outcome).toBe(wanted)
  })

  it('says why', () => {
    expect(judge(rulesOf({ maxIncreasePercent: 50 }), seen(151, { baseline: 100 })).why).toBe(
      'it is 151, at most 150 (50 % above the baseline of 100) is asked',
    )
    expect(judge(rulesOf({ successCondition: 'result[0] < 0.05' }), seen([0.12345])).why).toBe(
      '0.1235: result[0] < 0.05 does not hold',
    )
  })
})

describe('growth', () => {
  const feed = (totals: readonly (readonly [number, number])[], windowMs: number) =>
    totals.reduce<Growth | null>((growth, [at, raw]) => addTotal(growth, raw, at, windowMs), null)

  it('is that of the window, and survives a counter that begins anew', () => {
    const totals = [
      [0, 100],
      [10_000, 110],
      [20_000, 4],
      [30_000, 6],
      [70_000, 6],
    ] as const
    expect(grownIn(feed(totals, 60_000), 60_000)).toEqual({ by: 6, overMs: 60_000 })
    expect(grownIn(feed(totals.slice(0, 3), 60_000), 60_000)).toEqual({ by: 14, overMs: 20_000 })
    expect(grownIn(feed(totals.slice(0, 1), 60_000), 60_000)).toEqual({ by: 0, overMs: 0 })
    expect(grownIn(null, 60_000)).toBeUndefined()
  })

  it('keeps no more than it needs', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => [at * 10, at] as const)
    const growth = feed(many, 10_000)
    expect(growth?.points.length).toBeLessThan(105)
    expect(grownIn(growth, 10_000)?.by).toBeCloseTo(1000, -1)
  })
})
