/** A node's state file: read at the start, written at the end, whole or not at all. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Image } from '../machine/host.ts'
import type { Version } from '../wire/features.ts'
import type { NodeParts } from './parts.ts'
import { type NodeState, writeMachine } from './state.ts'

/** Throws RangeError where it is another node's, or a v3 state in front of a v1 node. */
export function readState(path: string | undefined, node: string, version: Version): NodeState | null {
  if (path === undefined || !existsSync(path)) return null
  const state = JSON.parse(readFileSync(path, 'utf8')) as NodeState
  if (state.node !== node) throw new RangeError(`"${path}" is the state of "${state.node}", not of "${node}"`)
  if (version === 'v1' && state.version !== 'v1')
    throw new RangeError(
      `"${path}" is a ${state.version} state, which v1 cannot read: take it down first (downgrade.ts)`,
    )
  return state
}

export function writeState(path: string, state: NodeState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state))
  renameSync(`${path}.new`, path)
}

type Kept = Pick<NodeParts, 'id' | 'version' | 'host' | 'agreement' | 'arrivals' | 'notes'>

/** `waiting`: machines of an earlier life that do not run again yet. */
export function stateOf(parts: Kept, waiting: readonly Image[]): NodeState {
  const { id, version, host, agreement, arrivals, notes } = parts
  const running = host.all.map(([name, { generation, machine }]) => ({ id: name, generation, memory: machine.memory }))
  const images = [...running, ...waiting.filter((each) => host.get(each.id) === undefined)]
  const groups = Object.fromEntries(agreement.groups.map((group) => [group.id, group.state()]))
  if (version === 'v1')
    return { version, node: id, groups, machines: images.map((each) => writeMachine('v1', each)), notes: notes.rows() }
  const changingView = agreement.groups.filter((each) => each.placements.algorithm === 'pbft' && each.leader === null)
  return {
    version,
    node: id,
    groups,
    machines: images.map((each) => writeMachine('v3', each)),
    notes: notes.export(),
    arriving: arrivals.names,
    changingView: changingView.map((each) => each.id),
  }
}
