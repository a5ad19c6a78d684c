/** `gate.soak`: lets time pass, so that guards beside it can see trouble. Only time in which it ran counts. */
import { z } from 'zod'
import { compressed, durationWords, parseDuration, showDuration } from '../../core/duration.ts'
import { risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'

const rehearsed = z.strictObject({
  of: z
    .string()
    .refine((text) => parseDuration(text) !== undefined, { error: durationWords })
    .describe('How long it really is: `7d`.'),
  by: z.number().min(1).describe('How many times faster it passes.'),
})

const spec = z
  .strictObject({
    forMs: z.int().min(1).describe('How long, in milliseconds.'),
    compressed: rehearsed.optional().describe('For a rehearsal: what the time stands for. The plan says so.'),
  })
  .refine(({ forMs, compressed: real }) => !real || compressed(parseDuration(real.of) ?? 0, real.by) === forMs, {
    path: ['forMs'],
    error: 'is not the time of `compressed`, so many times shorter',
  })

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
    const real = given.compressed
    const wait = `wait ${showDuration(given.forMs)}`
    if (!real) return { work, predicted: {}, preview: [wait], undo: 'exact' }
    return {
      work,
      predicted: {},
      preview: [`${wait}, for ${real.of}: a rehearsal, ${real.by} times faster`],
      undo: 'exact',
      findings: [
        risk(
          'gate.compressed',
          `${real.of} is let pass in ${showDuration(given.forMs)}, ${real.by} times faster: this is a rehearsal`,
          'leave `compress` away before the real rollout',
        ),
      ],
    }
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
        note: `${showDuration(Math.ceil(left / 1000) * 1000)} left`,
      }
    }
  },

  async *rollback() {},
})

function soakedIn(at: Json | undefined): number {
  return (at as { readonly soakedMs?: number } | null | undefined)?.soakedMs ?? 0
}
