/** A member's placements as a journal keeps them and gives them back. Pure. */
import type { Line } from './member.ts'
import { Placements, type PlacementsState } from './placements.ts'

export interface GroupState {
  readonly state: PlacementsState
  /** Of its last entry; 0 at the beginning of an epoch. */
  readonly lastTerm: number
}

export const snapshotOf = ({ state, lastTerm }: GroupState): Line => ({
  type: 'snapshot',
  epoch: state.epoch,
  state,
  lastTerm,
})

/** As the journal left them. */
export function placementsFrom(lines: readonly Line[]): { readonly placements: Placements; readonly lastTerm: number } {
  const snapshot = lines.findLast((line) => line.type === 'snapshot')
  const at = snapshot === undefined ? -1 : lines.lastIndexOf(snapshot)
  const placements = new Placements(snapshot?.state)
  // PBFT writes down what it executed; a Raft member learns from its leader what of its log is committed.
  for (const line of lines.slice(at + 1)) if (line.type === 'executed') placements.apply(line.entry)
  return { placements, lastTerm: snapshot?.lastTerm ?? 0 }
}

/** One has seen more than the other. */
export function isAfter(
  a: { readonly epoch: number; readonly index: number },
  b: { readonly epoch: number; readonly index: number },
): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.index > b.index)
}
