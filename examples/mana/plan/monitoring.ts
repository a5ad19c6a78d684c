/** v2 answers everybody: it is watched, nobody asks v1, nothing was lost, and the guide's targets are measured. */
import { clientMetrics, targetMetrics, v1UnusedMetrics } from '../gates.ts'
import { environments } from '../service-words.ts'
import { alertGuards } from './alerts.ts'
import { compress } from './pace.ts'

const stage = 'Week 3, day 3-4'
const twoDaysMs = 2 * 86_400_000

export const monitoringSteps = [
  {
    id: 'monitor',
    kind: 'gate.soak',
    title: 'Watch v2 alone for two days',
    spec: { forMs: Math.round(twoDaysMs / compress), compressed: { of: '2d', by: compress } },
    guards: alertGuards('monitor', environments),
    stage,
  },
  ...environments.map((environment) => ({
    id: environment === 'production' ? 'v1-unused' : `v1-unused-${environment}`,
    kind: 'gate.metrics',
    title: `Does nobody ask v1 in ${environment} any more?`,
    on: `${environment}-figures`,
    spec: { metrics: v1UnusedMetrics },
    stage,
  })),
  {
    id: 'nothing-lost',
    kind: 'gate.metrics',
    title: 'What do the clients say?',
    on: 'clients',
    spec: { metrics: clientMetrics },
    stage,
  },
  {
    id: 'targets',
    kind: 'gate.metrics',
    title: 'Are the performance targets met?',
    on: 'bench',
    spec: { metrics: targetMetrics },
    stage,
  },
]
