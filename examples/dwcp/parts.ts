/** The upgrade guide as plain data, for the plan: path, matrix, schedule, criteria, targets, expected impact, risks, checklist. Runs nothing. */
import type { Feature } from './wire/features.ts'

export const versionPaths = [{ from: '1.0.x', to: '3.0.0', complexity: 'medium', downtime: 0 }] as const

/** What a fleet of the example needs in truth; the guide's production figures are below. */
export const requirements = {
  minimum: { cpu: 1, memory: '3GB', storage: '500MB' },
  recommended: { cpu: 8, memory: '16GB' },
  node: '>=20.19.0',
} as const

/** The guide's compatibility matrix. */
export const components = {
  'RDMA transport': { status: 'compatible', issues: ['AMST v3 in datacenter mode: here one stream over TCP'] },
  'delta encoding': { status: 'compatible', issues: ['HDE v3 keeps it, and chooses beside it'] },
  'LSTM predictor': { status: 'compatible', issues: ['PBA v3: this fleet has no predictor, so nothing is said of it'] },
  'simple partition': {
    status: 'compatible',
    issues: ['ITP v3 places by load: another API than by hash'],
    requiredActions: [{ action: 'both placements stand in the v3 node, behind hybrid_mode', done: true }],
  },
  'basic sync': { status: 'compatible', issues: ['ASS v3: Raft stays, CRDT beside it for notes'] },
} as const

type Percent = { readonly [feature in Feature]?: number }

/** Weeks 2 to 6 of the guide's table; week 1 is the deployment with everything at 0. */
export const schedule: readonly { readonly name: string; readonly percent: Percent }[] = [
  { name: 'Week 2', percent: { hybrid_mode: 10 } },
  { name: 'Week 3', percent: { hybrid_mode: 50, ml_compression: 10, crdt_sync: 10, internet_optimization: 10 } },
  {
    name: 'Week 4',
    percent: { hybrid_mode: 100, ml_compression: 50, crdt_sync: 50, pbft_consensus: 10, internet_optimization: 50 },
  },
  {
    name: 'Week 5',
    percent: { ml_compression: 100, crdt_sync: 100, pbft_consensus: 50, internet_optimization: 100 },
  },
  { name: 'Week 6', percent: { pbft_consensus: 100 } },
]

/** The guide's gradual rollback: the figures that come down, ten minutes apart. */
export const wayDown: typeof schedule = [
  { name: 'Down to 50 %', percent: { hybrid_mode: 50, pbft_consensus: 50 } },
  { name: 'Down to 10 %', percent: { hybrid_mode: 10, pbft_consensus: 10 } },
  {
    name: 'Down to 0 %',
    percent: { hybrid_mode: 0, pbft_consensus: 0, ml_compression: 0, crdt_sync: 0, internet_optimization: 0 },
  },
]

/** `rollback_triggers` of the guide, in force all the time; and, beside its four, peers that are lost: a node that is cut off may have no users just then. */
export const triggers = {
  errorPercent: 1,
  latencyPercent: 50,
  throughputRatio: 0.8,
  modeSwitchesPerMinute: 10,
  /** Of all nodes together, by the number of nodes. One that is cut off loses all others, and those lose it. */
  lostPeersPerNode: 0.5,
} as const
/** Rollback criteria of the stage in week 2. */
export const week2 = { latencyPercent: 10, errorPercent: 0.5, wrongModePercent: 5 } as const

/** "Performance impact during rollout": from, to, in percent, against the baseline of v1. */
export const expectedImpact: Readonly<
  Record<string, Readonly<Record<'latency' | 'throughput' | 'cpu', readonly [number, number]>>>
> = {
  'Week 2': { latency: [3, 5], throughput: [-2, -1], cpu: [5, 8] },
  'Week 3': { latency: [5, 10], throughput: [5, 10], cpu: [10, 15] },
  'Week 4': { latency: [-20, -10], throughput: [20, 35], cpu: [15, 20] },
  'Week 5': { latency: [-20, -10], throughput: [20, 35], cpu: [15, 20] },
  'Week 6': { latency: [-20, -10], throughput: [20, 35], cpu: [15, 20] },
}

export interface Row {
  readonly name: string
  /** The name of the figure that is measured for it; null where there is none here. */
  readonly figure: string | null
  readonly unit: string
  readonly target: string
  readonly threshold: string
  /** Of v3, in the unit of the figure: at most, or at least. Without it the figure cannot be judged by the guide's number. */
  readonly limit?: { readonly target: number; readonly threshold: number; readonly isLeast: boolean }
  /** Why the guide's number says nothing here. */
  readonly why?: string
}

const atMost = (target: number, threshold: number) => ({ limit: { target, threshold, isLeast: false } })
const atLeast = (target: number, threshold: number) => ({ limit: { target, threshold, isLeast: true } })
const loopback = 'loopback under two processors is no network link: only the ratio says something'
const noPredictor = 'the fleet of this example predicts nothing, so there is nothing to measure'

/** Section 3.1, "Key metrics to validate". */
export const validation: readonly Row[] = [
  {
    name: 'Datacenter latency',
    figure: 'latency',
    unit: 's',
    target: '<50ms',
    threshold: '<100ms',
    ...atMost(0.05, 0.1),
  },
  { name: 'Internet latency', figure: 'far latency', unit: 's', target: '<500ms', threshold: '<1s', ...atMost(0.5, 1) },
  {
    name: 'Bandwidth (DC)',
    figure: 'bandwidth',
    unit: 'B/s',
    target: '>30 Gbps',
    threshold: '>20 Gbps',
    why: loopback,
  },
  {
    name: 'Bandwidth (Internet)',
    figure: 'far bandwidth',
    unit: 'B/s',
    target: '>300 Mbps',
    threshold: '>150 Mbps',
    why: loopback,
  },
  {
    name: 'Compression ratio',
    figure: 'compression',
    unit: 'x',
    target: '>3x',
    threshold: '>2.5x',
    ...atLeast(3, 2.5),
  },
  { name: 'Prediction accuracy (DC)', figure: null, unit: '', target: '>85%', threshold: '>80%', why: noPredictor },
  { name: 'Prediction accuracy (Int)', figure: null, unit: '', target: '>70%', threshold: '>65%', why: noPredictor },
  {
    name: 'Consensus time (DC)',
    figure: 'consensus',
    unit: 's',
    target: '<100ms',
    threshold: '<150ms',
    ...atMost(0.1, 0.15),
  },
  {
    name: 'Consensus time (Int)',
    figure: 'far consensus',
    unit: 's',
    target: '<3s',
    threshold: '<5s',
    ...atMost(3, 5),
  },
]

export const risks = [
  {
    risk: 'The mode of a link is detected wrongly, and changes all the time',
    mitigation:
      'three canary nodes first; detections are compared with what is known of the network; mode switches are a trigger',
    recovery: 'hybrid_mode off: every link is treated as in v1 within a second',
  },
  {
    risk: 'Compression spoils or loses pages',
    mitigation:
      'every page is verified by hash where it arrives; a page that was refused goes again as it is, and counts',
    recovery: 'ml_compression off; memories are compared with what their programs give',
  },
  {
    risk: 'Two ways of agreement at once in one group',
    mitigation: 'pbft_consensus goes by group, not by node; a group changes over by an entry of its own log',
    recovery: 'the same way back to Raft; without it a downgrade is refused',
  },
  {
    risk: 'State of v3 that v1 cannot hold',
    mitigation: 'the downgrade names what would be lost, and writes nothing',
    recovery: 'settled first: Raft again, one text for each note, exported before',
  },
  {
    risk: 'A leak shows after days only',
    mitigation: 'memory is fitted by a line over the soak, and its slope is judged with its uncertainty',
    recovery: 'the nodes start anew with v1 at the end of a rollback',
  },
] as const

/** The guide's checklist, and the step that shows each. */
export const checklist = [
  { item: 'System meets prerequisites', step: 'requirements' },
  { item: 'All v1 data and configuration backed up', step: 'backup' },
  { item: 'v3 running in v1-compatible mode, all features disabled', step: 'compatible' },
  { item: 'Baseline performance measured', step: 'baseline' },
  { item: 'Hybrid mode on canary nodes', step: 'rollout-week-2-canary-criteria' },
  { item: 'Hybrid mode at 10 %, metrics checked against baselines', step: 'rollout-week-2-criteria' },
  { item: 'Hybrid mode at 50 %, ML compression at 10 %', step: 'rollout-week-3-criteria' },
  { item: 'All features at 100 %', step: 'rollout-week-6-criteria' },
  { item: 'All metrics measured against their targets', step: 'v3-figures' },
  { item: 'No memory leaks', step: 'soak' },
  { item: 'Failure scenarios: a node is killed', step: 'node-failure' },
  { item: 'Failure scenarios: the network is parted', step: 'network-partition' },
  { item: 'No data lost', step: 'integrity' },
  { item: 'v1 compatibility code unused', step: 'v1-unused' },
  { item: 'Team trained on v3 features and operations' },
  { item: 'Upgrade marked complete' },
] as const
