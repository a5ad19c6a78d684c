/** Runs candidates beside the version that answers, and keeps what came of it. The caller gets neither their answers nor their errors. */
import type { Call, Versions } from './calls.ts'
import type { Published, ShadowCount, ShadowOptions, ShadowResult } from './shadow-result.ts'
import { ShadowTally } from './shadow-tally.ts'
import { attempt, type Fault, judge, type Observation } from './verdict.ts'

/** An observation that is there, or will be. */
export type Pending = Observation | Promise<Observation>

/** What came of a comparison; undefined of one that nobody hears of. */
type Concluded = ShadowResult | undefined
export type Settled = Concluded | Promise<Concluded>

export class Shadow {
  readonly candidates: readonly string[]
  readonly #module: string
  readonly #options: ShadowOptions<Versions, never>
  readonly #now: () => number
  readonly #tallies = new Map<string, Map<string, ShadowTally>>()
  readonly #kept: ShadowResult[] = []
  readonly #faults = new Map<Fault, number>()
  /** Shadowed calls by method, where every so manieth is measured. */
  readonly #begun = new Map<string, number>()
  #underWay = 0

  constructor(module: string, options: ShadowOptions<Versions, never>, now: () => number) {
    this.#module = module
    this.#options = options
    this.#now = now
    this.candidates = typeof options.candidate === 'string' ? [options.candidate] : options.candidate
  }

  /** Whether the program lets this call be shadowed. */
  allows(call: Call<never>): boolean {
    const { runIf } = this.#options
    return runIf === undefined || attempt(() => runIf(call), 'runIf', this.raised)
  }

  /** False, and counted, where too many candidates are under way. */
  hasRoom(method: string): boolean {
    if (this.#underWay < (this.#options.mostAtOnce ?? 100)) return true
    for (const candidate of this.candidates) this.skipped(method, candidate)
    return false
  }

  /** Whether an outcome that is a mismatch goes to the caller. */
  get raises(): boolean {
    return this.#options.raiseOnMismatch ?? false
  }

  /** What is done before the versions run; and whether their processor time is taken. */
  begin(call: Call<never>): boolean {
    const { beforeRun, cpuEvery = 0 } = this.#options
    if (beforeRun) attempt(() => beforeRun(call), 'beforeRun', this.raised)
    if (cpuEvery === 0) return false
    const before = this.#begun.get(call.method) ?? 0
    this.#begun.set(call.method, before + 1)
    return before % cpuEvery === 0
  }

  skipped(method: string, version: string): void {
    this.#tally(method, version).counts.skipped++
  }

  /** The arguments for candidates. Undefined where they could not be copied: then it does not run. */
  argumentsFor(args: readonly unknown[]): readonly unknown[] | undefined {
    return this.#copied(args) as readonly unknown[] | undefined
  }

  /** Runs a candidate; whatever it does, nothing is thrown and nothing rejected. */
  run(version: string, work: () => unknown): Pending {
    const began = this.#now()
    const ended = (outcome: Observation['outcome']): Observation => ({ version, outcome, ms: this.#now() - began })
    try {
      const value = work()
      if (!isThenable(value)) return ended({ type: 'value', value })
      this.#underWay++
      const settled = Promise.resolve(value).then(
        (answer) => ended({ type: 'value', value: answer }),
        (error: unknown) => ended({ type: 'error', error }),
      )
      return settled.finally(() => {
        this.#underWay--
      })
    } catch (error) {
      return ended({ type: 'error', error })
    }
  }

  /** Compares, counts, keeps and publishes: at once where both are there, else when both have come or the candidate's time is up. */
  settle(call: Call<never>, control: Pending, candidate: Pending, version: string): Settled {
    if (!(control instanceof Promise) && !(candidate instanceof Promise))
      return this.#conclude(call, control, candidate, version)
    const came =
      control instanceof Promise ? control.then((seen) => this.#ownCopy(seen)) : Promise.resolve(this.#ownCopy(control))
    return Promise.all([came, this.#inTime(candidate)]).then(([a, b]) => this.#conclude(call, a, b, version))
  }

  #inTime(candidate: Pending): Promise<Observation | null> {
    if (!(candidate instanceof Promise)) return Promise.resolve(candidate)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), this.#options.timeoutMs ?? 1_000)
      timer.unref()
      void candidate.then((seen) => {
        clearTimeout(timer)
        resolve(seen)
      })
    })
  }

  /** Whatever is in the answers, even what cannot be shown, the caller's call goes on. */
  #conclude(call: Call<never>, control: Observation, seen: Observation | null, version: string): Concluded {
    try {
      return this.#record(call, control, seen, version)
    } catch (error) {
      this.raised('published', error)
      return undefined
    }
  }

  #record(call: Call<never>, control: Observation, seen: Observation | null, version: string): Concluded {
    const late = seen === null || seen.ms > (this.#options.timeoutMs ?? 1_000)
    const verdict = late ? 'timedOut' : judge(control, seen, this.#options, call, this.raised)
    const tally = this.#tally(call.method, version)
    tally.counts.runs++
    tally.counts[verdict]++
    if (seen?.outcome.type === 'error') tally.counts.errors++
    if (seen !== null) tally.latency.add(seen.ms)
    tally.controlLatency.add(control.ms)
    tally.addCpu(control, seen)
    if (verdict === 'matched' && this.#options.published === undefined) return undefined
    const result: ShadowResult = {
      module: this.#module,
      method: call.method,
      verdict,
      control: this.#publish(control),
      candidate: seen === null ? null : this.#publish(seen),
      candidateVersion: version,
      context: this.#contextOf(call),
    }
    if (verdict === 'mismatched') this.#keep(result)
    attempt(() => this.#options.published?.(result), 'published', this.raised)
    return result
  }

  #keep(result: ShadowResult): void {
    this.#kept.push(result)
    if (this.#kept.length > (this.#options.keep ?? 100)) this.#kept.shift()
  }

  #publish({ outcome, version, ...times }: Observation): Published {
    if (outcome.type === 'error') {
      const { error } = outcome
      return {
        version,
        ...times,
        error:
          error instanceof Error
            ? { name: error.name, message: error.message }
            : { name: 'thrown', message: String(error) },
      }
    }
    const { clean } = this.#options
    if (clean === undefined || outcome.value === undefined || outcome.value === null)
      return { version, ...times, value: outcome.value }
    try {
      return { version, ...times, value: clean(outcome.value) }
    } catch (error) {
      this.raised('clean', error)
      return { version, ...times }
    }
  }

  #contextOf(call: Call<never>): unknown {
    const { context } = this.#options
    try {
      return context === undefined ? call.context : context(call)
    } catch (error) {
      this.raised('context', error)
      return undefined
    }
  }

  /** The caller may change what it was given before the candidate has answered. */
  #ownCopy(seen: Observation): Observation {
    if (seen.outcome.type === 'error' || this.#options.copy === undefined) return seen
    return { ...seen, outcome: { type: 'value', value: this.#copied(seen.outcome.value) } }
  }

  #copied(value: unknown): unknown {
    try {
      return this.#options.copy === undefined ? value : this.#options.copy(value)
    } catch (error) {
      this.raised('copy', error)
      return undefined
    }
  }

  #tally(method: string, version: string): ShadowTally {
    const of = this.#tallies.get(method) ?? new Map<string, ShadowTally>()
    this.#tallies.set(method, of)
    const tally = of.get(version) ?? new ShadowTally()
    of.set(version, tally)
    return tally
  }

  readonly raised = (fault: Fault, error: unknown): void => {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1)
    try {
      this.#options.raised?.(fault, error)
    } catch {
      // Nothing that watches a call may end it.
    }
  }

  mismatches(): readonly ShadowResult[] {
    return [...this.#kept]
  }

  counts(): { readonly [candidate: string]: { readonly [method: string]: ShadowCount } } {
    const made: Record<string, Record<string, ShadowCount>> = {}
    for (const [method, of] of this.#tallies)
      for (const [version, tally] of of) (made[version] ??= {})[method] = tally.read()
    return made
  }

  faults(): { readonly [fault in Fault]?: number } {
    return Object.fromEntries(this.#faults)
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
