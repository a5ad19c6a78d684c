/** `gate.probe`: asks an API again and again, and passes when its answers and its figures are as they should be. Also a guard. */
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'
import type { HttpReader } from '../../core/ports/index.ts'
import { type AnswerCheck, answerCheck, judgeAnswer } from '../../requests/index.ts'
import { judgeSample } from './judge-sample.ts'
import {
  mayFail,
  mustDecide,
  overall,
  type Overall,
  type Pace,
  paceOf,
  type Rules,
  rulesOf,
  sampling,
  tooFew,
} from './rules.ts'
import { measured, runGate } from './sampling.ts'
import { figuresIn, type Figures, type Sample } from './tally.ts'

const spec = z
  .strictObject({
    path: z.string().startsWith('/'),
    ...sampling,
    success: answerCheck.optional().describe('What a good answer is; "2xx" where only `overall` is given.'),
    failure: answerCheck.optional().describe('What a bad answer is; it wins over `success`.'),
    requires: answerCheck.optional().describe('Without it an answer does not tell.'),
    overall: overall.optional().describe('Limits of all samples together, judged at the end.'),
    advisory: z.boolean().default(false).describe('Only measures: what is missed becomes a risk, and the step passes.'),
    baseline: z.string().optional().describe('The step of kind gate.baseline that figures are compared with.'),
  })
  .refine(
    (given) => given.success ?? given.failure ?? given.overall,
    'a gate without a condition can never fail: give success, failure or overall',
  )
  .refine((given) => given.baseline !== undefined || !comparesWithBaseline(given.overall), {
    path: ['baseline'],
    message: 'maxIncrease and minOfBaseline need the step of the baseline',
  })
  // One that only measures says so.
  .superRefine((given, at) => (given.advisory ? undefined : mustDecide(given, at)))

type Work = {
  readonly api: string
  readonly path: string
  readonly success: Json
  readonly failure: Json
  readonly requires: Json
  readonly pace: Pace
  readonly rules: Rules
  readonly baseline: string | null
  readonly advisory: boolean
}

export const gateProbe = defineKind({
  name: 'gate.probe',
  summary:
    'Samples an HTTP API and judges: status, latency and body of each answer, and availability, percentiles and throughput of all.',
  roles: { api: 'http' },
  spec,
  example: { path: '/health', count: 20, intervalMs: 500, success: { status: '2xx', maxLatencyMs: 300 } },
  gate: true,

  plan(given, site) {
    const limits = given.overall ?? {}
    const work: Work = {
      api: site.targets.api,
      path: given.path,
      success: (given.success ?? (given.failure ? null : { status: '2xx' })) as Json,
      failure: (given.failure ?? null) as Json,
      requires: (given.requires ?? null) as Json,
      pace: paceOf(given),
      rules: rulesOf(given, limits),
      baseline: given.baseline ?? null,
      advisory: given.advisory,
    }
    const few = tooFew(given.count, limits)
    return {
      work,
      predicted: {},
      preview: previewOf(work),
      undo: 'exact',
      findings: few === undefined ? [] : [risk('gate.too-few-samples', few, 'raise `count`')],
    }
  },

  async *apply(work, at, from) {
    const baseline = work.baseline === null ? undefined : recalled(work, work.baseline, at.recall(work.baseline))
    const take = () => sample(work, at.on.api)
    yield* runGate(
      { name: nameOf(work), pace: work.pace, rules: work.rules, baseline, advisory: work.advisory, take },
      at,
      from,
    )
  },

  async verify(work, at) {
    return measured(nameOf(work), at.applied)
  },

  async *rollback() {},
})

function comparesWithBaseline(of: z.output<typeof overall> | undefined): boolean {
  const increases = [of?.p50Ms, of?.p95Ms, of?.p99Ms].some((each) => each?.maxIncrease !== undefined)
  return increases || of?.throughput?.minOfBaseline !== undefined
}

function nameOf(work: Work): string {
  return `GET "${work.path}" of "${work.api}"`
}

function previewOf(work: Work): readonly string[] {
  const { rules, pace } = work
  const conditions = Object.entries({ success: work.success, failure: work.failure, requires: work.requires })
  return [
    `sample ${nameOf(work)} ${rules.count} times, ${pace.concurrency} at once, every ${pace.intervalMs} ms`,
    ...conditions.filter(([, check]) => check !== null).map(([name, check]) => `${name}: ${JSON.stringify(check)}`),
    work.advisory ? 'only measured: what is missed is a risk, and the step passes' : mayFail(rules),
    ...(Object.keys(rules.overall).length === 0 ? [] : [`overall: ${JSON.stringify(rules.overall)}`]),
    ...(work.baseline === null ? [] : [`compared with step "${work.baseline}"`]),
  ]
}

/** A throughput is that of so many samples at once: figures of another concurrency cannot be compared. */
function recalled(work: Work, step: string, at: Json | undefined): Figures {
  const figures = figuresIn(at)
  if (!figures) {
    throw new ChangeoverError(
      'gate.failed',
      `step "${step}" left no baseline to compare with`,
      `run step "${step}" (gate.baseline) before this gate, and do not roll it back`,
    )
  }
  const { concurrency } = at as { readonly concurrency: number }
  if (
    (work.rules.overall as Overall).throughput?.minOfBaseline !== undefined &&
    concurrency !== work.pace.concurrency
  ) {
    throw new ChangeoverError(
      'gate.failed',
      `step "${step}" measured ${concurrency} samples at once, ${nameOf(work)} takes ${work.pace.concurrency}`,
      'give both steps the same `concurrency`',
    )
  }
  return figures
}

async function sample(work: Work, api: HttpReader): Promise<Sample> {
  const answer = await api.get(work.path)
  const judged = (check: Json) => (check === null ? undefined : judgeAnswer(check as AnswerCheck, answer))
  return judgeSample(
    { requires: judged(work.requires), success: judged(work.success), failure: judged(work.failure) },
    answer.ms,
  )
}
