/** The adapter `haproxy`: the traffic port over the runtime socket. Weights of servers for routes shared by request, a map and a bucket for sticky ones. */
import { resolve } from 'node:path'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { RouteFacts, Shares, TrafficFacts } from '../../core/ports/index.ts'
import { sharesOfWeights, weightsFor } from '../../traffic/index.ts'
import { mostWeight, openControl } from './control.ts'
import { readiness } from './ready.ts'
import { type Settings, settingsShape } from './settings.ts'
import { openSocket } from './socket.ts'
import { openView } from './view.ts'

export type { HaproxyConfig } from './settings.ts'
export { haproxyMetrics, type HaproxyMetricsConfig } from './metrics.ts'
export { showSplit, type Split, type SplitOptions, stickySplit } from './split.ts'

export const haproxy = defineAdapter({
  name: 'haproxy',
  port: 'traffic',
  summary:
    'HAProxy over its runtime socket: weights of servers, or a sticky split by the bucket of a flag; without a reload.',
  ...withDefaults(settingsShape, openTarget),
  example: {
    socket: '/run/haproxy/admin.sock',
    stateFile: '/var/lib/haproxy/server-state',
    routes: {
      api: { backend: 'api', sides: { v1: ['api-1', 'api-2'], v2: ['api-3'] } },
      shop: {
        sticky: { flag: 'new-shop', newer: 'v2', map: '/etc/haproxy/changeover.map' },
        sides: { v1: 'shop_v1', v2: 'shop_v2' },
      },
    },
  },
  tools: { name: 'haproxy', sticky: true, step: 1, reach },
})

/** Weights are whole numbers up to 256: not every share can be reached by them. */
function reach(route: RouteFacts, shares: Shares): Shares {
  return route.weights === undefined ? shares : sharesOfWeights(weightsFor(route.weights, shares, mostWeight))
}

async function openTarget(given: Settings, who: Opener): Promise<Target<'traffic'>> {
  const settings = {
    ...given,
    socket: resolve(who.base, given.socket),
    ...(given.stateFile === undefined ? {} : { stateFile: resolve(who.base, given.stateFile) }),
  }
  const socket = openSocket(settings.socket, settings.timeoutMs, who.signal)
  const view = openView(socket)
  const control = openControl(settings, socket, view)
  return {
    identity: async () => `haproxy:${settings.socket}`,
    observe: async (): Promise<TrafficFacts> => {
      const routes: { [route: string]: RouteFacts } = {}
      for (const [name, route] of Object.entries(settings.routes)) routes[name] = await view.facts(name, route)
      return { routes }
    },
    ready: () => readiness(settings, socket, view),
    read: control,
    write: control,
    // The socket has no sessions to end; each change is looked at before and after it is made.
    fence: async () => undefined,
    close: async () => undefined,
  }
}
