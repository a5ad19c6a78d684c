/** One request until it is answered for good: what may pass (no answer, 408, 425, 429, 5xx) is tried again, a bounded number of times. */
import { z } from 'zod'
import { isChangeoverError } from '../core/errors.ts'
import type { Clock } from '../core/kind.ts'
import type { Answer } from '../core/ports/index.ts'

export const retries = z.strictObject({
  times: z.int().min(0).max(100).default(5).describe('Tries after the first.'),
  waitMs: z.int().min(1).default(500).describe('Before the second try, in milliseconds; doubled for each further one.'),
  maxWaitMs: z.int().min(1).default(10_000),
})

export type Retries = z.output<typeof retries>

/** Yields what was wrong before each wait. The last answer, also a bad one; throws the last error when there was none. */
export async function* deliver(
  send: () => Promise<Answer>,
  given: Retries,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<string, Answer> {
  for (let tries = 1; ; tries++) {
    const result = await attempt(send)
    const last = tries > given.times
    if ('answer' in result && (last || !mayPass(result.answer.status))) return result.answer
    if ('error' in result && last) throw result.error
    const why = 'answer' in result ? `it answered ${result.answer.status}` : result.error.message
    const waitMs = Math.min(
      given.maxWaitMs,
      Math.max(given.waitMs * 2 ** (tries - 1), 'answer' in result ? asked(result.answer) : 0),
    )
    yield `try ${tries} of ${given.times + 1}: ${why}`
    await clock.sleep(waitMs, signal)
  }
}

async function attempt(send: () => Promise<Answer>): Promise<{ answer: Answer } | { error: Error }> {
  try {
    return { answer: await send() }
  } catch (error) {
    if (isChangeoverError(error) && error.code === 'target.unreachable') return { error }
    throw error
  }
}

/** Not implemented and version not supported are 5xx that do not pass. */
function mayPass(status: number): boolean {
  return [408, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505)
}

/** Retry-After in seconds, as milliseconds. A date is left: it would need the server's clock. */
function asked(answer: Answer): number {
  const seconds = Number(answer.headers['retry-after'] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
}
