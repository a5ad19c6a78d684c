/** The guide's six weeks as steps: canary nodes, then the table, each period watched by the triggers and judged by its own criteria; and the way down. */
import { flagSchedule } from 'changeover'
import { afterHarm, impactFigures, integrityMetrics, triggerMetrics, unusedMetrics, week2Metrics } from './gates.ts'
import type { Pace } from './pace.ts'
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

const impact = (count: number) => ({
  id: 'impact',
  kind: 'gate.metrics-baseline',
  on: figures,
  spec: { queries: impactFigures, count, intervalMs: 400, consecutiveErrorLimit: 20 },
})

/** Beside the waits that come after the schedule. */
export const lastGuards = {
  soak: watch(false),
  month: [gate('triggers', afterHarm(triggers(false)), true)],
  unused: [gate('triggers', afterHarm(triggers(false)), true), gate('unused', unusedMetrics())],
}

/** Few have the feature yet: pages are moved between them, or there would be nothing to see. */
const exercise = {
  id: 'exercise',
  kind: 'http.call',
  title: 'Move machines between nodes with ml_compression, and back',
  on: 'door',
  spec: { do: { method: 'PUT', path: '/exercise/ml_compression' }, undo: 'nothing' },
}

/** What a period must show before the next begins. `periods`: those so far in which pages were compressed. */
function criteria(name: string, plainNodes: boolean, periods: number, { impacts, looks, looks2, settleMs }: Pace) {
  if (name === 'Week 2') return [gate('criteria', week2Metrics(looks2, settleMs.week)), impact(impacts)]
  const integrity = gate('integrity', integrityMetrics(looks, periods))
  return [exercise, integrity, gate('criteria', triggers(plainNodes, looks), true), impact(impacts)]
}

export function sixWeeks(canaries: readonly string[], pace: Pace) {
  return flagSchedule({
    id: 'rollout',
    on,
    flags: [...features],
    length: '7d',
    compress: pace.compress,
    // Canary nodes are the first with every feature: what two nodes do with each other is seen where both have it.
    put: (figure) => flagStep({ ...figure, ...(figure.name === 'pbft_consensus' ? {} : { allow: canaries }) }),
    canary: {
      name: 'Week 2, canary',
      allow: [...canaries],
      flags: ['hybrid_mode'],
      length: '48h',
      guards: watch(true),
      gates: [gate('criteria', week2Metrics(pace.looks2, pace.settleMs.canary))],
    },
    periods: schedule.map(({ name, percent }, at) => {
      const plainNodes = name === 'Week 2' || name === 'Week 3'
      return { name, percent: { ...percent }, guards: watch(plainNodes), gates: criteria(name, plainNodes, at, pace) }
    }),
  })
}

/** The controlled rollback of the guide: down in stages, ten minutes apart, each with a look at users. */
export function down({ compressDown }: Pace) {
  return flagSchedule({
    id: 'down',
    on,
    flags: [...features],
    length: '10m',
    compress: compressDown,
    // At 0 % the canary nodes are out, too.
    put: (figure) => flagStep({ ...figure, ...(figure.percent === 0 ? { allow: [] } : {}) }),
    periods: wayDown.map(({ name, percent }) => ({
      name,
      percent: { ...percent },
      down: true,
      gates: [gate('users', { 'error rate': triggerMetrics({ plainNodes: true, count: 3 })['error rate'] })],
    })),
  })
}
