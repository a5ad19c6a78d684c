/** The guide's schedule as steps: each environment's own column, and the columns laid side by side in the order of the table. */
import { moduleSchedule } from 'changeover'
import { abMetrics, alertMetrics } from '../gates.ts'
import { schedule } from '../parts.ts'
import { type Environment, environments, flagNames, nodeName } from '../service-words.ts'
import { compress } from './pace.ts'
import { ask, tell } from './people.ts'

const table = schedule.map((period, index) => ({
  ...period,
  // The first share is the A/B test: the same moments, some calls to v1 and some to v2.
  gates: index === 0 ? [{ id: 'a-b', kind: 'gate.metrics', on: 'test-figures', spec: { metrics: abMetrics } }] : [],
}))

/** Of one environment. Waits are compressed; gates and guards keep their pace. */
function columnOf(environment: Environment) {
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
type Steps = ReturnType<typeof columnOf>

/** A node runs one sync: its share goes by node. The test environment has one node, which is in from the first percent. */
function byNode(environment: Environment) {
  return { nodes: 'node', ...(environment === 'test' ? { allow: [nodeName(environment)] } : {}) }
}

/** The same days for all of them: every share, one wait with the guards of all, then the gate of each. */
function sideBySide(columns: readonly Steps[]): Steps {
  const isWait = ({ kind }: Steps[number]): boolean => kind === 'gate.soak'
  const waits = columns.map((steps) => steps.findIndex(isWait))
  const [wait] = columns.flatMap((steps) => steps.filter(isWait))
  if (wait === undefined || columns.length === 1) return columns.flat()
  return [
    ...columns.flatMap((steps, index) => steps.slice(0, waits[index])),
    { ...wait, guards: columns.flatMap((steps) => steps.filter(isWait).flatMap(({ guards = [] }) => guards)) },
    ...columns.flatMap((steps, index) => steps.slice(waits[index]! + 1)),
  ]
}

/** Real users come last in the days that staging and production share: only when staging was quiet, and somebody agrees. */
const intoProduction = 'Week 1, day 5-7'
const goToProduction = [
  tell('test-done', 'is through test and half of staging', intoProduction),
  ask({
    id: 'go-production',
    title: 'Into production',
    items: ['the support team is ready', 'test and staging were quiet'],
    approval: 'Shall real users get answers of v2?',
    watched: ['test', 'staging'],
    stage: intoProduction,
  }),
]

const columns = environments.map(columnOf)

export const rolloutSteps = table.flatMap(({ name }) => {
  const [test = [], staging = [], production = []] = columns.map((steps) => steps.filter(({ stage }) => stage === name))
  if (name === intoProduction) return [...test, ...staging, ...goToProduction, ...production]
  return sideBySide([test, staging, production].filter((steps) => steps.length > 0))
})
