/** The guide's phase 2: v1 and v2 side by side, v1 answering. What v1 does then is what v2 is compared with; first v2 runs as its shadow. */
import { baselineQueries, shadowMetrics, soundMetrics } from '../gates.ts'
import { type Environment, environments, flagNames } from '../service-words.ts'
import { restart } from './restart.ts'

const deployment = 'Parallel deployment'
const stage = 'Shadow'

/** Guarded by the others: a machine on which one of them is in trouble gives no baseline to anybody. */
const baseline = (environment: Environment) => ({
  id: `${environment}-baseline`,
  kind: 'gate.metrics-baseline',
  title: `How does v1 do in ${environment}?`,
  on: `${environment}-figures`,
  spec: { queries: baselineQueries, count: 10, intervalMs: 200, consecutiveErrorLimit: 20 },
  guards: environments
    .filter((other) => other !== environment)
    .map((other) => ({
      id: `${environment}-baseline-${other}`,
      kind: 'gate.metrics',
      on: `${other}-figures`,
      spec: { metrics: soundMetrics },
    })),
  stage: deployment,
})

const shadowFlag = (environment: Environment, percent: number) => ({
  id: `${environment}-shadow-${percent === 0 ? 'off' : 'on'}`,
  kind: 'flags.set',
  title: percent === 0 ? 'End the shadow' : 'Run v2 beside v1, on real calls; v1 answers',
  on: `${environment}-flags`,
  spec: { flag: flagNames.shadow, percent, why: 'shadow test' },
  stage,
})

const shadowGate = (environment: Environment) => ({
  id: `${environment}-shadow`,
  kind: 'gate.metrics',
  title: 'Does v2 answer what v1 answers?',
  on: `${environment}-figures`,
  spec: { metrics: shadowMetrics, undecidedMs: 20_000 },
  stage,
})

/** The shadows run side by side; each is judged for itself. */
const shadows = (of: readonly Environment[]) => [
  ...of.map((environment) => shadowFlag(environment, 50)),
  ...of.map(shadowGate),
  ...of.map((environment) => shadowFlag(environment, 0)),
]

export const parallelSteps = [
  ...environments.flatMap((environment) => restart(environment, 'v1', 'both', deployment)),
  ...environments.map(baseline),
  ...shadows(['test', 'production']),
]
