import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { addMeasurement, metricFields, noMeasurement, phaseOf, readRules } from '../../metrics/index.ts'
import { rulesOf, sampling } from './rules.ts'
import { add, nothing } from './tally.ts'
import { judge } from './verdict.ts'

/** s good, f bad, i neither, e could not be taken, u no evidence: of the whole past at once, and with no state between. */
type Letter = 's' | 'f' | 'i' | 'e' | 'u'
type Phase = 'pending' | 'running' | 'successful' | 'failed' | 'inconclusive' | 'error'

interface Limits {
  readonly count: number
  readonly failureLimit: number
  readonly inconclusiveLimit: number
  readonly consecutiveErrorLimit: number
  readonly consecutiveSuccessLimit: number
}

const many = (past: string, letter: Letter) => past.split(letter).length - 1
const lastRun = (past: string, letter: Letter) => past.length - past.replace(new RegExp(`${letter}+$`), '').length

/** Argo's assessMetricStatus, written again from its description (analysis/analysis.go): the later of three checks names the phase. */
function model(past: string, limits: Limits): Phase {
  if (past === '') return 'pending'
  const { failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit } = limits
  let named: Phase = 'running'
  if (failureLimit !== -1 && many(past, 'f') > failureLimit) named = 'failed'
  if (inconclusiveLimit !== -1 && many(past, 'i') > inconclusiveLimit) named = 'inconclusive'
  if (consecutiveErrorLimit !== -1 && lastRun(past, 'e') > consecutiveErrorLimit) named = 'error'
  if (named !== 'running') return named
  if (consecutiveSuccessLimit > 0 && lastRun(past, 's') >= consecutiveSuccessLimit) return 'successful'
  if (many(past, 's') + many(past, 'f') + many(past, 'i') < limits.count) return 'running'
  if (consecutiveSuccessLimit === 0) return 'successful'
  return failureLimit === -1 ? 'failed' : 'inconclusive'
}

const limit = fc.integer({ min: -1, max: 4 })
const limits = fc.record({
  count: fc.integer({ min: 1, max: 8 }),
  failureLimit: limit,
  inconclusiveLimit: limit,
  consecutiveErrorLimit: limit,
  consecutiveSuccessLimit: fc.integer({ min: 0, max: 4 }),
})
const pasts = fc
  .array(fc.constantFrom<Letter>('s', 's', 's', 'f', 'i', 'e', 'u'), { maxLength: 24 })
  .map((letters) => letters.join(''))

/** Every beginning of a past, up to the first at which the model is over. */
function beginnings(past: string, of: Limits): readonly string[] {
  const all = Array.from({ length: past.length + 1 }, (_, length) => past.slice(0, length))
  const over = all.findIndex((each) => !['pending', 'running'].includes(model(each, of)))
  return over === -1 ? all : all.slice(0, over + 1)
}

describe('what measurements add up to, beside a second model of Argo', () => {
  const outcomes = { s: 'successful', f: 'failed', i: 'inconclusive', e: 'error', u: 'undecided' } as const

  it('in a metric', () => {
    const seen = new Set<Phase>()
    fc.assert(
      fc.property(limits, pasts, (of, past) => {
        const rules = readRules(z.strictObject(metricFields).parse({ ...of, intervalMs: 1 }))
        for (const each of beginnings(past, of)) {
          const tally = each
            .split('')
            .reduce(
              (sum, letter) => addMeasurement(sum, { outcome: outcomes[letter as Letter], why: '' }, '', sum.count),
              noMeasurement,
            )
          const wanted = model(each, of)
          seen.add(wanted)
          expect([each, phaseOf(tally, rules)]).toEqual([each, wanted])
        }
      }),
      { numRuns: 3000 },
    )
    expect(seen.size).toBe(6)
  })

  it('in a gate that samples', () => {
    const words = { ...outcomes, s: 'ok' } as const
    const verdicts: { readonly [phase in Phase]: readonly string[] } = {
      pending: ['more'],
      running: ['more', 'undecided'],
      successful: ['pass'],
      failed: ['fail'],
      error: ['fail'],
      inconclusive: ['inconclusive'],
    }
    const seen = new Set<string>()
    fc.assert(
      fc.property(limits, pasts, (of, past) => {
        const rules = rulesOf(z.strictObject(sampling).parse({ ...of, intervalMs: 1 }))
        for (const each of beginnings(past, of)) {
          const tally = each
            .split('')
            .reduce((sum, letter) => add(sum, [{ outcome: words[letter as Letter], ms: 1, why: letter }]), nothing)
          const { type } = judge(tally, rules, undefined)
          seen.add(type)
          expect(verdicts[model(each, of)]).toContain(type)
          // What told nothing last holds, and never passes.
          expect(type === 'undecided').toBe(each.endsWith('u') && model(each, of) === 'running')
        }
      }),
      { numRuns: 3000 },
    )
    expect([...seen].toSorted()).toEqual(['fail', 'inconclusive', 'more', 'pass', 'undecided'])
  })

  it.each([
    // failureLimit 0 fails on the first failure, 3 on the fourth.
    ['f', { failureLimit: 0 }, 'failed'],
    ['fff', { failureLimit: 3 }, 'running'],
    ['ffff', { failureLimit: 3 }, 'failed'],
    // consecutiveErrorLimit 4 ends on the fifth error in a row.
    ['eeee', {}, 'running'],
    ['eeeee', {}, 'error'],
    ['eeeeseeee', {}, 'running'],
    // The count is reached: failures within the limit are a success; successes in a row that did not come are not.
    ['ffs', { count: 3, failureLimit: 2 }, 'successful'],
    ['sfs', { count: 3, failureLimit: 2, consecutiveSuccessLimit: 2 }, 'inconclusive'],
    ['sfs', { count: 3, failureLimit: -1, consecutiveSuccessLimit: 2 }, 'failed'],
  ] as const)('the model itself says of "%s" under %j: %s', (past, given, wanted) => {
    const usual = {
      count: 9,
      failureLimit: 0,
      inconclusiveLimit: 0,
      consecutiveErrorLimit: 4,
      consecutiveSuccessLimit: 0,
    }
    expect(model(past, { ...usual, ...given })).toBe(wanted)
  })
})
