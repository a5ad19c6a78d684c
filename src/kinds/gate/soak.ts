/** `gate.soak`: lets time pass, so that guards beside it can see trouble. Only time in which it ran counts. */
import { z } from 'zod'
import type { Json } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'

const spec = z.strictObject({ forMs: z.int().min(1).describe('How long, in milliseconds.') })

type Work = { readonly forMs: number }

const tickMs = 1000

export const gateSoak = defineKind({
  name: 'gate.soak',
  summary: 'Waits for a time, a mark each second; after a pause or a crash it goes on with the time that was left.',
  roles: {},
  spec,
  example: { forMs: 600_000 },

  plan(given) {
    const work: Work = { forMs: given.forMs }
    return { work, predicted: {}, preview: [`wait ${spoken(given.forMs)}`], undo: 'exact' }
  },

  async *apply(work, at, from) {
    let soaked = soakedIn(from?.at)
    while (soaked < work.forMs) {
      const start = at.clock.now()
      const tick = Math.min(tickMs, work.forMs - soaked)
      await at.clock.sleep(tick, at.signal)
      // A clock that was set, or a machine that slept, must not end the wait: at most two ticks are counted for one.
      soaked += Math.min(2 * tick, Math.max(1, at.clock.now() - start))
      const left = Math.max(0, work.forMs - soaked)
      yield {
        at: { soakedMs: soaked },
        done: Math.round(Math.min(soaked, work.forMs) / 1000),
        of: Math.round(work.forMs / 1000),
        unit: 'seconds',
        note: `${spoken(left)} left`,
      }
    }
  },

  async *rollback() {},
})

function soakedIn(at: Json | undefined): number {
  return (at as { readonly soakedMs?: number } | null | undefined)?.soakedMs ?? 0
}

function spoken(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 120 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
