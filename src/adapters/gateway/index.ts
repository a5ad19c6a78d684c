/** The adapter `gateway`: the traffic port on the built-in gateway, by its control API. Holds the token; decides nothing. */
import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { Shares, Side, SideCount, TrafficFacts, TrafficReader, TrafficWriter } from '../../core/ports/index.ts'
import { openClient } from './client.ts'

const config = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('The control address of the gateway.'),
  token: z.string().min(16).describe('The token of its control API; never shown.'),
  timeoutMs: z.int().min(1).default(5000).describe('Until an answer must be there, in milliseconds.'),
})

export type GatewayTargetConfig = z.input<typeof config>

export const gateway = defineAdapter({
  name: 'gateway',
  port: 'traffic',
  summary:
    'The built-in gateway: weights and sticky users in hundredths of a percent, drained sides, kept over a restart.',
  ...withDefaults(config, openTarget),
  example: { url: 'http://127.0.0.1:8081', token: '${GATEWAY_TOKEN}' },
  tools: { name: 'gateway', sticky: true, step: 1 },
})

async function openTarget(settings: z.output<typeof config>, who: Opener): Promise<Target<'traffic'>> {
  // Every call under way listens to it: that is no leak.
  setMaxListeners(0, who.signal)
  const call = openClient(settings, who)
  const look = () => call<{ readonly id: string; readonly facts: TrafficFacts }>('GET', 'gateway')
  const at = (route: string, what: string) => `routes/${encodeURIComponent(route)}/${what}`
  const read: TrafficReader = {
    shares: (route) => call<Shares>('GET', at(route, 'shares')),
    sides: (route) => call<{ readonly [side: string]: Side }>('GET', at(route, 'sides')),
    counts: (route) => call<{ readonly [side: string]: SideCount }>('GET', at(route, 'counts')),
  }
  const turn = async (route: string, side: string, verb: 'drain' | 'ready'): Promise<void> => {
    await call('POST', at(route, `sides/${encodeURIComponent(side)}/${verb}`))
  }
  const write: TrafficWriter = {
    ...read,
    shift: (route, shares) => call<Shares>('PUT', at(route, 'shares'), shares),
    drain: (route, side) => turn(route, side, 'drain'),
    ready: (route, side) => turn(route, side, 'ready'),
  }
  return {
    identity: async () => `gateway:${(await look()).id}`,
    observe: async () => (await look()).facts,
    read,
    write,
    fence: async () => void (await call('POST', 'fence', { run: who.run, claim: who.fence })),
    forget: async () => void (await call('DELETE', `fence/${encodeURIComponent(who.run)}`)),
    close: async () => undefined,
  }
}
