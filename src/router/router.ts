/** `createRouter`: an object with a module's own methods, each call of which goes to the version that is decided. Knows no module. */
import type { Call, Calls, NameOf, Versions } from './calls.ts'
import type { Decision } from './decision.ts'
import type { Router, RouterOptions } from './options.ts'
import { prometheusText } from './prometheus.ts'
import { type Plain, Routing } from './routing.ts'

/** Throws `router.invalid` for a decision, a method or a version that cannot be meant. Methods are looked up now, once. */
export function createRouter<V extends Versions, Context = unknown>(
  options: RouterOptions<V, Context>,
): Router<V, Context> {
  const core = new Routing(options as unknown as Plain)
  const bound = core.bound()
  const View = core.view()
  return {
    module: options.module,
    calls: bound as Calls<V>,
    for: (context) => new View(context) as unknown as Calls<V>,
    set: (decision) => core.set(decision as Decision<string, never>),
    get decision() {
      return core.decision as Decision<NameOf<V>, Context>
    },
    versionOf: (call) => core.versionOf(call as Call<never>),
    reload: () => core.set(core.decision),
    shadow: (percent) => core.setShadow(percent),
    mismatches: () => core.shadow?.mismatches() ?? [],
    metrics: () => core.metrics(),
    prometheus: () => prometheusText([core.metrics()]),
    pause: (work, patienceMs) => core.gate.pause(work, patienceMs),
  }
}
