/** Who is in the fleet of a run, where each is found, and how it is started: the same for whoever puts it up and for the plan. Starts nothing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FleetFile } from './node/fleet-file.ts'
import type { Version } from './wire/features.ts'

/** A far node is reached through the fault proxy, as over the internet. */
export type Place = 'near' | 'far'

export interface Inventory {
  /** By name, in order. */
  readonly nodes: readonly NodeAddress[]
  readonly groups: readonly string[]
}
export interface NodeAddress {
  readonly id: string
  readonly port: number
  readonly admin: string
  readonly adminPort: number
}

export const fleetFile = (home: string): string => join(home, 'fleet.json')
export const settingsFile = (home: string): string => join(home, 'config', 'settings.json')
export const stateFile = (home: string, id: string): string => join(home, 'state', `${id}.json`)

const portIn = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1))

export function readInventory(home: string): Inventory {
  const { nodes, groups } = JSON.parse(readFileSync(fleetFile(home), 'utf8')) as FleetFile
  return {
    nodes: Object.entries(nodes).map(([id, { address, admin }]) => ({
      id,
      port: portIn(address),
      admin,
      adminPort: portIn(admin),
    })),
    groups: Object.keys(groups),
  }
}

/** The last node stands far away: the internet of this fleet. */
export function placeIn(nodes: readonly string[]): (node: string) => Place {
  const far = nodes.at(-1)
  return (node) => (node === far ? 'far' : 'near')
}

export interface NodeWords {
  readonly home: string
  readonly program: string
  readonly version: Version
  readonly owner: string
  /** Of v3, for a run that shows how it is caught. */
  readonly fault?: string | undefined
}

/** What stands behind `node` on the command line of a node. */
export function nodeWords({ id, port, adminPort }: NodeAddress, words: NodeWords): readonly string[] {
  const { home, program, version, owner, fault } = words
  const given = {
    id,
    version,
    fleet: fleetFile(home),
    port: String(port),
    'admin-port': String(adminPort),
    settings: settingsFile(home),
    state: stateFile(home, id),
    key: join(home, 'keys', `${id}.key`),
    owner,
    ...(version === 'v3' ? { flags: join(home, 'config', 'flags.json') } : {}),
    ...(version === 'v3' && fault !== undefined ? { fault } : {}),
  }
  return [program, ...Object.entries(given).flatMap(([name, value]) => [`--${name}`, value])]
}

export const pidFile = (home: string, id: string, version: Version): string => join(home, 'run', `${id}-${version}.pid`)
export const logFile = (home: string, id: string): string => join(home, 'logs', `${id}.log`)
