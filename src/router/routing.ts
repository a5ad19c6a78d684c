/** What the calls of one router share: its routes, the decision in force, the shadow, the counters. */
import { ChangeoverError } from '../core/errors.ts'
import { bucketOf } from '../flags/index.ts'
import { type Call, commonMethods, mustBeMethods, type Versions } from './calls.ts'
import { type Compiled, compileDecision, type Decision, type Sources } from './decision.ts'
import { Gate } from './gate.ts'
import { readMetrics, type RouterMetrics } from './metrics.ts'
import { mustBeOptions } from './option-names.ts'
import type { RouterOptions } from './options.ts'
import { type Route, routesOf } from './route.ts'
import { Sampler } from './sampler.ts'
import { serve, type Seen } from './serve.ts'
import { answerOf, answerOrRaise } from './raise.ts'
import { type Pending, type Settled, Shadow } from './shadow.ts'
import type { Observation } from './verdict.ts'

type CallFunction = (...args: readonly unknown[]) => unknown
type ContextOf = (method: string, args: readonly unknown[]) => unknown
/** Where a view keeps its context: no method of a module has this name, and a private field would cost more than the call. */
const contextKey = Symbol('context')

export type Plain = Omit<RouterOptions<Versions, never>, 'contextOf'> & { readonly contextOf?: ContextOf }

/** What the closures of one router share: the decision in force and the counters. */
export class Routing {
  readonly gate = new Gate()
  readonly shadow: Shadow | undefined
  decision: Decision<string, never>
  #compiled: Compiled
  #undecided = 0
  readonly #options: Plain
  readonly #names: readonly string[]
  readonly #routes: readonly Route[]
  readonly #sources: Sources
  readonly #sampler: Sampler
  readonly #now: () => number
  readonly #cpu: () => number

  constructor(options: Plain) {
    this.#options = options
    this.#names = Object.keys(options.versions)
    mustBeOptions(options)
    const { random = Math.random, now = () => performance.now(), cpu = usedCpu } = options
    this.#now = now
    this.#cpu = cpu
    this.#routes = this.#makeRoutes()
    this.#sources = {
      names: this.#names,
      salt: options.module,
      environment: options.environment ?? process.env,
      flags: options.flags,
      keyOf: options.key,
      bucketOf: options.bucketOf ?? bucketOf,
      random,
    }
    this.shadow = options.shadow && new Shadow(options.module, options.shadow, now)
    this.#sampler = new Sampler(this.#sources, options.shadow)
    this.decision = options.decide ?? this.#names[0]!
    this.#compiled = compileDecision(this.decision, this.#sources)
  }

  #makeRoutes(): readonly Route[] {
    const { versions, reads = [], waits = [], shadow, timeEvery = 1 } = this.#options
    const objects = Object.values(versions)
    if (objects.length === 0)
      throw new ChangeoverError('router.invalid', `"${this.#options.module}" has no version`, 'give at least one')
    const methods = commonMethods(objects)
    if (methods.length === 0)
      throw new ChangeoverError(
        'router.invalid',
        `the versions of "${this.#options.module}" have no method in common`,
        'give versions that have the methods to be routed under the same names',
      )
    mustBeMethods(reads, methods, '"reads"')
    mustBeMethods(waits, methods, '"waits"')
    mustBeMethods(shadow?.also ?? [], methods, '"shadow.also"')
    return routesOf(methods, objects, { reads, waits, also: shadow?.also ?? [], timeEvery })
  }

  set(decision: Decision<string, never>): void {
    this.#compiled = compileDecision(decision, this.#sources)
    this.decision = decision
  }

  versionOf(call: Call<never>): string {
    const { fixed } = this.#compiled
    return this.#names[fixed >= 0 ? fixed : this.#choose(call)]!
  }

  setShadow(percent: number): void {
    if (this.shadow === undefined)
      throw new ChangeoverError(
        'router.invalid',
        `the router of "${this.#options.module}" has no shadow`,
        'give `createRouter` a `shadow` with its candidate',
      )
    this.#sampler.set(percent)
  }

  bound(): object {
    return Object.fromEntries(this.#routes.map((route) => [route.name, this.#callOf(route)]))
  }

  /** Methods on a prototype: a context costs one small object. */
  view(): new (context: unknown) => object {
    class View {
      readonly [contextKey]: unknown
      constructor(context: unknown) {
        this[contextKey] = context
      }
    }
    for (const route of this.#routes) {
      const answer = (context: unknown, args: readonly unknown[]) => this.#answer(route, context, args)
      const value = function (this: View, ...args: readonly unknown[]): unknown {
        return answer(this[contextKey], args)
      }
      Object.defineProperty(View.prototype, route.name, { value, configurable: true })
    }
    return View
  }

  #callOf(route: Route): CallFunction {
    const { contextOf } = this.#options
    if (contextOf === undefined) return (...args) => this.#answer(route, undefined, args)
    return (...args) => this.#answer(route, this.#contextOf(contextOf, route, args), args)
  }

  #contextOf(contextOf: ContextOf, route: Route, args: readonly unknown[]): unknown {
    try {
      return contextOf(route.name, args)
    } catch {
      this.#undecided++
      return undefined
    }
  }

  #answer(route: Route, context: unknown, args: readonly unknown[]): unknown {
    if (this.gate.closed && !route.reads) {
      if (route.waits) return this.gate.opened().then(() => this.#answer(route, context, args))
      this.gate.slipped++
    }
    const { fixed } = this.#compiled
    if (fixed >= 0 && !(this.#sampler.on && route.shadowed)) return serve(route, fixed, args, this.#now, this.gate)
    const call = { method: route.name, args, context } as Call<never>
    const at = fixed >= 0 ? fixed : this.#choose(call)
    if (!this.#sampler.on || !route.shadowed) return serve(route, at, args, this.#now, this.gate)
    return this.#besides(route, at, call)
  }

  /** A decision that fails or names nothing never fails the call: the first version answers. */
  #choose(call: Call<never>): number {
    try {
      const at = this.#compiled.choose(call)
      return at < 0 ? 0 : at
    } catch {
      this.#undecided++
      return 0
    }
  }

  /** Serves the call with its candidates around it, in an order that is drawn for each call. */
  #besides(route: Route, at: number, call: Call<never>): unknown {
    const shadow = this.shadow!
    const candidates = shadow.candidates.map((name) => this.#names.indexOf(name)).filter((each) => each !== at)
    const takes =
      candidates.length > 0 && this.#sampler.takes(call) && shadow.allows(call) && shadow.hasRoom(call.method)
    const args = takes ? shadow.argumentsFor(call.args) : undefined
    if (args === undefined) return serve(route, at, call.args, this.#now, this.gate)
    const { seen, ran } = this.#runAll(route, at, candidates, { call, args })
    const settled: Settled[] = []
    for (const [each, pending] of ran)
      if (seen.control === undefined) shadow.skipped(call.method, this.#names[each]!)
      else settled.push(shadow.settle(call, seen.control, pending, this.#names[each]!))
    return shadow.raises ? answerOrRaise(seen, settled) : answerOf(seen)
  }

  #runAll(
    route: Route,
    at: number,
    candidates: readonly number[],
    { call, args }: { readonly call: Call<never>; readonly args: readonly unknown[] },
  ): { readonly seen: Seen; readonly ran: ReadonlyMap<number, Pending> } {
    const shadow = this.shadow!
    const seen: Seen = { version: this.#names[at]!, control: undefined, answer: undefined, threw: undefined }
    const ran = new Map<number, Pending>()
    const measured = shadow.begin(call)
    for (const each of this.#sampler.shuffled([at, ...candidates])) {
      const began = measured ? this.#cpu() : 0
      const cpuMs = () => (measured ? { cpuMs: this.#cpu() - began } : {})
      if (each === at) {
        serve(route, at, call.args, this.#now, this.gate, seen)
        if (measured) seen.control = withCpu(seen.control, cpuMs())
      } else {
        const work = () => route.functions[each]!.apply(route.objects[each], args as never[])
        const pending = this.#noted(route, shadow.run(this.#names[each]!, work))
        ran.set(each, measured ? withCpu(pending, cpuMs()) : pending)
      }
    }
    return { seen, ran }
  }

  /** A candidate that writes is under way too: a state is not moved before it has written. */
  #noted(route: Route, pending: Pending): Pending {
    if (route.reads || !(pending instanceof Promise)) return pending
    this.gate.enter()
    return pending.finally(() => this.gate.leave())
  }

  metrics(): RouterMetrics {
    return readMetrics(this.#options.module, this.#names, this.#routes, this.shadow, this.#undecided)
  }
}

/** User and system mode, of all threads, in milliseconds. */
function usedCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function withCpu<T extends Pending | undefined>(pending: T, cpu: { readonly cpuMs?: number }): T {
  const add = (seen: Observation): Observation => ({ ...seen, ...cpu })
  if (pending === undefined) return pending
  return (pending instanceof Promise ? pending.then(add) : add(pending)) as T
}
