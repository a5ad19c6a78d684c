/** The guide's six weeks as steps: canary nodes, then the table, each period watched by the triggers and judged by its own criteria; and the way down. */
import { flagSchedule } from 'changeover'
import { impactFigures, integrityMetrics, triggerMetrics, week2Metrics } from './gates.ts'
import { schedule, wayDown } from './parts.ts'
import { features } from './wire/features.ts'

const on = 'flags'
const figures = 'figures'
const baseline = 'baseline'

interface Putting {
  readonly name: string
  readonly percent: number
  readonly period: string
  readonly allow?: readonly string[] | undefined
}

/** Shares go by node; of PBFT by group, because a part of one cannot agree in another way than the rest. */
export const flagStep = ({ name, percent, period, allow }: Putting) => ({
  kind: 'flags.set',
  spec: {
    flag: name,
    percent,
    nodes: name === 'pbft_consensus' ? 'group' : 'node',
    why: period,
    ...(allow === undefined ? {} : { allow: [...allow] }),
  },
})

const gate = (id: string, metrics: object, compared = false) => ({
  id,
  kind: 'gate.metrics',
  on: figures,
  spec: { metrics, ...(compared ? { baseline } : {}), undecidedMs: 60_000 },
})

/** While some nodes are still without hybrid mode they are what latency is compared with. */
const triggers = (plainNodes: boolean, count?: number) =>
  triggerMetrics({ plainNodes, ...(count === undefined ? {} : { count }) })
const watch = (plainNodes: boolean) => [gate('triggers', triggers(plainNodes), true)]

const impact = {
  id: 'impact',
  kind: 'gate.metrics-baseline',
  on: figures,
  spec: { queries: impactFigures, count: 4, intervalMs: 400, consecutiveErrorLimit: 20 },
}

/** What a period must show before the next begins. */
function criteria(name: string, plainNodes: boolean) {
  if (name === 'Week 2') return [gate('criteria', week2Metrics), impact]
  const integrity = gate('integrity', integrityMetrics)
  return [integrity, gate('criteria', triggers(plainNodes, 4), true), impact]
}

/** `compress`: how many times shorter the waits are; gates keep their pace. */
export function sixWeeks(canaries: readonly string[], compress: number) {
  return flagSchedule({
    id: 'rollout',
    on,
    flags: [...features],
    length: '7d',
    compress,
    put: flagStep,
    canary: {
      name: 'Week 2, canary',
      allow: [...canaries],
      flags: ['hybrid_mode'],
      length: '48h',
      guards: watch(true),
      gates: [gate('criteria', week2Metrics)],
    },
    periods: schedule.map(({ name, percent }) => {
      const plainNodes = name === 'Week 2' || name === 'Week 3'
      return { name, percent: { ...percent }, guards: watch(plainNodes), gates: criteria(name, plainNodes) }
    }),
  })
}

/** The controlled rollback of the guide: down in stages, ten minutes apart, each with a look at users. */
export function down(compress: number) {
  return flagSchedule({
    id: 'down',
    on,
    flags: [...features],
    length: '10m',
    compress,
    put: flagStep,
    periods: wayDown.map(({ name, percent }) => ({
      name,
      percent: { ...percent },
      down: true,
      gates: [gate('users', { 'error rate': triggerMetrics({ plainNodes: true, count: 3 })['error rate'] })],
    })),
  })
}
