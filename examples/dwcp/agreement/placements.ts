/** Who owns which machine: the state that a group agrees on, entry by entry. Deterministic; knows no message, no clock and no file. */
import { hash } from 'node:crypto'

export type Algorithm = 'raft' | 'pbft'

/** `proposal` makes an entry that is proposed twice count once. */
export type Entry = { readonly proposal: string } & (
  | {
      readonly type: 'create'
      readonly machine: string
      readonly owner: string
      readonly seed: number
      readonly pages: number
    }
  | {
      readonly type: 'move'
      readonly machine: string
      readonly from: string
      readonly to: string
      readonly generation: number
    }
  /** Bars a move of this generation that was proposed and not heard of again. */
  | { readonly type: 'keep'; readonly machine: string; readonly owner: string; readonly generation: number }
  | { readonly type: 'label'; readonly machine: string; readonly label: string }
  /** The last entry of its epoch: nothing after it counts there. */
  | { readonly type: 'algorithm'; readonly algorithm: Algorithm; readonly epoch: number }
  | { readonly type: 'nothing' }
)

export interface Placement {
  readonly owner: string
  /** Counts every decision about the owner: what was decided on an older one is refused. */
  readonly generation: number
  readonly seed: number
  readonly pages: number
  readonly label: string
}

export type Outcome = { readonly done: true } | { readonly done: false; readonly reason: string }

/** The whole state as JSON. Equal on all members after the same entries. */
export interface PlacementsState {
  readonly index: number
  readonly epoch: number
  readonly algorithm: Algorithm
  readonly digest: string
  readonly placements: readonly (readonly [string, Placement])[]
  /** The last outcomes, for proposals that come twice. */
  readonly outcomes: readonly (readonly [string, Outcome])[]
}

const remembered = 500
const done: Outcome = { done: true }
const refused = (reason: string): Outcome => ({ done: false, reason })

export const emptyPlacements: PlacementsState = {
  index: 0,
  epoch: 1,
  algorithm: 'raft',
  digest: '',
  placements: [],
  outcomes: [],
}

export class Placements {
  #index: number
  #epoch: number
  #algorithm: Algorithm
  #digest: string
  readonly #placements: Map<string, Placement>
  readonly #outcomes: Map<string, Outcome>

  constructor(state: PlacementsState = emptyPlacements) {
    this.#index = state.index
    this.#epoch = state.epoch
    this.#algorithm = state.algorithm
    this.#digest = state.digest
    this.#placements = new Map(state.placements)
    this.#outcomes = new Map(state.outcomes)
  }

  /** Entries applied so far. */
  get index(): number {
    return this.#index
  }
  get epoch(): number {
    return this.#epoch
  }
  get algorithm(): Algorithm {
    return this.#algorithm
  }
  /** A chain over all entries. */
  get digest(): string {
    return this.#digest
  }
  get(machine: string): Placement | undefined {
    return this.#placements.get(machine)
  }
  all(): readonly (readonly [string, Placement])[] {
    return [...this.#placements]
  }
  outcomeOf(proposal: string): Outcome | undefined {
    return this.#outcomes.get(proposal)
  }

  /** The next entry. What it cannot do is an outcome, the same on every member. */
  apply(entry: Entry): Outcome {
    this.#index++
    this.#digest = hash('sha256', this.#digest + JSON.stringify(entry)).slice(0, 32)
    if (entry.type === 'nothing') return done
    const known = this.#outcomes.get(entry.proposal)
    if (known !== undefined) return known
    const outcome = this.#decide(entry)
    this.#outcomes.set(entry.proposal, outcome)
    for (const oldest of this.#outcomes.keys()) {
      if (this.#outcomes.size <= remembered) break
      this.#outcomes.delete(oldest)
    }
    return outcome
  }

  export(): PlacementsState {
    return {
      index: this.#index,
      epoch: this.#epoch,
      algorithm: this.#algorithm,
      digest: this.#digest,
      placements: [...this.#placements],
      outcomes: [...this.#outcomes],
    }
  }

  #decide(entry: Exclude<Entry, { type: 'nothing' }>): Outcome {
    if (entry.type === 'algorithm') {
      if (entry.epoch !== this.#epoch + 1) return refused(`epoch ${entry.epoch} does not follow ${this.#epoch}`)
      this.#epoch = entry.epoch
      this.#algorithm = entry.algorithm
      return done
    }
    const { machine } = entry
    const known = this.#placements.get(machine)
    if (entry.type === 'create') {
      if (known !== undefined) return refused(`machine "${machine}" is there already`)
      this.#placements.set(machine, {
        owner: entry.owner,
        generation: 1,
        seed: entry.seed,
        pages: entry.pages,
        label: '',
      })
      return done
    }
    if (known === undefined) return refused(`there is no machine "${machine}"`)
    if (entry.type === 'label') {
      this.#placements.set(machine, { ...known, label: entry.label })
      return done
    }
    const from = entry.type === 'move' ? entry.from : entry.owner
    if (known.owner !== from || known.generation !== entry.generation)
      return refused(`machine "${machine}" is with "${known.owner}" in generation ${known.generation}`)
    const owner = entry.type === 'move' ? entry.to : entry.owner
    this.#placements.set(machine, { ...known, owner, generation: known.generation + 1 })
    return done
  }
}

/** Tells whole states apart: two members with the same print have applied the same entries to the same end. */
export const printOf = (state: PlacementsState): string => hash('sha256', JSON.stringify(state))
