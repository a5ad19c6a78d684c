/** One sample from what was seen and the conditions: a failure wins over a success; where neither holds, it is inconclusive. Pure. */
import type { Judgement } from '../../requests/index.ts'
import type { Outcome, Sample } from './tally.ts'

export interface Conditions {
  /** Not met: the sample tells nothing, because there is too little to judge. */
  readonly requires: Judgement | undefined
  readonly success: Judgement | undefined
  readonly failure: Judgement | undefined
}

export function judgeSample(of: Conditions, ms: number): Sample {
  const { requires, success, failure } = of
  const sample = (outcome: Outcome, why: string): Sample => ({ outcome, ms, why })
  if (requires && requires.met !== 'yes') return sample('undecided', requires.why)
  if (failure?.met === 'yes') return sample('failed', 'the failure condition holds')
  if (success?.met === 'yes') return sample('ok', '')
  if (failure?.met === 'unknown' || success?.met === 'unknown')
    return sample('undecided', success?.why ?? failure?.why ?? '')
  if (success) return sample(failure ? 'inconclusive' : 'failed', success.why)
  return sample('ok', '')
}
