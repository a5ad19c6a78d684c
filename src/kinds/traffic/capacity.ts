/** Whether the sides that are to get more can take it: what the proxy says of their servers now, against what would come to them. */
import { block, type Finding, risk } from '../../core/finding.ts'
import type { Shares, Side } from '../../core/ports/index.ts'
import { whole } from '../../traffic/index.ts'
import type { ServersUp } from './work.ts'

export type Sides = { readonly [side: string]: Side }

export type Need = {
  readonly route: string
  readonly serversUp: ServersUp
}

/** A block for each side that cannot take its share, a risk for each that the proxy cannot tell about. Sides that get no more than they have are not asked. */
export function capacity(need: Need, from: Shares, to: Shares, sides: Sides): readonly Finding[] {
  const load = Object.values(sides).reduce((sum, side) => sum + side.underWay + side.waiting, 0)
  return Object.entries(to).flatMap(([name, share]) => {
    if (share === 0 || share <= (from[name] ?? 0)) return []
    const side = sides[name]
    if (!side) return [unseen(need, name)]
    if (side.serversUp < leastUp(need, name)) return [tooFew(need, name, side)]
    const coming = Math.ceil((load * share) / whole)
    return side.limit !== null && coming > side.limit ? [tooSmall(need, name, side.limit, coming, share)] : []
  })
}

function leastUp({ serversUp }: Need, side: string): number {
  return typeof serversUp === 'number' ? serversUp : (serversUp[side] ?? 1)
}

function unseen(need: Need, name: string): Finding {
  return risk(
    'traffic.unseen',
    `the proxy of route "${need.route}" cannot tell whether side "${name}" is up`,
    'put a gate that asks the side itself before this step',
  )
}

function tooFew(need: Need, name: string, side: Side): Finding {
  const least = leastUp(need, name)
  const needed = least === 1 ? '' : `; ${least} must be`
  return passing(
    block(
      'traffic.side-down',
      `side "${name}" of route "${need.route}" can take nothing more: ${side.serversUp} of ${side.servers} servers are up${needed}`,
      `start the servers of "${name}", or end their drain, then \`changeover resume\``,
      { side: name, serversUp: side.serversUp, servers: side.servers },
    ),
  )
}

function tooSmall(need: Need, name: string, limit: number, coming: number, share: number): Finding {
  return passing(
    block(
      'traffic.side-full',
      `side "${name}" of route "${need.route}" would have ${coming} requests at once with ${share / 100} %, and takes ${limit}`,
      `give "${name}" more servers or a higher limit, or a smaller share first; then \`changeover resume\``,
      { side: name, limit, coming },
    ),
  )
}

/** It is so now; by the time a later step comes to it, servers may have been started. */
export function passing(finding: Finding): Finding {
  return { ...finding, passing: true }
}
