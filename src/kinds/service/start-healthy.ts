/** Starts a service and waits until it is healthy; a service that ends, or does not get there in time, is an error that shows why. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Clock, Progress, Writing } from '../../core/kind.ts'
import type { ServiceReader } from '../../core/ports/index.ts'

export type Patience = {
  /** The target's name, for messages. */
  readonly name: string
  readonly withinMs: number
  readonly pollMs: number
  /** So many good checks in a row. */
  readonly checks: number
}

/** Lines of the log that an error shows. */
const shownLines = 10

/** One that runs already is only waited for. */
export async function* startHealthy(
  of: Patience,
  at: Writing<{ readonly service: 'service' }>,
): AsyncGenerator<Progress> {
  await at.on.service.start()
  yield { at: { started: true }, note: 'started' }
  yield* awaitHealth(of, at.on.service, at.clock, at.signal)
  yield { at: { started: true, healthy: true }, note: 'healthy' }
}

/** Yields a mark for each check that was not the last. The time begins anew each time it is entered. */
async function* awaitHealth(
  of: Patience,
  service: ServiceReader,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Progress> {
  const start = clock.now()
  let good = 0
  for (let tries = 1; ; tries++) {
    const health = await service.health()
    good = health.healthy ? good + 1 : 0
    if (good >= of.checks) return
    if ((await service.state()) === 'stopped') throw await ended(of, service)
    const waited = clock.now() - start
    if (waited >= of.withinMs) throw await unhealthy(of, service, health.why)
    yield {
      at: { started: true },
      unit: 'checks',
      done: tries,
      note: health.why === '' ? `healthy ${good} of ${of.checks} times` : health.why,
    }
    await clock.sleep(Math.min(of.pollMs, of.withinMs - waited), signal)
  }
}

async function unhealthy(of: Patience, service: ServiceReader, why: string): Promise<ChangeoverError> {
  const log = await service.tail(shownLines)
  const reason = why === '' ? `it was not healthy ${of.checks} times in a row` : why
  return new ChangeoverError(
    'service.unhealthy',
    `"${of.name}" did not become healthy in ${of.withinMs} ms: ${reason}${lines(log)}`,
    'mend the service or its health check, then `changeover resume`; or `changeover rollback`',
    { data: { why, log } },
  )
}

async function ended(of: Patience, service: ServiceReader): Promise<ChangeoverError> {
  const log = await service.tail(shownLines)
  return new ChangeoverError(
    'service.failed',
    `"${of.name}" ended before it was healthy${lines(log)}`,
    'mend what its log says, then `changeover resume`; or `changeover rollback`',
    { data: { log } },
  )
}

function lines(log: readonly string[]): string {
  return log.length === 0 ? '; its log is empty' : `; its log ends with:\n${log.map((line) => `  ${line}`).join('\n')}`
}
