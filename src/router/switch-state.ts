/** Takes a module's state along when its calls go to another version, forward and back. Knows no shape of a state. */
import { ChangeoverError } from '../core/errors.ts'
import { blocks, type Finding } from '../core/finding.ts'
import { pathsApart } from './apart.ts'
import type { NameOf, Versions } from './calls.ts'
import { checkMigration } from './check-migration.ts'
import type { StateMigration } from './migration.ts'
import type { Router } from './options.ts'

/** How a version gives its state and takes another. Synchronous ones switch between two calls; with others, calls that write are held. */
export interface StateHooks<S> {
  readonly export: () => S | Promise<S>
  /** Replaces the whole state. */
  readonly import: (state: S) => void | Promise<void>
}

/** What `stateSwitch` is given. */
export interface StateSwitchOptions<V extends Versions, A, B, Context> {
  readonly router: Router<V, Context>
  /** The older version, in whose shape `A` is, and the newer. */
  readonly first: { readonly version: NameOf<V> } & StateHooks<A>
  readonly second: { readonly version: NameOf<V> } & StateHooks<B>
  readonly migration: StateMigration<A, B>
  /** What a version held when it was last left: kept over a restart where this is given. */
  readonly memory?: {
    readonly load: (version: string) => unknown
    readonly save: (version: string, state: unknown) => void | Promise<void>
  }
  /** Findings that need not stop a switch, by their code: `['state.lost']` is always among them, the former state being kept. */
  readonly accept?: readonly string[]
  /** The version that holds the state now; unless said, the one that a call without arguments and context would go to. */
  readonly holds?: NameOf<V>
  /** How often it is tried again when calls that could not wait wrote meanwhile; 3 unless said. */
  readonly attempts?: number
  readonly patienceMs?: number
}

/** What came of a switch. */
export interface Switched {
  readonly version: string
  readonly findings: readonly Finding[]
  /** How long calls that write were held. */
  readonly heldMs: number
  readonly attempts: number
}

/** Two versions of which one holds the state. */
export interface StateSwitch {
  /**
   * Moves the state and every call to a version. Harmless where it is there already. Throws `router.moved` where the state did not arrive
   * whole, a finding blocks it, or calls went on writing; then the version that answered before goes on as if nothing had been.
   */
  to(version: string): Promise<Switched>
  /** The version that holds the state. */
  readonly version: string
}

interface Side {
  readonly version: string
  readonly hooks: StateHooks<unknown>
  /** From the other side's shape to this one's. */
  readonly shape: (state: unknown, was: unknown) => unknown
}

/** A switch between two versions with a state. Nothing is moved before it is asked for. */
export function stateSwitch<V extends Versions, A, B, Context>(
  options: StateSwitchOptions<V, A, B, Context>,
): StateSwitch {
  const { router, first, second, migration, attempts = 3 } = options
  const sides: readonly [Side, Side] = [
    { version: first.version, hooks: first as StateHooks<unknown>, shape: migration.backward as Side['shape'] },
    { version: second.version, hooks: second as StateHooks<unknown>, shape: migration.forward as Side['shape'] },
  ]
  const holds = options.holds ?? router.versionOf({ method: '', args: [], context: undefined })
  let at = holds === second.version ? 1 : 0
  const memory = options.memory ?? inProcess()

  const go = async (version: string): Promise<Switched> => {
    const target = sides.findIndex((side) => side.version === version)
    if (target < 0)
      throw new ChangeoverError(
        'router.invalid',
        `"${version}" is neither "${first.version}" nor "${second.version}"`,
        'name one of the two',
      )
    if (target === at) {
      router.set(version as NameOf<V>)
      return { version, findings: [], heldMs: 0, attempts: 0 }
    }
    const [from, into] = [sides[at]!, sides[target]!]
    const findings = checkMigration(migration, [(await from.hooks.export()) as A | B], {
      side: at === 0 ? 'first' : 'second',
    })
    const standing = blocks(findings).find((each) => !(options.accept ?? []).includes(each.code))
    if (standing !== undefined) throw moved(standing.message, standing.help)
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const was = await memory.load(version)
      const done = await router.pause(
        (slipped) => move(from, into, was, slipped, () => router.set(version as NameOf<V>)),
        options.patienceMs,
      )
      if (done.result === null) continue
      at = target
      await memory.save(from.version, done.result)
      return { version, findings, heldMs: done.heldMs, attempts: attempt }
    }
    throw moved(
      `calls wrote to "${from.version}" each of the ${attempts} times its state was on its way`,
      'make `export` and `import` synchronous, or the writing methods async functions, so that their calls can be held',
    )
  }
  let turn: Promise<unknown> = Promise.resolve()
  return {
    // One after the other: a second one that starts from what the first has left would take an old state along.
    to: (version) => {
      const mine = turn.then(() => go(version))
      turn = mine.catch(() => undefined)
      return mine
    },
    get version() {
      return sides[at]!.version
    },
  }
}

/** The state that was left, or null where a call wrote meanwhile. Goes through in one turn where both hooks are synchronous. */
function move(from: Side, into: Side, was: unknown, slipped: () => number, set: () => void): unknown {
  return after(from.hooks.export(), (state) => {
    const shaped = into.shape(state, was)
    return after(into.hooks.import(shaped), () =>
      after(into.hooks.export(), (arrived) => {
        const [apart] = pathsApart(shaped, arrived, 1)
        if (apart !== undefined)
          throw moved(
            `the state did not arrive whole in "${into.version}": it differs at "${apart}"`,
            `look at the import and export of "${into.version}"`,
          )
        if (slipped() > 0) return null
        set()
        return state
      }),
    )
  })
}

function after<T>(value: T | Promise<T>, next: (value: T) => unknown): unknown {
  return value instanceof Promise ? value.then(next) : next(value)
}

function inProcess(): NonNullable<StateSwitchOptions<Versions, unknown, unknown, unknown>['memory']> {
  const left = new Map<string, unknown>()
  return { load: (version) => left.get(version), save: (version, state) => void left.set(version, state) }
}

function moved(message: string, help: string): ChangeoverError {
  return new ChangeoverError('router.moved', `nothing was switched: ${message}`, help)
}
