/** The guide's alerts as guards: they turn the run back by themselves, whatever step they stand beside. */
import { alertMetrics } from '../gates.ts'
import type { Environment } from '../service-words.ts'

export const alertGuards = (step: string, watched: readonly Environment[]) =>
  watched.map((environment) => ({
    id: `${step}-${environment}`,
    kind: 'gate.metrics',
    on: `${environment}-figures`,
    spec: { metrics: alertMetrics(), baseline: `${environment}-baseline` },
  }))
