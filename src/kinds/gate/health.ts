/** `gate.health`: asks a service for its health again and again. Also a guard. */
import { z } from 'zod'
import { defineKind } from '../../core/kind.ts'
import { mayFail, mustDecide, type Pace, paceOf, type Rules, rulesOf, sampling } from './rules.ts'
import { measured, runGate } from './sampling.ts'

const spec = z
  .strictObject({
    ...sampling,
    maxLatencyMs: z.number().positive().optional().describe('A check that takes longer has failed.'),
  })
  .superRefine(mustDecide)

type Work = {
  readonly service: string
  readonly maxLatencyMs: number | null
  readonly pace: Pace
  readonly rules: Rules
}

export const gateHealth = defineKind({
  name: 'gate.health',
  summary: "Samples a service's own health check and passes when it stays healthy.",
  roles: { service: 'service' },
  spec,
  example: { count: 10, intervalMs: 1000 },
  gate: true,

  plan(given, site) {
    const work: Work = {
      service: site.targets.service,
      maxLatencyMs: given.maxLatencyMs ?? null,
      pace: paceOf(given),
      rules: rulesOf(given),
    }
    const slow = work.maxLatencyMs === null ? '' : `, each in ${work.maxLatencyMs} ms`
    const line = `ask "${work.service}" for its health ${given.count} times${slow}, every ${given.intervalMs} ms; ${mayFail(work.rules)}`
    return { work, predicted: {}, preview: [line], undo: 'exact' }
  },

  async *apply(work, at, from) {
    const take = async () => {
      const { healthy, ms, why } = await at.on.service.health()
      const late = healthy && work.maxLatencyMs !== null && ms > work.maxLatencyMs
      return {
        outcome: healthy && !late ? ('ok' as const) : ('failed' as const),
        ms,
        why: late ? `it took ${Math.round(ms)} ms` : why,
      }
    }
    yield* runGate({ name: nameOf(work), pace: work.pace, rules: work.rules, baseline: undefined, take }, at, from)
  },

  async verify(work, at) {
    return measured(nameOf(work), at.applied)
  },

  async *rollback() {},
})

function nameOf(work: Work): string {
  return `health of "${work.service}"`
}
