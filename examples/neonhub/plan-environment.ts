/** What the plan of this example takes from its environment: where this NeonHub is, and its secrets. Knows no step. */
import { v4Nodes } from './parts.ts'
import { type NeonHub, ownedBy } from './system.ts'
import type { Fault } from './v4/fault.ts'

/** `hook` is where messages to the team go; `fault` what v4 shall be bad at. */
export function planEnvironment(hub: NeonHub, hook: string, fault: Fault = 'none'): Readonly<Record<string, string>> {
  const at = (port: keyof NeonHub['ports']) => `http://127.0.0.1:${hub.ports[port]}`
  return {
    NEONHUB_HOME: hub.folder,
    NEONHUB_NODE: process.execPath,
    NEONHUB_DATABASE_URL: hub.url,
    NEONHUB_V3: at('v3'),
    NEONHUB_V3_PORT: String(hub.ports.v3),
    ...Object.fromEntries(
      v4Nodes.flatMap((node) => [
        [variable(node), at(node)],
        [`${variable(node)}_PORT`, String(hub.ports[node])],
      ]),
    ),
    NEONHUB_FAULT: fault,
    NEONHUB_GATEWAY: at('gateway'),
    NEONHUB_GATEWAY_CONTROL: at('gatewayControl'),
    NEONHUB_COORDINATOR: at('coordinator'),
    NEONHUB_HOOK: hook,
    FEDERATION_TOKEN: hub.secrets.FEDERATION_TOKEN,
    GATEWAY_TOKEN: hub.secrets.GATEWAY_TOKEN,
    DB_PASSWORD: hub.secrets.DB_PASSWORD,
    ...ownedBy(hub.owner),
  }
}

/** `NEONHUB_V4_2` for `v4-2`. */
function variable(node: string): string {
  return `NEONHUB_${node.toUpperCase().replaceAll('-', '_')}`
}
