/** `gate.baseline`: measures an API as it is, so that later gates can compare. What it measured is in its last mark. */
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'
import { type AnswerCheck, answerCheck, judgeAnswer } from '../../requests/index.ts'
import { judgeSample } from './judge-sample.ts'
import { type Pace, sampling } from './rules.ts'
import { measured, runGate } from './sampling.ts'
import { figuresIn } from './tally.ts'

const spec = z.strictObject({
  path: z.string().startsWith('/'),
  count: sampling.count.unwrap().default(200).describe('Samples.'),
  intervalMs: sampling.intervalMs.unwrap().default(0).describe('Between two samples, in milliseconds.'),
  initialDelayMs: sampling.initialDelayMs,
  consecutiveErrorLimit: sampling.consecutiveErrorLimit,
  concurrency: sampling.concurrency
    .unwrap()
    .default(4)
    .describe('Samples at the same time; a gate that compares throughput must use the same.'),
  success: answerCheck.default({ status: '2xx' }).describe('What a good answer is.'),
})

type Work = {
  readonly api: string
  readonly path: string
  readonly count: number
  readonly consecutiveErrorLimit: number
  readonly success: Json
  readonly pace: Pace
}

export const gateBaseline = defineKind({
  name: 'gate.baseline',
  summary:
    'Measures availability, percentiles of latency and throughput of an HTTP API, for later gates to compare with.',
  roles: { api: 'http' },
  spec,
  example: { path: '/health', count: 200, concurrency: 4 },

  plan(given, site) {
    const pace: Pace = {
      intervalMs: given.intervalMs,
      initialDelayMs: given.initialDelayMs,
      concurrency: given.concurrency,
      undecidedMs: null,
    }
    const work: Work = {
      api: site.targets.api,
      path: given.path,
      count: given.count,
      consecutiveErrorLimit: given.consecutiveErrorLimit,
      success: given.success as Json,
      pace,
    }
    return {
      work,
      predicted: {},
      preview: [`measure ${nameOf(work)} with ${given.count} samples, ${given.concurrency} at once`],
      undo: 'exact',
    }
  },

  async *apply(work, at, from) {
    const take = async () => {
      const answer = await at.on.api.get(work.path)
      return judgeSample(
        { requires: undefined, success: judgeAnswer(work.success as AnswerCheck, answer), failure: undefined },
        answer.ms,
      )
    }
    // A baseline judges nothing: how bad it is today is what it finds out.
    const rules = {
      count: work.count,
      failureLimit: -1,
      inconclusiveLimit: -1,
      consecutiveErrorLimit: work.consecutiveErrorLimit,
      consecutiveSuccessLimit: 0,
      overall: {},
    }
    for await (const mark of runGate(
      { name: nameOf(work), pace: work.pace, rules, baseline: undefined, take },
      at,
      from,
    )) {
      if (figuresIn(mark.at)?.p50Ms === null) throw nothingGood(work, mark.note ?? '')
      yield mark
    }
  },

  async verify(work, at) {
    return measured(`baseline of ${nameOf(work)}`, at.applied)
  },

  async *rollback() {},
})

function nameOf(work: Work): string {
  return `GET "${work.path}" of "${work.api}"`
}

function nothingGood(work: Work, why: string): ChangeoverError {
  return new ChangeoverError(
    'gate.failed',
    `${nameOf(work)} gave no good answer to take a baseline from: ${why}`,
    'see that the service runs and `success` fits its answers',
  )
}
