/** The schedule on paper: who has a feature after each step, by Changeover's own evaluator. No fleet runs. */
import { describe, expect, it } from 'vitest'
import {
  compileFlags,
  type Flag,
  newFlag,
  readFlags,
  type Rollout,
  rolloutOf,
  withRollout,
} from '../../src/flags/index.ts'
import { nodeNames } from './fleet-files.ts'
import { paces } from './pace.ts'
import { down, sixWeeks } from './rollout.ts'
import { letPass, rehearsedIn } from './waits.ts'
import { type Feature, features } from './wire/features.ts'

type Wish = Partial<Rollout> & { readonly flag: Feature; readonly why: string }
type Has = (feature: Feature) => readonly string[]

/** What the steps make of flags that nobody has, period after period: calls `after` when a period has all its figures. */
function play(
  steps: readonly { readonly kind: string; readonly spec?: unknown }[],
  nodes: readonly string[],
  start = emptyFlags(),
) {
  const flags = new Map(start)
  const periods = new Map<string, Readonly<Record<string, readonly string[]>>>()
  for (const { kind, spec } of steps) {
    if (kind !== 'flags.set') continue
    const { flag, why, ...wish } = spec as Wish
    flags.set(flag, withRollout(flags.get(flag)!, { ...rolloutOf(flags.get(flag)!)!, ...wish }))
    periods.set(why, Object.fromEntries(features.map((name) => [name, whoHas(flags, nodes)(name)])))
  }
  return { flags, periods }
}

const emptyFlags = (): ReadonlyMap<Feature, Flag> => new Map(features.map((name) => [name, newFlag()]))

function whoHas(flags: ReadonlyMap<Feature, Flag>, nodes: readonly string[]): Has {
  const compiled = compileFlags(readFlags({ flags: Object.fromEntries(flags) as never }), Date)
  return (feature) =>
    nodes.filter((node) => compiled.boolean(feature, false, { targetingKey: node, node, group: node }))
}

describe.each([8, 24])('the schedule of %i nodes', (count) => {
  const nodes = nodeNames(count)
  const canaries = nodes.slice(0, 3)
  const forth = play(sixWeeks(canaries, paces.full), nodes)

  it('gives every feature of nodes to the canary nodes first, so that some pair has it', () => {
    const week3 = forth.periods.get('Week 3')!
    for (const feature of ['hybrid_mode', 'ml_compression', 'crdt_sync', 'internet_optimization'])
      expect([feature, week3[feature]]).toEqual([feature, expect.arrayContaining(canaries)])
    expect(week3['ml_compression']!.length).toBeLessThan(count / 2)
  })

  it('ends with everybody, and its way down with nobody', () => {
    for (const feature of features) expect([feature, forth.periods.get('Week 6')![feature]]).toEqual([feature, nodes])
    const back = play(down(paces.full), nodes, forth.flags)
    for (const feature of features) expect([feature, back.periods.get('Down to 0 %')![feature]]).toEqual([feature, []])
  })
})

describe('a wait of the guide', () => {
  const wait = letPass({ id: 'first-month', days: 30, compress: 324_000, stage: 'Later', guards: [] })

  it('says what it is and how long it takes here', () => {
    expect(wait).toMatchObject({
      title: 'let 30d pass, rehearsed in 8 s',
      spec: { forMs: 8_000, compressed: { of: '30d' } },
    })
    expect(rehearsedIn([wait as never])).toEqual([{ step: 'first-month', of: '30d', ms: 8_000 }])
  })
})
