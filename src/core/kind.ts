/** A kind: the code behind a step, five verbs. Knows neither engine nor adapter; all it needs arrives as arguments. */
import type { z } from 'zod'
import type { Finding } from './finding.ts'
import type { Json, JsonObject } from './json.ts'
import type { PortName, Ports, Roles } from './ports/index.ts'

/** Where a verb is. `at` is what the kind needs to go on from here; `done` of `of` `unit`s is for people. Null is the beginning. */
export type Mark = Progress | null
export interface Progress {
  readonly at: Json
  readonly done?: number
  readonly of?: number
  readonly unit?: string
  /** Shown beside the progress: why it is slow, what it waits for. */
  readonly note?: string
}

/** exact: facts and data return. lossy: something the preview names does not. none: cannot be turned back. */
export type Undo = 'exact' | 'lossy' | 'none'

/** A lock that a step takes, by the server's own name for it. `holds` is for how long, in words. */
export interface Lock {
  readonly object: string
  readonly mode: string
  readonly holds: string
}

/** What `plan` may see: facts and pure tools by role, the names of the targets, and nothing that changes. */
export interface Site<R extends Roles> {
  readonly facts: { readonly [role in keyof R]: Ports[R[role]]['facts'] }
  readonly tools: { readonly [role in keyof R]: Ports[R[role]]['tools'] }
  readonly targets: { readonly [role in keyof R]: string }
  /** Planned as a guard: it watches for as long as another step runs, and need not end by itself. */
  readonly guard?: true
}

/** What `plan` answers. A role absent from `predicted` is left as it is. */
export interface Draft<R extends Roles, Work> {
  readonly work: Work
  readonly predicted: { readonly [role in keyof R]?: Ports[R[role]]['facts'] }
  readonly preview: readonly string[]
  readonly undo: Undo
  readonly locks?: readonly Lock[]
  readonly findings?: readonly Finding[]
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

interface Context {
  readonly run: string
  readonly step: string
  readonly clock: Clock
  /** Aborted when the step must stop at once. */
  readonly signal: AbortSignal
  /** `at` of the last mark of another step that was applied: a baseline, a backup's place. */
  recall(step: string): Json | undefined
  /** A function that the plan names as `./file.ts#name`. */
  load(reference: string): Promise<unknown>
  /** What the plan is called and goes from and to. */
  readonly plan: { readonly name: string; readonly from: string; readonly to: string }
}

/** What `check` and `verify` are given: targets by role, to be read. */
export interface Reading<R extends Roles> extends Context {
  /** The last mark that this step's `apply` yielded, for `verify`: what it measured becomes findings. */
  readonly applied?: Mark
  readonly on: { readonly [role in keyof R]: Ports[R[role]]['read'] }
}

/** What `apply` and `rollback` are given: targets by role, to be written. */
export interface Writing<R extends Roles> extends Context {
  readonly on: { readonly [role in keyof R]: Ports[R[role]]['write'] }
  /** The last mark that this step's `apply` yielded, for `rollback`; null when it yielded none. */
  readonly applied: Mark
  /** What a person said when the step waited for them. */
  readonly approval: { readonly by: string; readonly note: string } | undefined
  /** Runs this kind's `labour` `hands` times at once beside `apply`, in threads of their own when asked. */
  hire(hands: number, where: 'here' | 'threads'): Crew
  /** For `labour`: aborted when it should end at its next boundary (a pause). `signal` means at once. */
  readonly quit: AbortSignal
  /** Batch size, concurrency and limits that the person set for this run; they win over the spec. */
  readonly wishes: Wishes
}

/** Hands at work. `ended` rejects when one of them failed; `dismiss` asks all to end at their next boundary and waits for it. */
export interface Crew {
  readonly ended: Promise<void>
  dismiss(): Promise<void>
}

export interface Wishes {
  readonly batchSize?: number
  readonly workers?: number
}

/** A figure that a step asks of a target with the port `metrics`, for people who want to see it too, and be told when it is bad. */
export interface AskedMetric {
  readonly name: string
  readonly role: string
  /** In the language of the target. */
  readonly query: string
  readonly unit?: string
  /** What is asked of it, in words; empty where it is only captured. */
  readonly wanted: string
  /** What it is judged by, as `metricFields` of the metrics room; plain data. */
  readonly rules: JsonObject
  /** The step that captured what it is compared with. */
  readonly baseline?: string
}

/**
 * `plan` is pure. `check` and `verify` read. `apply` may be entered again from any mark it yielded and does each thing once.
 * `rollback` may be entered after any part of `apply`, or none, and again from any mark of its own.
 * `labour`, where there is one, is a share of `apply` that several processes can do at the same time.
 * The first mark of an entry is kept before the generator goes on: a kind may yield what it is about to do, and find it after a crash.
 */
export interface StepKind<R extends Roles = Roles, Spec = unknown, Work = unknown> {
  readonly name: `${string}.${string}`
  /** One sentence for the reference. */
  readonly summary: string
  readonly roles: R
  readonly spec: z.ZodType<Spec>
  /** A spec that is valid, shown in the reference and in errors. */
  readonly example: Json
  /** True for kinds that only sample and judge: they may stand in `guards`. */
  readonly gate?: boolean
  plan(spec: Spec, site: Site<R>): Draft<R, Work>
  check?(work: Work, at: Reading<R>): Promise<readonly Finding[]>
  apply(work: Work, at: Writing<R>, from: Mark): AsyncIterable<Mark>
  verify?(work: Work, at: Reading<R>): Promise<readonly Finding[]>
  rollback(work: Work, at: Writing<R>, from: Mark): AsyncIterable<Mark>
  /**
   * Where several steps of this kind on the same targets are turned back in a row: all of them at once, to what was before the oldest. `works`
   * has the newest first, each of a step that yielded a mark. Entered again like `rollback`, then perhaps without the newest of them.
   */
  rollbackTogether?(works: readonly Work[], at: Writing<R>, from: Mark): AsyncIterable<Mark>
  /**
   * After `apply` failed by a judgement (`gate.failed`, `run.blocked`): takes the step back to what was good in it last, where the run is then held
   * for a person. Undefined: what the plan says of failures holds. Yields marks that `apply` goes on from, the last with a `note` that says where
   * the step stands; entered again after any of them.
   */
  retreat?(work: Work, at: Writing<R>, failed: { readonly code: string }): AsyncIterable<Mark> | undefined
  labour?(work: Work, at: Writing<R>): Promise<void>
  /** Pure. The figures that it asks for: `changeover metrics` shows them, alert rules and dashboards are made from them. */
  metrics?(work: Work): readonly AskedMetric[]
  /** Keeps going what `apply` set up and cannot keep itself, such as a mirror that a worker carries: until `quit`. Entered by any number of processes. */
  follow?(work: Work, at: Writing<R>): Promise<void>
}

/** The type inference of a kind; the value itself is returned. */
export function defineKind<const R extends Roles, Spec, Work extends Json>(
  kind: StepKind<R, Spec, Work>,
): StepKind<R, Spec, Work> {
  return kind
}

/** A kind whose roles, spec and work are not known here. The registry holds these: the one place where the types are let go. */
export type AnyKind = StepKind<any, any, any>
/** By name. */
export type Kinds = ReadonlyMap<string, AnyKind>

/** An adapter opens targets of one port. `config` is checked by `shape`; `${NAME}` in it was already filled in. */
export interface Adapter<P extends PortName = PortName, Config = unknown> {
  readonly name: string
  readonly port: P
  readonly summary: string
  readonly shape: z.ZodType<Config>
  readonly example: Json
  readonly tools: Ports[P]['tools']
  open(config: Config, who: Opener): Promise<Target<P>>
}

/** Who opens: names the sessions on the server, and fences out an older runner of the same run. */
export interface Opener {
  readonly run: string
  /** The number of the claim; a higher one fences out a lower one. */
  readonly fence: number
  /** The folder of the plan file: relative paths start there. */
  readonly base: string
  readonly signal: AbortSignal
}

/** One thing that is changed or read, opened by an adapter through a port. */
export interface Target<P extends PortName = PortName> {
  /** What this is for good: a system identifier, a canonical path. Noted when a run is opened; another one later is the wrong target. */
  identity(): Promise<string>
  observe(): Promise<Ports[P]['facts']>
  /** What keeps a run from writing here at all: said before anything is started. Only reads. */
  ready?(): Promise<readonly Finding[]>
  readonly read: Ports[P]['read']
  readonly write: Ports[P]['write']
  /** Makes sure that no older runner can write here any more. Called once, before the first write. */
  fence(): Promise<void>
  /** Takes away what the adapter itself keeps in the target for this run. Called when the run ends where it began, or for good. */
  forget?(): Promise<void>
  close(): Promise<void>
}

/** Gives an adapter its types. It stays as it is. */
export function defineAdapter<P extends PortName, Config>(adapter: Adapter<P, Config>): Adapter<P, Config> {
  return adapter
}

/**
 * `shape` and `open` of an adapter whose configuration is read by a schema with defaults. Who opens it directly, as a program or a test does,
 * may leave them out as well as a plan.
 */
export function withDefaults<P extends PortName, Given, Settings>(
  config: z.ZodType<Settings, Given>,
  open: (settings: Settings, who: Opener) => Target<P> | Promise<Target<P>>,
): Pick<Adapter<P, Given>, 'shape' | 'open'> {
  return {
    shape: config as unknown as z.ZodType<Given>,
    open: async (given, who) => open(config.parse(given), who),
  }
}

export type AnyAdapter = Adapter<any, any>
/** By name. */
export type Adapters = ReadonlyMap<string, AnyAdapter>
