/** The door that clients know: Changeover's built-in gateway, with the two APIs of NeonHub as its routes. Decides no share. */
import { type Gateway, type GatewayConfig, startGateway } from 'changeover/gateway'
import { isProgram, options, program } from '../stage/program.ts'

export interface DoorOptions {
  readonly port: number
  readonly controlPort: number
  readonly v3: string
  /** The nodes of v4. */
  readonly v4: readonly string[]
  /** Where shares outlive a restart. */
  readonly state: string
  /** Whoever knows it may change shares. */
  readonly token: string
}

/** Above what a check takes while the database is busy. Both versions answer it, v4 only when its schema is there. */
const health = { path: '/api/v3/health', intervalMs: 250, timeoutMs: 2_000, rise: 1, fall: 3 }

/**
 * `v3-api` is what all clients know, and both versions serve. `v4-api` is new: as long as its share is v3's, whoever asks is told
 * that there is no such thing (404).
 */
export function openDoor(given: DoorOptions): Promise<Gateway> {
  const sides = { v3: [given.v3], v4: [...given.v4] }
  const route = { sides, shares: { v3: 10_000, v4: 0 }, health }
  const config: GatewayConfig = {
    listen: { port: given.port },
    control: { port: given.controlPort, token: given.token },
    state: given.state,
    routes: { 'v3-api': route, 'v4-api': { ...route, path: '/api/v1' } },
    // A service that ends keeps idle connections for 1.5 s: ours are closed before.
    timeouts: { idleMs: 1_000 },
  }
  return startGateway(config)
}

if (isProgram(import.meta.filename)) {
  const given = options(['port', 'control-port', 'v3', 'v4', 'state'])
  await program('gateway', async () => {
    if (given.v3 === undefined || given.v4 === undefined)
      throw new Error('--v3 http://… and --v4 http://…,http://… say where the services are')
    const gateway = await openDoor({
      port: Number(given.port ?? 0),
      controlPort: Number(given['control-port'] ?? 0),
      v3: given.v3,
      v4: given.v4.split(','),
      state: given.state ?? 'gateway.json',
      token: process.env['GATEWAY_TOKEN'] ?? '',
    })
    return { port: Number(new URL(gateway.url).port), stop: () => gateway.close() }
  })
}
