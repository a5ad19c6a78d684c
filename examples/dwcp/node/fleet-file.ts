/** The fleet as its file says it: who is where, who agrees with whom, and which ways lead through another port. Followed. */
import { hash } from 'node:crypto'
import { followFile, type Following } from './follow-file.ts'

export interface FleetNode {
  /** `host:port`; empty while it has not started. */
  readonly address: string
  readonly admin: string
  /** Ed25519, SPKI as base64. Without it what the node signs is believed by nobody. */
  readonly publicKey?: string
  /** Nodes of one zone are near each other. Figures tell ways within a zone from ways between two; nothing else asks. */
  readonly zone?: string
}
export interface FleetFile {
  readonly nodes: Readonly<Record<string, FleetNode>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** `from>to`: the address at which `from` finds `to`. */
  readonly via?: Readonly<Record<string, string>>
}
export interface FollowedFleet extends Following {
  readonly current: () => FleetFile
  readonly addressOf: (from: string, to: string) => string | undefined
  readonly zonesOf: (from: string, to: string) => 'same' | 'other'
}

export function followFleet(path: string, changed: () => void): FollowedFleet {
  let fleet: FleetFile = { nodes: {}, groups: {} }
  const followed = followFile(path, (text) => {
    fleet = JSON.parse(text) as FleetFile
    changed()
  })
  const addressOf = (from: string, to: string) =>
    fleet.via?.[`${from}>${to}`] ?? (fleet.nodes[to]?.address || undefined)
  const zonesOf = (from: string, to: string) => (fleet.nodes[from]?.zone === fleet.nodes[to]?.zone ? 'same' : 'other')
  return { ...followed, current: () => fleet, addressOf, zonesOf }
}

/** The group that agrees on a machine: by hash of its name over the groups in their order. */
export function groupOf(machine: string, groups: readonly string[]): string {
  const bucket = Buffer.from(hash('sha256', machine), 'hex').readUInt32BE(0)
  return groups[bucket % groups.length] ?? ''
}
