/** The guide's schedule as steps: each environment's own column, and the columns laid side by side in the order of the table. */
import { moduleSchedule } from 'changeover'
import { abMetrics, alertMetrics } from './gates.ts'
import { flagNames } from './flag-settings.ts'
import { schedule } from './parts.ts'
import { type Environment, environments, nodeName } from './service-words.ts'

const table = schedule.map((period, index) => ({
  ...period,
  // The first share is the A/B test: the same moments, some calls to v1 and some to v2.
  gates: index === 0 ? [{ id: 'a-b', kind: 'gate.metrics', on: 'test-figures', spec: { metrics: abMetrics } }] : [],
}))

/** `compress`: how many times shorter the waits are. Gates and guards keep their pace. */
function columnOf(environment: Environment, compress: number) {
  const alerts = (count?: number) => ({
    id: 'alerts',
    kind: 'gate.metrics',
    on: `${environment}-figures`,
    spec: { metrics: alertMetrics(count), baseline: `${environment}-baseline` },
  })
  return moduleSchedule({
    id: environment,
    modules: [flagNames.pool, flagNames.sync],
    environments: [...environments],
    environment,
    periods: table,
    on: `${environment}-flags`,
    put: ({ name, percent, period }) => ({
      kind: 'flags.set',
      spec: { flag: name, percent, why: period, ...(name === flagNames.sync ? byNode(environment) : {}) },
    }),
    guards: [alerts()],
    gates: [alerts(3)],
    compress,
  })
}

/** A node runs one sync: its share goes by node. The test environment has one node, which is in from the first percent. */
function byNode(environment: Environment) {
  return { nodes: 'node', ...(environment === 'test' ? { allow: [nodeName(environment)] } : {}) }
}

/** All steps of one period, of every environment that it touches. */
export function periods(compress: number) {
  const steps = environments.flatMap((environment) => columnOf(environment, compress))
  return table.map(({ name }) => ({ name, steps: steps.filter((step) => step.stage === name) }))
}
