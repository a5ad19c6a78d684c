/** The conformance kit of step kinds: a case in, checks out. Holds our kinds and guests' kinds to the same contract; runs under any test runner. */
import { deepStrictEqual, ok } from 'node:assert'
import { type Json, missed } from '../core/json.ts'
import { blocks } from '../core/finding.ts'
import { Fate } from './crash.ts'
import { backChecks } from './kind-back.ts'
import {
  type Check,
  inWorld,
  type KindCase,
  planOf,
  returned,
  same,
  snapshot,
  spread,
  type Stage,
} from './kind-stage.ts'

export type { CaseWorld, Check, KindCase } from './kind-stage.ts'

/** The two functions of a test runner that the kit needs. */
export interface Runner {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
}

/** Registers the checks of a case with a test runner: `describeKind(oneCase, { describe, it })`. */
export function describeKind(kindCase: KindCase, runner: Runner): void {
  runner.describe(`${kindCase.kind.name}: ${kindCase.name}`, () => {
    for (const check of kindChecks(kindCase)) runner.it(check.name, () => check.run())
  })
}

/** The checks of a case, for any test runner. */
export function kindChecks(kindCase: KindCase): readonly Check[] {
  return [
    { name: 'plans purely, to plain data', run: () => inWorld(kindCase, plansPurely) },
    { name: 'applies as predicted, once, and rolls back to the start', run: () => inWorld(kindCase, roundTrip) },
    { name: 'rolls back where nothing was applied', run: () => inWorld(kindCase, rollsBackNothing) },
    { name: 'killed before and after every call, resumes to the same end', run: () => killedAndResumed(kindCase) },
    { name: 'killed before and after every call, rolls back to the start', run: () => killedAndRolledBack(kindCase) },
    {
      name: 'killed at every call of the rollback, still rolls back to the start',
      run: () => killedWhileRollingBack(kindCase),
    },
    ...backChecks(kindCase),
  ]
}

async function plansPurely(stage: Stage): Promise<void> {
  const again = planOf(stage.kindCase, stage.world, freeze(structuredClone((stage.before as { facts: Json }).facts)))
  deepStrictEqual(again, stage.draft, 'plan answered otherwise the second time')
  deepStrictEqual(JSON.parse(JSON.stringify(stage.draft)), stage.draft, 'the draft is not plain JSON')
  ok(stage.draft.preview.length > 0, 'the preview is empty')
  deepStrictEqual(blocks(stage.draft.findings ?? []), [], 'plan blocks its own case')
}

async function roundTrip(stage: Stage): Promise<void> {
  deepStrictEqual(blocks(await stage.findings('check')), [], 'check blocks its own case')
  const { mark } = await stage.go('apply', null, new Fate())
  const applied = await snapshot(stage.world)
  await comparePrediction(stage)
  deepStrictEqual(blocks(await stage.findings('verify')), [], 'verify blocks what apply did')
  await stage.go('apply', mark, new Fate())
  same(await snapshot(stage.world), applied, 'applying again from the last mark changed something')
  await stage.go('apply', null, new Fate())
  same(await snapshot(stage.world), applied, 'applying again from the beginning changed something')
  await stage.go('rollback', null, new Fate(), mark)
  await returned(stage, 'after apply and rollback')
}

async function rollsBackNothing(stage: Stage): Promise<void> {
  await stage.go('rollback', null, new Fate())
  await returned(stage, 'after a rollback of nothing')
}

async function killedAndResumed(kindCase: KindCase): Promise<void> {
  const { points, end } = await measure(kindCase)
  for (const at of spread(points, kindCase.most)) {
    await inWorld(kindCase, async (stage) => {
      const fate = new Fate(at)
      const { mark } = await stage.go('apply', null, fate)
      await stage.go('apply', mark, new Fate())
      same(await snapshot(stage.world), end, `killed ${fate.where} and resumed`)
    })
  }
}

async function killedAndRolledBack(kindCase: KindCase): Promise<void> {
  const { points } = await measure(kindCase)
  for (const at of spread(points, kindCase.most)) {
    await inWorld(kindCase, async (stage) => {
      const fate = new Fate(at)
      const { mark } = await stage.go('apply', null, fate)
      await stage.go('rollback', null, new Fate(), mark)
      await returned(stage, `killed ${fate.where} and rolled back`)
    })
  }
}

async function killedWhileRollingBack(kindCase: KindCase): Promise<void> {
  const { back } = await measure(kindCase)
  for (const at of spread(back, kindCase.most)) {
    await inWorld(kindCase, async (stage) => {
      const { mark: applied } = await stage.go('apply', null, new Fate())
      const fate = new Fate(at)
      const { mark } = await stage.go('rollback', null, fate, applied)
      await stage.go('rollback', mark, new Fate(), applied)
      await returned(stage, `killed ${fate.where} of the rollback and rolled back again`)
    })
  }
}

/** How many points a whole apply and a whole rollback pass, and what an unbroken apply ends in. */
async function measure(kindCase: KindCase): Promise<{ points: number; back: number; end: Json }> {
  const found = { points: 0, back: 0, end: null as Json }
  await inWorld(kindCase, async (stage) => {
    const there = new Fate()
    const { mark } = await stage.go('apply', null, there)
    found.end = await snapshot(stage.world)
    const back = new Fate()
    await stage.go('rollback', null, back, mark)
    Object.assign(found, { points: there.points, back: back.points })
  })
  return found
}

async function comparePrediction(stage: Stage): Promise<void> {
  for (const [role, target] of Object.entries(stage.world.targets)) {
    const predicted = (stage.draft.predicted[role] ??
      ((stage.before as { facts: { [role: string]: Json } }).facts[role] as Json)) as Json
    const seen = (await target.observe()) as Json
    deepStrictEqual(missed(predicted, seen), [], `the facts of "${role}" are not what plan predicted`)
  }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze)
  return Object.freeze(value)
}
