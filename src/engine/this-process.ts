/** This process as what the engine is handed: an actor, and the system's clock. Light: doors that only append load no more than this. */
import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import type { Actor } from '../core/event.ts'
import type { Clock } from '../core/kind.ts'

/** This process as an actor. */
export function thisActor(): Actor {
  return { user: userInfo().username, host: hostname(), pid: process.pid, token: randomUUID() }
}

/** Milliseconds since 1970, and real sleep. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    for (let left = ms; left > longestTimerMs; left -= longestTimerMs) await sleepOnce(longestTimerMs, signal)
    await sleepOnce(ms > longestTimerMs ? ms % longestTimerMs : ms, signal)
  },
}

/** Just under 25 days: a timer that is set for longer goes off at once. */
const longestTimerMs = 2 ** 31 - 1

function sleepOnce(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(signal.reason as Error)
    if (signal.aborted) return stopped()
    const stop = () => {
      clearTimeout(timer)
      stopped()
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
