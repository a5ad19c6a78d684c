/** Starts a gateway in this process and ends it: both doors, the state file, checks of health, shadows, and one clock for them all. */
import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ChangeoverError } from '../core/errors.ts'
import type { Shares, Side, SideCount, TrafficFacts } from '../core/ports/index.ts'
import { bucketOf } from '../flags/index.ts'
import { type GatewayConfig, readGatewayConfig, type Settings } from './config.ts'
import { openControl } from './control.ts'
import { openFront } from './front/front.ts'
import { openShadows, type ShadowFindings } from './shadow/index.ts'
import { openStateFile } from './state.ts'
import { openTraffic, type Traffic } from './traffic.ts'
import { watchHealth } from './upstream/index.ts'

/** A gateway that runs in this process. All that the control API does can be done here too. */
export interface Gateway {
  /** What clients ask: `http://host:port`. */
  readonly url: string
  readonly controlUrl: string
  readonly facts: TrafficFacts
  shares(route: string): Shares
  sides(route: string): { readonly [side: string]: Side }
  counts(route: string): { readonly [side: string]: SideCount }
  /** Durable, and in force for every new request, when it resolves. Throws `target.failed` for what are no shares. */
  shift(route: string, shares: Shares): Promise<Shares>
  drain(route: string, side: string): Promise<void>
  ready(route: string, side: string): Promise<void>
  /** Undefined where the route has no shadow. */
  shadow(route: string): ShadowFindings | undefined
  /** When every sampled request was compared or given up. */
  shadowIdle(): Promise<void>
  /** Takes no new connection, lets requests under way end within the grace of the configuration, then cuts them. */
  close(): Promise<void>
}

/** Below the time limits of any request, and rare enough to cost nothing. */
const sweepMs = 100

/** Throws `plan.invalid` for the configuration, `target.failed` where a port or the state file cannot be used. */
export async function startGateway(given: GatewayConfig): Promise<Gateway> {
  const settings = readGatewayConfig(given)
  const state = await openStateFile(settings.state)
  const startedAt = performance.now()
  const chance = { random: Math.random, bucketOf: settings.bucketOf ?? bucketOf }
  const traffic = openTraffic(settings, state, chance, startedAt)
  const shadows = openShadows(settings, { random: Math.random, now: () => Date.now() }, startedAt)
  const front = openFront({
    settings,
    traffic,
    watch: shadows.watch,
    pseudonym: `changeover-${randomUUID().slice(0, 8)}`,
  })
  const control = openControl({ traffic, shadows, token: settings.control.token })
  const stop = new AbortController()
  const end = (): void => {
    stop.abort()
    clearInterval(sweeper)
    shadows.close()
    traffic.close()
    control.closeAllConnections()
  }
  const sweeper = setInterval(() => {
    const now = performance.now()
    traffic.sweep(now)
    shadows.sweep(now)
  }, sweepMs)
  try {
    const url = await listen(front.server, settings.listen)
    const controlUrl = await listen(control, settings.control)
    startChecks(settings, traffic, stop.signal)
    return {
      ...doors(traffic),
      get facts() {
        return traffic.facts
      },
      url,
      controlUrl,
      shadow: (route) => shadows.report(traffic.route(route).name),
      shadowIdle: () => shadows.idle(),
      close: async () => {
        await Promise.all([
          front.close(settings.timeouts.graceMs),
          new Promise((resolve) => control.close(resolve).closeIdleConnections()),
        ])
        end()
      },
    }
  } catch (error) {
    end()
    front.server.close()
    control.close()
    throw error
  }
}

function doors(traffic: Traffic) {
  return {
    shares: (route: string) => traffic.shares(route),
    sides: (route: string) => traffic.sides(route),
    counts: (route: string) => traffic.counts(route),
    shift: (route: string, shares: Shares) => traffic.shift(route, shares),
    drain: (route: string, side: string) => traffic.drain(route, side, true),
    ready: (route: string, side: string) => traffic.drain(route, side, false),
  }
}

function startChecks(settings: Settings, traffic: Traffic, signal: AbortSignal): void {
  for (const { name, sides } of traffic.routes) {
    const health = settings.routes[name]!.health
    if (health !== undefined) for (const { servers } of sides) watchHealth(servers, health, signal)
  }
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const message = `the gateway cannot listen on "${host}:${port}": ${error.code ?? error.message}`
      reject(new ChangeoverError('target.failed', message, 'free the port, or name another one', { cause: error }))
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      const { address, family, port: bound } = server.address() as AddressInfo
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`)
    })
  })
}
