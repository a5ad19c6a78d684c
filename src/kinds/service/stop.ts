/** `service.stop`: a service does not run. Rolled back, one that ran runs again and is healthy. */
import { block } from '../../core/finding.ts'
import { defineKind } from '../../core/kind.ts'
import { startHealthy } from './start-healthy.ts'
import { roles, spec, workOf } from './spec.ts'

export const serviceStop = defineKind({
  name: 'service.stop',
  summary: 'Stops a service: asks it to end, and kills it after its grace. One that does not run is left so.',
  roles,
  spec,
  example: { graceMs: 10_000 },

  plan(given, site) {
    const work = workOf(given, site)
    const { name } = work.patience
    const line = work.was === 'stopped' ? `"${name}" does not run` : `stop "${name}", kill it after ${work.graceMs} ms`
    return { work, predicted: { service: { state: 'stopped' } }, preview: [line], undo: 'exact' }
  },

  async *apply(work, at) {
    await at.on.service.stop(work.graceMs)
    yield { at: { stopped: true }, note: 'stopped' }
  },

  async verify(work, at) {
    if ((await at.on.service.state()) === 'stopped') return []
    return [
      block('service.running', `"${work.patience.name}" runs again`, 'find out who starts it, and stop that first'),
    ]
  },

  async *rollback(work, at) {
    if (work.was === 'stopped') return
    yield* startHealthy(work.patience, at)
  },
})
