/** What would keep a run from steering this HAProxy, or from keeping what it told it: found before anything is told. */
import { block, type Finding, risk } from '../../core/finding.ts'
import type { Settings, WeightRoute } from './settings.ts'
import type { RuntimeSocket } from './socket.ts'
import { isSticky } from './split.ts'
import { readStatistics } from './tables.ts'
import type { View } from './view.ts'

export async function readiness(settings: Settings, socket: RuntimeSocket, view: View): Promise<readonly Finding[]> {
  const findings: Finding[] = [...(await level(settings, socket))]
  const byWeight = Object.entries(settings.routes).flatMap(([name, route]) =>
    isSticky(route) ? [] : [[name, route] as const],
  )
  if (byWeight.length > 0 && settings.stateFile === undefined)
    findings.push(
      risk(
        'traffic.not-kept',
        'HAProxy forgets weights and drained servers when it is reloaded: the target has no "stateFile"',
        'give `server-state-file` and `load-server-state-from-file global` in haproxy.cfg, and the same path as "stateFile" of the target',
      ),
    )
  const algorithms = new Map(
    readStatistics(await socket.ask('show stat')).flatMap((line) =>
      line['type'] === '1' ? [[line['pxname'] ?? '', line['algo'] ?? ''] as const] : [],
    ),
  )
  for (const [name, route] of byWeight)
    findings.push(...(await strangers(name, route, view)), ...fixed(name, route, algorithms.get(route.backend) ?? ''))
  return findings
}

async function level(settings: Settings, socket: RuntimeSocket): Promise<readonly Finding[]> {
  const said = (await socket.ask('show cli level')).trim()
  if (said === 'admin') return []
  return [
    block(
      'traffic.no-rights',
      `the socket "${settings.socket}" of HAProxy lets us be "${said}", not "admin"`,
      `end its line with \`level admin\`: stats socket ${settings.socket} mode 660 level admin`,
    ),
  ]
}

/** A server of the backend that is in no side takes requests that no share speaks of. */
async function strangers(name: string, route: WeightRoute, view: View): Promise<readonly Finding[]> {
  const members = new Set(Object.values(route.sides).flat())
  const others = (await view.serversOf(route.backend)).filter((each) => !members.has(each.name) && each.weight > 0)
  return others.map((each) =>
    block(
      'traffic.stranger',
      `server "${each.name}" of backend "${route.backend}" is in no side of route "${name}", and has weight ${each.weight}`,
      `put it in a side, or give it no weight: \`set server ${route.backend}/${each.name} weight 0\``,
    ),
  )
}

/** Algorithms that are fixed when the proxy starts take no weight but all or nothing. */
function fixed(name: string, route: WeightRoute, algorithm: string): readonly Finding[] {
  if (algorithm !== 'static-rr') return []
  return [
    block(
      'traffic.fixed-weights',
      `backend "${route.backend}" of route "${name}" balances by "${algorithm}", which takes no other weights while it runs`,
      'use `balance roundrobin` or `balance leastconn` there',
    ),
  ]
}
