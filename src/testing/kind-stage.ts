/** One run of a case of the conformance kit: a world, a plan made in it, verbs run to their end or to their death, and what is compared. Knows no check. */
import { deepStrictEqual, fail } from 'node:assert'
import { canonical, diff, equal, type Json } from '../core/json.ts'
import type { AnyKind, Crew, Draft, Mark, Reading, Site, Target, Writing } from '../core/kind.ts'
import { isChangeoverError } from '../core/errors.ts'
import type { Roles } from '../core/ports/index.ts'
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

/** A spec of a kind in a world, to be planned, applied, killed and rolled back. */
export interface KindCase {
  readonly name: string
  readonly kind: AnyKind
  readonly spec: Json
  world(): Promise<CaseWorld>
  /** Outputs of other steps. */
  readonly recall?: { readonly [step: string]: Json }
  readonly approval?: { readonly by: string; readonly note: string }
  load?(reference: string): Promise<unknown>
  /** The kind has `retreat`, and with this spec it goes back by itself after a failed look. */
  readonly retreats?: boolean
  /** The kind has `rollbackTogether`: specs of steps that follow the first, taken back with it in one effect. */
  readonly followedBy?: readonly Json[]
  /** A kind that changes no state on purpose when it is rolled back (a backup stays): compared with after `apply` instead. */
  readonly keeps?: boolean
  /** At most so many points of death are tried, evenly spread; say why in a comment. `CHANGEOVER_EVERY_POINT=1` tries every one all the same. */
  readonly most?: number
}

/** One check: it throws where it is not met. */
export interface Check {
  readonly name: string
  run(): Promise<void>
}

/** `mark`: the last that was kept. */
export type Gone = { readonly mark: Mark; readonly marks: number; readonly killed: boolean }

export interface Entering {
  readonly from: Mark
  readonly fate: Fate
  readonly applied: Mark
  readonly leave?: number
}

export class Stage {
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
  go(verb: 'apply' | 'rollback', from: Mark, fate: Fate, applied: Mark = null): Promise<Gone> {
    const { kind } = this.kindCase
    return this.enter(verb, { from, fate, applied }, (context) => kind[verb](this.draft.work, context, from))
  }

  /** The same with marks of any entry of the kind; `leave` ends it after so many of them, as a guard does. */
  async enter(verb: string, at: Entering, marksOf: (context: Writing<Roles>) => AsyncIterable<Mark>): Promise<Gone> {
    const { fate, from, applied, leave = Infinity } = at
    const context = this.context(applied, fate)
    let mark = from
    let marks = 0
    if (leave === 0) return { mark, marks, killed: false }
    try {
      for await (const each of marksOf(context)) {
        deepStrictEqual(JSON.parse(JSON.stringify(each)), each, `a mark of ${verb} is not plain JSON`)
        fate.pass(`before keeping mark ${marks + 1} of ${verb}`)
        mark = each
        marks += 1
        fate.pass(`after keeping mark ${marks} of ${verb}`)
        if (marks === leave) break
      }
    } catch (error) {
      if (fate.dead) return { mark, marks, killed: true }
      throw error
    }
    if (fate.dead) fail(`${this.kindCase.kind.name} went on after its death ${fate.where}`)
    return { mark, marks, killed: false }
  }

  async findings(verb: 'check' | 'verify') {
    const context = this.context(null, new Fate()) as unknown as Reading<Roles>
    return (await this.kindCase.kind[verb]?.(this.draft.work, context)) ?? []
  }

  context(applied: Mark, fate: Fate): Writing<Roles> {
    return contextOf(this.kindCase, this.world, fate, applied, this.draft.work)
  }
}

export async function inWorld(kindCase: KindCase, body: (stage: Stage) => Promise<void>): Promise<void> {
  const world = await kindCase.world()
  try {
    await body(new Stage(kindCase, world, await snapshot(world)))
  } finally {
    await world.close()
  }
}

export async function returned(stage: Stage, when: string): Promise<void> {
  const now = await snapshot(stage.world)
  if (stage.kindCase.keeps) {
    same((now as { facts: Json }).facts, (stage.before as { facts: Json }).facts, when)
    return
  }
  if (stage.draft.undo === 'none') return
  same(now, stage.before, when)
  deepStrictEqual((await stage.world.leftovers?.()) ?? [], [], `leftovers ${when}`)
}

export async function snapshot(world: CaseWorld): Promise<Json> {
  const facts: { [role: string]: Json } = {}
  for (const [role, target] of Object.entries(world.targets)) facts[role] = (await target.observe()) as Json
  return { facts, state: (await world.state?.()) ?? null }
}

export function same(now: Json, then: Json, when: string): void {
  if (equal(now, then)) return
  const lines = diff(then, now).map(
    (edit) => `${edit.path.join('.')}: ${canonical(edit.from ?? null)} -> ${canonical(edit.to ?? null)}`,
  )
  fail(`${when}:\n${lines.slice(0, 20).join('\n').slice(0, 4000)}`)
}

export function planOf(kindCase: KindCase, world: CaseWorld, facts: unknown): Draft<Roles, Json> {
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
export function spread(points: number, asked = Infinity): readonly number[] {
  const most = process.env['CHANGEOVER_EVERY_POINT'] ? Infinity : asked
  if (points <= most) return Array.from({ length: points }, (_, index) => index + 1)
  return [...new Set(Array.from({ length: most }, (_, index) => 1 + Math.round((index * (points - 1)) / (most - 1))))]
}
