/** What the plan of this example takes from its environment: where this NeonHub is, and its secrets. Knows no step. */
import { type NeonHub, ownedBy } from './system.ts'

/** `hook` is where messages to the team go. */
export function planEnvironment(hub: NeonHub, hook: string): Readonly<Record<string, string>> {
  const at = (port: keyof NeonHub['ports']) => `http://127.0.0.1:${hub.ports[port]}`
  return {
    NEONHUB_HOME: hub.folder,
    NEONHUB_NODE: process.execPath,
    NEONHUB_DATABASE_URL: hub.url,
    NEONHUB_V3: at('v3'),
    NEONHUB_V3_PORT: String(hub.ports.v3),
    NEONHUB_V4: at('v4'),
    NEONHUB_V4_PORT: String(hub.ports.v4),
    NEONHUB_GATEWAY: at('gateway'),
    NEONHUB_SWITCH: at('gatewayControl'),
    NEONHUB_COORDINATOR: at('coordinator'),
    NEONHUB_HOOK: hook,
    FEDERATION_TOKEN: hub.secrets.FEDERATION_TOKEN,
    DB_PASSWORD: hub.secrets.DB_PASSWORD,
    ...ownedBy(hub.owner),
  }
}
