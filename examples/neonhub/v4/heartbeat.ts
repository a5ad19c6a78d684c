/** Tells the coordinator that this node lives, while the federation is enabled. Follows the settings as they change. */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../service/settings.ts'

/** `registered` is null until the coordinator has said something. */
export interface Heard {
  readonly reachable: boolean
  readonly registered: boolean | null
  readonly lastHeartbeatAt: string | null
  readonly error: string | null
}

export interface Heartbeat {
  readonly heard: () => Heard
  stop(): Promise<void>
}

const silent: Heard = { reachable: false, registered: null, lastHeartbeatAt: null, error: null }
const disabledMs = 250

/** `beaten` is called after each heartbeat that the coordinator took. */
export function startHeartbeat(settings: () => Settings, beaten: (nodeId: string) => Promise<void>): Heartbeat {
  const stopping = new AbortController()
  let heard = silent
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const now = settings()
      let waitMs = disabledMs
      if (now.flag('federation.enabled', false)) {
        heard = await beat(now, heard)
        if (heard.registered) await beaten(now.text('federation.nodeId')).catch(() => undefined)
        const key = heard.registered ? 'heartbeatInterval' : 'reconnectDelay'
        waitMs = 1000 * now.number(`federation.discovery.${key}`, heard.registered ? 30 : 5)
      } else heard = silent
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const ended = loop()
  return {
    heard: () => heard,
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}

async function beat(settings: Settings, before: Heard): Promise<Heard> {
  try {
    const nodeId = encodeURIComponent(settings.text('federation.nodeId'))
    const url = `${settings.text('federation.coordinatorUrl')}/api/v1/federation/nodes/${nodeId}/heartbeat`
    const status = await post(url, settings.secret('FEDERATION_TOKEN') ?? '')
    if (status === 200)
      return { reachable: true, registered: true, lastHeartbeatAt: new Date().toISOString(), error: null }
    const error = status === 404 ? 'the coordinator does not know this node' : `the coordinator answered ${status}`
    return { ...before, reachable: true, registered: false, error }
  } catch (error) {
    return { ...before, reachable: false, error: error instanceof Error ? error.message : String(error) }
  }
}

/** Not by `fetch`: its first call loads its code, and for 50 to 100 ms nobody else is served. */
function post(url: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-length': 0 }
    const out = request(url, { method: 'POST', headers, signal: AbortSignal.timeout(2_000) }, (answer) => {
      answer.resume()
      answer.once('error', reject).once('end', () => resolve(answer.statusCode ?? 0))
    })
    out.once('error', reject).end()
  })
}
