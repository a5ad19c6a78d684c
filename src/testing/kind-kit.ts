/** The conformance kit of step kinds: a case in, checks out. Holds our kinds and guests' kinds to the same contract; runs under any test runner. */
import { deepStrictEqual, fail, ok } from 'node:assert'
import { canonical, diff, equal, type Json, missed } from '../core/json.ts'
import type { AnyKind, Crew, Draft, Mark, Reading, Site, Target, Writing } from '../core/kind.ts'
import { isChangeoverError } from '../core/errors.ts'
import type { Roles } from '../core/ports/index.ts'
import { blocks } from '../core/finding.ts'
import { doomed, Fate, Killed } from './crash.ts'

/** What a run of a case works on: targets by role, made anew for every run. */
export interface CaseWorld {
  readonly targets: { readonly [role: string]: Target }
  /** Pure tools by role, where `plan` needs them. */
  readonly tools?: { readonly [role: string]: object }
  /** What must return on rollback, besides facts, and must not depend on where a run was killed: rows, file bytes, states. */
  state?(): Promise<Json>
  /** What a rollback must have left nothing of, by name. For a database, objects in schema `changeover`. */
  leftovers?(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface KindCase {
  readonly name: string
  readonly kind: AnyKind
  readonly spec: Json
  world(): Promise<CaseWorld>
  /** Outputs of other steps. */
  readonly recall?: { readonly [step: string]: Json }
  readonly approval?: { readonly by: string; readonly note: string }
  load?(reference: string): Promise<unknown>
  /** A kind that changes no state on purpose when it is rolled back (a backup stays): compared with after `apply` instead. */
  readonly keeps?: boolean
  /** At most so many points of death are tried, evenly spread; say why in a comment. `CHANGEOVER_EVERY_POINT=1` tries every one all the same. */
  readonly most?: number
}

export interface Check {
  readonly name: string
  run(): Promise<void>
}

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
  ]
}

class Stage {
  readonly kindCase: KindCase
  readonly world: CaseWorld
  readonly before: Json
  readonly draft: Draft<Roles, Json>

  constructor(kindCase: KindCase, world: CaseWorld, before: Json) {
    this.kindCase = kindCase
    this.world = world
    this.before = before
    this.draft = planOf(kindCase, world, (before as { facts: Json }).facts)
  }

  /** Runs a verb to its end or to its death; the last mark that was kept. A mark that was yielded in the instant of death is lost. */
  async go(
    verb: 'apply' | 'rollback',
    from: Mark,
    fate: Fate,
    applied: Mark = null,
  ): Promise<{ mark: Mark; marks: number; killed: boolean }> {
    const context = contextOf(this.kindCase, this.world, fate, applied, this.draft.work)
    let mark = from
    let marks = 0
    try {
      for await (const each of this.kindCase.kind[verb](this.draft.work, context as Writing<Roles>, from)) {
        deepStrictEqual(JSON.parse(JSON.stringify(each)), each, `a mark of ${verb} is not plain JSON`)
        fate.pass(`before keeping mark ${marks + 1} of ${verb}`)
        mark = each
        marks += 1
        fate.pass(`after keeping mark ${marks} of ${verb}`)
      }
    } catch (error) {
      if (fate.dead) return { mark, marks, killed: true }
      throw error
    }
    if (fate.dead) fail(`${this.kindCase.kind.name} went on after its death ${fate.where}`)
    return { mark, marks, killed: false }
  }

  async findings(verb: 'check' | 'verify') {
    const context = contextOf(this.kindCase, this.world, new Fate(), null, this.draft.work)
    return (await this.kindCase.kind[verb]?.(this.draft.work, context as unknown as Reading<Roles>)) ?? []
  }
}

async function inWorld(kindCase: KindCase, body: (stage: Stage) => Promise<void>): Promise<void> {
  const world = await kindCase.world()
  try {
    await body(new Stage(kindCase, world, await snapshot(world)))
  } finally {
    await world.close()
  }
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

async function returned(stage: Stage, when: string): Promise<void> {
  const now = await snapshot(stage.world)
  if (stage.kindCase.keeps) {
    same((now as { facts: Json }).facts, (stage.before as { facts: Json }).facts, when)
    return
  }
  if (stage.draft.undo === 'none') return
  same(now, stage.before, when)
  deepStrictEqual((await stage.world.leftovers?.()) ?? [], [], `leftovers ${when}`)
}

async function snapshot(world: CaseWorld): Promise<Json> {
  const facts: { [role: string]: Json } = {}
  for (const [role, target] of Object.entries(world.targets)) facts[role] = (await target.observe()) as Json
  return { facts, state: (await world.state?.()) ?? null }
}

function same(now: Json, then: Json, when: string): void {
  if (equal(now, then)) return
  const lines = diff(then, now).map(
    (edit) => `${edit.path.join('.')}: ${canonical(edit.from ?? null)} -> ${canonical(edit.to ?? null)}`,
  )
  fail(`${when}:\n${lines.slice(0, 20).join('\n').slice(0, 4000)}`)
}

function planOf(kindCase: KindCase, world: CaseWorld, facts: unknown): Draft<Roles, Json> {
  const roles = Object.keys(kindCase.kind.roles as Roles)
  const spec: unknown = kindCase.kind.spec.parse(kindCase.spec)
  const tools = Object.fromEntries(roles.map((role) => [role, world.tools?.[role] ?? {}]))
  return kindCase.kind.plan(spec, {
    facts: facts as Site<Roles>['facts'],
    tools,
    targets: Object.fromEntries(roles.map((role) => [role, role])),
  }) as Draft<Roles, Json>
}

function contextOf(kindCase: KindCase, world: CaseWorld, fate: Fate, applied: Mark, work: Json): Writing<Roles> {
  const stop = new AbortController()
  const ports = Object.fromEntries(
    Object.entries(world.targets).map(([role, target]) => [role, doomed(target.write as object, fate, role)]),
  )
  const context = {
    run: 'case-1',
    step: 'step',
    clock: {
      now: () => Date.now(),
      sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 5))),
    },
    signal: stop.signal,
    quit: new AbortController().signal,
    recall: (step: string) => kindCase.recall?.[step],
    load: (reference: string) =>
      kindCase.load?.(reference) ?? Promise.reject(new Error(`the case does not load ${reference}`)),
    plan: { name: 'case', from: '1', to: '2' },
    on: ports,
    applied,
    approval: kindCase.approval,
    wishes: {},
    hire: (hands: number): Crew => hired(kindCase, work, context as unknown as Writing<Roles>, hands),
  }
  return context as unknown as Writing<Roles>
}

function hired(kindCase: KindCase, work: Json, context: Writing<Roles>, hands: number): Crew {
  const quit = new AbortController()
  const own = { ...context, quit: quit.signal }
  const ended = Promise.all(Array.from({ length: hands }, async () => kindCase.kind.labour?.(work, own))).then(
    () => undefined,
  )
  ended.catch(() => undefined)
  return {
    ended,
    dismiss: async () => {
      quit.abort()
      await ended.catch((error: unknown) => {
        if (!(error instanceof Killed) && !isChangeoverError(error)) throw error
      })
    },
  }
}

/** Every point, or `most` of them: the first, the last and those between at even distances. */
function spread(points: number, asked = Infinity): readonly number[] {
  const most = process.env['CHANGEOVER_EVERY_POINT'] ? Infinity : asked
  if (points <= most) return Array.from({ length: points }, (_, index) => index + 1)
  return [...new Set(Array.from({ length: most }, (_, index) => 1 + Math.round((index * (points - 1)) / (most - 1))))]
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze)
  return Object.freeze(value)
}
