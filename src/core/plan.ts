/** A plan: a line of planned steps, made by folding the pure `plan` of each kind over facts. Knows no file, no clock, no server. */
import { bindStep } from './bind.ts'
import { ChangeoverError } from './errors.ts'
import { block, type Finding } from './finding.ts'
import { canonical, diff, type Edit, type Json, type JsonObject, ordered, patch } from './json.ts'
import type { Adapters, Draft, Kinds, Lock, Site, Undo } from './kind.ts'
import type { Asked, AskedStep } from './asked.ts'
import type { Roles } from './ports/index.ts'

/** Structure of every target, by target name. */
export type Facts = { readonly [target: string]: Json }
/** Edits that a step is predicted to make, by target name. */
export type Change = { readonly [target: string]: readonly Edit[] }

/** A step once it is planned: all that it needs to be carried out, and to be shown before. */
export interface PlannedStep {
  readonly id: string
  readonly kind: string
  /** The targets by role. */
  readonly on: { readonly [role: string]: string }
  readonly spec: Json
  readonly title: string
  readonly stage: string
  readonly parts: readonly string[]
  /** What a person is asked before the step starts. */
  readonly approval?: string
  readonly guards: readonly PlannedStep[]
  readonly work: Json
  readonly change: Change
  readonly preview: readonly string[]
  readonly locks: readonly Lock[]
  readonly undo: Undo
}

/** A line of planned steps, and what it was made of. */
export interface Plan {
  readonly name: string
  readonly from: string
  readonly to: string
  /** The plan as it was asked for: what an edit is compared with. */
  readonly asked: Json
  readonly onFailure: 'rollback' | 'pause'
  /** Targets whose steps are turned back before all others, in this order. */
  readonly backFirst?: readonly string[]
  /** SHA-256 of every file of functions that the plan names, by reference. */
  readonly functions: { readonly [reference: string]: string }
  readonly steps: readonly PlannedStep[]
  readonly findings: readonly Finding[]
  /** Facts of every target when the plan was made. */
  readonly facts: Facts
  /** SHA-256 over what was asked, the functions it names and the work it became. */
  readonly hash: string
}

export interface World {
  readonly facts: Facts
  readonly kinds: Kinds
  readonly adapters: Adapters
  /** SHA-256 in hex of every function file that the plan names, by reference. */
  readonly functions: { readonly [reference: string]: string }
  readonly sha256: (text: string) => string
}

/** Each step is planned on the facts that the one before it predicted. */
export function makePlan(asked: Asked, world: World): Plan {
  const steps: PlannedStep[] = []
  const findings: Finding[] = []
  let facts = world.facts
  for (const step of asked.steps) {
    const planned = planStep(step, asked, facts, world)
    steps.push(planned.step)
    findings.push(...planned.findings)
    facts = planned.facts
  }
  const data = asked as unknown as Json
  const works = steps.map((step) => ({ id: step.id, work: step.work }))
  const hash = world.sha256(canonical({ asked: data, functions: world.functions, works }))
  const { name, from, to, onFailure, backFirst } = asked
  return {
    name,
    from,
    to,
    asked: data,
    onFailure,
    ...(backFirst === undefined ? {} : { backFirst }),
    functions: world.functions,
    steps,
    findings,
    facts: world.facts,
    hash,
  }
}

export interface PlannedAlone {
  readonly step: PlannedStep
  readonly facts: Facts
  readonly findings: readonly Finding[]
}

/** One step on given facts. The engine plans a step again before it starts: another `work` means that the plan is stale. */
export function planStep(
  step: AskedStep,
  asked: Asked,
  facts: Facts,
  world: World,
  as: 'step' | 'guard' = 'step',
): PlannedAlone {
  const { kind, on, spec } = bindStep(step, asked, world)
  const site = siteOf(on, asked, facts, world.adapters)
  const draft: Draft<Roles, Json> = kind.plan(spec, as === 'guard' ? { ...site, guard: true } : site)
  const after = Object.fromEntries(
    Object.entries(draft.predicted).map(([role, predicted]) => [on[role] as string, predicted as Json]),
  )
  const change = Object.fromEntries(
    Object.entries(after)
      .map(([target, to]) => [target, diff(facts[target] ?? {}, to)] as const)
      .filter(([, edits]) => edits.length > 0),
  )
  const guards = (step.guards ?? []).map((guard) => planGuard(guard, step, asked, facts, world))
  const planned: PlannedStep = {
    id: step.id,
    kind: step.kind,
    on,
    spec: step.spec as Json,
    title: step.title ?? step.id,
    stage: step.stage ?? '',
    parts: step.part === undefined ? [] : typeof step.part === 'string' ? [step.part] : step.part,
    ...(step.approval === undefined ? {} : { approval: step.approval }),
    guards: guards.map((each) => each.step),
    work: draft.work,
    change,
    preview: draft.preview,
    locks: draft.locks ?? [],
    undo: draft.undo,
  }
  const own = [...(draft.findings ?? []), ...guards.flatMap((each) => each.findings), ...irreversible(planned)]
  return {
    step: planned,
    facts: { ...facts, ...after },
    findings: own.map((each) => ({ ...each, at: { step: step.id, ...each.at } })),
  }
}

function planGuard(guard: AskedStep, step: AskedStep, asked: Asked, facts: Facts, world: World): PlannedAlone {
  if (!bindStep(guard, asked, world).kind.gate) {
    const help = `use a kind that only samples and judges: ${[...world.kinds.values()]
      .filter((each) => each.gate)
      .map((each) => each.name)
      .join(', ')}`
    throw new ChangeoverError(
      'plan.invalid',
      `step "${step.id}": guard "${guard.id}" is a "${guard.kind}", which is no gate`,
      help,
    )
  }
  return planStep(guard, asked, facts, world, 'guard')
}

function irreversible(step: PlannedStep): readonly Finding[] {
  if (step.undo !== 'none' || step.approval !== undefined) return []
  const message = `step "${step.id}" cannot be turned back and asks nobody`
  return [block('plan.no-approval', message, `add \`approval: "…"\` to step "${step.id}"`)]
}

function siteOf(on: { readonly [role: string]: string }, asked: Asked, facts: Facts, adapters: Adapters): Site<Roles> {
  const pick = (of: (target: string) => unknown) =>
    Object.fromEntries(Object.entries(on).map(([role, target]) => [role, of(target)]))
  return {
    facts: pick((target) => ordered(facts[target] ?? {})),
    tools: pick((target) => adapters.get(asked.targets[target]?.adapter ?? '')?.tools ?? {}),
    targets: on,
  } as Site<Roles>
}

/** The facts that a step should leave, given those before it. */
export function predictedFacts(step: PlannedStep, before: Facts): Facts {
  return Object.fromEntries(
    Object.entries(before).map(([target, facts]) => [target, patch(facts as JsonObject, step.change[target] ?? [])]),
  )
}

/** The targets that a step uses, its guards' too. */
export function targetsOf(step: PlannedStep): readonly string[] {
  return [...new Set([step, ...step.guards].flatMap((each) => Object.values(each.on)))]
}
