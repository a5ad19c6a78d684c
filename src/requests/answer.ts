/** Declarative checks of an HTTP answer: its status, its latency, its body. Pure. */
import { z } from 'zod'
import type { Answer } from '../core/ports/index.ts'
import { type Judgement, judgeAll, judgeValue, met, valueCheck } from './value.ts'

const status = z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/, 'a status such as 204 or "2xx"')])

export const answerCheck = z
  .strictObject({
    status: z
      .union([status, z.array(status).min(1)])
      .optional()
      .describe('A status such as 204, a class such as "2xx", or a list.'),
    maxLatencyMs: z.number().positive().optional(),
    body: z.array(valueCheck).optional(),
  })
  .refine((check) => Object.keys(check).length > 0, 'give at least one of status, maxLatencyMs, body')

export type AnswerCheck = z.output<typeof answerCheck>

export function judgeAnswer(check: AnswerCheck, answer: Answer): Judgement {
  return judgeAll([
    judgeStatus(check, answer),
    judgeLatency(check, answer),
    ...(check.body ?? []).map((each) => judgeValue(each, answer.body)),
  ])
}

/** Whether a status is one of those named: 204, "2xx" or a list. */
export function isStatus(seen: number, wanted: NonNullable<AnswerCheck['status']>): boolean {
  return [wanted].flat().some((each) => (typeof each === 'number' ? each === seen : each[0] === String(seen)[0]))
}

function judgeStatus(check: AnswerCheck, answer: Answer): Judgement {
  if (check.status === undefined || isStatus(answer.status, check.status)) return met
  return { met: 'no', why: `it answered ${answer.status}` }
}

function judgeLatency(check: AnswerCheck, answer: Answer): Judgement {
  if (check.maxLatencyMs === undefined || answer.ms <= check.maxLatencyMs) return met
  return { met: 'no', why: `it took ${Math.round(answer.ms)} ms` }
}
