/** The whole list of ports. A new port is a file here and a line in the map. */
import type { DatabasePort } from './database.ts'
import type { FilesPort } from './files.ts'
import type { FlagsPort } from './flags.ts'
import type { HostPort } from './host.ts'
import type { HttpPort } from './http.ts'
import type { MetricsPort } from './metrics.ts'
import type { ServicePort } from './service.ts'
import type { SettingsPort } from './settings.ts'
import type { TrafficPort } from './traffic.ts'

/** Every port by name. */
export interface Ports {
  readonly database: DatabasePort
  readonly files: FilesPort
  readonly service: ServicePort
  readonly http: HttpPort
  readonly host: HostPort
  readonly flags: FlagsPort
  readonly settings: SettingsPort
  readonly traffic: TrafficPort
  readonly metrics: MetricsPort
}

/** The name of a port. */
export type PortName = keyof Ports
/** The targets a kind uses, by role: `{ source: 'database', store: 'files' }`. */
export type Roles = { readonly [role: string]: PortName }

export type * from './database.ts'
export type * from './files.ts'
export type * from './flags.ts'
export type * from './host.ts'
export type * from './http.ts'
export type * from './metrics.ts'
export type * from './service.ts'
export type * from './settings.ts'
export type * from './traffic.ts'
