/** Where a machine goes when nobody says it. */
import { hash } from 'node:crypto'
import type { Mode } from '../links/mode.ts'

/** v1: the peers stand in a ring by hash, and a machine goes on to the next. */
export function nextByHash(machine: string, generation: number, peers: readonly string[]): string | undefined {
  const start = Buffer.from(hash('sha256', machine), 'hex').readUInt32BE(0)
  return peers[(start + generation) % peers.length]
}

/** v3: of those that are near the one with the fewest machines, as the peers themselves say. */
export function leastLoaded(
  peers: readonly { readonly id: string; readonly mode: Mode; readonly machines: number }[],
): string | undefined {
  const near = peers.filter((each) => each.mode === 'datacenter')
  const candidates = near.length > 0 ? near : peers
  return candidates.reduce<(typeof peers)[number] | undefined>(
    (a, b) => (a === undefined || b.machines < a.machines ? b : a),
    undefined,
  )?.id
}
