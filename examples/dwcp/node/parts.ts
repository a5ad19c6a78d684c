/** What a node consists of, for those who ask it. */
import type { Host } from '../machine/host.ts'
import type { Arrivals } from '../machine/arrival.ts'
import type { Baselines } from '../pages/baselines.ts'
import type { Selector } from '../pages/selector.ts'
import type { Notes } from '../sync/notes.ts'
import type { Version } from '../wire/features.ts'
import type { Agreement } from './agreement.ts'
import type { Figures } from './figures.ts'
import type { InForce } from './flags.ts'
import type { Links } from './links.ts'
import type { Moves } from './moves.ts'
import type { NodeState } from './state.ts'

export interface Happened {
  readonly event: string
  readonly at: string
  readonly [detail: string]: unknown
}
export interface NodeParts {
  readonly id: string
  readonly version: Version
  readonly fault: string | null
  readonly host: Host
  readonly arrivals: Arrivals
  readonly moves: Moves
  readonly agreement: Agreement
  readonly links: Links
  readonly notes: Notes
  readonly figures: Figures
  readonly baselines: Baselines
  readonly selector: Selector
  readonly inForce: () => InForce
  readonly events: () => readonly Happened[]
  readonly troubles: () => readonly string[]
  readonly state: () => NodeState
  readonly isDraining: () => boolean
}
