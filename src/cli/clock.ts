/** The time, for commands that load no engine. */
import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../core/kind.ts'

export const plainClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await setTimeout(ms, undefined, { signal })
  },
}
