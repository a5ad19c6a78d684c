/** From one way of starting a node to another. Rolled back, it is the guide's restart with v1 alone. */
import { type Environment, type Modules, serviceName } from '../service-words.ts'

const quick = { pollMs: 50, graceMs: 10_000 }

export const restart = (environment: Environment, from: Modules, to: Modules, stage: string) => [
  {
    id: `${environment}-stop-${from}`,
    kind: 'service.stop',
    title: `Stop the node of ${environment}; its state is kept`,
    on: serviceName(environment, from),
    spec: quick,
    stage,
  },
  {
    id: `${environment}-start-${to}`,
    kind: 'service.start',
    title: to === 'both' ? `Start ${environment} with v1 and v2 side by side` : `Start ${environment} with v2 alone`,
    on: serviceName(environment, to),
    spec: quick,
    stage,
  },
]
