/** The words that a node shares with whoever puts the system up and with the plan: its flags, and how it is started. Knows no address. */
import type { Version } from './settings.ts'

export const environments = ['test', 'staging', 'production'] as const
export type Environment = (typeof environments)[number]

/** What a node is started with: `v1` as it was before, `both` side by side, `v2` when v1 is retired. */
export type Modules = Version | 'both'

/** The flags that a node asks. Each names who gets v2, but for the shadow, which names on whom v2 runs beside v1. */
export const flagNames = {
  pool: 'transaction-pool-v2',
  shadow: 'transaction-pool-shadow',
  sync: 'sync-service-v2',
} as const

/** What the flag of the sync knows a node by. */
export const nodeName = (environment: Environment): string => `${environment}-1`

/** Where a node is, and what is wrong with its v2 (`none`): values, or placeholders of a plan. */
export interface Place {
  readonly home: string
  /** The folder of the programs as they were built. */
  readonly programs: string
  readonly port: string
  readonly peers: string
  readonly fault: string
}

/**
 * Of Node. Unbounded, the young generation grows with the pace of the first minute, by more than the alert on memory allows; bounded, what a process holds
 * is what its modules hold.
 */
export const nodeWords = ['--max-semi-space-size=2'] as const

export function serviceWords(environment: Environment, modules: Modules, place: Place): readonly string[] {
  const given = {
    port: place.port,
    peers: place.peers,
    node: nodeName(environment),
    modules,
    flags: `${place.home}/flags/${environment}.json`,
    state: `${place.home}/state/${environment}.json`,
    'seal-ms': '100',
    'seal-size': '400',
    fault: place.fault,
  }
  const words = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value])
  return [...nodeWords, `${place.programs}/service.js`, ...words]
}

/** Each way of starting a node has a note of its own: which of them runs is a fact. */
export const serviceName = (environment: Environment, modules: Modules): string =>
  modules === 'both' ? environment : `${environment}-${modules}-only`
