/** The family `gate`: kinds that sample, wait or ask, and judge. */
export { gateBaseline } from './baseline.ts'
export { gateConfirm } from './confirm.ts'
export { gateHealth } from './health.ts'
export { gateProbe } from './probe.ts'
export { gateQuery } from './query.ts'
export { gateSoak } from './soak.ts'
