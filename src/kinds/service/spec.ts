/** What starting and stopping a service have in common: limits, and the work that both directions need. */
import { z } from 'zod'
import type { Site } from '../../core/kind.ts'
import type { Patience } from './start-healthy.ts'

export const roles = { service: 'service' } as const

export const spec = z.strictObject({
  healthyWithinMs: z
    .int()
    .min(0)
    .default(60_000)
    .describe('How long a start may take until it is healthy, in milliseconds.'),
  pollMs: z.int().min(1).default(500).describe('Between two health checks, in milliseconds.'),
  checks: z.int().min(1).default(1).describe('Good health checks in a row that a start needs.'),
  graceMs: z.int().min(0).default(10_000).describe('How long a stop waits before it kills, in milliseconds.'),
})

export type ServiceWork = {
  readonly patience: Patience
  readonly graceMs: number
  /** The state before the step: what a rollback returns to. */
  readonly was: 'running' | 'stopped'
}

export function workOf(given: z.output<typeof spec>, site: Site<typeof roles>): ServiceWork {
  const { healthyWithinMs, pollMs, checks, graceMs } = given
  return {
    patience: { name: site.targets.service, withinMs: healthyWithinMs, pollMs, checks },
    graceMs,
    was: site.facts.service.state,
  }
}
