/** The feature flags of a node, as settings of its modules: a file in flagd's JSON that is followed. Knows no module. */
import { compileFlags, type Flags, parseFlags, type Rollout, rolloutOf } from '../../src/flags/index.ts'
import { type Call, followSettings, type Followed } from '../../src/router/index.ts'
import type { Sender } from './settings.ts'
import { flagNames } from './service-words.ts'
import type { Setting } from './settings.ts'

type FlagName = (typeof flagNames)[keyof typeof flagNames]

export interface FollowFlags {
  readonly path: string
  /** The pool's share goes by sender, the sync's by node: one node runs one sync. */
  readonly node: string
  readonly keyOf: (call: Call<Sender>) => string | undefined
  readonly pool: (setting: Setting) => Promise<void>
  readonly sync: (setting: Setting) => Promise<void>
  readonly troubled: (trouble: Error | null) => void
}

/** A flag that is off, missing or disabled means v1: the old way is the fallback. */
export function followFlags({ path, node, keyOf, pool, sync, troubled }: FollowFlags): Promise<Followed> {
  const known: { [name in FlagName]?: Side } = {}
  const taken = (name: FlagName, then: () => Promise<void>) => async (flag: unknown) => {
    known[name] = sideOf(name, flag)
    await then()
  }
  const poolSetting = (): Setting => {
    const { [flagNames.pool]: share, [flagNames.shadow]: beside } = known
    const reach = share?.reach ?? 'none'
    const decide = share === undefined || reach === 'none' ? 'v1' : reach === 'all' ? 'v2' : bySender(share)
    return { decide, shadow: decide === 'v1' ? (beside?.percent ?? 0) : 0 }
  }
  const bySender =
    ({ flags, name }: Side) =>
    (call: Call<Sender>) => {
      const targetingKey = keyOf(call)
      return targetingKey !== undefined && flags.boolean(name, false, { targetingKey }) ? 'v2' : 'v1'
    }
  const syncSetting = (): Setting => {
    const isV2 = known[flagNames.sync]?.flags.boolean(flagNames.sync, false, { node, targetingKey: node })
    return { decide: isV2 ? 'v2' : 'v1', shadow: 0 }
  }
  return followSettings(
    { path, at: ['flags'], troubled, everyMs: 100 },
    {
      // The share first: until it is known, the shadow would be one of v1, also where v1 is retired.
      [flagNames.pool]: taken(flagNames.pool, () => pool(poolSetting())),
      [flagNames.shadow]: taken(flagNames.shadow, () => pool(poolSetting())),
      [flagNames.sync]: taken(flagNames.sync, () => sync(syncSetting())),
    },
  )
}

interface Side {
  readonly name: FlagName
  readonly flags: Flags
  readonly percent: number
  /** Whether it is on for nobody, for everybody, or must be asked for each. */
  readonly reach: 'none' | 'some' | 'all'
}

function sideOf(name: FlagName, flag: unknown): Side {
  const set = parseFlags({ flags: { [name]: flag } })
  const { enabled, percent, allow, deny } = rolloutOf(set.flags[name]!) ?? nobody
  const reach =
    !enabled || (percent === 0 && allow.length === 0) ? 'none' : percent === 100 && deny.length === 0 ? 'all' : 'some'
  return { name, flags: compileFlags(set, Date), percent: reach === 'none' ? 0 : percent, reach }
}

const nobody: Rollout = { enabled: false, percent: 0, allow: [], deny: [] }
