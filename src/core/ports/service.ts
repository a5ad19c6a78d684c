/** The service port: a program that is started, stopped and asked for its health. Knows no process table. */

/** Whether it runs. */
export type ServiceFacts = { readonly state: 'running' | 'stopped' }

/** One answer of a health check. `ms` is how long it took, `why` what was wrong with it. */
export interface Health {
  readonly healthy: boolean
  readonly ms: number
  readonly why: string
}

/** Asks a service. */
export interface ServiceReader {
  state(): Promise<ServiceFacts['state']>
  health(): Promise<Health>
  /** The last lines the service wrote, for an error message. */
  tail(lines: number): Promise<readonly string[]>
}

/** Starts and stops a service. */
export interface ServiceControl extends ServiceReader {
  /** Starts it unless it runs; returns when the program runs, not when it is healthy. */
  start(): Promise<void>
  /** Asks it to end and waits; after `graceMs` it is killed. Not running is no error. */
  stop(graceMs: number): Promise<void>
}

/** The port `service`. */
export interface ServicePort {
  readonly facts: ServiceFacts
  readonly tools: Record<never, never>
  readonly read: ServiceReader
  readonly write: ServiceControl
}
