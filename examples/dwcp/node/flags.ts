/** Which features are in force on this node now, as the flag file says. Asked in the process, with Changeover's own evaluator. */
import { compileFlags, type Flags, readFlags } from '../../../src/flags/index.ts'
import { type Feature, features } from '../wire/features.ts'
import { followFile, type Following } from './follow-file.ts'

export interface InForce {
  readonly features: readonly Feature[]
  /** Of this node's groups those that shall have PBFT. */
  readonly pbftGroups: readonly string[]
}
export interface FollowedFlags extends Following {
  readonly current: () => InForce
}

const none: InForce = { features: [], pbftGroups: [] }

/** A file that is not there, or was never right, leaves all features off: the old way. */
export function followFlags(
  path: string | undefined,
  node: string,
  groups: readonly string[],
  changed: (now: InForce) => void,
): FollowedFlags {
  let now = none
  const followed = followFile(path, (text) => {
    const next = inForce(flagsIn(text), node, groups)
    if (JSON.stringify(next) === JSON.stringify(now)) return
    now = next
    changed(now)
  })
  return { ...followed, current: () => now }
}

function flagsIn(text: string): Flags {
  return compileFlags(readFlags(JSON.parse(text)), Date)
}

function inForce(flags: Flags, node: string, groups: readonly string[]): InForce {
  const context = { targetingKey: node, node, group: groups[0] ?? '' }
  // Part of a group cannot agree in another way than the rest: the whole group has one bucket.
  const pbftGroups = groups.filter((group) => flags.boolean('pbft_consensus', false, { targetingKey: group, group }))
  const on = features.filter((each) =>
    each === 'pbft_consensus' ? pbftGroups.length > 0 : flags.boolean(each, false, context),
  )
  return { features: on, pbftGroups }
}
