/** `service.start`: a service runs and is healthy. Rolled back, it is as it was. */
import { block } from '../../core/finding.ts'
import { defineKind } from '../../core/kind.ts'
import { startHealthy } from './start-healthy.ts'
import { roles, spec, workOf } from './spec.ts'

export const serviceStart = defineKind({
  name: 'service.start',
  summary: 'Starts a service and waits until it is healthy. One that runs already is only asked for its health.',
  roles,
  spec,
  example: { healthyWithinMs: 60_000 },

  plan(given, site) {
    const work = workOf(given, site)
    const { name, withinMs } = work.patience
    const first = work.was === 'running' ? `"${name}" runs already` : `start "${name}"`
    return {
      work,
      predicted: { service: { state: 'running' } },
      preview: [first, `wait until "${name}" is healthy, at most ${withinMs} ms`],
      undo: 'exact',
    }
  },

  async *apply(work, at) {
    yield* startHealthy(work.patience, at)
  },

  async verify(work, at) {
    const { healthy, why } = await at.on.service.health()
    if (healthy) return []
    return [block('service.unhealthy', `"${work.patience.name}" is not healthy: ${why}`, 'see its log')]
  },

  async *rollback(work, at) {
    if (work.was === 'running') return
    await at.on.service.stop(work.graceMs)
    yield { at: { stopped: true }, note: 'stopped' }
  },
})
