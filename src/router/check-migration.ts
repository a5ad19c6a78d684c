/** Takes real states there and back, and names what would be lost. Changes no state. */
import { isDeepStrictEqual } from 'node:util'
import { block, type Finding, note, risk } from '../core/finding.ts'
import { pathsApart } from './apart.ts'
import type { StateMigration } from './migration.ts'

/** What `checkMigration` may be told. */
export interface CheckOptions {
  /** Whose states these are: `first` (unless said) is the version that `forward` starts from. */
  readonly side?: 'first' | 'second'
  /** At most this many paths a finding; 20 unless said. */
  readonly most?: number
}

interface Way {
  readonly there: (state: unknown, was?: unknown) => unknown
  readonly back: (state: unknown, was?: unknown) => unknown
  readonly said: readonly string[]
}

/**
 * Blocks: a state that is refused (`state.refused`), changed by being looked at (`state.touched`), given another answer the second time
 * (`state.unsteady`), or not brought back even with what was there (`state.broken`). Risks: paths that come back only where the
 * former state is kept (`state.lost`). What the migration says of itself it loses is a note (`state.lost-as-said`).
 */
export function checkMigration<A, B>(
  migration: StateMigration<A, B>,
  states: readonly (A | B)[],
  options: CheckOptions = {},
): readonly Finding[] {
  const ahead = (options.side ?? 'first') === 'first'
  const { forward, backward, lost } = migration as unknown as StateMigration<unknown, unknown>
  const way: Way = ahead
    ? { there: forward, back: backward, said: lost.forward }
    : { there: backward, back: forward, said: lost.backward }
  return merged(states.flatMap((state) => findingsOf(state, way, options.most ?? 20)))
}

/** One thing that is so of one state. */
interface Seen {
  readonly code:
    'state.refused' | 'state.touched' | 'state.unsteady' | 'state.broken' | 'state.lost' | 'state.lost-as-said'
  /** A path, or what was said by a refusal. */
  readonly what: string
}

function findingsOf(state: unknown, { there, back, said }: Way, most: number): readonly Seen[] {
  const before = structuredClone(state)
  try {
    const made = there(state)
    const seen: Seen[] = pathsApart(before, state, most).map((what) => ({ code: 'state.touched', what }))
    seen.push(
      ...pathsApart(made, there(structuredClone(before)), most).map((what): Seen => ({ code: 'state.unsteady', what })),
    )
    seen.push(
      ...pathsApart(before, back(made, structuredClone(before)), most).map((what): Seen => ({
        code: 'state.broken',
        what,
      })),
    )
    const plain = back(structuredClone(made))
    for (const what of pathsApart(before, plain, most))
      seen.push({ code: said.some((path) => covers(path, what)) ? 'state.lost-as-said' : 'state.lost', what })
    return isDeepStrictEqual(seen, []) ? [] : seen
  } catch (error) {
    return [{ code: 'state.refused', what: error instanceof Error ? error.message : String(error) }]
  }
}

/** A lens says `name` of a field at the top, and a pointer of all else. */
function covers(said: string, path: string): boolean {
  const pointer = said.startsWith('/') ? said : `/${said}`
  return path === pointer || path.startsWith(`${pointer}/`)
}

const words: { readonly [code in Seen['code']]: readonly [make: typeof note, message: string, help: string] } = {
  'state.refused': [block, 'the migration refuses a state', 'look at the state, and widen the migration'],
  'state.touched': [
    block,
    'the migration changes the state it is given',
    'make a new state, and leave the old as it is',
  ],
  'state.unsteady': [block, 'the migration gives another answer the second time', 'take clock and chance out of it'],
  'state.broken': [
    block,
    'there and back changes the state, even with the former one at hand',
    'mend `backward` for this path',
  ],
  'state.lost': [
    risk,
    'there and back loses what stands here, unless the former state is kept',
    'keep the former state for the way back, carry the value along, or say it in `lost`',
  ],
  'state.lost-as-said': [
    note,
    'lost without the former state, as the migration says',
    'keep the former state for the way back',
  ],
}

function merged(seen: readonly Seen[]): readonly Finding[] {
  const counts = new Map<string, { readonly seen: Seen; states: number }>()
  for (const each of seen) {
    const key = `${each.code} ${each.what}`
    const counted = counts.get(key) ?? { seen: each, states: 0 }
    counted.states++
    counts.set(key, counted)
  }
  return [...counts.values()].map(({ seen: { code, what }, states }) => {
    const [make, message, help] = words[code]
    const of = states === 1 ? '' : ` (${states} states)`
    return make(code, `${message}: ${code === 'state.refused' ? what : `"${what}"`}${of}`, help, { path: what, states })
  })
}
