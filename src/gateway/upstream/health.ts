/** Asks servers for their health, again and again, and marks them up or down. Knows no route. */
import { get } from 'node:http'
import type { HealthSettings } from '../config.ts'
import type { Server } from './server.ts'

/** Checks until the signal is aborted. The first check is at once. */
export function watchHealth(servers: readonly Server[], settings: HealthSettings, signal: AbortSignal): void {
  for (const server of servers) watch(server, settings, signal)
}

function watch(server: Server, settings: HealthSettings, signal: AbortSignal): void {
  let [good, bad] = [0, 0]
  const look = async (): Promise<void> => {
    const healthy = await check(new URL(settings.path, server.url), settings.timeoutMs, signal)
    if (signal.aborted) return
    good = healthy ? good + 1 : 0
    bad = healthy ? 0 : bad + 1
    if (bad >= settings.fall) server.up = false
    if (good >= settings.rise) server.up = true
    timer = setTimeout(() => void look(), settings.intervalMs)
  }
  let timer = setTimeout(() => void look(), 0)
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
}

/** On a connection of its own: an upstream that takes no new ones is not healthy. */
function check(url: URL, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      url,
      { agent: false, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode !== undefined && answer.statusCode >= 200 && answer.statusCode < 400)
      },
    )
    request.on('error', () => resolve(false))
  })
}
