/** What can be wrong in a run on purpose: faults of v3 nodes, and harm from outside. Nothing tells the plan of either. */
import { type Fault, faults } from './node/faults.ts'

export const runFaults = {
  'slow-detector': 'the mode detector waits 40 ms in the path of every batch of pages',
  flapping: 'the mode detector has lost its hysteresis, and modes change every second',
  'corrupt-encoder': 'one compressed page in eight has a wrong byte',
  leak: 'every compressed page is kept for ever',
  kill: 'a node is killed in week 3, and does not come back',
  partition: 'a node is cut off from all others in week 3, for 15 seconds',
} as const satisfies Readonly<Record<Fault | 'kill' | 'partition', string>>
export type FaultName = keyof typeof runFaults

export const isRunFault = (name: string): name is FaultName => Object.hasOwn(runFaults, name)
/** The fault that v3 nodes are started with. */
export const nodeFault = (name: FaultName | null): Fault | null => faults.find((each) => each === name) ?? null
